"""The truth by the hour."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.metrics import metrics_of
from harvester.engagement.tweet_id import DAY_MS, first_id_at
from harvester.simulator.hours import (
    COUNTED_BY_HOUR,
    COUNTED_LATE,
    FIRST_HOUR_COUNTED_LATE,
    HOUR_MS,
)
from harvester.simulator.options import Shares
from harvester.simulator.population import make_ids
from harvester.simulator.world import World

NOW_MS = 1_795_000_000_000
NOW_HOUR = NOW_MS // HOUR_MS
METRICS = tuple(sorted(COUNTED_BY_HOUR))
TOUCHED = Shares(untouched=0.0)
IDS = make_ids(200, 7, NOW_MS)

some_ids = st.lists(st.integers(1, first_id_at(NOW_MS)), min_size=1, max_size=5)


def test_every_metric_of_the_ranges_is_counted_by_the_hour() -> None:
    assert set(metrics_of("historical", user_context=True)) == COUNTED_BY_HOUR


@given(some_ids, st.integers(NOW_HOUR - 9000, NOW_HOUR), st.integers(1, 100), st.data())
def test_a_window_is_cut_out_of_any_larger_one(
    ids: list[int], first: int, n_hours: int, data: st.DataObject
) -> None:
    world, array = World(3, TOUCHED), np.array(ids, dtype=np.int64)
    whole = world.hourly(array, METRICS, first, n_hours)
    cut = data.draw(st.integers(0, n_hours - 1))
    alone = world.hourly(array[-1:], METRICS[4:5], first + cut, n_hours - cut)
    assert (alone == whole[-1:, 4:5, cut:]).all()


def test_nothing_is_counted_before_the_hour_in_which_a_tweet_was_made() -> None:
    made_ms = NOW_MS - 3 * DAY_MS
    ids = np.array([first_id_at(made_ms) + step for step in range(200)], dtype=np.int64)
    counts = World(1, TOUCHED).hourly(ids, METRICS, made_ms // HOUR_MS - 30, 60)
    assert not counts[:, :, :30].any()
    assert counts[:, :, 30].any()


def test_untouched_tweets_have_no_count_in_any_hour() -> None:
    world = World(2)
    assert not world.hourly(IDS[world.are_untouched(IDS)], METRICS, NOW_HOUR - 672, 672).any()


def test_counts_fall_with_age_but_not_to_zero() -> None:
    ids = np.array([first_id_at(NOW_MS - 300 * DAY_MS) + step for step in range(500)], dtype=np.int64)
    first, later, last = (
        World(1, TOUCHED).hourly(ids, ("impressions",), NOW_HOUR - days * 24, 24).sum()
        for days in (300, 280, 1)
    )
    assert first > 5 * later > 25 * last > 0


def test_every_metric_has_counts_and_most_hours_have_none() -> None:
    counts = World(1).hourly(IDS, METRICS, NOW_HOUR - 672, 672)
    assert counts.sum(axis=(0, 2)).all()
    assert 0 < (counts > 0).mean() < 0.05
    assert (counts >= 0).all()


def test_tweets_from_before_snowflake_are_still_seen() -> None:
    assert World(1, TOUCHED).hourly(np.arange(20, 400), ("impressions",), NOW_HOUR - 672, 672).any()


def test_some_metrics_are_counted_from_2015_09_15_on() -> None:
    ids = np.array([first_id_at(1_442_200_000_000) + step for step in range(300)], dtype=np.int64)
    counts = World(1, TOUCHED).hourly(ids, METRICS, FIRST_HOUR_COUNTED_LATE - 20, 40)
    for column, metric in enumerate(METRICS):
        assert counts[:, column, :20].any() == (metric not in COUNTED_LATE)
        assert counts[:, column, 20:].any()


def test_growth_takes_no_hour_away() -> None:
    before = World(1).hourly(IDS, METRICS, NOW_HOUR - 48, 48)
    after = World(1, Shares(growth=1.5)).hourly(IDS, METRICS, NOW_HOUR - 48, 48)
    assert (after >= before).all()
    assert after.sum() > before.sum()


def test_a_whole_request_is_counted_quickly() -> None:
    """25 IDs, all metrics and 28 days take some 10 ms; a loop in Python would take seconds."""
    started = time.process_time()
    World(1).hourly(IDS[:25], METRICS, NOW_HOUR - 672, 672)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("names", [("ann",), ("zoe", "ann", "bob")])
def test_owned_tweets_belong_to_one_account_each_whatever_their_order(names: tuple[str, ...]) -> None:
    world = World(4, Shares(owned=0.8))
    owners = world.owners(IDS, names)
    assert owners == world.owners(IDS, names[::-1])
    assert [owner is not None for owner in owners] == world.are_owned(IDS).tolist()
    assert set(owners) - {None} == set(names)


def test_nobody_owns_anything_when_there_is_no_account() -> None:
    assert set(World(4).owners(IDS, ())) == {None}
