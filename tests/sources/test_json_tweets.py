"""Which tweets a JSON value holds."""

from typing import Any

import orjson
import pytest

from harvester.sources import Form
from harvester.sources.json_texts.objects import NAMED, USER
from harvester.sources.json_texts.tweets import HEADER, Found, NoTweet, Tweet, find_tweets

ACTIVITY = "tag:search.twitter.com,2005:"
LETTER = {"tweet_id": "5", "endpoint": "totals", "metrics": [], "access": "app", "reason": "x", "attempts": 8}
ONE_TWEET = {
    "v1.1": {"id": 4, "id_str": "5", "text": "…", "user": {"id_str": "9"}},
    "v1.1 without id_str": {"id": 5, "full_text": "…"},
    "v2": {"id": "5", "text": "…", "author_id": "9", "edit_history_tweet_ids": ["5"]},
    "v2 on its own": {"data": {"id": "5"}, "includes": {"users": [{"id": "9"}]}},
    "an activity": {
        "id": f"{ACTIVITY}5",
        "verb": "post",
        "object": {"id": "object:search.twitter.com,2005:5"},
    },
    "of the archive": {"tweet": {"id": "4", "id_str": "5"}},
    "a record": {"tweet_id": "5", "status": "ok", "metrics": {}},
    "a dead letter": LETTER,
    "with a number of its own": {"id": 1, "tweet_id": 5},
    "of MongoDB": {"_id": {"$oid": "x"}, "id": {"$numberLong": "5"}},
    "with an empty id_str": {"id": 5, "id_str": None},
    "of the website": {"__typename": "Tweet", "rest_id": "5", "legacy": {"id_str": "5", "full_text": "…"}},
    "of Elasticsearch": {"_index": "tweets", "_id": "9", "_source": {"id_str": "5", "text": "…"}},
    "of the archive's headers": {"tweet": {"tweet_id": "5", "user_id": "9", "created_at": "…"}},
    "with its author's names": {"id": 5, "username": "ann", "name": "Ann", "content": "…"},
    "sure of its ID": {"id": 9, "screen_name": "ann", "status_id": "5"},
    "with other metrics": {"id": 5, "public_metrics": {"like_count": 1}},
    "with names that are null": {"id": 5, "name": None, "username": None},
    "with an ID alone": {"id": "5"},
    "a number": 5,
    "a text": "5",
    "with `tweet` as its text": {"id": 5, "tweet": "…", "username": "ann", "name": "Ann"},
    "with its link": {"id": "5", "username": "ann", "url": "https://twitter.com/ann/status/5"},
    "with its link of old": {
        "id": 5,
        "username": "ann",
        "permalink": "https://twitter.com/ann/statuses/5?s=20",
    },
    "with a message": {"id": "5", "screen_name": "ann", "message": "…"},
    "with retweets": {"id": "5", "name": "ann", "retweets": 0},
    "with hashtags and a language": {"id": "5", "name": "ann", "hashtags": [], "lang": "en"},
    "with a date and likes": {"id": "5", "username": "ann", "date": "2020", "likes": 4},
    "with its author's name and metrics": {"id": "5", "username": "a", "public_metrics": {"like_count": 1}},
    "with retweets among its metrics": {"id": "5", "username": "a", "public_metrics": {"retweet_count": 0}},
    "with flat metrics": {"id": "5", "username": "a", "public_metrics.retweet_count": 0},
    "with its author's ID": {"id": "5", "user_id": "9", "username": "ann"},
    "with a text and twice its ID": {"id": "5", "user_id": "5", "username": "ann", "text": "…"},
}
NO_ID = "an object without a tweet ID; --column says which key holds it"
NO_TWEET: dict[str, tuple[Any, str]] = {
    "null": (None, "null is no tweet ID"),
    "a truth": (True, "true is no tweet ID"),
    "an array": ({"id": [5]}, "an array is no tweet ID"),
    "an object": ({"id": {"x": 5}}, "an object is no tweet ID"),
    "an ID of null": ({"id": None}, "null is no tweet ID"),
    "negative": ({"id": -5}, "negative"),
    "too large": ({"id": "9223372036854775808"}, "larger than a tweet ID can be"),
    "an empty object": ({}, NO_ID),
    "another's object": ({"like": {"tweetId": "5"}}, NO_ID),
    "a user of the website": ({"rest_id": "5", "legacy": {"screen_name": "ann"}}, NO_ID),
    "a legacy alone": ({"legacy": {"id_str": "5"}}, NO_ID),
    "a notice": ({"delete": {"status": {"id": 5}}}, "a notice of the stream: delete"),
    "a limit": ({"limit": {"track": 5}}, "a notice of the stream: limit"),
    "a user": ({"id": "5", "name": "Ann", "username": "ann"}, USER),
    "a user of v1.1": (
        {"id": 5, "id_str": "5", "name": "Ann", "screen_name": "ann", "time_zone": None, "status": {"id": 6}},
        USER,
    ),
    "a user with keys of today": ({"id": "5", "username": "ann", "parody": False}, USER),
    "a user with a tweet": ({"id": "5", "most_recent_tweet_id": "6"}, USER),
    "a friend": ({"id": "5", "connection_status": []}, USER),
    "a user's numbers": ({"id": 5, "followers_count": 0}, USER),
    "a user's metrics": ({"id": "5", "public_metrics": {"followers_count": 1}}, USER),
    "a user's metrics of today": (
        {"id": "5", "public_metrics": {"followers_count": 1, "like_count": 4}},
        USER,
    ),
    "a user beside null": ({"id": "5", "username": "ann", "source": None, "text": None}, USER),
    "a user with its ID twice": ({"id": 5, "user_id": "5", "username": "ann"}, USER),
    "a user with a language": ({"id": 5, "screen_name": "ann", "lang": "en", "created_at": "…"}, USER),
    "a user who likes": ({"id": 5, "username": "ann", "bio": "…", "likes": 4, "lang": "en"}, USER),
    "a user with a site": ({"id": 5, "username": "ann", "url": "https://twitter.com/ann"}, USER),
    "a user with a pinned tweet": ({"id": 5, "username": "ann", "url": "https://x.com/ann/status/55"}, USER),
    "a list": ({"id": "5", "name": "Friends"}, NAMED),
}
PAGES = {
    "data": {"data": [{"id": "5"}, {"id": "6"}], "includes": {"tweets": [{"id": "7"}]}, "meta": {}},
    "results": {"results": [{"id_str": "5"}, {"id_str": "6"}], "next": "x"},
    "statuses": {"statuses": [{"id": 5}, {"id": 6}], "search_metadata": {}},
    "tweets": {"tweets": [{"id": 5}, {"id": 6}]},
    "with an ID of its own": {"id": 9, "data": [5, 6]},
    "an array": [{"id": 5}, "6"],
    "arrays in an array": [[5], [], {"data": [[6]]}],
}
HEADERS = [
    {"info": {"activity_count": 5}},
    {"meta": {"result_count": 0}},
    {"errors": [{"title": "x"}]},
    [],
] + [{key: []} for key in ("data", "results", "statuses", "tweets")]
RETWEET = {
    "id": 5,
    "in_reply_to_status_id_str": None,
    "retweeted_status": {"id": 6, "quoted_status": {"id": 7}, "in_reply_to_status_id_str": "8"},
    "quoted_status": {"id": 9},
}
REFERENCED = {
    "v1.1": (RETWEET, [5, 6, 7, 8, 9]),
    "a reply": ({"in_reply_to_status_id": 6, "id": 5}, [5, 6]),
    "v2": ({"id": "5", "referenced_tweets": [{"type": "quoted", "id": "6"}]}, [5, 6]),
    "included": ({"data": [{"id": 5}], "includes": {"tweets": [{"id": 6}]}}, [5, 6]),
    "included first": ({"includes": {"tweets": [{"id": 6}]}, "data": [{"id": 5}]}, [6, 5]),
    "included with one": ({"data": {"id": 5}, "includes": {"tweets": [{"id": 6}]}}, [5, 6]),
    "included alone": ({"data": [], "includes": {"tweets": [{"id": 6}]}}, [6]),
    "shared": ({"id": f"{ACTIVITY}5", "verb": "share", "object": {"id": f"{ACTIVITY}6"}}, [5, 6]),
    "posted": ({"id": f"{ACTIVITY}5", "verb": "post", "object": {"id": f"{ACTIVITY}6"}}, [5]),
    "quoted": ({"id": f"{ACTIVITY}5", "twitter_quoted_status": {"id": f"{ACTIVITY}6"}}, [5, 6]),
    "answered": ({"id": 5, "inReplyTo": {"link": "http://twitter.com/ann/statuses/6"}}, [5, 6]),
    "of the archive": ({"tweet": {"id_str": "5", "in_reply_to_status_id_str": "6"}}, [5, 6]),
}


def found(value: Any, **options: Any) -> list[Found]:
    return [*find_tweets(orjson.loads(orjson.dumps(value)), Form(**options))]


def ids(value: Any, **options: Any) -> list[int]:
    return [tweet.tweet_id for tweet in found(value, **options) if isinstance(tweet, Tweet)]


@pytest.mark.parametrize("value", ONE_TWEET.values(), ids=ONE_TWEET)
def test_one_tweet_is_found_in_each_shape(value: Any) -> None:
    assert found(value) == [Tweet(5)]


@pytest.mark.parametrize(("value", "reason"), NO_TWEET.values(), ids=NO_TWEET)
def test_what_is_no_tweet_has_its_reason(value: Any, reason: str) -> None:
    assert [entry.reason for entry in found(value) if isinstance(entry, NoTweet)] == [reason]


@pytest.mark.parametrize("value", [value for value, reason in NO_TWEET.values() if reason in (USER, NAMED)])
def test_column_reads_what_else_is_a_user(value: Any) -> None:
    assert found(value, column="id") == [Tweet(5)]


@pytest.mark.parametrize("other", ["id_str", "id", "status_id"])
@pytest.mark.parametrize("number", [1850000000000000000, 1.85e18])
def test_exact_text_goes_before_the_number_that_was_rounded(other: str, number: float) -> None:
    assert found({"tweet_id": number, other: "1850000000000000003"}) == [Tweet(1850000000000000003)]


@pytest.mark.parametrize("other", ["1", "1850000000001000003", "x", ""])
def test_text_that_is_another_number_does_not_go_before_it(other: str) -> None:
    assert found({"tweet_id": 1850000000000000000, "id": other}) == [Tweet(1850000000000000000)]


@pytest.mark.parametrize("value", PAGES.values(), ids=PAGES)
def test_tweets_of_a_page_are_found_in_their_order(value: Any) -> None:
    assert ids(value) == [5, 6]


@pytest.mark.parametrize("value", HEADERS)
def test_page_without_tweets_is_a_header(value: Any) -> None:
    assert found(value) == [HEADER]


@pytest.mark.parametrize(("value", "expected"), REFERENCED.values(), ids=REFERENCED)
def test_referenced_tweets_follow_the_tweet_that_holds_them(value: Any, expected: list[int]) -> None:
    assert ids(value, include_referenced=True) == expected


def test_referenced_tweets_are_left_out_unless_wanted() -> None:
    assert {tweet_id for value, _ in REFERENCED.values() for tweet_id in ids(value)} == {5}


def test_tweets_within_tweets_are_found_however_deep() -> None:
    text = '{"quoted_status":' * 1000 + "5" + ',"id":6}' * 1000

    found = find_tweets(orjson.loads(text), Form(include_referenced=True))

    assert [*found] == [Tweet(6)] * 1000


@pytest.mark.parametrize(
    ("value", "column"),
    [
        ({"a": {"b": 5}, "id": 6}, "a.b"),
        ({"a.b": 5, "id": 6}, "a.b"),
        ({"tweet": {"own": "5", "id": 6}}, "tweet.own"),
        ({"tweet": {"own": "5", "id": 6}}, "own"),
        ({"data": [{"own": 5}]}, "own"),
        ({"data": {"own": 5, "id": 6}}, "own"),
        ({"like": {"tweetId": "5"}}, "like.tweetId"),
        ({"rest_id": "5", "legacy": {"id_str": "6"}}, "rest_id"),
        ({"rest_id": "6", "legacy": {"id_str": "5"}}, "id_str"),
    ],
)
def test_id_stands_under_the_key_that_is_named(value: Any, column: str) -> None:
    assert found(value, column=column) == [Tweet(5)]


def test_reason_names_the_key_that_is_missing() -> None:
    assert found({"id": 5}, column="a.b") == [NoTweet(None, "no key 'a.b'")]


@pytest.mark.parametrize(
    ("value", "owner"),
    [
        ({"id": 5, "user": {"screen_name": " ann "}}, "ann"),
        ({"tweet": {"id": 5, "user": {"screen_name": "ann"}}}, "ann"),
        ({"tweet": {"id": 5}, "user": {"screen_name": "ann"}}, "ann"),
        ({"data": {"id": 5}, "user": {"screen_name": "ann"}}, "ann"),
        ({"id": 5, "user": {"screen_name": 17}}, "17"),
        ({"id": 5, "user": {"screen_name": None}}, ""),
    ],
)
def test_owner_stands_under_the_key_that_is_named(value: Any, owner: str) -> None:
    assert found(value, owner_column="user.screen_name") == [Tweet(5, owner)]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"id": 5}, "no key 'owner' for the owner"),
        (5, "no key 'owner' for the owner"),
        ({"id": 5, "owner": ["ann"]}, "the owner is neither text nor a number"),
        ({"id": 5, "owner": True}, "the owner is neither text nor a number"),
        ({"id": 5, "owner": "n" * 201}, "the owner's name is longer than 200 characters"),
    ],
)
def test_tweet_without_a_proper_owner_is_rejected(value: Any, reason: str) -> None:
    (entry,) = found(value, owner_column="owner")

    assert isinstance(entry, NoTweet)
    assert entry.reason == reason


def test_referenced_tweet_needs_no_owner() -> None:
    value = {
        "id": 5,
        "owner": "ann",
        "quoted_status": {"id": 6},
        "retweeted_status": {"id": 7, "owner": "bob"},
    }

    owned = found(value, owner_column="owner", include_referenced=True)

    assert owned == [Tweet(5, "ann"), Tweet(6), Tweet(7, "bob")]
