"""An endpoint as tables and charts, whatever its numbers are."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.engagement.tweet_id import first_id_at
from harvester.report import outcomes
from harvester.report.gathering import MOST_REASONS, OTHER_REASONS, Endpoint, Reason, Tweet, reasons_of
from harvester.report.pictures import FEWEST_SPANS, MOST_SPANS, course_of, metric_pictures, series_pictures
from harvester.report.run_page import progress_of
from harvester.report.tallies import Tally
from harvester.timeline import Happened, Timeline

BEGAN_MS = 1_790_000_000_000
COUNTS = st.sampled_from([-1, 0, 0, 1, 7, 1_000, 2**40, 2**63 - 1])
IDS = st.one_of(st.integers(20, 999), st.integers(first_id_at(BEGAN_MS - 10**11), first_id_at(BEGAN_MS)))
TWEETS = st.dictionaries(IDS, COUNTS, max_size=12)
COUNTED = {"ok": 3, "unavailable": 1, "forbidden": 0, "no_data": 0, "failed": 2}


def endpoint_of(counts: Mapping[int, int], **other: Any) -> Endpoint:
    """An endpoint with one metric, of tweets by their count."""
    tally = Tally(("favorites",), BEGAN_MS)
    if counts:
        tally.add(
            np.array([*counts], dtype=np.int64), np.array([[n] for n in counts.values()], dtype=np.int64)
        )
    ranked = sorted(((n, tweet) for tweet, n in counts.items() if n > 0), reverse=True)
    spread = tally.spread("favorites")
    told: dict[str, Any] = {
        "name": "totals",
        "columns": ("favorites",),
        "span": None,
        "counts": COUNTED,
        "totals": {"favorites": sum(max(n, 0) for n in counts.values())},
        "tops": {"favorites": ranked},
        "tweets": {tweet: Tweet(tweet, None, {"favorites": n}, {}) for n, tweet in ranked},
        "spreads": {"favorites": spread} if spread else {},
        "series": {},
        "groupings": {},
        "requests": {},
        "elapsed_s": 0.0,
        "timeline": Timeline(),
        "dead": (),
        "as_of": None,
        "limit_per_minute": None,
        "n_total": None,
        "is_exact": False,
    }
    return Endpoint(**told | other)


@settings(max_examples=40, deadline=None)  # it draws
@given(TWEETS)
def test_any_numbers_can_be_shown(counts: dict[int, int]) -> None:
    endpoint = endpoint_of(counts)
    for picture in metric_pictures(endpoint):
        ET.fromstring(picture.distribution)
        if picture.ages:
            ET.fromstring(picture.ages)
    for table in (outcomes.totals_table(endpoint), outcomes.top_table(endpoint, "favorites")):
        assert all(len(row) == len(table.columns) for row in table.rows)
    ages = outcomes.age_table(endpoint)
    n_aged = sum(n >= 0 and tweet > 999 for tweet, n in counts.items())
    shown = [row[2].sort for row in ages.rows] if ages else []
    assert sum(int(n or 0) for n in shown) == (n_aged if any(n > 0 for n in counts.values()) else 0)


def test_numbers_behind_the_charts_can_be_read() -> None:
    endpoint = endpoint_of(
        {30: 0, 31: 3, 32: 4}, series={"favorites": {"2026-11-01": 4, "2026-11-03": 1_000}}
    )
    by_count, by_day = outcomes.count_table(endpoint), outcomes.day_table(endpoint)
    assert by_count
    assert by_day
    assert [[cell.text for cell in row] for row in by_count.rows] == [
        ["Favorites", "0", "0", "1", "33.3 %"],
        ["Favorites", "2", "4", "2", "66.7 %"],
    ]
    assert [[cell.text for cell in row] for row in by_day.rows] == [
        ["2026-11-01", "4"],
        ["2026-11-02", "0"],
        ["2026-11-03", "1,000"],
    ]
    assert outcomes.day_table(endpoint_of({})) is outcomes.count_table(endpoint_of({})) is None


def test_outcomes_add_up_visibly() -> None:
    endpoint = endpoint_of({})
    assert outcomes.equation(endpoint) == "3 ok + 1 unavailable + 2 failed = 6"
    table = outcomes.outcome_table(endpoint)
    assert table.total is not None
    assert sum(int(row[1].text) for row in table.rows) == int(table.total[1].text) == 6


@pytest.mark.parametrize(
    ("n_total", "is_exact", "words"),
    [(None, False, "6 IDs"), (100_000, False, "6 of about 100,000 IDs"), (9, True, "6 of 9 IDs")],
)
def test_progress_says_what_is_known_of_the_whole(n_total: int | None, is_exact: bool, words: str) -> None:
    assert progress_of(endpoint_of({}, n_total=n_total, is_exact=is_exact)) == words


def test_reasons_are_told_by_how_many_there_are_with_the_first_of_each() -> None:
    letters = [{"reason": "refused", "tweet_id": str(n)} for n in range(5)]
    found = reasons_of([{"reason": "malformed", "tweet_id": "9"}, *letters])
    assert [(reason.name, reason.n) for reason in found] == [("refused", 5), ("malformed", 1)]
    assert [letter["tweet_id"] for letter in found[0].examples] == ["0", "1", "2"]


def test_reasons_without_end_become_one() -> None:
    found = reasons_of({"reason": f"why {n}"} for n in range(MOST_REASONS + 50))
    assert len(found) == MOST_REASONS + 1
    assert (found[0].name, found[0].n) == (OTHER_REASONS, 50)


def test_dead_letters_have_a_row_for_each_example() -> None:
    letters: list[Mapping[str, Any]] = [{"tweet_id": "7", "error": "500", "attempts": 3}, {"tweet_id": "8"}]
    table = outcomes.dead_table([Reason("refused", 2, letters)])
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["refused", "2", "7", "500", "3"],
        ["", "", "8", "", "–"],
    ]


def test_grouping_has_a_row_for_each_leaf() -> None:
    table = outcomes.grouping_table(
        "by_day", ("type", "day"), {"favorites": {"2026-11-01": 4}, "replies": {}}
    )
    assert [[cell.text for cell in row] for row in table.rows] == [["favorites", "2026-11-01", "4"]]


@pytest.mark.parametrize("points", [{"2026-11-22": 5}, {"2026-11-22T17": 5, "2026-11-24T01": 2}])
def test_series_is_shown_by_day_and_by_hour_where_there_are_hours(points: dict[str, int]) -> None:
    tweet = Tweet(9, None, {"favorites": 5}, {"favorites": {"2026-11-22": 5}})
    endpoint = endpoint_of({9: 5}, series={"favorites": points}, tweets={9: tweet})
    (picture,) = series_pictures(endpoint)
    assert (picture.total, picture.names) == (sum(points.values()), ["9"])
    assert (picture.heat is not None) == any("T" in time for time in points)
    assert picture.tweets
    for chart in (picture.days, picture.tweets):
        ET.fromstring(chart)


def test_course_of_a_run_that_kept_none_or_was_over_at_once_is_left_out() -> None:
    timeline = Timeline()
    assert course_of(timeline) is None
    timeline.spans = [Happened(settled=10)] * (FEWEST_SPANS - 1)
    assert course_of(timeline) is None


@pytest.mark.parametrize("n_spans", [FEWEST_SPANS, MOST_SPANS, MOST_SPANS + 1, 240])
def test_course_is_drawn_in_as_many_spans_as_there_is_room_for(n_spans: int) -> None:
    timeline = Timeline(2)
    timeline.spans = [Happened(settled=10, service_s=0.5)] * n_spans
    course = course_of(timeline)
    assert course
    assert course.waits
    assert course.troubles is None
    assert course.waited == [f"{in_words(n_spans * 0.5)} for the service"]
    assert course.waits.count("<rect") <= 3 * MOST_SPANS


def in_words(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 60 else f"{seconds / 60:g} min"
