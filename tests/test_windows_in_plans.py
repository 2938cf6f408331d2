"""Batches of a range of time and of several owners: who is asked about what, and what that saves."""

from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.endpoints import Endpoint
from harvester.engagement.request import Access, Request
from harvester.engagement.tweet_id import first_id_at
from harvester.engagement.windows import HOUR_S, TimeRange
from harvester.planning import NO_WINDOWS, Batch, Planner, Reach

HOUR_MS = HOUR_S * 1000
END_HOUR = 498_000
YEAR = TimeRange(END_HOUR - 365 * 24, END_HOUR, END_HOUR * HOUR_S)
WINDOWS = YEAR.windows()
SIZE = 5
METRICS = ("impressions", "video_views")
OWNERS = ("", "alice", "bob", "(no account)")


def requests_of(batch: Batch) -> tuple[Request, ...]:
    """What the batch asks, one request a window."""
    return tuple(map(batch.request_in, batch.windows))


def planner(*accounts: str, endpoint: str = "historical", bearer: bool = False) -> Planner:
    blank = Request(Endpoint(endpoint, SIZE), (), (), METRICS, Access.NONE)  # type: ignore[arg-type]
    windows = WINDOWS if endpoint == "historical" else ()
    return Planner(blank, END_HOUR * HOUR_MS, Reach(frozenset(accounts), bearer), windows, OWNERS)


def planned(ids: list[int], owners: list[int] | None = None, *, chunk: int = 7) -> list[Batch]:
    mine = planner("", "alice", "bob")
    batches: list[Batch] = []
    for start in range(0, len(ids), chunk):
        some = np.array(ids[start : start + chunk], np.int64)
        whose = None if owners is None else np.array(owners[start : start + chunk], np.int32)
        batches += mine.plan(some, whose)
    return [*batches, *mine.finish()]


made_at = st.integers((END_HOUR - 6 * 365 * 24) * HOUR_MS, (END_HOUR + 48) * HOUR_MS)
tweets = st.lists(
    st.builds(lambda ms, low: first_id_at(ms) + low, made_at, st.integers(0, 4_000_000)),
    max_size=60,
    unique=True,
)


@given(tweets)
def test_each_tweet_is_asked_about_exactly_the_windows_that_end_after_it_was_made(ids: list[int]) -> None:
    asked: Counter[tuple[str, int]] = Counter()
    for batch in planned(ids):
        for request in requests_of(batch):
            assert request.window is not None
            assert 0 < len(request.tweet_ids) <= SIZE
            asked.update((tweet_id, request.window.start_hour) for tweet_id in request.tweet_ids)
    wanted = {
        (str(i), window.start_hour): 1
        for i in ids
        for window in WINDOWS
        if i < first_id_at(window.end_hour * HOUR_MS)
    }
    assert asked == wanted


@given(tweets, st.integers(1, 20))
def test_range_plans_are_the_same_however_the_ids_are_cut(ids: list[int], chunk: int) -> None:
    def described(batches: list[Batch]) -> list[object]:
        return [(b.number, b.ids.tolist(), b.windows, b.blank, b.chain) for b in batches]

    assert described(planned(ids, chunk=chunk)) == described(planned(ids))


@given(tweets)
def test_requests_are_never_more_than_without_the_ages_and_as_many_as_said(ids: list[int]) -> None:
    batches = planned(ids)
    assert [batch.n_requests for batch in batches] == [len(requests_of(batch)) for batch in batches]
    n_kinds = len({batch.blank.metrics for batch in batches})
    without_ages = len(WINDOWS) * (len(ids) // SIZE + n_kinds)
    assert sum(batch.n_requests for batch in batches) <= without_ages


def test_a_year_over_a_year_of_tweets_saves_more_than_two_fifths() -> None:
    random = np.random.default_rng(1)
    hours = random.integers(END_HOUR - 365 * 24, END_HOUR, 5_000)
    ids = [(first_id_at(int(hour) * HOUR_MS) + n) for n, hour in enumerate(hours)]
    n_requests = sum(batch.n_requests for batch in planned(ids, chunk=1000))
    assert n_requests < 0.6 * len(WINDOWS) * len(ids) / SIZE


def test_the_last_few_tweets_of_each_age_share_batches() -> None:
    """One tweet a window: apart they would cost 14 + 13 + … requests, together 14 + 9 + 4."""
    ids = [first_id_at(window.start_hour * HOUR_MS + 1) for window in WINDOWS]
    assert [batch.n_requests for batch in planned(ids)] == [14, 9, 4]


def test_tweets_made_after_the_range_need_no_request() -> None:
    (batch,) = planned([first_id_at(END_HOUR * HOUR_MS)])
    assert (batch.windows, requests_of(batch), batch.n_requests) == ((), (), 0)
    assert batch.request().tweet_ids


whose = st.lists(st.integers(0, 3), min_size=60, max_size=60)


@given(tweets, whose)
def test_a_batch_is_of_one_owner_and_signed_by_the_account(ids: list[int], places: list[int]) -> None:
    owner_of = dict(zip(ids, (OWNERS[place] for place in places), strict=False))
    batches = planned(ids, places[: len(ids)])
    assert sorted(i for batch in batches for i in batch.ids.tolist()) == sorted(ids)
    for batch in batches:
        assert {owner_of[i] for i in batch.ids.tolist()} == {batch.blank.account}
        has_token = batch.blank.account != OWNERS[-1]
        assert batch.blank.access is (Access.USER_CONTEXT if has_token else Access.NONE)


def test_another_owner_of_the_same_tweets_is_another_input() -> None:
    ids = list(range(1, SIZE + 1))
    chains = {planned(ids, [place] * SIZE)[0].chain for place in (0, 1, 2)}
    assert len(chains) == 3


@pytest.mark.parametrize(
    ("endpoint", "bearer", "access", "metrics"),
    [
        ("totals", True, Access.APP_ONLY, ("video_views",)),
        ("totals", False, Access.NONE, ()),
        ("28hr", True, Access.NONE, ()),
        ("historical", True, Access.NONE, ()),
    ],
)
def test_tweets_of_an_owner_without_a_token_are_asked_for_public_metrics_if_at_all(
    endpoint: str, bearer: bool, access: Access, metrics: tuple[str, ...]
) -> None:
    mine = planner("alice", endpoint=endpoint, bearer=bearer)
    recent = np.array([first_id_at((END_HOUR - 5) * HOUR_MS)], np.int64)
    assert not list(mine.plan(recent, np.array([3], np.int32)))
    (batch,) = mine.finish()
    assert (batch.blank.access, batch.blank.metrics, batch.windows) == (access, metrics, NO_WINDOWS)


def test_windows_of_a_batch_come_in_the_order_of_time() -> None:
    (batch,) = planned([5])
    starts = [request.window.start_hour for request in requests_of(batch) if request.window]
    assert starts == sorted(starts)
    assert all(len(list(same)) == 1 for _, same in groupby(starts))
