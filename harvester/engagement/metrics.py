"""The catalogue of metrics: which endpoint counts what, with which credential, up to which age.

The tables below are the contract's section 2 as data; the functions beneath read nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from harvester.errors import UsageError, did_you_mean

EndpointName = Literal["totals", "28hr", "historical"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One engagement type.

    on_totals, on_ranges: whether totals counts it, and whether 28hr and historical do.
    is_public: readable on totals with a bearer token; everything else needs the owner's user context.
    totals_age_days, ranges_age_days: the oldest tweet that is counted, None without a limit.
    """

    name: str
    on_totals: bool = False
    on_ranges: bool = True
    is_public: bool = False
    totals_age_days: int | None = None
    ranges_age_days: int | None = None

    def is_on(self, endpoint: EndpointName) -> bool:
        """Whether the endpoint counts this metric."""
        return self.on_totals if endpoint == "totals" else self.on_ranges

    def age_limit_days(self, endpoint: EndpointName) -> int | None:
        """The oldest tweet, in days, for which the endpoint counts this metric."""
        return self.totals_age_days if endpoint == "totals" else self.ranges_age_days


CATALOGUE: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("impressions", on_totals=True, totals_age_days=90),
        Metric("engagements", on_totals=True, totals_age_days=90),
        Metric("favorites", on_totals=True, is_public=True),
        Metric("retweets", on_totals=True, is_public=True),
        Metric("replies", on_totals=True, is_public=True),
        Metric("quote_tweets", on_totals=True, on_ranges=False, is_public=True),
        Metric("video_views", on_totals=True, is_public=True, totals_age_days=1800, ranges_age_days=1800),
        Metric("media_views"),
        Metric("media_engagements"),
        Metric("url_clicks"),
        Metric("hashtag_clicks"),
        Metric("detail_expands"),
        Metric("permalink_clicks"),
        Metric("app_install_attempts"),
        Metric("app_opens"),
        Metric("email_tweet"),
        Metric("user_follows"),
        Metric("user_profile_clicks"),
    )
}

OLD_NAMES: Final = {"media_clicks": "media_engagements"}
"""Renamed on 2017-10-09; the old name is still accepted from the user."""
RATE: Final = "engagement_rate"
"""Engagements / impressions. No engagement type, so it is never requested; top lists can rank by it."""
RATE_PARTS: Final = ("engagements", "impressions")


def metrics_of(endpoint: EndpointName, *, user_context: bool) -> tuple[str, ...]:
    """All metrics that the endpoint and the credentials allow, in the catalogue's order."""
    return tuple(
        metric.name
        for metric in CATALOGUE.values()
        if metric.is_on(endpoint) and (user_context or not needs_user_context(metric.name, endpoint))
    )


def needs_user_context(metric: str, endpoint: EndpointName) -> bool:
    """Whether only an access token may read the metric. Source: contract, section 1 and 2."""
    return endpoint != "totals" or not CATALOGUE[metric].is_public


def choose_metrics(
    asked: Sequence[str] | None, endpoint: EndpointName, *, user_context: bool
) -> tuple[str, ...]:
    """The metrics to request, in the order asked; all that are allowed where none are named.

    `engagement_rate` stands for the two metrics that it is made of. Raises UsageError for a metric that does
    not exist (naming the nearest), that the endpoint does not offer, or that the credentials may not read.
    """
    if asked is None:
        return _demand_some(metrics_of(endpoint, user_context=user_context), endpoint)
    chosen = tuple(dict.fromkeys(metric for name in asked for metric in _requested(name)))
    if not chosen:
        raise UsageError("no metric is named", "Leave --metrics out to ask for all of them.")
    for name in chosen:
        _check(name, endpoint, user_context=user_context)
    return chosen


def choose_for_each(
    asked: Sequence[str] | None, endpoints: Sequence[EndpointName], *, user_context: bool
) -> dict[EndpointName, tuple[str, ...]]:
    """`choose_metrics` for several endpoints: each is asked for what it offers of the metrics named.

    Raises UsageError as well for a metric that none of them offers, and for an endpoint that offers none.
    """
    if asked is None or len(endpoints) == 1:
        return {name: choose_metrics(asked, name, user_context=user_context) for name in endpoints}
    parts = list(dict.fromkeys(metric for name in asked for metric in _requested(name)))
    for name in parts:
        if not any(name in CATALOGUE and CATALOGUE[name].is_on(endpoint) for endpoint in endpoints):
            _check(name, endpoints[0], user_context=user_context)
    return {
        endpoint: choose_metrics(
            [name for name in parts if CATALOGUE[name].is_on(endpoint)] or asked,
            endpoint,
            user_context=user_context,
        )
        for endpoint in endpoints
    }


def _requested(name: str) -> tuple[str, ...]:
    """What is asked of the API for a metric as the user names it."""
    return RATE_PARTS if name == RATE else (OLD_NAMES.get(name, name),)


def _demand_some(metrics: tuple[str, ...], endpoint: EndpointName) -> tuple[str, ...]:
    if not metrics:
        raise UsageError(f"{endpoint} needs user context, and only a bearer token is configured", _GET_ACCESS)
    return metrics


def _check(name: str, endpoint: EndpointName, *, user_context: bool) -> None:
    if name not in CATALOGUE:
        hint = did_you_mean(name, [*CATALOGUE, RATE]) or f"The metrics are: {', '.join(CATALOGUE)}."
        raise UsageError(f"unknown metric {name[:60]!r}", hint)
    if not CATALOGUE[name].is_on(endpoint):
        offered = ", ".join(metrics_of(endpoint, user_context=True))
        raise UsageError(f"{endpoint} does not offer the metric {name!r}", f"It offers: {offered}.")
    if needs_user_context(name, endpoint) and not user_context:
        message = f"{name!r} on {endpoint} needs user context, and only a bearer token is configured"
        raise UsageError(message, f"{_GET_ACCESS[:-1]}, or leave the metric out.")


_GET_ACCESS: Final = "Set an access token and secret with the consumer key and secret."
