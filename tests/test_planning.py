"""Batches: complete, distinct, parted by age, and the same however the IDs come."""

from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.engagement.endpoints import ENDPOINTS, Endpoint
from harvester.engagement.metrics import EndpointName, metrics_of
from harvester.engagement.request import Access, Request
from harvester.engagement.tweet_id import DAY_MS, FIRST_SNOWFLAKE, first_id_at
from harvester.planning import EMPTY_CHAIN, AgeClass, Batch, Planner, Reach, age_classes

NOW_MS = 1_795_000_000_000
ALL = metrics_of("totals", user_context=True)
PUBLIC = metrics_of("totals", user_context=False)
PRIVATE = {"impressions", "engagements"}
AT_90, AT_1800 = (first_id_at(NOW_MS - days * DAY_MS) for days in (90, 1800))
SMALL = Endpoint("totals", 4)

edges = st.sampled_from([edge + step for edge in (AT_90, AT_1800, FIRST_SNOWFLAKE, 2) for step in (-1, 0, 1)])
ids = st.lists(st.one_of(edges, st.integers(1, 2**63 - 1)), max_size=60, unique=True)


def classes(
    columns: tuple[str, ...] = ALL, *, user_context: bool = True, bearer: bool = False
) -> tuple[AgeClass, ...]:
    return age_classes("totals", columns, NOW_MS, has_user_context=user_context, has_bearer=bearer)


def new_planner(endpoint: Endpoint = SMALL, columns: tuple[str, ...] = ALL) -> Planner:
    blank = Request(endpoint, (), (), columns, Access.NONE)
    return Planner(blank, NOW_MS, Reach(frozenset({""}), has_bearer=False))


def class_of(tweet_id: int, parts: Sequence[AgeClass]) -> AgeClass:
    return [part for part in parts if part.first_id <= tweet_id][-1]


def plan(chunks: Sequence[Sequence[int]], endpoint: Endpoint = SMALL) -> list[Batch]:
    planner = new_planner(endpoint)
    batches = [batch for chunk in chunks for batch in planner.plan(np.array(chunk, np.int64))]
    return [*batches, *planner.finish()]


def described(batches: Sequence[Batch]) -> list[tuple[int, list[int], bytes, tuple[str, ...]]]:
    return [(batch.number, batch.ids.tolist(), batch.chain, batch.blank.metrics) for batch in batches]


def cut(sequence: Sequence[int], places: Sequence[int]) -> list[Sequence[int]]:
    bounds = [0, *sorted(place % (len(sequence) + 1) for place in places), len(sequence)]
    return [sequence[start:end] for start, end in pairwise(bounds)]


# Age


@pytest.mark.parametrize(
    ("tweet_id", "metrics"),
    [
        (AT_90, ALL),
        (AT_90 + 1, ALL),
        (2**63 - 1, ALL),
        (AT_90 - 1, PUBLIC),
        (AT_1800, PUBLIC),
        (AT_1800 - 1, PUBLIC[:-1]),
        (FIRST_SNOWFLAKE, PUBLIC[:-1]),
        (FIRST_SNOWFLAKE - 1, PUBLIC[:-1]),
        (1, PUBLIC[:-1]),
    ],
)
def test_a_tweet_is_asked_for_what_its_age_allows_right_at_the_border(
    tweet_id: int, metrics: tuple[str, ...]
) -> None:
    (batch,) = plan([[tweet_id]])
    assert batch.request().metrics == metrics
    assert batch.request().unasked == tuple(m for m in ALL if m not in metrics)


@pytest.mark.parametrize(
    ("user_context", "bearer", "young", "old"),
    [
        (True, False, Access.USER_CONTEXT, Access.USER_CONTEXT),
        (True, True, Access.USER_CONTEXT, Access.APP_ONLY),
        (False, True, Access.APP_ONLY, Access.APP_ONLY),
    ],
)
def test_public_metrics_are_asked_with_the_bearer_token_where_there_is_one(
    user_context: bool, bearer: bool, young: Access, old: Access
) -> None:
    parts = classes(ALL if user_context else PUBLIC, user_context=user_context, bearer=bearer)
    assert class_of(AT_90, parts).access is young
    assert class_of(AT_90 - 1, parts).access is old


@pytest.mark.parametrize("user_context", [True, False])
@pytest.mark.parametrize("bearer", [True, False])
@given(columns=st.lists(st.sampled_from(ALL), min_size=1, unique=True).map(tuple), tweet_id=edges)
@settings(max_examples=40)
def test_age_classes_agree_with_the_contract(
    user_context: bool, bearer: bool, columns: tuple[str, ...], tweet_id: int
) -> None:
    part = class_of(tweet_id, classes(columns, user_context=user_context, bearer=bearer))
    too_old = (PRIVATE if tweet_id < AT_90 else set()) | ({"video_views"} if tweet_id < AT_1800 else set())
    readable = set(ALL) if user_context else set(PUBLIC) if bearer else set()
    assert part.metrics == tuple(m for m in columns if m in readable - too_old)
    assert (part.access is Access.NONE) == (not user_context and not bearer)
    assert not (part.access is Access.USER_CONTEXT and not user_context)


def test_tweets_too_old_for_all_that_is_asked_need_no_request() -> None:
    planner = new_planner(SMALL, ("impressions",))
    assert list(planner.plan(np.array([5, AT_90], np.int64))) == []
    old, young = planner.finish()
    assert (old.ids.tolist(), old.request().metrics) == ([5], ())
    assert (young.ids.tolist(), young.request().metrics) == ([AT_90], ("impressions",))


def test_classes_hold_also_when_the_limit_lies_before_snowflake() -> None:
    parts = age_classes("totals", ALL, 0, has_user_context=True, has_bearer=False)
    assert [part.first_id for part in parts] == [0, FIRST_SNOWFLAKE]
    assert parts[1].metrics == ALL


# Batches


@settings(max_examples=200)
@given(ids, st.lists(st.integers(0, 100), max_size=8))
def test_batches_are_the_same_however_the_ids_are_cut(tweet_ids: list[int], places: list[int]) -> None:
    whole = described(plan([tweet_ids]))
    assert described(plan(cut(tweet_ids, places))) == whole
    assert described(plan([[tweet_id] for tweet_id in tweet_ids])) == whole


@given(ids)
def test_each_id_is_in_exactly_one_batch_of_its_own_age(tweet_ids: list[int]) -> None:
    batches = plan([tweet_ids])
    assert sorted(i for batch in batches for i in batch.ids.tolist()) == sorted(tweet_ids)
    assert [batch.number for batch in batches] == list(range(len(batches)))
    for batch in batches:
        assert 1 <= len(batch.ids) <= SMALL.ids_per_request
        assert batch.request().tweet_ids == tuple(map(str, batch.ids.tolist()))
        assert all(class_of(i, classes()).metrics == batch.blank.metrics for i in batch.ids.tolist())


@given(ids)
def test_order_is_kept_within_an_age_and_only_last_batches_are_not_full(tweet_ids: list[int]) -> None:
    batches = plan([tweet_ids])
    for part in classes():
        of_part = [batch for batch in batches if batch.blank.metrics == part.metrics]
        assert all(len(batch.ids) == SMALL.ids_per_request for batch in of_part[:-1])
        planned = [i for batch in of_part for i in batch.ids.tolist()]
        assert planned == [i for i in tweet_ids if class_of(i, classes()) == part]


@given(ids, st.data())
def test_the_chain_tells_any_other_input(tweet_ids: list[int], data: st.DataObject) -> None:
    other = data.draw(st.one_of(ids, st.permutations(tweet_ids)))
    one, two = plan([tweet_ids]), plan([other])
    if [batch.ids.tolist() for batch in one] != [batch.ids.tolist() for batch in two]:
        ends = [batches[-1].chain if batches else EMPTY_CHAIN for batches in (one, two)]
        assert ends[0] != ends[1]


@given(ids)
def test_the_chain_is_a_hash_of_the_hash_before_the_ids_and_the_account(tweet_ids: list[int]) -> None:
    """Journals hold it, so it may never be another for the same input."""
    chain = EMPTY_CHAIN
    for batch in plan([tweet_ids]):
        hashed = b"".join(i.to_bytes(8, "little") for i in batch.ids.tolist()) + batch.blank.account.encode()
        chain = blake2b(chain + hashed, digest_size=16).digest()
        assert batch.chain == chain


@given(
    st.lists(st.integers(1, 2**63 - 1), max_size=60),
    st.lists(st.integers(0, 100), max_size=8),
    st.integers(0, 20),
)
def test_what_is_passed_over_changes_nothing_of_what_follows(
    tweet_ids: list[int], places: list[int], n_passed: int
) -> None:
    whole = new_planner()
    batches = [*whole.plan(np.array(tweet_ids, np.int64)), *whole.finish()]
    replayed = new_planner()
    replayed.pass_over(n_passed)
    left = [batch for chunk in cut(tweet_ids, places) for batch in replayed.plan(np.array(chunk, np.int64))]
    left += replayed.finish()
    assert described(left) == described(batches[n_passed:])
    assert (replayed.n_planned, replayed.n_repeated) == (len(batches), whole.n_repeated)
    chains = dict(enumerate((batch.chain for batch in batches), 1))
    assert replayed.passed_chain == chains.get(n_passed)


@pytest.mark.parametrize(("name", "size"), [("totals", 250), ("28hr", 25), ("historical", 25)])
def test_batches_are_as_large_as_the_endpoint_allows(name: EndpointName, size: int) -> None:
    sizes = [len(batch.ids) for batch in plan([range(1, 1002)], ENDPOINTS[name])]
    assert sizes == [size] * (1001 // size) + [1]


def test_a_batch_is_planned_as_soon_as_it_is_full() -> None:
    planner = new_planner()
    assert [len(list(planner.plan(np.array([tweet_id], np.int64)))) for tweet_id in range(1, 9)] == [
        *(0, 0, 0, 1),
        *(0, 0, 0, 1),
    ]


@given(st.lists(st.integers(1, 6), max_size=40), st.lists(st.integers(0, 100), max_size=5))
def test_no_batch_holds_a_tweet_twice_also_where_nobody_removed_duplicates(
    tweet_ids: list[int], places: list[int]
) -> None:
    """One request asks for distinct tweets, and a batch has one outcome for each."""
    planner = new_planner()
    batches = [batch for chunk in cut(tweet_ids, places) for batch in planner.plan(np.array(chunk, np.int64))]
    batches += planner.finish()
    for batch in batches:
        assert len(set(batch.ids.tolist())) == len(batch.ids)
    assert {i for batch in batches for i in batch.ids.tolist()} == set(tweet_ids)
    assert sum(len(batch.ids) for batch in batches) + planner.n_repeated == len(tweet_ids)
    assert described(batches) == described(plan([tweet_ids]))


def test_the_end_of_the_input_plans_nothing_twice() -> None:
    planner = new_planner()
    assert list(planner.plan(np.array([1, 2], np.int64))) == []
    assert len(list(planner.finish())) == 1
    assert list(planner.finish()) == []
