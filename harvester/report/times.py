"""Time series as a page shows them: by day, by weekday and hour. Pure. All times are UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS: Final = 24
_DAY_CHARS: Final = len("2026-11-22")


def days_between(points: Sequence[Mapping[str, int]]) -> list[str]:
    """All days from the first to the last one of some series, also those on which nothing happened."""
    days = {time[:_DAY_CHARS] for series in points for time in series}
    if not days:
        return []
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    return [(first + timedelta(n)).isoformat() for n in range((last - first).days + 1)]


def day_sums(points: Mapping[str, int]) -> dict[str, int]:
    """A series by days, be it by hours or days."""
    sums: dict[str, int] = {}
    for time, value in points.items():
        day = time[:_DAY_CHARS]
        sums[day] = sums.get(day, 0) + value
    return sums


def by_day(points: Mapping[str, int], days: Sequence[str]) -> list[int]:
    """What a series has on each of the days."""
    sums = day_sums(points)
    return [sums.get(day, 0) for day in days]


@dataclass(frozen=True, slots=True)
class Heat:
    """What happened by weekday and hour of the day.

    cells: a row for each weekday, Monday first, with the mean of an hour. smallest, largest: of them.
    """

    cells: Sequence[Sequence[float]]
    smallest: float
    largest: float


def heat_of(points: Mapping[str, int]) -> Heat | None:
    """A mean hour of each weekday and hour of day, over all days of a series; None where it is not by the hour.

    Over its whole days: the hours before the first point and after the last are counted as empty.
    """
    if not points or "T" not in next(iter(points)):
        return None
    sums = [[0] * HOURS for _ in WEEKDAYS]
    for time, value in points.items():
        day, _, hour = time.partition("T")
        sums[date.fromisoformat(day).weekday()][int(hour)] += value
    n_days = [0] * len(WEEKDAYS)
    for day in days_between([points]):
        n_days[date.fromisoformat(day).weekday()] += 1
    cells = [[value / (n or 1) for value in row] for row, n in zip(sums, n_days, strict=True)]
    return Heat(cells, min(map(min, cells)), max(map(max, cells)))
