"""What an endpoint counts, and what it leaves out for a tweet's age. Source: contract, sections 2 to 4."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.metrics import CATALOGUE
from harvester.simulator.asking import Asked
from harvester.simulator.groupings import DAY, HOUR, TWEET, TYPE
from harvester.simulator.nesting import Cells, Mask, group, summed, without_zeros
from harvester.simulator.options import Readings
from harvester.simulator.ranges import HourRange
from harvester.simulator.reply import Body
from harvester.simulator.world import World, are_older_than

_PRIVATE: Final = ("impressions", "engagements")
_VIDEO: Final = ("video_views",)
_HOURS_OF_DAY: Final = tuple(f"{hour:02}" for hour in range(24))


def count_available(
    asked: Asked, world: World, now_ms: int, readings: Readings, errors: Sequence[str]
) -> Body:
    """The groupings of tweets that all can be answered, and beside them what their age leaves out.

    errors: those that there are already.
    """
    old, old_video = _too_old(asked, _PRIVATE, now_ms), _too_old(asked, _VIDEO, now_ms)
    cells = _cells(asked, world)
    old_cells = np.outer(old, [name in _PRIVATE for name in asked.metrics])
    cells.counts[old_cells | np.outer(old_video, [name in _VIDEO for name in asked.metrics])] = 0
    if readings.unsupported == "absent":
        cells.is_there[old_cells] = False
    # A tweet too old for video_views appears in any case.
    cells.is_there[_missing(asked, world, cells, readings) & ~old_video] = False
    groups = {name: _grouped(cells, by, readings) for name, by in asked.groupings.items()}
    return {**_echo(asked.hours), **groups, **_too_old_body(asked, old, old_video, errors)}


def _cells(asked: Asked, world: World) -> Cells:
    """Everything that is asked, cell by cell; a range has axes of days and of hours of the day."""
    keys: dict[str, Sequence[str]] = {TWEET: asked.texts, TYPE: asked.metrics}
    hours = asked.hours
    if hours is None:
        counts = world.counts(asked.ids, asked.metrics)
        return Cells(keys, counts, np.ones(counts.shape, dtype=np.bool_))
    first_day, after_day = hours.first // 24, -(-hours.after // 24)
    shape = (len(asked.ids), len(asked.metrics), (after_day - first_day) * 24)
    counts, is_there = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
    asked_for = slice(hours.first - first_day * 24, hours.after - first_day * 24)
    counts[:, :, asked_for] = world.hourly(asked.ids, asked.metrics, hours.first, hours.n_hours)
    is_there[:, :, asked_for] = True
    by_day = (*shape[:2], after_day - first_day, 24)
    keys |= {DAY: [_date(day) for day in range(first_day, after_day)], HOUR: _HOURS_OF_DAY}
    return Cells(keys, counts.reshape(by_day), is_there.reshape(by_day))


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")


def _missing(asked: Asked, world: World, cells: Cells, readings: Readings) -> Mask:
    """Which tweets are missing from the groupings, as if nobody had asked for them."""
    match readings.untouched:
        case "zero":
            return np.zeros(len(asked.ids), dtype=np.bool_)
        case "missing":
            return world.are_untouched(asked.ids)
        case "quiet":
            is_quiet: NDArray[np.bool_] = summed(cells, [TWEET]).counts == 0
            return is_quiet


def _grouped(cells: Cells, by: tuple[str, ...], readings: Readings) -> dict[str, object]:
    if HOUR in by and DAY not in by and readings.hour_without_day == "nested":
        place = by.index(HOUR)
        by = (*by[:place], DAY, *by[place:])
    if readings.zeros == "no" and {DAY, HOUR} & set(by):
        cells = without_zeros(summed(cells, by))
    return group(cells, by, readings.counts)


def _echo(hours: HourRange | None) -> Body:
    return {} if hours is None else {"start": hours.start, "end": hours.end}


def _too_old(asked: Asked, metrics: Sequence[str], now_ms: int) -> Mask:
    """Which tweets are beyond the age limit of those of the metrics that are asked."""
    limits = [CATALOGUE[name].age_limit_days(asked.endpoint) for name in metrics if name in asked.metrics]
    days = min((limit for limit in limits if limit is not None), default=None)
    return (
        np.zeros(len(asked.ids), dtype=np.bool_) if days is None else are_older_than(asked.ids, days, now_ms)
    )


def _too_old_body(asked: Asked, old: Mask, old_video: Mask, errors: Sequence[str]) -> Body:
    body: Body = {}
    if old.any():
        named = asked.named(old)
        text = (
            f"Impressions & engagements for tweets older than 90 days ({', '.join(named)}) are not supported"
        )
        errors = [*errors, text]
        body["unsupported_for_impressions_engagements_tweet_ids"] = named
    if old_video.any():
        body["unsupported_for_video_views_tweet_ids"] = asked.named(old_video)
    return {"errors": errors, **body} if errors else body
