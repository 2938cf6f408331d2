"""Ranges of time on `historical`: whole hours, parted into the windows that one request may ask for. Pure.

Hours are counted from 1970-01-01T00:00Z; a range runs from its first hour to its end, which is not in it.
Source: contract, section 1.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from harvester.engagement.tweet_id import first_id_at
from harvester.errors import UsageError

HOUR_S: Final = 3600
WINDOW_HOURS: Final = 28 * 24
"""The longest range of one request, and the range where none is wanted."""
OLDEST_DAYS: Final = 365
_AGO: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FORMS: Final = "28d, 6h or 90m ago, 2026-11-01, 2026-11-01T17:00:00Z or 202611011700"


@dataclass(frozen=True, slots=True)
class Window:
    """What one request asks for: from start_hour up to end_hour, hours since 1970.

    end_s: the end as it is sent, epoch seconds; the API widens it to end_hour, which may lie in the future.
    """

    start_hour: int
    end_hour: int
    end_s: int

    @property
    def start(self) -> str:
        """The start as it is sent."""
        return utc_text(self.start_hour * HOUR_S)

    @property
    def end(self) -> str:
        """The end as it is sent."""
        return utc_text(self.end_s)

    @property
    def n_hours(self) -> int:
        """How many hours it has."""
        return self.end_hour - self.start_hour

    @property
    def first_id_after(self) -> int:
        """Tweets from this ID on were made when the window was over: nobody can have touched them in it."""
        return first_id_at(self.end_hour * HOUR_S * 1000)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A range of any length, as it was asked for and widened to hours."""

    start_hour: int
    end_hour: int
    end_s: int

    @property
    def start(self) -> str:
        """The widened start, as a record has it."""
        return utc_text(self.start_hour * HOUR_S)

    @property
    def end(self) -> str:
        """The widened end, as a record has it."""
        return utc_text(self.end_hour * HOUR_S)

    @property
    def served_until_s(self) -> int:
        """When the API stops serving it as a whole, epoch seconds: its start is too far back from then on."""
        return self.start_hour * HOUR_S + OLDEST_DAYS * 24 * HOUR_S

    def windows(self) -> tuple[Window, ...]:
        """The windows that make it up, the earliest first: no gap, no overlap, each at most 28 days long.

        They are counted from the end, so that the short one is the earliest, which most tweets do not need.
        """
        return tuple(self._windows_backwards())[::-1]

    def _windows_backwards(self) -> Iterator[Window]:
        end_hour, end_s = self.end_hour, self.end_s
        while end_hour > self.start_hour:
            start_hour = max(self.start_hour, end_hour - WINDOW_HOURS)
            yield Window(start_hour, end_hour, end_s)
            end_hour, end_s = start_hour, start_hour * HOUR_S


@lru_cache(maxsize=64)
def utc_text(seconds: int) -> str:
    """`2026-11-01T17:00:00Z` for epoch seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_range(start: str | None, end: str | None, now_s: float) -> TimeRange:
    """The range that two texts ask for, widened to whole hours as the API does.

    Without an end it goes up to the last full hour (up to now, if it starts later than that), without a start
    it is 28 days long. A start that the widening alone would push out of the last 365 days is narrowed to the
    next hour instead.

    Raises UsageError for a text that is no time, a start that is not before the end, and a range that the API
    cannot serve; the hint has the range that would work.
    """
    now = int(now_s)
    this_hour = now // HOUR_S
    end_s = this_hour * HOUR_S if end is None else _read_moment(end, "--end", now)
    if start is None:
        start_s = -(-end_s // HOUR_S) * HOUR_S - WINDOW_HOURS * HOUR_S
    else:
        start_s = _read_moment(start, "--start", now)
        if end is None and end_s <= start_s < now:
            end_s = now
    oldest_s = now - OLDEST_DAYS * 24 * HOUR_S
    if start_s >= end_s:
        raise UsageError(
            f"--start {utc_text(start_s)} is not before --end {utc_text(end_s)}",
            "A range needs at least a moment between them.",
        )
    if end_s > now:
        latest = utc_text(this_hour * HOUR_S)
        raise UsageError(f"--end {utc_text(end_s)} is in the future", f"The latest end is {latest}.")
    if start_s < oldest_s:
        first_hour = -(-oldest_s // HOUR_S)
        last_hour = end_s // HOUR_S if end_s // HOUR_S > first_hour else this_hour
        would_work = f"--start {utc_text(first_hour * HOUR_S)} --end {utc_text(last_hour * HOUR_S)}"
        raise UsageError(
            f"--start {utc_text(start_s)} is more than {OLDEST_DAYS} days back, and the API goes no further",
            f"This would work: {would_work}",
        )
    start_hour, end_hour = start_s // HOUR_S, -(-end_s // HOUR_S)
    if start_hour * HOUR_S < oldest_s and start_hour + 1 < end_hour:
        start_hour += 1
    return TimeRange(start_hour, end_hour, end_s)


def _read_moment(text: str, flag: str, now: int) -> int:
    """Epoch seconds, whole as they are sent. Times without an offset are UTC."""
    text = text.strip()
    try:
        if ago := re.fullmatch(r"(\d{1,6})([mhdw])", text):
            return now - int(timedelta(**{_AGO[ago[2]]: int(ago[1])}).total_seconds())
        if re.fullmatch(r"\d{12}", text):
            return int(datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC).timestamp())
        if re.match(r"\d{4}-\d{2}-\d{2}($|[T ])", text):
            moment = datetime.fromisoformat(text)
            return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"{flag} {text[:60]!r} is no time", f"Write for instance {_FORMS}; all of it is UTC.")
