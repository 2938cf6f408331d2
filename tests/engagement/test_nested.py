"""Time series and groupings in answers, in both readings of the contract, and what is wrong with them."""

import json
from typing import Any

import pytest

from harvester.engagement.answer import Answer, Counted, Trouble
from harvester.engagement.body import counts_type
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.groupings import Grouping, Series
from harvester.engagement.metrics import EndpointName
from harvester.engagement.request import Access, Request
from harvester.engagement.response import read_answer
from harvester.engagement.windows import read_range

NOW_S = 1_795_500_000.0
WINDOW = read_range("2026-11-10T17:00", "2026-11-12T05:00", NOW_S).windows()[0]
METRICS = ("impressions", "video_views")
ROW = counts_type(METRICS)
DAY = WINDOW.start_hour // 24


def ask(*groupings: Grouping, series: Series | None = None, endpoint: EndpointName = "historical") -> Request:
    window = WINDOW if endpoint == "historical" else None
    access = Access.USER_CONTEXT
    return Request(ENDPOINTS[endpoint], ("7", "8"), METRICS, METRICS, access, "", window, series, groupings)


def read(request: Request, **body: Any) -> Answer:
    return read_answer(request, 200, json.dumps(body).encode())


def counted(answer: Answer) -> Counted:
    assert isinstance(answer, Counted), answer
    return answer


def points(answer: Counted, place: int, metric: str) -> dict[int, int]:
    detail = answer.details[place]
    assert detail is not None
    return dict(zip(detail.series[metric].at, detail.series[metric].counts, strict=True))


def test_hours_become_points_in_time_and_their_sum_the_count() -> None:
    hours = {"2026-11-10": {"17": "5", "18": 0}, "2026-11-12": {"04": 7}}
    answer = counted(read(ask(series="hour"), harvester_series={"7": {"impressions": hours}}))
    assert list(answer.rows) == [ROW(impressions=12), None]
    assert points(answer, 0, "impressions") == {24 * DAY + 17: 5, 24 * (DAY + 2) + 4: 7}


def test_counts_beside_a_series_keep_the_zeros_that_it_leaves_out() -> None:
    flat = {"7": {"impressions": "3", "video_views": "0"}, "8": {"impressions": "0", "video_views": "0"}}
    days = {"7": {"impressions": {"2026-11-11": "3"}}}
    answer = counted(read(ask(series="day"), harvester=flat, harvester_series=days))
    assert list(answer.rows) == [ROW(3, 0), ROW(0, 0)]
    assert points(answer, 0, "impressions") == {DAY + 1: 3}


@pytest.mark.parametrize(
    "value",
    [
        {"2026-11-10": {"16": 1}},
        {"2026-11-12": {"05": 1}},
        {"2026-11-12": {"24": 1}},
        {"2026-11-12": {"4x": 1}},
        {"Tuesday": {"04": 1}},
        {"2026-11-12": {"04": -1}},
        {"2026-11-12": {"04": "1.0"}},
        {"2026-11-12": {"04": True}},
        {"2026-11-12": {"04": None}},
        {"2026-11-12": 5},
        [5],
    ],
)
def test_a_point_that_cannot_be_costs_its_tweet_and_no_other(value: Any) -> None:
    good = {"2026-11-11": {"00": 2}}
    body = {"7": {"impressions": value}, "8": {"impressions": good}}
    answer = counted(read(ask(series="hour"), harvester_series=body))
    assert list(answer.malformed) == ["7"]
    assert answer.malformed["7"].startswith("impressions is ")
    assert answer.rows[0] is None
    assert answer.rows[1] is not None


def test_zeros_outside_of_the_time_asked_for_do_no_harm() -> None:
    hours = {"2026-11-10": {f"{hour:02d}": "0" if hour < 17 else "1" for hour in range(24)}}
    answer = counted(read(ask(series="hour"), harvester_series={"7": {"impressions": hours}}))
    assert sum(points(answer, 0, "impressions").values()) == 7


def test_a_day_that_comes_twice_with_other_counts_is_malformed() -> None:
    text = b'{"harvester_series":{"7":{"impressions":{"2026-11-11":{"00":1,"00":2}}}}}'
    assert list(counted(read_answer(ask(series="hour"), 200, text)).malformed) == ["7"]


HOURLY = Grouping("by_hour", ("engagement.type", "engagement.hour"))
FLAT = {"7": {"impressions": 1}, "8": {"impressions": 2}}


@pytest.mark.parametrize(
    "hours", [{"00": "1", "23": 2}, {"2026-11-11": {"00": "1"}, "2026-11-12": {"01": 2}}]
)
def test_hours_without_days_are_taken_in_both_readings(hours: Any) -> None:
    answer = counted(read(ask(HOURLY), harvester=FLAT, by_hour={"impressions": hours}))
    as_ints = json.loads(json.dumps(hours).replace('"1"', "1"))
    assert answer.sums == {"by_hour": {"impressions": as_ints}}


def test_a_grouping_that_begins_with_the_tweet_stands_beside_its_counts() -> None:
    mine = Grouping("mine", ("tweet.id", "engagement.day"))
    answer = counted(
        read(ask(mine), harvester=FLAT, mine={"7": {"2026-11-11": "4"}, "9": {"2026-11-11": "4"}})
    )
    assert [detail.groupings for detail in answer.details if detail] == [{"mine": {"2026-11-11": 4}}, {}]
    assert not answer.sums


def test_a_tweet_that_comes_twice_in_a_grouping_of_its_own_is_malformed() -> None:
    mine = Grouping("mine", ("tweet.id", "engagement.day"))
    text = b'{"harvester":{"7":{"impressions":1}},"mine":{"7":{"2026-11-11":1},"7":{"2026-11-11":2}}}'
    answer = counted(read_answer(ask(mine), 200, text))
    assert answer.malformed == {"7": "mine: listed twice with other counts"}
    assert answer.rows[0] is None


def test_a_malformed_sum_over_tweets_makes_the_answer_unreadable() -> None:
    answer = read(ask(HOURLY), harvester=FLAT, by_hour={"impressions": {"00": "-1"}})
    assert isinstance(answer, Trouble)
    assert answer.kind == "unreadable"


def test_zeros_of_what_is_not_supported_stand_nowhere() -> None:
    mine = Grouping("mine", ("tweet.id", "engagement.day", "engagement.type"))
    body = {
        "harvester": {"7": {"impressions": 1, "video_views": "0"}},
        "harvester_series": {"7": {"video_views": {"2026-11-11": "0"}}},
        "mine": {"7": {"2026-11-11": {"impressions": 1, "video_views": "0"}}},
        "unsupported_for_video_views_tweet_ids": ["7"],
    }
    answer = counted(read(ask(mine, series="day"), **body))
    detail = answer.details[0]
    assert detail is not None
    assert "video_views" not in detail.series
    assert detail.groupings == {"mine": {"2026-11-11": {"impressions": 1}}}
    assert answer.unsupported == {"7": frozenset({"video_views"})}


@pytest.mark.parametrize("endpoint", ["28hr", "historical"])
def test_an_answer_tells_the_time_that_it_counts(endpoint: EndpointName) -> None:
    times = {"start": "2026-11-10T17:00:00Z", "end": "2026-11-11T21:00:00Z"}
    answer = counted(read(ask(endpoint=endpoint), harvester=FLAT, **times))
    assert [(d.start, d.end) for d in answer.details if d] == [tuple(times.values())] * 2


def test_an_answer_that_leaves_the_grouping_out_but_names_the_time_counts_nobody() -> None:
    answer = counted(read(ask(), start="2026-11-10T17:00:00Z", end="2026-11-12T05:00:00Z"))
    assert list(answer.rows) == [None, None]
    assert isinstance(read(ask(), start="x", errors=["internal server error"]), Trouble)
