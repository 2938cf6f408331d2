"""What the rate-limit headers say, and what they do not."""

import math
from email.utils import format_datetime, formatdate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.engagement.allowance import Rate, Window, read_windows, retry_after_s, wait_after_429_s

NOW_S = 1_795_000_030.0
"""Ten seconds into a minute, by chance."""
MINUTE = {
    "x-per-minute-limit": "600",
    "x-per-minute-remaining": "42",
    "x-per-minute-reset": str(int(NOW_S) + 20),
}
GARBAGE = ["", " ", "soon", "-5", "nan", "inf", "-inf", "1e999", "12 apples", "0x10", "\x00", "½"]
TO_THE_NEXT_MINUTE_S = 60 - NOW_S % 60


def minute(headers: dict[str, str]) -> Window:
    (window,) = read_windows(headers, NOW_S)
    return window


def test_read_windows_gives_the_minutes_window() -> None:
    assert minute(MINUTE) == Window(60.0, 600, 42, 20.0)


def test_read_windows_gives_both_windows_when_both_are_told() -> None:
    second = {"x-per-second-limit": "10", "x-per-second-remaining": "9", "x-per-second-reset": "0"}
    assert [window.length_s for window in read_windows(MINUTE | second, NOW_S)] == [60.0, 1.0]


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("x-per-minute-limit", Window(60.0, None, 42, 20.0)),
        ("x-per-minute-remaining", Window(60.0, 600, None, 20.0)),
        ("x-per-minute-reset", Window(60.0, 600, 42, None)),
    ],
)
@pytest.mark.parametrize("garbage", [None, *GARBAGE])
def test_read_windows_takes_the_others_when_one_is_missing_or_garbage(
    missing: str, expected: Window, garbage: str | None
) -> None:
    headers = {name: value for name, value in MINUTE.items() if name != missing}
    assert minute(headers if garbage is None else headers | {missing: garbage}) == expected


def test_read_windows_gives_nothing_when_only_a_reset_is_told() -> None:
    assert read_windows({"x-per-minute-reset": "5"}, NOW_S) == ()


@pytest.mark.parametrize(
    ("reset_in_s", "expected"),
    [(20, 20.0), (0, 0.0), (-1, 0.0), (-3, None), (-86_400, None), (61, 60.0), (10**9, 60.0)],
)
def test_reset_is_believed_only_within_its_window(reset_in_s: int, expected: float | None) -> None:
    assert minute(MINUTE | {"x-per-minute-reset": str(int(NOW_S) + reset_in_s)}).resets_in_s == expected


def test_reset_is_told_by_the_servers_clock_when_ours_is_off() -> None:
    headers = MINUTE | {"Date": formatdate(NOW_S, usegmt=True)}
    (window,) = read_windows(headers, NOW_S - 7200)
    assert window.resets_in_s == 20.0


@pytest.mark.parametrize("date", [*GARBAGE, "Mon, 01 Jan 2024 00:00:00 +99999999999999999"])
def test_reset_is_told_by_our_clock_when_the_servers_is_garbage(date: str) -> None:
    assert minute(MINUTE | {"Date": date}).resets_in_s == 20.0


@pytest.mark.parametrize("limit", ["0", "0.4"])
def test_a_limit_of_nothing_is_no_limit(limit: str) -> None:
    assert minute(MINUTE | {"x-per-minute-limit": limit}).limit is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        (formatdate(NOW_S + 30, usegmt=True), 30.0),
        (formatdate(NOW_S + 30), 30.0),
        (formatdate(NOW_S - 300, usegmt=True), 0.0),
        *((text, None) for text in GARBAGE),
        ("Mon, 99 Foo 2024", None),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999", None),
    ],
)
def test_retry_after_is_a_number_or_a_date_or_nothing(value: str, expected: float | None) -> None:
    assert retry_after_s({"Retry-After": value}, NOW_S) == expected


def test_retry_after_as_a_date_is_compared_with_the_servers_clock() -> None:
    headers = {"Retry-After": formatdate(NOW_S + 30, usegmt=True), "Date": formatdate(NOW_S, usegmt=True)}
    assert retry_after_s(headers, NOW_S + 3600) == 30.0


def test_a_date_without_an_offset_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `-0000` is read: an unknown place, but the time is UTC."""
    import time  # noqa: PLC0415  # only to move this machine to another zone

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        headers = {"Retry-After": "30", "Date": "Thu, 01 Jan 1970 00:10:00 -0000", "x-per-minute-limit": "1"}
        (window,) = read_windows(headers | {"x-per-minute-reset": "630"}, 0.0)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert window.resets_in_s == 30.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, TO_THE_NEXT_MINUTE_S),
        ({"Retry-After": "7"}, 7.0),
        (MINUTE | {"Retry-After": "7"}, 7.0),
        (MINUTE | {"x-per-minute-remaining": "0"}, 20.0),
        (MINUTE | {"Retry-After": "garbage"}, 20.0),
        ({"x-per-minute-limit": "600"}, TO_THE_NEXT_MINUTE_S),
        (MINUTE | {"x-per-minute-reset": str(int(NOW_S) - 300)}, TO_THE_NEXT_MINUTE_S),
    ],
)
def test_wait_after_429_is_as_told_or_to_the_next_minute(headers: dict[str, str], expected: float) -> None:
    assert wait_after_429_s(headers, NOW_S) == expected


def test_wait_after_429_is_that_of_the_window_that_is_used_up() -> None:
    second = {"x-per-second-remaining": "0", "x-per-second-reset": str(int(NOW_S) + 1)}
    assert wait_after_429_s(MINUTE | second, NOW_S) == 1.0


names = st.sampled_from([*MINUTE, "x-per-second-limit", "x-per-second-reset", "Retry-After", "Date"])
values = st.one_of(
    st.text("0123456789-+eE.,: MonJaGT\u00bd\x00", max_size=30),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes().map(format_datetime),
)


@given(st.dictionaries(names, values), st.floats(0, 4e9))
@example({"Date": "1 Jan 1 00:00:00 +2359"}, 0.0)
def test_no_headers_whatever_raise_or_give_a_senseless_wait(headers: dict[str, str], wall_s: float) -> None:
    for window in read_windows(headers, wall_s):
        assert window.limit is None or window.limit >= 1
        assert window.remaining is None or window.remaining >= 0
        assert window.resets_in_s is None or 0 <= window.resets_in_s <= window.length_s
    wait_s = wait_after_429_s(headers, wall_s)
    assert wait_s >= 0
    assert math.isfinite(wait_s)


def test_rate_tells_its_requests_a_second() -> None:
    assert Rate(600, 60.0).per_s == 10.0


@pytest.mark.parametrize("told", ["99999999999", "86400"])
def test_nobody_is_waited_for_longer_than_an_hour(told: str) -> None:
    assert wait_after_429_s({"Retry-After": told}, 1_795_000_000.0) == 3600.0


def test_no_header_tells_more_than_can_be_written_down() -> None:
    (window,) = read_windows({"x-per-minute-limit": "1e300", "x-per-minute-remaining": "1e300"}, 0.0)
    assert (window.limit, window.remaining) == (10**9, 10**9)
