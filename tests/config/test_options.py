"""How the texts of options are read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.config.options import (
    Options,
    parse_age_ms,
    parse_concurrency,
    parse_endpoints,
    parse_list,
    parse_rates,
    parse_url,
)
from harvester.engagement.allowance import Rate
from harvester.engagement.endpoints import ENDPOINTS
from harvester.errors import UsageError


def test_endpoints_are_each_taken_once() -> None:
    assert parse_endpoints(["totals", "totals"]) == ("totals",)


def test_an_unknown_endpoint_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="'weekly'"):
        parse_endpoints(["totals", "weekly"])


@pytest.mark.parametrize(
    ("text", "parts"), [("a,b", ("a", "b")), (" a , ,b,", ("a", "b")), ("", ()), (" , ", ()), ("a", ("a",))]
)
def test_a_list_is_parted_at_commas(text: str, parts: tuple[str, ...]) -> None:
    assert parse_list(text) == parts


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("600/min", Rate(600, 60)),
        ("600 / MIN", Rate(600, 60)),
        ("10/s", Rate(10, 1)),
        ("0.5/s", Rate(0.5, 1)),
        ("36000/h", Rate(36000, 3600)),
        ("5/minute", Rate(5, 60)),
    ],
)
def test_a_rate_is_for_every_endpoint_when_it_names_none(text: str, rate: Rate) -> None:
    assert parse_rates([text]) == (dict.fromkeys(ENDPOINTS, rate), None)


def test_the_later_rate_wins() -> None:
    rates, of_the_app = parse_rates(["600/min", "totals=10/s", "app=1/s", "app = 15/s"])
    assert rates["totals"] == Rate(10, 1)
    assert rates["28hr"] == Rate(600, 60)
    assert of_the_app == Rate(15, 1)


@pytest.mark.parametrize(
    "text",
    ["600", "/min", "0/min", "0.0/s", "-5/s", "1e3/s", "10/d", "10/min/s", "", "nan/s", "weekly=5/s", "=5/s"],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_rates([text])


@pytest.mark.parametrize(("texts", "workers"), [(["16"], 16), (["16", "totals=4"], 4), (["totals= 4 "], 4)])
def test_concurrency_of_totals(texts: list[str], workers: int) -> None:
    assert parse_concurrency(texts)["totals"] == workers


def test_who_says_nothing_begins_with_eight_and_who_says_a_number_with_that() -> None:
    options = Options(("ids.txt",), Path("run"), concurrency=parse_concurrency(["totals=100"]))
    assert [options.in_flight(name) for name in ("totals", "28hr")] == [(100, 100), (8, 64)]


@pytest.mark.parametrize("text", ["0", "-1", "10001", "1.5", "", "many", "weekly=4", "²", "1_0", "9" * 5000])
def test_what_is_no_number_of_workers_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_concurrency([text])


@pytest.mark.parametrize(
    ("text", "ms"),
    [("90m", 5_400_000), ("6h", 21_600_000), ("28d", 2_419_200_000), (" 2w ", 1_209_600_000), ("0d", 0)],
)
def test_an_age_is_a_number_with_its_unit(text: str, ms: int) -> None:
    assert parse_age_ms(text) == ms


@pytest.mark.parametrize("text", ["", "5", "d", "-5d", "1.5d", "5 d", "5y", "5D", "9999999999d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no age"):
        parse_age_ms(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://data-api.twitter.com/", "https://data-api.twitter.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/api/", "http://[::1]:8080/api"),
    ],
)
def test_a_url_is_taken_without_the_slash_at_its_end(text: str, url: str) -> None:
    assert parse_url(text, "--base-url") == url


@pytest.mark.parametrize(
    "text",
    ["", "twitter.com", "ftp://a", "http://", "//a", "file:///etc/passwd", "http://[::1", "http://a:b"],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--base-url"):
        parse_url(text, "--base-url")


@pytest.mark.parametrize("text", ["https://user:c4n4ry@host", "https://c4n4ry@host", "ftp://u:c4n4ry@host"])
def test_a_url_with_a_secret_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_url(text, "--base-url")
    assert "c4n4ry" not in f"{caught.value} {caught.value.hint}"


def _endpoints(text: str) -> object:
    return parse_endpoints([text])


def _rates(text: str) -> object:
    return parse_rates([text])


def _concurrency(text: str) -> object:
    return parse_concurrency([text])


def _url(text: str) -> object:
    return parse_url(text, "--base-url")


@pytest.mark.parametrize("parse", [_endpoints, _rates, _concurrency, parse_age_ms, _url])
@given(text=st.text("0123456789smhdw/=.:-[]@²٣ \x00ahtp", max_size=30))
def test_no_text_raises_anything_but_a_usage_error(parse: Callable[[str], object], text: str) -> None:
    try:
        assert parse(text) is not None
    except UsageError as error:
        assert len(error.message) < 300  # noqa: PT017  # either way is right
