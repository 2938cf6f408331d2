"""The truth about tweets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.tweet_id import DAY_MS, first_id_at
from harvester.simulator.options import Shares
from harvester.simulator.population import make_ids
from harvester.simulator.world import COUNTED, World, are_older_than

NOW_MS = 1_795_000_000_000
IDS = make_ids(20_000, 7, NOW_MS)
METRICS = tuple(sorted(COUNTED))


@given(st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=30), st.integers(0, 5))
def test_counts_of_a_tweet_do_not_depend_on_its_company(ids: list[int], seed: int) -> None:
    world = World(seed)
    together = world.counts(np.array(ids, dtype=np.int64), METRICS)
    alone = [world.counts(np.array([one], dtype=np.int64), METRICS)[0].tolist() for one in ids]
    assert together.tolist() == alone


def test_counts_do_not_depend_on_which_metrics_are_asked_with_them() -> None:
    world = World(3)
    every = world.counts(IDS, METRICS)
    for column, metric in enumerate(METRICS):
        assert (world.counts(IDS, (metric,))[:, 0] == every[:, column]).all()


@pytest.mark.parametrize(
    ("whole", "part"),
    [
        ("impressions", "engagements"),
        ("engagements", "favorites"),
        ("favorites", "retweets"),
        ("retweets", "quote_tweets"),
        ("engagements", "replies"),
    ],
)
def test_counts_of_a_part_are_at_most_those_of_the_whole(whole: str, part: str) -> None:
    counts = World(1).counts(IDS, (whole, part))
    assert (counts[:, 0] >= counts[:, 1]).all()
    assert (counts >= 0).all()
    assert counts[:, 1].any()


def test_engagements_are_at_least_the_sum_of_what_they_consist_of() -> None:
    counts = World(1).counts(IDS, ("engagements", "favorites", "retweets", "quote_tweets", "replies"))
    assert (counts[:, 0] >= counts[:, 1:].sum(axis=1)).all()


def test_impressions_are_heavy_tailed() -> None:
    impressions = np.sort(World(1).counts(IDS, ("impressions",))[:, 0])
    assert impressions[-len(impressions) // 100 :].sum() > 0.3 * impressions.sum()


def test_untouched_tweets_have_zeros_only() -> None:
    world = World(2)
    assert not world.counts(IDS[world.are_untouched(IDS)], METRICS).any()


def test_another_seed_is_another_world() -> None:
    assert (World(1).counts(IDS, METRICS) != World(2).counts(IDS, METRICS)).any()


def test_growth_takes_no_count_away() -> None:
    before = World(1).counts(IDS, METRICS)
    after = World(1, Shares(growth=1.3)).counts(IDS, METRICS)
    assert (after >= before).all()
    assert after.sum() > before.sum()


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_shares_are_met(share: float) -> None:
    world = World(5, Shares(share, share, share, share))
    for mask in (
        world.are_gone(IDS, NOW_MS),
        world.are_protected(IDS),
        world.are_untouched(IDS),
        world.are_owned(IDS),
    ):
        assert mask.mean() == pytest.approx(share, abs=0.015)


def test_a_tweet_of_the_future_is_gone() -> None:
    ids = np.array([first_id_at(NOW_MS) - 1, first_id_at(NOW_MS)], dtype=np.int64)
    assert World(0, Shares(deleted=0.0)).are_gone(ids, NOW_MS).tolist() == [False, True]


def test_age_is_counted_to_the_millisecond_and_the_earliest_tweets_are_old() -> None:
    limit = first_id_at(NOW_MS - 90 * DAY_MS)
    ids = np.array([20, limit - 1, limit, limit + 1], dtype=np.int64)
    assert are_older_than(ids, 90, NOW_MS).tolist() == [True, True, False, False]
