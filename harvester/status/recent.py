"""What the last minutes of a run gave, from its timeline. Pure."""

from dataclasses import dataclass
from typing import Final

from harvester.timeline import Timeline

OVER_S: Final = 180.0
LEAST_SPANS: Final = 2
"""Of a long run that has wide spans, at least so many are looked at."""
LEAST_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Recently:
    """Over the last so many seconds: tweets settled a second, requests a minute, errors."""

    over_s: float
    ids_per_s: float
    requests_per_minute: float
    errors: int


def recently(timeline: Timeline, since_s: float, now_s: float) -> Recently | None:
    """What the last three minutes gave; None where the process has hardly begun.

    since_s: when the process began that runs. now_s: both in seconds since the run was begun.
    """
    over_s = min(max(OVER_S, LEAST_SPANS * timeline.width_s), now_s - since_s)
    if over_s < LEAST_S:
        return None
    settled = sent = errors = 0.0
    for place, span in enumerate(timeline.spans):
        begin, end = place * timeline.width_s, (place + 1) * timeline.width_s
        share = max(min(end, now_s) - max(begin, now_s - over_s), 0.0) / max(min(end, now_s) - begin, 1e-9)
        if end > now_s - over_s and share > 0:
            settled, sent, errors = (
                settled + share * span.settled,
                sent + share * span.sent,
                errors + share * span.errors,
            )
    return Recently(round(over_s, 1), round(settled / over_s, 2), round(sent / over_s * 60, 1), round(errors))
