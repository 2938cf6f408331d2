"""What is a bad request."""

from typing import Any

import pytest

from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import EndpointName
from harvester.simulator.asking import Asked, read_asked

NOW_MS = 1_795_000_000_000
GOOD: dict[str, Any] = {
    "tweet_ids": ["1060976163948904448", "20"],
    "engagement_types": ["favorites"],
    "groupings": {"g": {"group_by": ["tweet.id", "engagement.type"]}},
}


def test_a_good_request_is_read() -> None:
    asked = read_asked(GOOD, ENDPOINTS["totals"], NOW_MS)
    assert isinstance(asked, Asked)
    assert asked.texts == ("1060976163948904448", "20")
    assert asked.ids.tolist() == [1060976163948904448, 20]
    assert asked.metrics == ("favorites",)
    assert asked.groupings == {"g": ("tweet.id", "engagement.type")}


def test_an_id_asked_twice_is_one_tweet() -> None:
    asked = read_asked(GOOD | {"tweet_ids": ["20", "21", "20"]}, ENDPOINTS["totals"], NOW_MS)
    assert isinstance(asked, Asked)
    assert asked.texts == ("20", "21")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tweet_ids": None}, "must be a list"),
        ({"tweet_ids": []}, "must be a list"),
        ({"tweet_ids": [20]}, "must be strings"),
        ({"tweet_ids": ["1.06E+18"]}, "Not a tweet ID: 1.06E+18"),
        ({"tweet_ids": ["0"]}, "Not a tweet ID: 0"),
        ({"tweet_ids": ["9223372036854775808"]}, "Not a tweet ID"),
        ({"tweet_ids": ["٣"]}, "Not a tweet ID"),
        ({"tweet_ids": [str(one) for one in range(1, 252)]}, "At most 250"),
        ({"engagement_types": []}, "must be a list"),
        ({"engagement_types": ["likes"]}, "Not an engagement type of totals: likes"),
        ({"engagement_types": ["url_clicks"]}, "Not an engagement type of totals: url_clicks"),
        ({"groupings": {}}, "at least one"),
        ({"groupings": {name: {"group_by": ["tweet.id"]} for name in "abcd"}}, "At most 3 groupings"),
        ({"groupings": {"errors": {"group_by": ["tweet.id"]}}}, "Not a name for a grouping: errors"),
        ({"groupings": {"g": ["tweet.id"]}}, "list group_by"),
        ({"groupings": {"g": {"group_by": []}}}, "list group_by"),
        ({"groupings": {"g": {"group_by": ["tweet.id", "tweet.id"]}}}, "twice"),
        ({"start": "2026-11-01"}, "start and end"),
    ],
)
def test_a_request_is_bad_when_something_does_not_fit(change: dict[str, object], reason: str) -> None:
    trouble = read_asked(GOOD | change, ENDPOINTS["totals"], NOW_MS)
    assert isinstance(trouble, str)
    assert reason in trouble


@pytest.mark.parametrize("document", [None, [], "text", 3])
def test_a_request_is_bad_when_it_is_no_object(document: object) -> None:
    assert isinstance(read_asked(document, ENDPOINTS["totals"], NOW_MS), str)


def test_an_unsupported_grouping_is_named_in_the_observed_words() -> None:
    groupings = {"g": {"group_by": ["tweet.id", "engagement.hour"]}}
    assert read_asked(GOOD | {"groupings": groupings}, ENDPOINTS["totals"], NOW_MS) == (
        "One or more of the groupBys you have specified are not supported: (engagement.hour). "
        "Please adjust your request and try again."
    )


DAY, HOUR = "engagement.day", "engagement.hour"
TWEET, TYPE = "tweet.id", "engagement.type"


@pytest.mark.parametrize("endpoint", ["28hr", "historical"])
@pytest.mark.parametrize("group_by", [[HOUR], [DAY, TWEET], [HOUR, DAY, TYPE], [TWEET, TYPE, DAY, HOUR]])
def test_ranges_have_groupings_by_time(endpoint: EndpointName, group_by: list[str]) -> None:
    groupings = {"g": {"group_by": group_by}}
    asked = read_asked(GOOD | {"groupings": groupings}, ENDPOINTS[endpoint], NOW_MS)
    assert isinstance(asked, Asked)
    assert asked.groupings == {"g": tuple(group_by)}
    assert asked.hours is not None


@pytest.mark.parametrize(
    ("group_bys", "reason"),
    [
        ([[TWEET, TYPE, HOUR, DAY]], "not supported in this order"),
        ([[DAY, HOUR, TWEET, TYPE]], "not supported in this order"),
        ([[TWEET, TYPE, DAY, HOUR], [TYPE, TWEET, DAY, HOUR]], "Only one grouping with four"),
        ([["engagement.week"], [TWEET]], "not supported: (engagement.week). Please"),
        ([[TWEET, DAY, TWEET]], "twice"),
    ],
)
def test_groupings_by_time_have_their_rules(group_bys: list[list[str]], reason: str) -> None:
    groupings = {f"g{number}": {"group_by": group_by} for number, group_by in enumerate(group_bys)}
    trouble = read_asked(GOOD | {"groupings": groupings}, ENDPOINTS["historical"], NOW_MS)
    assert isinstance(trouble, str)
    assert reason in trouble


@pytest.mark.parametrize(
    ("endpoint", "change", "reason"),
    [
        ("28hr", {"start": "2026-11-01"}, "start and end are not supported on 28hr"),
        ("28hr", {"tweet_ids": [str(one) for one in range(1, 27)]}, "At most 25"),
        ("historical", {"engagement_types": ["quote_tweets"]}, "Not an engagement type of historical"),
        ("historical", {"engagement_types": ["media_clicks"]}, "Not an engagement type of historical"),
        ("historical", {"start": "soon"}, "start is not a time"),
    ],
)
def test_a_request_is_bad_when_it_is_for_another_endpoint(
    endpoint: EndpointName, change: dict[str, object], reason: str
) -> None:
    trouble = read_asked(GOOD | change, ENDPOINTS[endpoint], NOW_MS)
    assert isinstance(trouble, str)
    assert reason in trouble
