"""What is a tweet ID, and how old it is."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.engagement.tweet_id import (
    FIRST_SNOWFLAKE,
    MAX_TWEET_ID,
    SNOWFLAKE_EPOCH_MS,
    count_rounded,
    created_at_texts,
    created_ms,
    decimals,
    first_id_at,
    parse_tweet_id,
)

ids = st.integers(1, MAX_TWEET_ID)
snowflakes = st.integers(FIRST_SNOWFLAKE, MAX_TWEET_ID)
# What real cells are made of, so that nearly-IDs are frequent.
cells = st.text("0123456789 \t\xa0\ufeff\"'“”.,;=eE+-_٣５x", max_size=24)
plain = st.text("0123456789 \t", max_size=24)


def is_valid(text: str) -> int | None:
    """The rule for digits and spaces, said another way: the number that a text means, or None."""
    text = text.strip()
    return int(text) if text.isdigit() and 1 <= int(text) < 2**63 else None


@given(plain)
@example("9223372036854775807")
@example("9223372036854775808")
@example("00000000000000000000000000001")
@example("0")
def test_parse_tweet_id_agrees_with_the_oracle(text: str) -> None:
    parsed = parse_tweet_id(text)
    expected = is_valid(text)
    assert parsed == expected if expected is not None else isinstance(parsed, str)


@given(cells)
@example("'1\"")
@example('"')
@example("1_000")
@example("1 2")
def test_parse_tweet_id_changes_no_digits(text: str) -> None:
    """Whatever is forgiven, the ID's digits stand in the text side by side, and no other digits do."""
    parsed = parse_tweet_id(text)
    if isinstance(parsed, int):
        digits = "".join(c if c in "0123456789" else " " for c in text).split()
        assert str(parsed) == digits[0].lstrip("0")
        assert all(part.strip("0") == "" for part in digits[1:])


@given(st.text())
def test_parse_tweet_id_never_raises(text: str) -> None:
    parsed = parse_tweet_id(text)
    assert 0 < parsed <= MAX_TWEET_ID if isinstance(parsed, int) else parsed


FORGIVEN = [
    *("{}", " {}\r", '"{}"', "'{}'", "000{}", '" {} "', "{}\n", "\xa0{}\u202f", "\u200b{}\u2060", "\ufeff{}"),
    *("“{}”", "„{}“", "‘{}’", "`{}`", "'{}", '"\'{}"', '="{}"', '"=""{}"""', "{},", "{} ;", '"{}",'),
    *("\u202a{}\u202c", "tag:search.twitter.com,2005:{}", "https://twitter.com/user/status/{}"),
    *("http://www.twitter.com/user/statuses/{}", "https://mobile.twitter.com/user/status/{}?s=20&t=a_b-c"),
    *("https://m.twitter.com/user/status/{}/", "HTTPS://X.com/User/Status/{}#m", "x.com/i/status/{}"),
    *("https://x.com/i/web/status/{}", "https://twitter.com/statuses/{}", "//x.com/a/status/{}/photo/1"),
    *("https://twitter.com/lookup/status/{}", "https://twitter.com/#!/user/status/{}", '"x.com/a/status/{}"'),
    *("https://x.com/a/status/{}/video/1?s=46", "twitter.com/@a/status/{}/retweets/with_comments"),
]


@given(ids, st.sampled_from(FORGIVEN))
def test_parse_tweet_id_forgives_what_is_certain(tweet_id: int, form: str) -> None:
    assert parse_tweet_id(form.format(tweet_id)) == tweet_id


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.06098E+18", "a spreadsheet has rounded it"),
        ("1,06098e18", "a spreadsheet has rounded it"),
        ('"1.06E18"', "a spreadsheet has rounded it"),
        (
            "1060976163948904448.0",
            "it was a floating-point number, its last digits are lost",
        ),
        ("9007199254740992.0", "it was a floating-point number, its last digits are lost"),
        (
            "1060976163948904448,00",
            "it was a floating-point number, its last digits are lost",
        ),
        ("12.5", "a decimal point, not a whole number"),
        ("0,5", "a decimal point, not a whole number"),
        ("1,060,976,163,948,904,448", "thousands separators, not digits alone"),
        ("1.060.976.163.948.904.448", "thousands separators, not digits alone"),
        ("1’060’976’163’948’904’448", "thousands separators, not digits alone"),
        ("1 060 976 163 948 904 448", "thousands separators, not digits alone"),
        ("1_060_976_163_948_904_448", "thousands separators, not digits alone"),
        ("-1060976163948904448", "negative"),
        ("\u22121060976163948904448", "negative"),
        ("0xEB9547A1E821000", "hexadecimal, not decimal"),
        ("eb9547a1e821000", "hexadecimal, not decimal"),
        ("123e4567-e89b-12d3-a456-426614174000", "a UUID, not an ID of a tweet"),
        ("１０６０９７６１６３９４８９０４４４８", "digits that are not ASCII's"),
        ("\u0661\u0662", "digits that are not ASCII's"),
        ("1\x000\x006\x00", "NUL bytes between its digits"),
        ("\x00x", "binary data, no text"),
        ("https://twitter.com/TwitterDev", "a link, but not to a tweet"),
        ("x.com", "a link, but not to a tweet"),
        ("https://x.com/a/status/", "a link, but not to a tweet"),
        ("https://x.com/a/status/106…", "a link, but not to a tweet"),
        ("https://evil.com/twitter.com/a/status/106", "a link, but not to a tweet"),
        ("https://t.co/AbCdEf1234", "a link, but not to a tweet"),
        ("id:twitter.com:2244994945", "a user's ID, not a tweet's"),
        ("@TwitterDev", "a user's name, not a tweet's ID"),
        ('{"id":1}', "JSON, not an ID"),
        ("[1060976163948904448]", "JSON, not an ID"),
        ('"id_str": "1060976163948904448",', "JSON, not an ID"),
        ("},", "JSON, not an ID"),
        ("window.YTD.tweets.part0 = [", "JSON, not an ID"),
        ("2018-11-09", "a date, not an ID"),
        ("2018-11-09T19:20:26Z", "a date, not an ID"),
        ("9.11.2018", "a date, not an ID"),
        ("11/9/18 19:20", "a date, not an ID"),
        ("Fri Nov 09 19:20:26 +0000 2018", "a date, not an ID"),
        ("12 1060976163948904448", "several numbers, not one"),
        ("1060976163948904448,1060976163948904449", "several numbers, not one"),
        *(
            (missing, "a missing value")
            for missing in ("nan", "NULL", "None", "N/A", "#N/A", "\\N", "-", '"NA"')
        ),
        ("", "empty"),
        ('""', "empty"),
        ("\ufeff", "empty"),
        ("000", "zero is no tweet ID"),
        ("9223372036854775808", "larger than a tweet ID can be"),
        ("https://x.com/a/status/9223372036854775808", "larger than a tweet ID can be"),
        ("1" * 5000, "larger than a tweet ID can be"),
        ("tweet_id", "not a decimal number"),
        ("1060976163948904448x", "not a decimal number"),
        ("see https://x.com/a/status/106", "not a decimal number"),
    ],
)
def test_parse_tweet_id_says_what_is_wrong(text: str, reason: str) -> None:
    assert parse_tweet_id(text) == reason


@pytest.mark.parametrize(("text", "tweet_id"), [("20.0", 20), ("9007199254740991.0", 2**53 - 1), ("20.", 20)])
def test_parse_tweet_id_takes_a_float_that_has_lost_nothing(text: str, tweet_id: int) -> None:
    assert parse_tweet_id(text) == tweet_id


@pytest.mark.parametrize("part", ["1", "1,", "1 ", "1.000", "/a", "a", " ", '"', "\0", "x.com/", "mon 1"])
def test_parse_tweet_id_is_quick_for_a_long_text(part: str) -> None:
    """A pattern that goes back and forth would take minutes."""
    for text in ("x.com/status/1" + part * 20_000 + "!", part * 20_000 + "!"):
        assert isinstance(parse_tweet_id(text), str)


@given(snowflakes)
def test_created_ms_is_the_contracts_formula(tweet_id: int) -> None:
    assert created_ms(tweet_id) == (tweet_id >> 22) + 1_288_834_974_657


@pytest.mark.parametrize("tweet_id", [1, 20, FIRST_SNOWFLAKE - 1])
def test_created_ms_is_unknown_for_an_id_from_before_snowflake(tweet_id: int) -> None:
    assert created_ms(tweet_id) is None
    assert created_at_texts(np.array([tweet_id], np.int64)) == [None]


@given(snowflakes)
def test_first_id_at_is_the_smallest_id_of_its_moment(tweet_id: int) -> None:
    time_ms = created_ms(tweet_id)
    assert time_ms is not None
    first = first_id_at(time_ms)
    assert first <= tweet_id
    assert first == FIRST_SNOWFLAKE or (created_ms(first), created_ms(first - 1)) == (time_ms, time_ms - 1)


@pytest.mark.parametrize("time_ms", [0, SNOWFLAKE_EPOCH_MS, -(10**20)])
def test_first_id_at_is_never_below_the_first_snowflake(time_ms: int) -> None:
    assert first_id_at(time_ms) == FIRST_SNOWFLAKE


@given(st.lists(ids))
def test_decimals_are_the_ids_as_they_are_written(tweet_ids: list[int]) -> None:
    assert decimals(np.array(tweet_ids, np.int64)) == tuple(map(str, tweet_ids))


@given(st.lists(st.one_of(ids, snowflakes), max_size=20))
@example([MAX_TWEET_ID, FIRST_SNOWFLAKE, 1])
def test_created_at_texts_agree_with_datetime(tweet_ids: list[int]) -> None:
    def text(tweet_id: int) -> str | None:
        time_ms = created_ms(tweet_id)
        if time_ms is None:
            return None
        return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert created_at_texts(np.array(tweet_ids, np.int64)) == [text(i) for i in tweet_ids]


def test_created_at_is_that_of_a_known_tweet() -> None:
    assert created_at_texts(np.array([1060976163948904448], np.int64)) == ["2018-11-09T19:23:24Z"]


def test_rounded_ids_are_those_beyond_a_doubles_digits_that_end_in_zeros() -> None:
    ids = np.array([20, 100, 2**53, 1_060_976_163_948_904_448, 1_060_976_163_948_904_400], np.int64)
    assert count_rounded(ids) == (2, 1)
