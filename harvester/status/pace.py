"""How fast a run goes, by its last minutes, and how long it will take at that pace. Pure: times are passed in."""

import math
from collections import deque
from typing import Final, NamedTuple

PACE_OVER_S: Final = 180.0
RATE_OVER_S: Final = 60.0
EVERY_S: Final = 1.0
"""Between two samples that are kept."""
ENOUGH_S: Final = 2.0
"""From so much time on, a pace tells how long the rest will take."""
SETTLES_IN_S: Final = 10.0
JUMPS_FROM: Final = 2.0
"""An estimate that is off by such a factor is taken at once, any other little by little."""


class _Sample(NamedTuple):
    at: float
    settled: int
    sent: int
    errors: int


class Pace:
    """Tweets, requests and errors over the last minutes, from what is seen of them now and then."""

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque()
        self._last = _Sample(-math.inf, 0, 0, 0)

    def see(self, now: float, settled: int, sent: int, errors: int = 0) -> None:
        """Take the figures of a moment; all of them only grow."""
        self._last = _Sample(now, settled, sent, errors)
        if not self._samples or now - self._samples[-1].at >= EVERY_S:
            self._samples.append(self._last)
        while len(self._samples) > 1 and now - self._samples[1].at >= PACE_OVER_S:
            self._samples.popleft()

    def _since(self, over_s: float) -> _Sample:
        """The youngest sample that is so old, or the oldest."""
        found = self._samples[0]
        for sample in reversed(self._samples):
            if self._last.at - sample.at >= over_s:
                return sample
        return found

    @property
    def seen_s(self) -> float:
        """Over how much time it is known."""
        return self._last.at - self._samples[0].at if self._samples else 0.0

    @property
    def ids_per_s(self) -> float:
        """Tweets settled a second over the last three minutes."""
        first = self._since(PACE_OVER_S) if self._samples else self._last
        return (self._last.settled - first.settled) / (self._last.at - first.at) if self.seen_s else 0.0

    @property
    def requests_per_minute(self) -> float:
        """Requests sent over the last minute."""
        first = self._since(RATE_OVER_S) if self._samples else self._last
        took_s = self._last.at - first.at
        return (self._last.sent - first.sent) / took_s * 60 if took_s > 0 else 0.0

    def recent(self, over_s: float) -> tuple[int, int]:
        """Requests sent in the last seconds, and errors among them."""
        if not self._samples:
            return 0, 0
        first = self._since(over_s)
        return self._last.sent - first.sent, self._last.errors - first.errors

    def left_s(self, n_left: int, limit_per_minute: float | None = None) -> float | None:
        """How long so many tweets take at this pace, but for the allowance; None where that cannot be said yet."""
        if not self._samples or self.seen_s < ENOUGH_S:
            return None
        first = self._since(PACE_OVER_S)
        n_sent, n_settled = self._last.sent - first.sent, self._last.settled - first.settled
        return time_for(n_left, self.ids_per_s, n_sent / n_settled if n_settled else 0.0, limit_per_minute)


def time_for(
    n_left: int, ids_per_s: float, requests_per_id: float, limit_per_minute: float | None
) -> float | None:
    """Seconds that so many tweets take at a pace that the allowance may not bear; None without a pace."""
    if not ids_per_s:
        return None
    granted_s = n_left * requests_per_id / limit_per_minute * 60 if limit_per_minute else 0.0
    return max(n_left / ids_per_s, granted_s)


class TimeLeft:
    """An estimate of the time left that counts down evenly, however the pace wavers."""

    def __init__(self) -> None:
        self._ends_at: float | None = None
        self._at = 0.0

    def see(self, now: float, left_s: float | None, wait_s: float = 0.0) -> float | None:
        """The seconds to show, from what the pace of this moment says; None where that is nothing.

        wait_s: for so long nothing goes on yet. It is added, and meanwhile the rest does not become less.
        """
        if left_s is None:
            self._ends_at = None
            return None
        if wait_s and self._ends_at is not None:
            self._ends_at += now - self._at
        shown_s = self._ends_at - now if self._ends_at is not None else -math.inf
        if left_s > shown_s * JUMPS_FROM or shown_s > left_s * JUMPS_FROM:
            self._ends_at = now + left_s
        elif self._ends_at is not None:
            weight = 1 - math.exp(-(now - self._at) / SETTLES_IN_S)
            self._ends_at += (now + left_s - self._ends_at) * weight
        self._at = now
        return max((self._ends_at or now) - now, 0.0) + wait_s
