"""What the gains of single tweets come to, against plain Python."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.engagement.tweet_id import first_id_at
from harvester.growth.gains import Gains, gains_of
from harvester.growth.joining import join
from harvester.growth.ranking import Ranking
from harvester.growth.rows import STATUSES, Rows, row_type
from harvester.growth.tally import Tally, age_classes, gain_classes

HOUR: Final = 3600
BEGAN: Final = 1_795_000_000
COUNT: Final = st.just(-1) | st.integers(0, 5) | st.integers(0, 2**53)
Tweet = tuple[int, int, int, int]
"""Its status by number, when it was retrieved, and two counts."""
TWEETS: Final = st.tuples(st.integers(0, len(STATUSES) - 1) | st.just(0), st.integers(0, 3), COUNT, COUNT)
SIDES: Final = st.dictionaries(st.integers(1, 40), TWEETS, max_size=30)


def rows(side: dict[int, Tweet]) -> Rows:
    made = np.zeros(len(side), row_type(2))
    for place, (tweet_id, (status, at, *counts)) in enumerate(side.items()):
        made[place] = (tweet_id, BEGAN + at * HOUR, status, counts)
    return made


def compared(old: dict[int, Tweet], new: dict[int, Tweet]) -> list[int]:
    """The tweets that are ok in both, and not retrieved earlier in the new run."""
    return sorted(
        i for i in old.keys() & new.keys() if old[i][0] == new[i][0] == 0 and old[i][1] <= new[i][1]
    )


@settings(deadline=None, max_examples=60)
@given(SIDES, SIDES)
def test_every_tweet_is_counted_in_one_place(old: dict[int, Tweet], new: dict[int, Tweet]) -> None:
    tally = Tally(("a", "b"), 3)
    tally.add(join(rows(old), rows(new)))
    both = old.keys() & new.keys()
    n_compared = len(compared(old, new))
    assert tally.n_compared == n_compared
    assert tally.n_only_old == len(old.keys() - both)
    assert tally.n_only_new == len(new.keys() - both)
    assert n_compared + tally.n_not_ok + tally.n_out_of_order == len(both)
    for (before, after), n in tally.not_ok.items():
        codes = (STATUSES.index(before), STATUSES.index(after))
        assert n == sum((old[i][0], new[i][0]) == codes for i in both)


@settings(deadline=None, max_examples=60)
@given(SIDES, SIDES)
def test_sums_are_those_of_single_tweets_and_losses_are_apart(
    old: dict[int, Tweet], new: dict[int, Tweet]
) -> None:
    tally = Tally(("a", "b"), 3)
    tally.add(join(rows(old), rows(new)))
    for place, its in enumerate(tally.metrics.values(), start=2):
        pairs = [(old[i], new[i]) for i in compared(old, new)]
        counted = [(o, n) for o, n in pairs if o[place] >= 0 and n[place] >= 0]
        gains = [n[place] - o[place] for o, n in counted]
        assert (its.tweets, its.n_not_counted) == (len(counted), len(pairs) - len(counted))
        assert its.gained == sum(gains)
        assert (its.n_rose, its.rose_by) == (sum(g > 0 for g in gains), sum(g for g in gains if g > 0))
        assert (its.n_fell, its.fell_by) == (sum(g < 0 for g in gains), -sum(g for g in gains if g < 0))
        rates = [g / (n[1] - o[1]) for g, (o, n) in zip(gains, counted, strict=True) if n[1] > o[1]]
        assert its.per_hour == pytest.approx(sum(rates), abs=1e-6)
        assert sum(each.tweets for each in its.by_age()) == its.by_gain.sum() == its.tweets
        assert sum(each.gained for each in its.by_age()) == its.gained


@settings(deadline=None, max_examples=60)
@given(st.lists(SIDES, min_size=1, max_size=3), st.lists(SIDES, min_size=3, max_size=3), st.integers(0, 4))
def test_top_lists_are_the_highest_and_the_smaller_id_comes_first(
    olds: list[dict[int, Tweet]], news: list[dict[int, Tweet]], top: int
) -> None:
    tally, wanted = Tally(("a", "b"), top), []
    for part, (old, new) in enumerate(zip(olds, news, strict=False)):
        shifted = [{i + 100 * part: tweet for i, tweet in side.items()} for side in (old, new)]
        tally.add(join(*map(rows, shifted)))
        wanted += [(i, shifted[0][i], shifted[1][i]) for i in compared(*shifted)]
    counted = [(i, o, n) for i, o, n in wanted if o[2] >= 0 and n[2] >= 0 and n[2] > o[2]]
    best = sorted(counted, key=lambda each: (each[1][2] - each[2][2], each[0]))[:top]
    found = tally.metrics["a"].best.ranked()
    assert [(int(e["tweet_id"]), e["old"], e["new"]) for e in found] == [(i, o[2], n[2]) for i, o, n in best]
    assert all(entry["gained"] == entry["new"] - entry["old"] for entry in found)
    timed = [(i, o, n) for i, o, n in counted if n[1] > o[1]]
    fastest = sorted(timed, key=lambda each: ((each[1][2] - each[2][2]) / (each[2][1] - each[1][1]), each[0]))
    ids = [int(entry["tweet_id"]) for entry in tally.metrics["a"].fastest.ranked()]
    assert ids == [i for i, _, _ in fastest[:top]]


def test_of_thousands_with_the_same_gain_the_smallest_ids_are_ranked() -> None:
    n = 3_000
    ids, ones = np.arange(1, n + 1), np.ones((n, 1), np.int64)
    gains = Gains(ids, np.zeros(n, np.int64), np.full(n, HOUR), 0 * ones, ones)
    ranking = Ranking(3, np.int64)
    ranking.offer(gains.gained[:, 0], gains, 0)
    assert [entry["tweet_id"] for entry in ranking.ranked()] == ["1", "2", "3"]


def test_records_of_one_second_have_a_gain_and_none_per_hour() -> None:
    side = {5: (0, 1, 2, 0)}
    gains, n_out_of_order = gains_of(join(rows(side), rows({5: (0, 1, 7, 0)})))
    assert (gains.gained.tolist(), n_out_of_order) == ([[5, 0]], 0)
    assert np.isnan(gains.per_hour).all()
    tally = Tally(("a",), 3).metrics["a"]
    tally.add(gains, 0, np.array([0]))
    assert (tally.gained, tally.per_hour, tally.fastest.ranked()) == (5, 0.0, [])
    assert tally.best.ranked()[0]["per_hour"] is None


@pytest.mark.parametrize(
    ("gain", "named"),
    [
        (-1, "fell"),
        (0, "0"),
        (1, "1-9"),
        (9, "1-9"),
        (10, "10-99"),
        (999_999, "100000-999999"),
        (10**6, "1000000+"),
    ],
)
def test_gains_are_in_the_class_that_names_them(gain: int, named: str) -> None:
    old = {7: (0, 0, 5, 0)}
    tally = Tally(("a", "b"), 0)
    tally.add(join(rows(old), rows({7: (0, 1, 5 + gain, 0)})))
    classes = dict(zip(gain_classes(), tally.metrics["a"].by_gain.tolist(), strict=True))
    assert {name: n for name, n in classes.items() if n} == {named: 1}


@pytest.mark.parametrize(
    ("age_days", "place"), [(0.5, 0), (1.5, 1), (29.9, 2), (31, 3), (364, 4), (366, 5), (None, 5)]
)
def test_tweets_are_in_the_class_of_their_age_at_the_old_record(age_days: float | None, place: int) -> None:
    made_ms = BEGAN * 1000 - round((age_days or 0) * 86_400_000)
    ids: Sequence[int] = [20 if age_days is None else first_id_at(made_ms)]
    none = np.zeros((1, 1), np.int64)
    gains = Gains(np.array(ids), np.array([BEGAN]), np.array([BEGAN + HOUR]), none, none)
    assert age_classes(gains).tolist() == [place]
