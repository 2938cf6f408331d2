"""What the generated worlds have shown to be wrong once, each as small as it can be."""

from dataclasses import replace
from typing import Any, Final

import pytest

from harvester.simulator.options import Readings, Shares
from harvester.simulator.world import World
from tests.worlds.drawing import id_at
from tests.worlds.harvesting import harvest, reopen
from tests.worlds.scene import DAY_MS, HOUR_MS, TWEET, TYPE, Scene
from tests.worlds.test_worlds import assert_true

NOW_MS: Final = 1_795_000_000_000
FULL_HOUR_MS: Final = NOW_MS // HOUR_MS * HOUR_MS
YOUNG: Final = id_at(NOW_MS - 30 * HOUR_MS)
EVERYBODY_IS_THERE: Final = Shares(deleted=0, untouched=0)
SQUEEZED: Final = (("by_type", (TYPE,)), ("by_tweet", (TYPE, TWEET)))
"""With these two there is room for a series, but not for the counts beside it."""


def test_many_batches_that_are_refused_without_a_name_are_all_halved() -> None:
    scene = Scene(
        world=World(0, replace(EVERYBODY_IS_THERE, owned=0.5)),
        readings=Readings(forbidden_text="bare"),
        lines=tuple((id_at(NOW_MS - 1000 * k), "") for k in range(1, 1001)),
        concurrency=8,
    )
    assert_true(scene, harvest(scene))


def test_a_denied_metric_is_unsupported_where_it_is_the_only_one_left() -> None:
    scene = Scene(
        world=World(0, EVERYBODY_IS_THERE),
        readings=Readings(denied_metrics=("favorites",)),
        metrics=("impressions", "favorites"),
        lines=((YOUNG, ""), (id_at(NOW_MS - 100 * DAY_MS), "")),
    )
    assert_true(scene, harvest(scene))


@pytest.mark.parametrize("end", ["0h", "1d"])
def test_range_that_ends_within_the_first_second_of_an_hour_ends_with_the_hour_before(end: str) -> None:
    ends_ms = FULL_HOUR_MS - {"0h": 0, "1d": DAY_MS}[end]
    scene = Scene(
        now_ms=FULL_HOUR_MS + 500,
        world=World(0, replace(EVERYBODY_IS_THERE, growth=1000)),
        lines=((id_at(ends_ms - 2 * HOUR_MS), ""),),
        endpoints=("historical",),
        end=end,
        hours=(ends_ms // HOUR_MS - 672, ends_ms // HOUR_MS),
    )
    assert_true(scene, harvest(scene))


def test_complete_run_is_left_as_it_is_also_when_its_range_is_too_old_by_now() -> None:
    scene = Scene(lines=((YOUNG, ""),), endpoints=("historical",), start="2025-11-19", hours=(0, 1))
    assert reopen(scene, later_s=3 * 86_400).was_complete


def ranged(zeros: Any, **more: Any) -> dict[str, Any]:
    """The record of a tweet with few engagements, where series have zeros or not."""
    scene = Scene(
        world=World(0, EVERYBODY_IS_THERE),
        readings=Readings(zeros=zeros),
        lines=((YOUNG, ""),),
        endpoints=("28hr",),
        series="hour",
        **more,
    )
    (record,) = harvest(scene).records["28hr"]
    return record


def test_series_have_the_same_metrics_whether_the_api_writes_zeros_or_not() -> None:
    assert ranged("no")["series"].keys() == ranged("yes")["series"].keys()


def test_metrics_are_the_same_whether_the_api_writes_zeros_or_not() -> None:
    assert ranged("no", groupings=SQUEEZED)["metrics"] == ranged("yes", groupings=SQUEEZED)["metrics"]
