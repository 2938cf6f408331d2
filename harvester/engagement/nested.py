"""Counts as they nest in an answer: single ones, by day and hour, and in any order of levels. Pure.

Source: contract, section 4. Counts are strings or numbers; `engagement.hour` without `engagement.day` is
answered with days and their hours, or with the hours of the day summed over the range.
"""

from array import array
from collections.abc import ItemsView, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from harvester.engagement.answer import Points
from harvester.engagement.groupings import HOUR, TWEET, TYPE, Series
from harvester.engagement.request import Request
from harvester.engagement.windows import Window

MAX_COUNT: Final = 2**63 - 1
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_HOURS: Final = {text: hour for hour in range(24) for text in (str(hour), f"{hour:02d}")}


class Malformed(ValueError):  # noqa: N818  # it says what is so, and ends within this package
    """What stands where counts should be; the message quotes it."""


def read_count(value: object) -> int:
    """A count as the contract has it, a string of digits or a whole number. Raises Malformed."""
    number = value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        number = int(value)
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_COUNT:
        return number
    raise Malformed(repr(value))


def read_points(value: object, series: Series, window: Window | None) -> tuple[int, Points]:
    """The sum of a time series, and those of its points that are not zero. Raises Malformed.

    value: counts by day, or by day and hour. Points outside of the window, where there is one, have to be
    zero: counts that belong to another request would be added twice.
    """
    at, counts = array("i"), array("q")
    for day_text, of_day in _items(value):
        day = _day_number(day_text)
        if series == "day":
            if count := read_count(of_day):
                at.append(day)
                counts.append(count)
            continue
        for hour, leaf in _items(of_day):
            # A year by hour is mostly this.
            if leaf == "0":
                continue
            if (place := _HOURS.get(hour)) is None:
                raise Malformed(f"{hour!r}, which is no hour")
            if count := read_count(leaf):
                at.append(24 * day + place)
                counts.append(count)
    if at and window and not (_first(window, series) <= min(at) and max(at) < _end(window, series)):
        raise Malformed("counted outside of the time asked for")
    if (total := sum(counts)) > MAX_COUNT:
        raise Malformed(f"{total} in all")
    return total, Points(at, counts)


def _first(window: Window, series: Series) -> int:
    return window.start_hour if series == "hour" else window.start_hour // 24


def _end(window: Window, series: Series) -> int:
    return window.end_hour if series == "hour" else -(-window.end_hour // 24)


def _items(value: object) -> ItemsView[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(repr(value))
    if ambiguous := getattr(value, "ambiguous", None):
        raise Malformed(f"{min(ambiguous)!r} twice with other counts")
    return value.items()


@lru_cache(maxsize=1024)
def _day_number(text: str) -> int:
    """Days since 1970."""
    try:
        return date.fromisoformat(text).toordinal() - _EPOCH_DAY
    except ValueError:
        raise Malformed(f"{text!r}, which is no day") from None


def read_nested(value: object, levels: Sequence[str], request: Request) -> Any:
    """Nested counts as ints, as many levels as there are values left of a grouping. Raises Malformed.

    Tweets and metrics that were not asked for are left out. Where a grouping has hours without days, days may
    come before them all the same.
    """
    if not levels:
        return read_count(value)
    level, *rest = levels
    wanted = request.tweet_ids if level == TWEET else request.metrics if level == TYPE else None
    nested: dict[str, Any] = {}
    for key, inner in _items(value):
        if wanted is not None and key not in wanted:
            continue
        is_day = level == HOUR and "-" in key
        nested[key] = read_nested(inner, levels if is_day else rest, request)
    return nested
