"""One outcome a tweet from several windows: sums, series, and what outweighs them."""

from array import array

import pytest
from msgspec import UNSET

from harvester.engagement.answer import Detail, Points
from harvester.engagement.body import counts_type
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.joining import join_windows
from harvester.engagement.nested import MAX_COUNT
from harvester.engagement.request import Access, Request
from harvester.engagement.settling import DeadLetter, Fate, Settled, Status
from harvester.engagement.windows import TimeRange

METRICS = ("impressions", "video_views")
ROW = counts_type(METRICS)
FIRST, SECOND = TimeRange(0, 2 * 28 * 24, 2 * 28 * 24 * 3600).windows()
WHOLE = Request(ENDPOINTS["historical"], ("1", "2"), METRICS, METRICS, Access.USER_CONTEXT, series="day")
DEAD = Fate(Status.DEAD, (), DeadLetter("service", "503", 5))
UNAVAILABLE, FORBIDDEN, NO_DATA = (
    Fate(status) for status in (Status.UNAVAILABLE, Status.FORBIDDEN, Status.NO_DATA)
)


def part(window: object, rows: dict[str, object], **fates: Fate) -> Settled:
    """A settled window; fates by tweet, as t1 and t2."""
    request = WHOLE.of(rows).in_window(window)  # type: ignore[arg-type]
    counts = [None if row is None else ROW(*row) for row in rows.values()]  # type: ignore[misc]
    return Settled(
        request, counts, {name[1:]: fate for name, fate in fates.items()}, details=[None] * len(rows)
    )


def test_counts_are_summed_also_where_a_window_came_after_the_tweet() -> None:
    joined = join_windows(WHOLE, [part(FIRST, {"1": (5, 0)}), part(SECOND, {"1": (7, 2), "2": (1, 1)})])
    assert joined.rows == [ROW(12, 2), ROW(1, 1)]
    assert not joined.fates
    assert joined.request is WHOLE


@pytest.mark.parametrize(
    ("one", "other", "outcome"),
    [
        (NO_DATA, None, None),
        (NO_DATA, NO_DATA, NO_DATA),
        (UNAVAILABLE, None, UNAVAILABLE),
        (None, FORBIDDEN, FORBIDDEN),
        (UNAVAILABLE, FORBIDDEN, UNAVAILABLE),
        (DEAD, UNAVAILABLE, DEAD),
        (NO_DATA, DEAD, DEAD),
    ],
)
def test_what_a_tweet_is_in_one_window_may_outweigh_the_others(
    one: Fate | None, other: Fate | None, outcome: Fate | None
) -> None:
    parts = [
        part(window, {"1": None if fate else (3, 3)}, **({"t1": fate} if fate else {}))
        for window, fate in ((FIRST, one), (SECOND, other))
    ]
    joined = join_windows(WHOLE.of("1"), parts)
    assert joined.fates.get("1") == outcome
    assert (joined.rows[0] is None) == (outcome is not None)


def test_a_tweet_that_no_window_asked_for_is_ok_and_nothing_of_it_is_counted() -> None:
    joined = join_windows(WHOLE, [part(SECOND, {"1": (7, 2)})])
    assert (joined.rows[1], joined.fates) == (None, {"2": Fate(Status.OK, METRICS)})


def test_a_metric_that_one_window_cannot_count_is_counted_in_none() -> None:
    fate = Fate(Status.OK, ("video_views",))
    parts = [part(FIRST, {"1": (5, UNSET)}, t1=fate), part(SECOND, {"1": (7, 2)})]
    joined = join_windows(WHOLE.of("1"), parts)
    assert joined.rows == [ROW(12, UNSET)]
    assert joined.fates == {"1": fate}


def test_series_are_joined_groupings_added_and_the_parts_left_alone() -> None:
    parts = [part(FIRST, {"1": (5, 0)}), part(SECOND, {"1": (7, 0)})]
    for n, settled in enumerate(parts):
        series = {"impressions": Points(array("i", [27 + n]), array("q", [5 + n]))}
        settled.details[0] = Detail(f"s{n}", f"e{n}", series, {"mine": {"2026-11-11": n + 1}})
        settled.sums = {"all": {"impressions": 10 + n}}
    joined = join_windows(WHOLE.of("1"), parts)
    detail = joined.details[0]
    assert detail is not None
    assert (list(detail.series["impressions"].at), list(detail.series["impressions"].counts)) == (
        [27, 28],
        [5, 6],
    )
    assert (detail.start, detail.end, detail.groupings) == ("s0", "e1", {"mine": {"2026-11-11": 3}})
    assert joined.sums == {"all": {"impressions": 21}}
    assert parts[0].sums == {"all": {"impressions": 10}}
    assert parts[0].rows == [ROW(5, 0)]


def test_a_sum_that_no_count_can_be_is_a_dead_letter() -> None:
    joined = join_windows(WHOLE.of("1"), [part(w, {"1": (MAX_COUNT, 0)}) for w in (FIRST, SECOND)])
    assert joined.fates["1"].status is Status.DEAD
    assert joined.rows == [None]
