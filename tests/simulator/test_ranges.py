"""Which hours a request is about."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.simulator.hours import HOUR_MS
from harvester.simulator.ranges import HourRange, read_range, recent_range

NOW_MS = int(datetime(2026, 11, 23, 10, 15, tzinfo=UTC).timestamp() * 1000)


def read(now_ms: int = NOW_MS, **times: object) -> HourRange | str:
    return read_range(dict(times), now_ms)


def written(hours: HourRange | str) -> tuple[str, str]:
    assert isinstance(hours, HourRange), hours
    return hours.start, hours.end


def test_28hr_is_28_hours_and_the_last_is_still_running() -> None:
    assert written(recent_range(NOW_MS)) == ("2026-11-22T07:00:00Z", "2026-11-23T11:00:00Z")


def test_28hr_ends_now_when_an_hour_has_just_ended() -> None:
    assert recent_range(NOW_MS - 15 * 60_000).end == "2026-11-23T10:00:00Z"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-01", "2026-11-02", ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")),
        ("2026-11-01T17:00:00Z", "2026-11-01T21:00:00Z", ("2026-11-01T17:00:00Z", "2026-11-01T21:00:00Z")),
        ("2026-11-01T12:24:00Z", "2026-11-02T08:37:00Z", ("2026-11-01T12:00:00Z", "2026-11-02T09:00:00Z")),
        ("2026-11-01T12:24", "2026-11-01T12:25", ("2026-11-01T12:00:00Z", "2026-11-01T13:00:00Z")),
        ("2026-11-01T12:00Z", "2026-11-01T13:00:01", ("2026-11-01T12:00:00Z", "2026-11-01T14:00:00Z")),
    ],
)
def test_times_are_widened_to_the_hour(start: str, end: str, expected: tuple[str, str]) -> None:
    assert written(read(start=start, end=end)) == expected


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, ("2026-10-26T11:00:00Z", "2026-11-23T11:00:00Z")),
        ({"start": None, "end": None}, ("2026-10-26T11:00:00Z", "2026-11-23T11:00:00Z")),
        ({"start": "2026-11-20"}, ("2026-11-20T00:00:00Z", "2026-11-23T11:00:00Z")),
        ({"end": "2026-11-20"}, ("2026-10-23T00:00:00Z", "2026-11-20T00:00:00Z")),
    ],
)
def test_a_range_is_the_last_28_days_where_nothing_else_is_said(
    times: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert written(read(**times)) == expected


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-10-26T11:00:00Z", "2026-11-23T11:00:00Z"),
        ("2025-11-23T10:00:00Z", "2025-11-24"),
    ],
)
def test_the_limits_themselves_are_allowed(start: str, end: str) -> None:
    assert written(read(start=start, end=end))[0] == start


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ({"start": "2026-11-02", "end": "2026-11-01"}, "start must be before end"),
        ({"start": "2026-11-02", "end": "2026-11-02"}, "start must be before end"),
        ({"start": "2026-11-01T00:00:00Z", "end": "2026-11-29T00:01:00Z"}, "end must not be in the future"),
        ({"end": "2026-11-23T11:01:00Z"}, "end must not be in the future, and 2026-11-23T12:00:00Z is"),
        ({"start": "2026-11-24"}, "start must not be in the future"),
        ({"start": "2026-10-25", "end": "2026-11-22T00:00:01Z"}, "at most 28 days apart"),
        ({"start": "2026-10-01"}, "at most 28 days apart"),
        ({"start": "2025-11-23T09:59:00Z", "end": "2025-11-24"}, "at most 365 days back"),
        ({"end": "0001-01-01"}, "at most 365 days back"),
        ({"end": "9999-12-31T23:30:00Z"}, "end must not be in the future, and 10000-01-01T00:00:00Z is"),
        ({"end": "0000-01-01"}, "end is not a time"),
        ({"start": "yesterday"}, "start is not a time"),
        ({"start": "20261101"}, "start is not a time"),
        ({"start": "2026-11-31"}, "start is not a time"),
        ({"end": "2026-11-01T25:00:00Z"}, "end is not a time"),
        ({"end": "2026-11-01T00:00:00+02:00"}, "end is not a time"),
        ({"end": 1_795_000_000}, "end is not a time"),
    ],
)
def test_a_range_that_cannot_be_served_is_told_why(times: dict[str, Any], reason: str) -> None:
    trouble = read(**times)
    assert isinstance(trouble, str)
    assert reason in trouble


@given(st.integers(0, 364 * 24 * 60), st.integers(1, 27 * 24 * 60))
def test_the_widened_range_holds_the_asked_one_and_less_than_an_hour_more_at_each_end(
    ago_min: int, length_min: int
) -> None:
    start = NOW_MS // 60_000 - ago_min
    end = min(start + length_min, NOW_MS // 60_000 + 1)
    texts = [datetime.fromtimestamp(time * 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for time in (start, end)]
    hours = read(start=texts[0], end=texts[1])
    assert isinstance(hours, HourRange)
    assert 0 <= start * 60_000 - hours.first * HOUR_MS < HOUR_MS
    assert 0 <= hours.after * HOUR_MS - end * 60_000 < HOUR_MS
