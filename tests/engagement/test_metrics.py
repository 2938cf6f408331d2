"""The catalogue against the contract's section 2, written down once more by hand."""

import pytest

from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import (
    CATALOGUE,
    EndpointName,
    choose_metrics,
    metrics_of,
    needs_user_context,
)
from harvester.errors import UsageError

PUBLIC = ("favorites", "retweets", "replies", "quote_tweets", "video_views")
TOTALS = ("impressions", "engagements", *PUBLIC)
RANGES: tuple[EndpointName, ...] = ("28hr", "historical")


def test_totals_offers_the_seven_metrics_in_user_context_and_the_public_five_without() -> None:
    assert metrics_of("totals", user_context=True) == TOTALS
    assert metrics_of("totals", user_context=False) == PUBLIC


@pytest.mark.parametrize("endpoint", RANGES)
def test_ranges_offer_all_but_quote_tweets_and_only_in_user_context(endpoint: EndpointName) -> None:
    assert set(metrics_of(endpoint, user_context=True)) == set(CATALOGUE) - {"quote_tweets"}
    assert metrics_of(endpoint, user_context=False) == ()


def test_catalogue_has_the_18_metrics_of_the_contract() -> None:
    assert len(CATALOGUE) == 18
    assert "media_clicks" not in CATALOGUE, "the old name of media_engagements"


@pytest.mark.parametrize(
    ("metric", "days"), [("impressions", 90), ("engagements", 90), ("video_views", 1800), ("favorites", None)]
)
def test_age_limit_on_totals_is_the_contracts(metric: str, days: int | None) -> None:
    assert CATALOGUE[metric].age_limit_days("totals") == days


@pytest.mark.parametrize("endpoint", RANGES)
def test_age_limit_on_ranges_is_only_that_of_video_views(endpoint: EndpointName) -> None:
    limits = {name: metric.age_limit_days(endpoint) for name, metric in CATALOGUE.items()}
    assert {name: days for name, days in limits.items() if days is not None} == {"video_views": 1800}


@pytest.mark.parametrize("metric", TOTALS)
def test_user_context_is_needed_on_totals_for_the_private_two_only(metric: str) -> None:
    assert needs_user_context(metric, "totals") is (metric not in PUBLIC)
    assert needs_user_context(metric, "28hr")


def test_choose_metrics_keeps_the_order_asked_and_drops_repeats() -> None:
    asked = ["retweets", "impressions", "retweets"]
    assert choose_metrics(asked, "totals", user_context=True) == ("retweets", "impressions")


def test_choose_metrics_takes_all_that_is_allowed_when_none_is_named() -> None:
    assert choose_metrics(None, "totals", user_context=False) == PUBLIC


@pytest.mark.parametrize(
    ("asked", "endpoint", "user_context", "words"),
    [
        ([], "totals", True, "no metric"),
        (["favourites"], "totals", True, "unknown metric 'favourites'"),
        (["zzz" * 100], "totals", True, "unknown metric"),
        (["url_clicks"], "totals", True, "does not offer"),
        (["quote_tweets"], "28hr", True, "does not offer"),
        (["impressions"], "totals", False, "needs user context"),
        (["favorites"], "historical", False, "needs user context"),
    ],
)
def test_choose_metrics_refuses_what_cannot_be_asked(
    asked: list[str], endpoint: EndpointName, user_context: bool, words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        choose_metrics(asked, endpoint, user_context=user_context)
    assert caught.value.hint
    assert len(caught.value.message) < 150


def test_choose_metrics_names_the_nearest_when_one_is_misspelt() -> None:
    with pytest.raises(UsageError) as caught:
        choose_metrics(["favourites"], "totals", user_context=True)
    assert caught.value.hint == "Did you mean 'favorites'?"


@pytest.mark.parametrize(("name", "size"), [("totals", 250), ("28hr", 25), ("historical", 25)])
def test_endpoints_have_the_contracts_paths_and_sizes(name: EndpointName, size: int) -> None:
    assert ENDPOINTS[name].ids_per_request == size
    assert ENDPOINTS[name].path == f"/insights/engagement/{name}"
