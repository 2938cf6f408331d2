"""For any world, input and options the harvest is what an independent computation of the truth gives."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from hypothesis import HealthCheck, example, given, settings

from tests.worlds.drawing import DENSE, interruptions, is_near_the_limit, scenes
from tests.worlds.harvesting import Harvested, Interruption, harvest
from tests.worlds.scene import DAY, HOUR, EndpointName, Scene
from tests.worlds.truth import (
    Tweet,
    expected_summary,
    expected_tweets,
    text_of,
    wanted_lines,
    without_zeros,
)

TIMES: Final = int(os.environ.get("WORLDS", "1"))
"""So many times the usual number of examples."""
FIELDS: Final = (
    "tweet_id",
    "status",
    "created_at",
    "start",
    "end",
    "metrics",
    "series",
    "groupings",
    "unsupported",
    "retrieved_at",
)
STATUSES: Final = ("ok", "unavailable", "forbidden", "no_data", "failed")
stable = settings(
    derandomize=TIMES == 1,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@settings(stable, max_examples=150 * TIMES)
@given(scenes())
@example(DENSE[0])
@example(DENSE[1])
@example(DENSE[2])
@example(DENSE[3])
@example(DENSE[4])
def test_harvest_equals_the_truth(scene: Scene) -> None:
    harvested = harvest(scene)
    assert_true(scene, harvested)
    assert_nothing_is_counted_twice(scene, harvested)


@settings(stable, max_examples=75 * TIMES)
@given(scenes(), interruptions)
@example(DENSE[0], [Interruption(9, "crash"), Interruption(5, "drain", 61)])
def test_interrupted_harvest_leaves_the_same_bytes(scene: Scene, stops: Sequence[Interruption]) -> None:
    if is_near_the_limit(scene):
        stops = [replace(stop, pause_s=0) for stop in stops]
    whole, parts = harvest(scene), harvest(scene, tuple(stops))
    assert whole.record_bytes == parts.record_bytes
    assert whole.other_bytes == parts.other_bytes
    assert whole.summary["input"] == parts.summary["input"]
    for name in scene.endpoints:
        ours, theirs = parts.summary["endpoints"][name], whole.summary["endpoints"][name]
        for part in ("counts", "totals", "top", "groupings", "start", "end", "repeated"):
            assert ours.get(part) == theirs.get(part), part


def assert_true(scene: Scene, harvested: Harvested) -> None:
    """Compare a harvest with the truth."""
    for name in scene.endpoints:
        tweets = expected_tweets(scene, name)
        records, described = harvested.records[name], harvested.summary["endpoints"][name]
        times = Counter(int(record["tweet_id"]) for record in records)
        assert_each_tweet_is_accounted_for(scene, times, described.get("repeated", 0))
        for record in records:
            assert_record(scene, name, record, tweets[int(record["tweet_id"])])
        expected = expected_summary(scene, name, tweets, times)
        statuses = Counter(record["status"] for record in records)
        assert described["counts"] == {status: statuses[status] for status in STATUSES}
        assert described["totals"] == expected.totals
        assert described["top"] == expected.top
        assert without_zeros(described.get("groupings", {})) == without_zeros(expected.groupings)
        assert described["requests"]["unexpected"] == 0
        assert harvested.other_bytes[f"{name}.failed.ndjson"] == b""


def assert_nothing_is_counted_twice(scene: Scene, harvested: Harvested) -> None:
    """No answered request is asked again, but for tweets that were missing in the answer."""
    if scene.readings.untouched != "zero" or scene.readings.zeros != "yes" or not scene.is_deduped:
        return
    counted = Counter(
        (sent.endpoint, sent.document.get("start"), tweet_id)
        for sent in harvested.sent
        if sent.status == 200
        for tweet_id in sent.document["tweet_ids"]
    )
    assert set(counted.values()) <= {1}


def assert_each_tweet_is_accounted_for(scene: Scene, times: Counter[int], n_repeated: int) -> None:
    """Each once; where duplicates are let through, at most as often as it was named."""
    named = Counter(tweet_id for tweet_id, _ in wanted_lines(scene))
    assert times.keys() == named.keys()
    assert times <= named
    assert times.total() + n_repeated == named.total()


def assert_record(scene: Scene, endpoint: EndpointName, record: dict[str, Any], tweet: Tweet) -> None:
    """Compare a record with the truth."""
    assert list(record) == [field for field in FIELDS if field in record]
    found, expected = dict(record), dict(tweet.record)
    assert found.pop("retrieved_at") == text_of(scene.now_ms // 1000)
    if scene.readings.zeros == "no" and scene.is_squeezed(endpoint):
        found, expected = _without_quiet(found), _without_quiet(expected)
    for side in (found, expected):
        if "groupings" in side:
            side["groupings"] = _comparable(scene, side["groupings"])
    assert found == expected


def _without_quiet(record: dict[str, Any]) -> dict[str, Any]:
    """Where a series alone tells the counts and has no zeros: without the zeros, and no data where all are."""
    if not (metrics := without_zeros(record.get("metrics", {}))) and record["status"] in ("ok", "no_data"):
        return {"tweet_id": record["tweet_id"], "status": "no_data"}
    return {**record, **({"metrics": metrics} if metrics else {})}


def _comparable(scene: Scene, groupings: dict[str, Any]) -> dict[str, Any]:
    """Without the zeros of those that have a time: the API may leave them out."""
    timed = {name for name, by in scene.groupings if {DAY, HOUR} & set(by)}
    return {
        name: pruned
        for name, value in groupings.items()
        if (pruned := without_zeros(value) if name in timed else value) not in ({}, 0) or name not in timed
    }
