"""The answers of 28hr and historical: what they count, and how it is grouped."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.metrics import EndpointName, metrics_of
from harvester.engagement.tweet_id import DAY_MS, first_id_at
from harvester.simulator.answers import answer_request
from harvester.simulator.credentials import Asker
from harvester.simulator.hours import HOUR_MS
from harvester.simulator.options import Readings, Shares
from harvester.simulator.reply import Answer
from harvester.simulator.world import World

NOW_MS = 1_795_000_000_000
NOW_HOUR = -(-NOW_MS // HOUR_MS)
WORLD = World(1, Shares(deleted=0.0, untouched=0.0, growth=20))
METRICS = metrics_of("historical", user_context=True)
IDS = np.array([first_id_at(NOW_MS - days * DAY_MS // 2) for days in range(1, 26)], dtype=np.int64)
TEXTS = [str(one) for one in IDS]
OF_2000_DAYS = first_id_at(NOW_MS - 2000 * DAY_MS)
USER = Asker("ann", ("ann",))
START, END = "2026-11-10T17:00:00Z", "2026-11-12T21:00:00Z"
FIRST, N_HOURS = int(np.datetime64("2026-11-10T17", "h").astype(int)), 52

VALUES = ("tweet.id", "engagement.type", "engagement.day", "engagement.hour")

Ask = Callable[..., dict[str, object]]


def answer(
    document: object,
    endpoint: EndpointName = "historical",
    readings: Readings | None = None,
    world: World = WORLD,
    asker: Asker = USER,
) -> Answer:
    return answer_request(endpoint, document, asker, world, NOW_MS, readings or Readings())


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], int]:
    if not isinstance(value, dict):
        return {path: int(value)}
    return {found: n for key, inner in value.items() for found, n in leaves(inner, (*path, key)).items()}


def expected(by: tuple[str, ...], first: int = FIRST, n_hours: int = N_HOURS) -> dict[tuple[str, ...], int]:
    """The leaves of a grouping, from the world's truth hour by hour."""
    sums: dict[tuple[str, ...], int] = {}
    for (row, column, step), count in np.ndenumerate(WORLD.hourly(IDS, METRICS, first, n_hours)):
        day, hour = np.datetime_as_string(np.datetime64(first + step, "h")).split("T")
        named = dict(zip(VALUES, (TEXTS[row], METRICS[column], day, hour), strict=True))
        path = tuple(named[value] for value in by)
        sums[path] = sums.get(path, 0) + int(count)
    return sums


@pytest.mark.parametrize(
    "by",
    [
        ("tweet.id", "engagement.type"),
        ("engagement.type", "tweet.id"),
        ("engagement.day",),
        ("engagement.hour", "engagement.day"),
        ("engagement.type", "engagement.day", "tweet.id"),
        VALUES,
        ("engagement.type", "tweet.id", "engagement.day", "engagement.hour"),
    ],
)
def test_counts_are_the_worlds_by_any_grouping(ask: Ask, by: tuple[str, ...]) -> None:
    reply = answer(ask(IDS, METRICS, g=by) | {"start": START, "end": END})
    assert reply.status == 200
    assert (reply.body["start"], reply.body["end"]) == (START, END)
    assert leaves(reply.body["g"]) == expected(by)


def test_hours_run_from_start_inclusive_to_end_exclusive(ask: Ask) -> None:
    document = ask(IDS, METRICS, g=("engagement.day", "engagement.hour"))
    reply = answer(document | {"start": "2026-11-10T17:00:00Z", "end": "2026-11-10T20:30:00Z"})
    assert leaves(reply.body["g"]).keys() == {("2026-11-10", hour) for hour in ("17", "18", "19", "20")}


def test_28hr_counts_the_last_28_hours(ask: Ask) -> None:
    reply = answer(ask(IDS, METRICS), "28hr")
    assert leaves(reply.body["g"]) == expected(("tweet.id", "engagement.type"), NOW_HOUR - 28, 28)
    assert {"start", "end"} < reply.body.keys()


@pytest.mark.parametrize(
    ("style", "inner"), [("nested", ("engagement.day", "engagement.hour")), ("summed", ("engagement.hour",))]
)
def test_hours_without_days_have_two_readings(ask: Ask, style: Any, inner: tuple[str, ...]) -> None:
    document = ask(IDS, METRICS, g=("tweet.id", "engagement.hour")) | {"start": START, "end": END}
    reply = answer(document, readings=Readings(hour_without_day=style))
    assert leaves(reply.body["g"]) == expected(("tweet.id", *inner))


def test_series_without_zeros_have_all_the_rest(ask: Ask) -> None:
    document = ask(IDS, METRICS, g=VALUES, h=("tweet.id", "engagement.type")) | {"start": START, "end": END}
    reply = answer(document, readings=Readings(zeros="no"))
    assert leaves(reply.body["g"]) == {path: n for path, n in expected(VALUES).items() if n}
    assert leaves(reply.body["h"]) == expected(("tweet.id", "engagement.type"))
    assert 0 in leaves(reply.body["h"]).values()


@given(st.lists(st.integers(1, 671), max_size=4, unique=True))
def test_windows_add_up_to_the_range_however_it_is_cut(cuts: list[int]) -> None:
    def count(first: int, after: int) -> int:
        times = [np.datetime_as_string(np.datetime64(hour, "h"), "s") + "Z" for hour in (first, after)]
        document = {
            "tweet_ids": TEXTS[:3],
            "engagement_types": list(METRICS[:5]),
            "groupings": {"g": {"group_by": ["engagement.day"]}},
            "start": times[0],
            "end": times[1],
        }
        return sum(leaves(answer(document).body["g"]).values())

    edges = [NOW_HOUR - 672, *(NOW_HOUR - 672 + cut for cut in sorted(cuts)), NOW_HOUR]
    parts = [count(first, after) for first, after in pairwise(edges)]
    assert sum(parts) == WORLD.hourly(IDS[:3], METRICS[:5], NOW_HOUR - 672, 672).sum()


def test_a_range_that_cannot_be_served_is_a_bad_request(ask: Ask) -> None:
    reply = answer(ask(IDS, METRICS) | {"start": "2026-01-01", "end": "2026-11-01"})
    assert reply.status == 400
    assert "28 days apart" in str(reply.body["errors"])


@pytest.mark.parametrize("endpoint", ["28hr", "historical"])
def test_a_bearer_token_reads_nothing_of_a_range(ask: Ask, endpoint: EndpointName) -> None:
    reply = answer(ask(IDS, ["favorites", "app_opens"]), endpoint, asker=Asker(accounts=("ann",)))
    assert reply == Answer(403, {"errors": ["Forbidden to access metrics: favorites,app_opens"]})


@pytest.mark.parametrize("endpoint", ["28hr", "historical"])
def test_old_tweets_have_their_impressions_but_no_video_views(ask: Ask, endpoint: EndpointName) -> None:
    reply = answer(ask([OF_2000_DAYS], ["impressions", "video_views"]), endpoint, Readings(untouched="quiet"))
    group = reply.body["g"]
    assert isinstance(group, dict)
    assert group[str(OF_2000_DAYS)]["video_views"] == "0"
    assert reply.body["unsupported_for_video_views_tweet_ids"] == [str(OF_2000_DAYS)]
    assert "unsupported_for_impressions_engagements_tweet_ids" not in reply.body
    assert "errors" not in reply.body


def test_a_tweet_without_an_engagement_in_the_range_is_there_unless_the_reading_is_quiet(ask: Ask) -> None:
    """A tweet that was made after the range, and is touched later."""
    document = ask(IDS[[0, -1]], METRICS) | {"start": "2026-11-10", "end": "2026-11-11"}
    there = {
        style: set(leaves(answer(document, readings=Readings(untouched=style)).body["g"]))
        for style in ("zero", "missing", "quiet")
    }
    assert {path[0] for path in there["missing"]} == {TEXTS[0], TEXTS[-1]}
    assert there["missing"] == there["zero"]
    assert {path[0] for path in there["quiet"]} == {TEXTS[-1]}
