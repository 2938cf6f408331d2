"""Totals and top lists against a plain sort and a plain sum."""

import json
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from harvester.engagement.answer import Counts
from harvester.engagement.body import counts_type
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.request import Access, Request
from harvester.engagement.settling import DeadLetter, Fate, Settled, Status
from harvester.reduce import Partial, Reduction, TopList

COLUMNS = ("favorites", "retweets")
ROW = counts_type(COLUMNS)
FATES = (
    Fate(Status.UNAVAILABLE),
    Fate(Status.FORBIDDEN),
    Fate(Status.NO_DATA),
    Fate(Status.DEAD, (), DeadLetter("service", "503", 5)),
)

# Few values, so that ties are the rule, and UNSET where a count is left out.
values = st.one_of(st.integers(0, 4), st.just(UNSET), st.sampled_from([10**12, 10**12 - 1]))
tweets = st.lists(st.tuples(values, values, st.sampled_from([None, None, None, *FATES])), max_size=40)
Tweets = list[tuple[object, object, Fate | None]]
ids_of = st.lists(st.integers(1, 60), max_size=50, unique=True)


def settled(first_id: int, members: Tweets, metrics: tuple[str, ...] = COLUMNS) -> Settled:
    """A batch of tweets, numbered from first_id on."""
    ids = tuple(str(first_id + index) for index in range(len(members)))
    request = Request(ENDPOINTS["totals"], ids, metrics, COLUMNS, Access.USER_CONTEXT)
    rows: list[Counts | None] = []
    fates = {}
    for tweet_id, (favorites, retweets, fate) in zip(ids, members, strict=True):
        rows.append(None if fate else ROW(favorites, retweets))
        if fate:
            fates[tweet_id] = fate
    return Settled(request, rows, fates)


def batches_of(members: Tweets, size: int) -> list[Settled]:
    return [settled(start + 1, members[start : start + size]) for start in range(0, len(members), size)]


def expected_top(members: Tweets, column: int, n: int) -> list[tuple[int, int]]:
    """(value, tweet ID), by a sort of everything: high values first, of equal ones the smaller ID."""
    counted = [
        (value, tweet_id)
        for tweet_id, member in enumerate(members, start=1)
        if member[2] is None and isinstance(value := member[column], int) and value > 0
    ]
    return sorted(counted, key=lambda entry: (-entry[0], entry[1]))[:n]


# Top lists


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 60)), unique_by=lambda e: e[1]), st.integers(0, 8)
)
def test_top_list_agrees_with_a_sort(entries: list[tuple[int, int]], size: int) -> None:
    top = TopList(size, entries)
    positive = [entry for entry in entries if entry[0] > 0]
    assert top.ranked() == sorted(positive, key=lambda entry: (-entry[0], entry[1]))[:size]


@given(ids_of, ids_of.map(sorted), st.integers(0, 5), st.data())
def test_enterable_leaves_out_nothing_that_would_enter(
    before: list[int], batch: list[int], size: int, data: st.DataObject
) -> None:
    small = st.integers(0, 4)
    known = [(data.draw(small), tweet_id + 100) for tweet_id in before]
    offered = [(data.draw(small), tweet_id) for tweet_id in batch]
    filtered, whole = TopList(size, known), TopList(size, [*known, *offered])
    entries = filtered.enterable([v for v, _ in offered], [str(i) for _, i in offered])
    assert len(entries) <= size
    assert all(value > 0 for value, _ in entries)
    for value, tweet_id in entries:
        filtered.add(value, tweet_id)
    assert filtered.ranked() == whole.ranked()


def test_the_smaller_id_wins_a_tie_by_number_and_not_by_text() -> None:
    assert TopList(1, [(5, 10), (5, 9)]).ranked() == [(5, 9)]
    assert TopList(1, [(5, 9), (5, 10)]).ranked() == [(5, 9)]
    assert TopList(1, [(5, 10)]).enterable([5, 5], ["9", "11"]) == [(5, 9)]


def test_the_floor_only_rises() -> None:
    top = TopList(2)
    floors = []
    for value in (3, 1, 2, 0, 5, 4):
        top.add(value, 100 - value)
        floors.append(top.floor)
    assert floors == [1, 1, 2, 2, 3, 4]
    assert all(one <= two for one, two in pairwise(floors))


# Reduction


@settings(max_examples=150)
@given(tweets, st.integers(1, 12), st.integers(0, 6))
def test_totals_and_top_lists_agree_with_plain_sums_and_sorts(members: Tweets, size: int, top: int) -> None:
    reduction = Reduction(COLUMNS, top)
    for batch in batches_of(members, size):
        reduction.add(reduction.reduce_batch(batch))
    for column, metric in enumerate(COLUMNS):
        counted = [m[column] for m in members if m[2] is None]
        assert reduction.totals[metric] == sum(v for v in counted if isinstance(v, int))
        assert reduction.tops[metric].ranked() == expected_top(members, column, top)
    for status in (Status.OK, Status.UNAVAILABLE, Status.FORBIDDEN, Status.NO_DATA):
        n = sum((fate.status if fate else Status.OK) is status for _, _, fate in members)
        assert reduction.n_by_status[status] == n
    assert reduction.n_by_status[Status.DEAD] == 0


@settings(max_examples=100)
@given(tweets, st.integers(1, 8), st.integers(0, 4), st.randoms(use_true_random=False), st.integers(0, 40))
def test_partials_merge_in_any_order_and_grouping(
    members: Tweets, size: int, top: int, random: Random, n: int
) -> None:
    """Also when they were made long before, with a floor of that time, and with a checkpoint in between."""
    batches = batches_of(members, size)
    whole = Reduction(COLUMNS, top)
    early = [whole.reduce_batch(batch) for batch in batches]
    for partial in early:
        whole.add(partial)

    other = Reduction(COLUMNS, top)
    random.shuffle(batches)
    for index, batch in enumerate(batches):
        if index == n % (len(batches) + 1):
            other = restored(top, other)
        other.add(other.reduce_batch(batch))
    assert other.totals == whole.totals
    assert +other.n_by_status == +whole.n_by_status
    assert {m: t.ranked() for m, t in other.tops.items()} == {m: t.ranked() for m, t in whole.tops.items()}


def test_a_metric_that_was_not_asked_adds_nothing() -> None:
    batch = settled(1, [(5, UNSET, None), (6, UNSET, None)], metrics=("favorites",))
    partial = Reduction(COLUMNS, 3).reduce_batch(batch)
    assert partial.sums == {"favorites": 11}
    assert partial.candidates == {"favorites": [(6, 2), (5, 1)]}


def test_a_tweet_that_is_ok_without_a_row_counts_as_a_record() -> None:
    batch = settled(1, [(5, 1, None)])
    batch.rows[0] = None
    batch.fates["1"] = Fate(Status.OK, COLUMNS)
    partial = Reduction(COLUMNS, 3).reduce_batch(batch)
    assert partial == Partial(partial.n_by_status, {}, {})
    assert partial.n_by_status == {Status.OK: 1}


def test_a_batch_that_was_not_asked_counts_its_records() -> None:
    request = Request(ENDPOINTS["totals"], ("1", "2"), (), COLUMNS, Access.APP_ONLY)
    partial = Reduction(COLUMNS, 3).reduce_batch(Settled(request, [None, None]))
    assert partial.n_by_status == {Status.OK: 2}
    assert not partial.sums
    assert not partial.candidates


def restored(top: int, reduction: Reduction) -> Reduction:
    again = Reduction(COLUMNS, top)
    again.restore(json.loads(json.dumps(reduction.to_dict())))
    return again


@pytest.mark.parametrize("top", [0, 1, 10])
def test_state_survives_its_way_through_json(top: int) -> None:
    reduction = Reduction(COLUMNS, top)
    reduction.add(reduction.reduce_batch(settled(1, [(5, 1, None), (5, 0, None), (0, 0, FATES[0])])))
    assert restored(top, reduction).to_dict() == reduction.to_dict()
