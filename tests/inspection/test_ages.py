"""Tweets by age, and what can be asked for them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.metrics import CATALOGUE
from harvester.engagement.tweet_id import DAY_MS, FIRST_SNOWFLAKE, MAX_TWEET_ID, Ids, created_ms, first_id_at
from harvester.inspection.ages import HOUR_MS, Spread

NOW_MS = 1_795_535_000_000
"""2026-11-24"""
ALL_IDS = st.lists(st.one_of(st.integers(1, MAX_TWEET_ID), st.integers(1, FIRST_SNOWFLAKE)), max_size=40)


def made(*ages_ms: int) -> Ids:
    return np.array([first_id_at(NOW_MS - age) for age in ages_ms], np.int64)


def spread_of(ids: Ids) -> Spread:
    spread = Spread(NOW_MS)
    spread.add(ids)
    return spread


@pytest.mark.parametrize(
    ("age_ms", "band"),
    [
        (-1, "later than now"),
        (0, "later than now"),
        (1, "up to 28 hours"),
        (28 * HOUR_MS, "up to 28 hours"),
        (28 * HOUR_MS + 1, "up to 28 days"),
        (28 * DAY_MS + 1, "up to 90 days"),
        (90 * DAY_MS, "up to 90 days"),
        (90 * DAY_MS + 1, "up to 365 days"),
        (365 * DAY_MS + 1, "up to 1800 days"),
        (1800 * DAY_MS + 1, "older"),
    ],
)
def test_a_tweet_is_in_the_band_of_its_age(age_ms: int, band: str) -> None:
    bands = spread_of(made(age_ms)).bands()
    assert [each.name for each in bands if each.tweets] == [band]


def test_an_id_without_a_time_is_before_snowflake_and_of_no_year() -> None:
    spread = spread_of(np.array([20, FIRST_SNOWFLAKE - 1], np.int64))
    assert [(each.name, each.tweets) for each in spread.bands() if each.tweets] == [("before 2010-11-04", 2)]
    assert (spread.years(), spread.span) == ({}, (None, None))


def test_years_are_those_of_the_ids() -> None:
    ids = np.array([FIRST_SNOWFLAKE, 1060976163948904448, 1060976163948904449, MAX_TWEET_ID], np.int64)
    spread = spread_of(ids)
    assert spread.years() == {2010: 1, 2018: 2, 2080: 1}
    assert spread.span == ("2010-11-04T01:43:01Z", "2080-07-10T17:30:30Z")


@given(ALL_IDS, st.integers(1, 7))
def test_each_tweet_is_in_one_band_and_those_with_a_time_in_one_year(drawn: list[int], size: int) -> None:
    ids = np.array(drawn, np.int64)
    spread = Spread(NOW_MS)
    for start in range(0, len(ids), size):
        spread.add(ids[start : start + size])
    assert sum(band.tweets for band in spread.bands()) == spread.n_tweets == len(ids)
    assert sum(spread.years().values()) == np.count_nonzero(ids >= FIRST_SNOWFLAKE)
    assert spread.bands() == spread_of(ids).bands()
    assert spread.askable() == spread_of(ids).askable()


@given(ALL_IDS)
def test_a_metric_can_be_asked_for_tweets_within_its_limit(drawn: list[int]) -> None:
    for endpoint, metrics in spread_of(np.array(drawn, np.int64)).askable().items():
        assert set(metrics) == {name for name, metric in CATALOGUE.items() if metric.is_on(endpoint)}
        for name, found in metrics.items():
            days = CATALOGUE[name].age_limit_days(endpoint)
            oldest_ms = None if days is None else NOW_MS - days * DAY_MS
            young = [i for i in drawn if oldest_ms is None or (created_ms(i) or 0) >= oldest_ms]
            assert (found.tweets, found.too_old) == (len(young), len(drawn) - len(young))
            assert found.limit_days == days


def test_reach_of_historical_is_a_year() -> None:
    assert spread_of(made(HOUR_MS, 365 * DAY_MS, 365 * DAY_MS + 1)).within_reach() == 2
