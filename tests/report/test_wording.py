"""Numbers, shares and times in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.report.wording import duration, moment, number, percent, short, shown_time, within, words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (2**63 - 1, "9,223,372,036,854,775,807"),
        (12.0, "12"),
        (0.27808, "0.278"),
        (1234.5, "1,234"),
        (0.0000012, "0.000001"),
        (None, "–"),
    ],
)
def test_number_has_thousands_separators_and_three_digits_of_a_fraction(
    value: float | None, text: str
) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (950, "950"),
        (1000, "1k"),
        (999_950, "1M"),
        (1_234_567, "1.23M"),
        (2e19, "20E"),
        (0.04, "0.04"),
    ],
)
def test_short_number_fits_an_axis(value: float, text: str) -> None:
    assert short(value) == text


@given(st.floats(1e-6, 1e19))
def test_short_number_is_short(value: float) -> None:
    assert len(short(value)) <= 9


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (1, 3, "33.3 %"),
        (0, 5, "0 %"),
        (5, 5, "100 %"),
        (1, 100_000, "< 0.1 %"),
        (99_999, 100_000, "> 99.9 %"),
        (0, 0, "–"),
    ],
)
def test_share_is_nothing_or_all_only_where_it_is(part: int, whole: int, text: str) -> None:
    assert percent(part, whole) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (3.42, "3.4 s"),
        (59.96, "60 s"),
        (60, "1 min"),
        (3_700, "1 h 1 min"),
        (90_000, "1 d 1 h"),
        (86_405, "1 d"),
    ],
)
def test_duration_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_times_are_utc() -> None:
    assert moment(0) == "1970-01-01 00:00 UTC"
    assert shown_time("2026-11-24T18:57:53Z") == "2026-11-24 18:57 UTC"
    assert shown_time("<b>") == "<b>"


def test_metric_is_named_in_words() -> None:
    assert [words(name) for name in ("quote_tweets", "url_clicks", "ok")] == [
        "Quote tweets",
        "URL clicks",
        "OK",
    ]
    assert [within(name) for name in ("quote_tweets", "url_clicks")] == ["quote tweets", "URL clicks"]
