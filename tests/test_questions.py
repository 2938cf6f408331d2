"""What is refused before the first request, and what each endpoint is asked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from harvester.config.options import Options
from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.engagement.groupings import Grouping
from harvester.engagement.metrics import metrics_of
from harvester.errors import UsageError
from harvester.planning import Reach
from harvester.questions import accounts_used, identity_of, make_questions, reach_of, recall

NOW_MS = 1_795_500_000_000
APP = AppKey(Secret("k"), Secret("s"))
TOKEN, OTHER = AccessToken(Secret("1-t"), Secret("s")), AccessToken(Secret("2-t"), Secret("s"))
ALL = Reach(frozenset({""}), has_bearer=True)
BEARER = Reach(frozenset(), has_bearer=True)
OPTIONS = Options(inputs=("ids.txt",), out=Path("run"))


def ask(reach: Reach | None = ALL, **options: Any) -> Any:
    return make_questions(replace(OPTIONS, **options), reach, ("alice",), NOW_MS)


@pytest.mark.parametrize(
    ("reach", "options", "says"),
    [
        (None, {}, "no credentials"),
        (BEARER, {"endpoints": ("28hr",)}, "28hr needs user context"),
        (BEARER, {"endpoints": ("historical",), "metrics": ("favorites",)}, "needs user context"),
        (BEARER, {"metrics": ("engagement_rate",)}, "'engagements' on totals needs user context"),
        (ALL, {"metrics": ("url_clicks",)}, "totals does not offer"),
        (ALL, {"endpoints": ("totals", "28hr"), "metrics": ("urls",)}, "unknown metric 'urls'"),
        (ALL, {"endpoints": ("28hr", "historical"), "metrics": ("quote_tweets",)}, "does not offer"),
        (ALL, {"endpoints": ("totals", "28hr"), "metrics": ("quote_tweets",)}, "28hr does not offer"),
        (ALL, {"start": "28d"}, "for historical"),
        (ALL, {"endpoints": ("historical",), "start": "400d"}, "365 days"),
        (ALL, {"series": "day"}, "totals has no time series"),
    ],
)
def test_what_cannot_be_asked_is_refused(reach: Reach | None, options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ask(reach, **options)


def test_each_endpoint_is_asked_for_what_it_offers() -> None:
    found = ask(endpoints=("totals", "28hr"), metrics=("quote_tweets", "media_clicks", "favorites"))
    assert found["totals"].blank.columns == ("quote_tweets", "favorites")
    assert found["28hr"].blank.columns == ("media_engagements", "favorites")


def test_all_metrics_are_all_that_each_offers() -> None:
    found = ask(endpoints=("totals", "historical"))
    assert found["totals"].blank.columns == metrics_of("totals", user_context=True)
    assert len(found["historical"].blank.columns) == 17


def test_a_rate_is_asked_for_by_its_parts() -> None:
    found = ask(metrics=("favorites", "engagement_rate"))
    assert found["totals"].blank.columns == ("favorites", "engagements", "impressions")


def test_series_range_and_groupings_go_where_they_belong() -> None:
    by_day = Grouping("by_day", ("engagement.day",))
    found = ask(endpoints=("totals", "28hr", "historical"), series="day", groupings=(by_day,), start="60d")
    blanks = {name: (question.blank.series, question.blank.groupings) for name, question in found.items()}
    assert blanks == {"totals": (None, ()), "28hr": ("day", (by_day,)), "historical": ("day", (by_day,))}
    assert [question.range is not None for question in found.values()] == [False, False, True]
    assert len(found["historical"].range.windows()) == 3


@pytest.mark.parametrize(
    ("credentials", "has_owners", "accounts", "bearer"),
    [
        (Credentials(), False, None, None),
        (Credentials(bearer_token=Secret("b")), False, set(), True),
        (Credentials(APP), False, set(), True),
        (Credentials(APP, TOKEN, None, {"alice": OTHER}), False, {""}, False),
        (Credentials(APP, TOKEN, None, {"alice": OTHER}), True, {"", "alice"}, False),
        (Credentials(APP, None, Secret("b"), {"alice": OTHER}), True, {"alice"}, True),
        (Credentials(None, None, Secret("b"), {"alice": OTHER}), True, set(), True),
        (Credentials(APP, None, None, {"alice": OTHER}), True, {"alice"}, False),
        (Credentials(APP, None, None, {"alice": OTHER}), False, set(), True),
    ],
)
def test_credentials_reach_what_they_can_read(
    credentials: Credentials, has_owners: bool, accounts: set[str] | None, bearer: bool | None
) -> None:
    options = replace(OPTIONS, owner_from_folder=has_owners)
    reach = reach_of(options, credentials)
    assert (reach and (reach.accounts, reach.has_bearer)) == (
        None if accounts is None else (frozenset(accounts), bearer)
    )
    assert set(accounts_used(options, credentials)) == (accounts or set())


def test_names_of_the_input_are_known_accounts_or_none() -> None:
    assert ask().popitem()[1].owners == ("",)
    assert ask(owner_column="who").popitem()[1].owners == ("", "alice", "(no account)")


def test_recorded_options_tell_what_was_asked() -> None:
    grouping = Grouping("by day", ("tweet.id", "engagement.day"))
    options = replace(
        OPTIONS,
        inputs=(),
        endpoints=("totals", "28hr", "historical"),
        series="day",
        groupings=(grouping,),
        start="60d",
        top=3,
        column="id",
        owner_column="author",
        limit=5,
        newer_than_ms=7,
    )
    questions = make_questions(options, ALL, ("alice",), NOW_MS)
    written = orjson.loads(orjson.dumps(identity_of(options, Credentials(APP, TOKEN), questions)))
    recalled = recall(written, NOW_MS, options.out)
    assert (recalled.options, recalled.rate_floor) == (options, None)
    assert recalled.blanks == {name: (q.blank, q.range) for name, q in questions.items()}


@pytest.mark.parametrize("options", [{}, {"endpoint": ["totals"]}, {"endpoint": 3}])
def test_options_that_no_run_has_recorded_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="not those of a run"):
        recall(options, NOW_MS, Path("run"))
