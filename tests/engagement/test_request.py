"""Requests as values, and their bytes."""

import json

from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.request import Access, Request, encode_request

COLUMNS = ("impressions", "favorites", "retweets")
tweet_ids = st.lists(st.integers(1, 2**63 - 1).map(str), max_size=250, unique=True).map(tuple)


def request(*ids: str, metrics: tuple[str, ...] = COLUMNS) -> Request:
    return Request(ENDPOINTS["totals"], ids, metrics, COLUMNS, Access.USER_CONTEXT)


def test_body_is_the_contracts() -> None:
    assert json.loads(encode_request(request("1060976163948904448", "2", metrics=("favorites",)))) == {
        "tweet_ids": ["1060976163948904448", "2"],
        "engagement_types": ["favorites"],
        "groupings": {"harvester": {"group_by": ["tweet.id", "engagement.type"]}},
    }


@given(tweet_ids)
def test_body_is_the_same_for_the_same_request(ids: tuple[str, ...]) -> None:
    assert encode_request(request(*ids)) == encode_request(request(*list(ids)))


@given(tweet_ids)
def test_halves_lose_nothing_and_keep_the_order(ids: tuple[str, ...]) -> None:
    first, second = request(*ids).halves()
    assert first.tweet_ids + second.tweet_ids == ids
    assert 0 <= len(first.tweet_ids) - len(second.tweet_ids) <= 1


def test_without_metrics_leaves_the_columns_and_tells_what_is_unasked() -> None:
    rest = request("1").without_metrics({"impressions", "retweets"})
    assert (rest.metrics, rest.columns) == (("favorites",), COLUMNS)
    assert rest.unasked == ("impressions", "retweets")


def test_without_tweets_keeps_the_order_of_the_others() -> None:
    assert request("3", "1", "2").without_tweets({"1", "9"}).tweet_ids == ("3", "2")


def test_with_access_changes_nothing_else() -> None:
    before = request("1")
    after = before.with_access(Access.APP_ONLY)
    assert after.access is Access.APP_ONLY
    assert after.with_access(before.access) == before
