"""Which hours a request is about. Source: contract, sections 1 and 3.

Hours are whole UTC hours since 1970; now_ms is the time of the request, since 1970 UTC. The hour that is still
running counts as a full one: a range may end with it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from harvester.engagement.tweet_id import DAY_MS
from harvester.simulator.hours import HOUR_MS

LONGEST_HOURS: Final = 28 * 24
RECENT_HOURS: Final = 28
FARTHEST_DAYS: Final = 365

_FORM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z?)?")


@dataclass(frozen=True, slots=True)
class HourRange:
    """From the first hour to before the one after the last."""

    first: int
    after: int

    @property
    def n_hours(self) -> int:
        """How many hours there are in it, at least one."""
        return self.after - self.first

    @property
    def start(self) -> str:
        """As the answer echoes it."""
        return _written(self.first)

    @property
    def end(self) -> str:
        """As the answer echoes it."""
        return _written(self.after)


def recent_range(now_ms: int) -> HourRange:
    """What 28hr is about: [ceil_hour(now) - 28 h, ceil_hour(now)), 28 hours and the last of them still running."""
    after = _ceil_hour(now_ms)
    return HourRange(after - RECENT_HOURS, after)


def read_range(document: dict[str, Any], now_ms: int) -> HourRange | str:
    """What historical is asked for, widened to the hour, or why that is a bad request.

    Without an end it is that of the running hour; without a start, 28 days before the end. The limits are
    checked on the widened range: 28 days, the end of the running hour, and 365 days before now, its hour included.
    """
    times: dict[str, int] = {}
    for key in ("start", "end"):
        if document.get(key) is not None:
            time_ms = _read_time(document[key])
            if time_ms is None:
                return f"{key} is not a time such as 2015-08-01 or 2015-08-01T00:00:00Z: {str(document[key])[:40]}"
            times[key] = time_ms
    if "start" in times and "end" in times and times["start"] >= times["end"]:
        return f"start must be before end, and {document['start']} is not before {document['end']}"
    after = _ceil_hour(times.get("end", now_ms))
    first = times["start"] // HOUR_MS if "start" in times else after - LONGEST_HOURS
    return _limits_trouble(first, after, now_ms) or HourRange(first, after)


def _limits_trouble(first: int, after: int, now_ms: int) -> str | None:
    if after > _ceil_hour(now_ms):
        return f"end must not be in the future, and {_written(after)} is"
    if first >= after:
        return f"start must not be in the future, and {_written(first)} is"
    if first < (now_ms - FARTHEST_DAYS * DAY_MS) // HOUR_MS:
        return f"start must be at most {FARTHEST_DAYS} days back, and {_written(first)} is not"
    if after - first > LONGEST_HOURS:
        return (
            f"start and end must be at most 28 days apart: {_written(first)} to {_written(after)} is longer"
        )
    return None


def _read_time(value: object) -> int | None:
    """The time, in ms since 1970 UTC; None where it is none."""
    if not isinstance(value, str) or not _FORM.fullmatch(value):
        return None
    try:
        return int(datetime.fromisoformat(value.rstrip("Z")).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None


def _ceil_hour(time_ms: int) -> int:
    return -(-time_ms // HOUR_MS)


def _written(hour: int) -> str:
    """By numpy, since 28 days before the year 1 are no datetime."""
    return f"{np.datetime64(hour, 'h').astype('datetime64[s]')}Z"
