"""What is a tweet ID, and how old it is."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given, settings
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
cells = st.text("0123456789 \t\"'.,eE+-_٣５x", max_size=24)


def is_valid(text: str) -> int | None:
    """The rule, said another way: the number that a text means, or None."""
    text = text.strip()
    for quote in "\"'":
        if len(text) >= 2 and text.startswith(quote) and text.endswith(quote):
            text = text[1:-1].strip()
            break
    if not text or any(character not in "0123456789" for character in text):
        return None
    return int(text) if 1 <= int(text) < 2**63 else None


@settings(deadline=None)
@given(cells)
@example("9223372036854775807")
@example("9223372036854775808")
@example("00000000000000000000000000001")
@example("0")
@example("'1\"")
@example('"')
@example("1_000")
def test_parse_tweet_id_agrees_with_the_oracle(text: str) -> None:
    parsed = parse_tweet_id(text)
    expected = is_valid(text)
    assert parsed == expected if expected is not None else isinstance(parsed, str)


@settings(deadline=None)
@given(ids, st.sampled_from(["{}", " {}\r", '"{}"', "'{}'", "000{}", '" {} "', "{}\n"]))
def test_parse_tweet_id_forgives_quotes_spaces_and_leading_zeros(tweet_id: int, form: str) -> None:
    assert parse_tweet_id(form.format(tweet_id)) == tweet_id


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.06098E+18", "spreadsheet"),
        ("1,06098e18", "spreadsheet"),
        ("1060976163948904448.0", "decimal point"),
        ("-1060976163948904448", "negative"),
        ("https://twitter.com/a/status/1060976163948904448", "link"),
        ("x.com/a/status/1060976163948904448", "link"),
        ('{"id":1}', "JSON"),
        ("window.YTD.tweets.part0 = [", "JSON"),
        ("", "empty"),
        ('""', "empty"),
        ("000", "zero"),
        ("9223372036854775808", "larger"),
        ("1" * 5000, "larger"),
        ("tweet_id", "not a decimal"),
        ("\u0661\u0662", "not a decimal"),
    ],
)
def test_parse_tweet_id_says_what_is_wrong(text: str, words: str) -> None:
    reason = parse_tweet_id(text)
    assert isinstance(reason, str)
    assert words in reason


@settings(deadline=None)
@given(snowflakes)
def test_created_ms_is_the_contracts_formula(tweet_id: int) -> None:
    assert created_ms(tweet_id) == (tweet_id >> 22) + 1_288_834_974_657


@pytest.mark.parametrize("tweet_id", [1, 20, FIRST_SNOWFLAKE - 1])
def test_created_ms_is_unknown_for_an_id_from_before_snowflake(tweet_id: int) -> None:
    assert created_ms(tweet_id) is None
    assert created_at_texts(np.array([tweet_id], np.int64)) == [None]


@settings(deadline=None)
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


@settings(deadline=None)
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
