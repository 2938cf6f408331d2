"""Ranges of time: how their texts are read, what the API can serve, and the windows that make them up."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.windows import HOUR_S, WINDOW_HOURS, TimeRange, read_range
from harvester.errors import UsageError

NOW = datetime(2026, 11, 24, 8, 37, 30, tzinfo=UTC)
NOW_S = NOW.timestamp()


def span(start: str | None, end: str | None) -> tuple[str, str]:
    found = read_range(start, end, NOW_S)
    return found.start, found.end


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, ("2026-10-27T08:00:00Z", "2026-11-24T08:00:00Z")),
        ("28d", None, ("2026-10-27T08:00:00Z", "2026-11-24T08:00:00Z")),
        ("6h", None, ("2026-11-24T02:00:00Z", "2026-11-24T08:00:00Z")),
        ("90m", None, ("2026-11-24T07:00:00Z", "2026-11-24T08:00:00Z")),
        ("30m", None, ("2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z")),
        ("2w", "1w", ("2026-11-10T08:00:00Z", "2026-11-17T09:00:00Z")),
        ("2026-11-01", "2026-11-02", ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")),
        ("2026-11-01T12:24:00Z", "2026-11-01T18:37:00Z", ("2026-11-01T12:00:00Z", "2026-11-01T19:00:00Z")),
        ("2026-11-01 12:00", "202611011700", ("2026-11-01T12:00:00Z", "2026-11-01T17:00:00Z")),
        ("2026-11-01T12:00:00+02:00", "2026-11-02", ("2026-11-01T10:00:00Z", "2026-11-02T00:00:00Z")),
        (None, "2026-11-01T05:30:00Z", ("2026-10-04T06:00:00Z", "2026-11-01T06:00:00Z")),
        ("1d", "0m", ("2026-11-23T08:00:00Z", "2026-11-24T09:00:00Z")),
    ],
)
def test_a_range_is_read_in_every_form_and_widened_to_hours(
    start: str | None, end: str | None, expected: tuple[str, str]
) -> None:
    assert span(start, end) == expected


def test_the_whole_last_year_is_served_although_widening_would_go_further() -> None:
    assert span("365d", None) == ("2025-11-24T09:00:00Z", "2026-11-24T08:00:00Z")


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ("366d", None, "more than 365 days back"),
        ("2014-09-01", "2014-09-20", "more than 365 days back"),
        (None, "2026-11-24T08:38:00Z", "in the future"),
        ("2026-11-02", "2026-11-01", "not before"),
        ("2026-11-02", "2026-11-02", "not before"),
        ("yesterday", None, "'yesterday' is no time"),
        ("2026-13-01", None, "is no time"),
        ("202613011700", None, "is no time"),
        ("", None, "is no time"),
        ("9999999d", None, "is no time"),
    ],
)
def test_a_range_that_cannot_be_served_is_refused(start: str | None, end: str | None, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_range(start, end, NOW_S)


@pytest.mark.parametrize(("start", "end"), [("400d", None), ("2014-09-01", "2014-09-20"), ("500d", "10d")])
def test_the_hint_has_a_range_that_works(start: str, end: str | None) -> None:
    with pytest.raises(UsageError) as refused:
        read_range(start, end, NOW_S)
    words = (refused.value.hint or "").split()
    suggested = words[words.index("--start") + 1], words[words.index("--end") + 1]
    assert span(*suggested) == suggested


hours = st.integers(0, 365 * 24 - 2)


@given(hours, st.integers(1, 365 * 24), st.integers(-HOUR_S + 1, 0))
def test_windows_leave_no_gap_do_not_overlap_and_are_short_enough(
    first: int, length: int, before: int
) -> None:
    end_hour = first + length
    whole = TimeRange(first, end_hour, end_hour * HOUR_S + before)
    windows = whole.windows()
    assert (windows[0].start_hour, windows[-1].end_hour) == (first, end_hour)
    assert all(one.end_hour == two.start_hour and one.end == two.start for one, two in pairwise(windows))
    assert all(0 < window.n_hours <= WINDOW_HOURS for window in windows)
    assert len(windows) == -(-length // WINDOW_HOURS)
    # What is sent may be off the hour, so that it is not in the future; the API widens it.
    assert windows[-1].end == datetime.fromtimestamp(whole.end_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@given(st.datetimes(NOW.replace(tzinfo=None) - timedelta(days=364), NOW.replace(tzinfo=None)))
def test_a_written_moment_is_widened_to_the_hour_that_holds_it(moment: datetime) -> None:
    found = read_range(moment.strftime("%Y-%m-%dT%H:%M:%S"), "0m", NOW_S)
    floor = moment.replace(minute=0, second=0, microsecond=0, tzinfo=UTC).timestamp()
    assert found.start_hour * HOUR_S == floor
