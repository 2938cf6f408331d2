"""Sums over windows are exact: a year's range is the sum of its hours."""

import numpy as np

from harvester.simulator.options import Shares
from harvester.simulator.world import World
from tests.worlds.drawing import id_at
from tests.worlds.harvesting import harvest
from tests.worlds.scene import DAY_MS, HOUR_MS, Scene

NOW_MS = 1_795_000_000_000
WORLD = World(2, Shares(deleted=0, untouched=0, growth=50))
IDS = [20, *(id_at(NOW_MS - days * DAY_MS - 1234567) for days in (800, 364, 200, 100, 28, 1))]
METRICS = ("impressions", "favorites", "user_follows")


def test_a_range_of_365_days_is_the_sum_of_its_hours() -> None:
    now_ms = NOW_MS // HOUR_MS * HOUR_MS
    scene = Scene(
        now_ms=now_ms,
        world=WORLD,
        lines=tuple((i, "") for i in IDS),
        endpoints=("historical",),
        metrics=METRICS,
        start="365d",
        series="hour",
    )
    harvested = harvest(scene)
    hours = range(now_ms // HOUR_MS - 8760, now_ms // HOUR_MS)
    by_hour = {hour: _counted_in(hour) for hour in hours}
    assert len({sent.document["start"] for sent in harvested.sent}) == 14
    for record in harvested.records["historical"]:
        of_tweet = {hour: counts[record["tweet_id"]] for hour, counts in by_hour.items()}
        for metric in METRICS:
            assert record["metrics"][metric] == sum(counts[metric] for counts in of_tweet.values())
            points = {
                str(np.datetime64(hour, "h")): counts[metric]
                for hour, counts in of_tweet.items()
                if counts[metric]
            }
            assert record["series"][metric] == points
    assert any(record["metrics"]["favorites"] for record in harvested.records["historical"])


def _counted_in(hour: int) -> dict[str, dict[str, int]]:
    """What is true of one hour alone, by tweet and metric."""
    rows = WORLD.hourly(np.array(IDS, dtype=np.int64), METRICS, hour, 1)[:, :, 0].tolist()
    return {str(i): dict(zip(METRICS, row, strict=True)) for i, row in zip(IDS, rows, strict=True)}
