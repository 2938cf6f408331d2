"""Spreads and series, against plain Python."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.engagement.tweet_id import FIRST_SNOWFLAKE, created_ms, first_id_at
from harvester.report.tallies import AGES, EDGES, N_BINS, OLDER, SeriesTally, Tally, bin_range, bins_of

BEGAN_MS = 1_790_000_000_000
NONE = -1
COUNTS = st.one_of(
    st.integers(0, 300),
    st.integers(0, 2**63 - 1),
    st.sampled_from([2**power + by for power in range(2, 63) for by in (-1, 0, 1)]),
)
IDS = st.one_of(
    st.integers(20, FIRST_SNOWFLAKE - 1),
    st.integers(first_id_at(BEGAN_MS - 20 * 365 * 86_400_000 // 2), first_id_at(BEGAN_MS)),
)
TWEETS = st.lists(st.tuples(IDS, COUNTS | st.just(NONE)), min_size=1, max_size=60)


def tally_of(tweets: list[tuple[int, int]], n_blocks: int = 1) -> Tally:
    tally = Tally(("favorites",), BEGAN_MS)
    for part in np.array_split(np.array(tweets, dtype=np.int64), n_blocks):
        if len(part):
            tally.add(part[:, 0], part[:, 1:])
    return tally


@settings(deadline=None)
@given(st.lists(COUNTS, min_size=1))
def test_every_value_lies_in_its_bin_and_bins_are_narrow(values: list[int]) -> None:
    for value, place in zip(values, bins_of(np.array(values, dtype=np.int64)).tolist(), strict=True):
        first, last = bin_range(place)
        assert 0 <= place < N_BINS
        assert first <= value <= last
        assert first == last if value < 128 else 64 * (last - first) < first


@settings(deadline=None)
@given(TWEETS, st.integers(1, 4))
def test_spread_is_that_of_a_plain_count(tweets: list[tuple[int, int]], n_blocks: int) -> None:
    values = sorted(value for _, value in tweets if value != NONE)
    spread = tally_of(tweets, n_blocks).spread("favorites")
    if not values:
        assert spread is None
        return
    assert spread is not None
    assert (spread.n, spread.n_zero, spread.largest) == (len(values), values.count(0), values[-1])
    assert spread.mean == pytest.approx(sum(values) / len(values), rel=1e-9)
    for found, share in ((spread.median, 0.5), (spread.p90, 0.9), (spread.p99, 0.99)):
        assert found == pytest.approx(values[max(math.ceil(share * len(values)), 1) - 1], rel=0.01)


@settings(deadline=None)
@given(TWEETS)
def test_buckets_hold_each_value_once_and_end_with_the_largest(tweets: list[tuple[int, int]]) -> None:
    values = [value for _, value in tweets if value != NONE]
    if spread := tally_of(tweets).spread("favorites"):
        assert [
            sum(bucket.first <= value <= bucket.last for value in values) for bucket in spread.buckets
        ] == [bucket.n for bucket in spread.buckets]
        assert sum(bucket.n for bucket in spread.buckets) == len(values)
        assert spread.buckets[-1].n
        assert spread.buckets[0].last == 0


@settings(deadline=None)
@given(TWEETS)
def test_age_groups_hold_each_tweet_that_tells_its_age(tweets: list[tuple[int, int]]) -> None:
    groups: dict[str, list[int]] = defaultdict(list)
    for tweet_id, value in tweets:
        made_ms = created_ms(tweet_id)
        if value != NONE and made_ms is not None:
            age_ms = BEGAN_MS - made_ms
            groups[next((f"< {label}" for label, end in AGES if age_ms < end), OLDER)].append(value)
    spread = tally_of(tweets).spread("favorites")
    found = {group.label: group for group in spread.ages if group.n} if spread else {}
    assert {label: group.n for label, group in found.items()} == {k: len(v) for k, v in groups.items()}
    for label, values in groups.items():
        assert found[label].mean == pytest.approx(sum(values) / len(values), rel=1e-9)
        assert found[label].median == pytest.approx(sorted(values)[(len(values) - 1) // 2], rel=0.01)


def test_buckets_begin_at_one_two_and_five() -> None:
    assert EDGES[:7].tolist() == [1, 2, 5, 10, 20, 50, 100]
    assert EDGES[-1] == 5 * 10**18


TIMES = st.sampled_from([f"2026-11-{day:02d}T{hour:02d}" for day in (1, 2, 30) for hour in (0, 7, 23)])
SERIES = st.dictionaries(
    st.sampled_from(["impressions", "favorites"]), st.dictionaries(TIMES, st.integers(1, 2**40), max_size=4)
)


@settings(deadline=None)
@given(st.lists(st.lists(SERIES, max_size=3), max_size=3))
def test_series_add_up_to_what_plain_python_says(blocks: list[list[dict[str, dict[str, int]]]]) -> None:
    tally = SeriesTally()
    expected: dict[str, dict[str, int]] = {}
    for block in blocks:
        tally.add(block)
        for series in block:
            for metric, points in series.items():
                total = expected.setdefault(metric, {})
                for time, value in points.items():
                    total[time] = total.get(time, 0) + value
    found = tally.sums()
    assert found == {metric: points for metric, points in expected.items() if points}
    assert all(list(points) == sorted(points) for points in found.values())
