"""The answers, row by row of the contract's section 4."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harvester.engagement.metrics import EndpointName
from harvester.engagement.tweet_id import DAY_MS, first_id_at
from harvester.simulator.answers import answer_request
from harvester.simulator.credentials import Asker, user_id_of
from harvester.simulator.options import Readings, Shares
from harvester.simulator.reply import Answer
from harvester.simulator.world import World

NOW_MS = 1_795_000_000_000
ALL_THERE = Shares(deleted=0.0, untouched=0.0)
YOUNG = tuple(first_id_at(NOW_MS - days * DAY_MS) for days in range(1, 80))
OF_100_DAYS = first_id_at(NOW_MS - 100 * DAY_MS)
OF_2000_DAYS = first_id_at(NOW_MS - 2000 * DAY_MS)

USER = Asker("default", ("default",))
APP = Asker(accounts=("default",))

Ask = Callable[..., dict[str, object]]


def answer(
    document: object,
    world: World | None = None,
    asker: Asker = USER,
    readings: Readings | None = None,
    endpoint: EndpointName = "totals",
) -> Answer:
    known = world or World(1, ALL_THERE)
    return answer_request(endpoint, document, asker, known, NOW_MS, readings or Readings())


def group(reply: Answer, name: str = "g") -> dict[str, Any]:
    value = reply.body[name]
    assert isinstance(value, dict)
    return value


def texts(ids: Any) -> list[str]:
    return [str(one) for one in ids]


def test_counts_are_the_worlds_nested_in_the_order_of_group_by(ask: Ask) -> None:
    metrics = ("impressions", "favorites")
    truth = World(1, ALL_THERE).counts(np.array(YOUNG, dtype=np.int64), metrics)
    reply = answer(ask(YOUNG, metrics, a=("tweet.id", "engagement.type"), b=("engagement.type", "tweet.id")))
    assert reply.status == 200
    assert reply.body.keys() == {"a", "b"}
    for row, tweet_id in enumerate(texts(YOUNG)):
        for column, metric in enumerate(metrics):
            assert group(reply, "a")[tweet_id][metric] == str(truth[row, column])
            assert group(reply, "b")[metric][tweet_id] == str(truth[row, column])


def test_counts_are_sums_over_the_ids_when_tweet_id_is_absent(ask: Ask) -> None:
    reply = answer(ask(YOUNG, a=("engagement.type",), b=("tweet.id", "engagement.type"), c=("tweet.id",)))
    rows = group(reply, "b")
    assert {metric: int(total) for metric, total in group(reply, "a").items()} == {
        metric: sum(int(row[metric]) for row in rows.values()) for metric in group(reply, "a")
    }
    assert {key: int(total) for key, total in group(reply, "c").items()} == {
        key: sum(map(int, row.values())) for key, row in rows.items()
    }


@pytest.mark.parametrize(
    ("readings", "types"),
    [
        (Readings(counts="strings"), {str}),
        (Readings(counts="numbers"), {int}),
        (Readings(counts="mixed"), {str, int}),
    ],
)
def test_counts_have_the_type_that_is_asked_for(ask: Ask, readings: Readings, types: set[type]) -> None:
    reply = answer(ask(YOUNG), readings=readings)
    assert {type(count) for row in group(reply).values() for count in row.values()} == types


def test_gone_tweets_are_listed_beside_the_others(ask: Ask) -> None:
    world = World(1, Shares(deleted=0.3))
    gone = world.are_gone(np.array(YOUNG, dtype=np.int64), NOW_MS)
    listed = texts(np.array(YOUNG)[gone])
    reply = answer(ask(YOUNG), world)
    assert reply.status == 200
    assert reply.body["errors"] == [f"{len(listed)} Tweet ID(s) are unavailable"]
    assert reply.body["unavailable_tweet_ids"] == listed
    assert group(reply).keys() == set(texts(YOUNG)) - set(listed)


@pytest.mark.parametrize(
    ("style", "named"), [("list", {"unavailable_tweet_ids": texts(YOUNG[:2])}), ("bare", {})]
)
def test_nothing_left_is_a_bad_request(ask: Ask, style: Any, named: dict[str, object]) -> None:
    reply = answer(ask(YOUNG[:2]), World(1, Shares(deleted=1.0)), readings=Readings(protected=style))
    assert reply == Answer(400, {"errors": ["2 Tweet ID(s) are unavailable"]} | named)


@pytest.mark.parametrize(
    ("readings", "status", "is_listed"),
    [
        (Readings(protected="list"), 400, True),
        (Readings(protected="bare"), 400, False),
        (Readings(protected="partial"), 200, True),
    ],
)
def test_a_protected_tweet_is_answered_as_asked_for(
    ask: Ask, readings: Readings, status: int, is_listed: bool
) -> None:
    world = World(1, Shares(deleted=0.0, protected=0.2))
    n = int(world.are_protected(np.array(YOUNG, dtype=np.int64)).sum())
    reply = answer(ask(YOUNG), world, readings=readings)
    assert reply.status == status
    assert reply.body["errors"] == [f"{n} Tweet ID(s) are unavailable"]
    assert ("unavailable_tweet_ids" in reply.body) is is_listed
    assert ("g" in reply.body) is (status == 200)


@pytest.mark.parametrize(
    ("style", "row"), [("absent", {"favorites"}), ("zero", {"favorites", "impressions"})]
)
def test_impressions_of_an_old_tweet_are_unsupported(ask: Ask, style: Any, row: set[str]) -> None:
    document = ask([YOUNG[0], OF_100_DAYS, 20], ["impressions", "favorites"])
    reply = answer(document, readings=Readings(unsupported=style))
    old = texts([OF_100_DAYS, 20])
    assert reply.status == 200
    assert reply.body["unsupported_for_impressions_engagements_tweet_ids"] == old
    assert reply.body["errors"] == [
        f"Impressions & engagements for tweets older than 90 days ({old[0]}, {old[1]}) are not supported"
    ]
    assert group(reply)[old[0]].keys() == row
    assert group(reply)[old[0]].get("impressions", "0") == "0"
    assert group(reply)[str(YOUNG[0])].keys() == {"impressions", "favorites"}


def test_age_does_not_matter_when_no_metric_with_a_limit_is_asked(ask: Ask) -> None:
    assert answer(ask([20, OF_2000_DAYS], ["favorites"])).body.keys() == {"g"}


def test_video_views_of_an_old_tweet_are_zero_and_listed(ask: Ask) -> None:
    reply = answer(ask([OF_100_DAYS, OF_2000_DAYS, 20], ["video_views"]), asker=APP)
    assert reply.status == 200
    assert "errors" not in reply.body
    assert reply.body["unsupported_for_video_views_tweet_ids"] == texts([OF_2000_DAYS, 20])
    assert group(reply)[str(OF_2000_DAYS)] == {"video_views": "0"}


def test_both_kinds_of_errors_stand_side_by_side(ask: Ask) -> None:
    world = World(1, Shares(deleted=0.3))
    reply = answer(ask([*YOUNG, *range(20, 50)], ["engagements"]), world)
    errors = reply.body["errors"]
    assert isinstance(errors, list)
    assert [text.split()[1] for text in errors] == ["Tweet", "&"]


def test_unowned_tweets_are_refused_at_once(ask: Ask) -> None:
    world = World(1, Shares(deleted=0.1, owned=0.5))
    ids = np.array(YOUNG, dtype=np.int64)
    named = texts(ids[~world.are_owned(ids) & ~world.are_gone(ids, NOW_MS)])
    assert answer(ask(YOUNG), world) == Answer(
        403, {"errors": [f"Forbidden to access tweets: {','.join(named)}"]}
    )


def test_unowned_tweets_are_refused_in_one_string_an_author(ask: Ask) -> None:
    world = World(1, Shares(deleted=0.0, owned=0.5))
    ids = np.array(YOUNG, dtype=np.int64)
    reply = answer(ask(YOUNG), world, readings=Readings(forbidden_text="author"))
    assert reply.status == 403
    errors = reply.body["errors"]
    assert isinstance(errors, list)
    assert len(errors) > 1
    named: list[str] = []
    for text in errors:
        before, _, after = text.partition(": ")
        assert before.rpartition(" ")[0] == "Forbidden to access tweets for author id"
        named += after.split(", ")
    assert sorted(named) == sorted(texts(ids[~world.are_owned(ids)]))


@pytest.mark.parametrize("style", ["some", "bare"])
def test_unowned_tweets_are_not_all_named_in_other_readings(ask: Ask, style: Any) -> None:
    world = World(1, Shares(deleted=0.0, owned=0.5))
    ids = np.array(YOUNG, dtype=np.int64)
    forbidden = texts(ids[~world.are_owned(ids)])
    named = f": {','.join(forbidden[: (len(forbidden) + 1) // 2])}" if style == "some" else ""
    reply = answer(ask(YOUNG), world, readings=Readings(forbidden_text=style))
    assert reply == Answer(403, {"errors": [f"Forbidden to access tweets{named}"]})


def test_the_last_unowned_tweet_is_named_when_only_some_are(ask: Ask) -> None:
    reply = answer(ask(YOUNG[:1]), World(1, Shares(0, owned=0)), readings=Readings(forbidden_text="some"))
    assert reply.body["errors"] == [f"Forbidden to access tweets: {YOUNG[0]}"]


@pytest.mark.parametrize("account", ["ann", "bob"])
def test_tweets_of_another_account_are_refused(ask: Ask, account: str) -> None:
    world, names = World(1, ALL_THERE), ("ann", "bob")
    owners = world.owners(np.array(YOUNG, dtype=np.int64), names)
    mine = [one for one, owner in zip(YOUNG, owners, strict=True) if owner == account]
    others = [one for one in YOUNG if one not in mine]
    author = user_id_of("bob" if account == "ann" else "ann")
    asker, readings = Asker(account, names), Readings(forbidden_text="author")
    assert mine
    assert answer(ask(mine), world, asker).status == 200
    assert answer(ask(YOUNG), world, asker, readings).body["errors"] == [
        f"Forbidden to access tweets for author id {author}: {', '.join(texts(others))}"
    ]


@pytest.mark.parametrize("asker", [USER, APP])
def test_a_denied_metric_is_refused_to_everyone(ask: Ask, asker: Asker) -> None:
    readings = Readings(denied_metrics=("retweets", "replies"))
    reply = answer(ask(YOUNG, ["favorites", "retweets"]), asker=asker, readings=readings)
    assert reply == Answer(403, {"errors": ["Forbidden to access metrics: retweets"]})
    assert answer(ask(YOUNG, ["favorites"]), asker=asker, readings=readings).status == 200


def test_unowned_tweets_are_read_with_a_bearer_token(ask: Ask) -> None:
    reply = answer(ask(YOUNG), World(1, Shares(deleted=0.0, owned=0.0)), asker=APP)
    assert reply.status == 200


def test_private_metrics_are_refused_with_a_bearer_token(ask: Ask) -> None:
    reply = answer(ask(YOUNG, ["favorites", "impressions", "engagements"]), asker=APP)
    assert reply == Answer(403, {"errors": ["Forbidden to access metrics: impressions,engagements"]})


def test_untouched_tweets_are_zeros_or_missing(ask: Ask) -> None:
    world = World(1, Shares(deleted=0.0, untouched=0.5))
    ids = np.array(YOUNG, dtype=np.int64)
    untouched = set(texts(ids[world.are_untouched(ids)]))
    with_zeros = group(answer(ask(YOUNG), world))
    without = group(answer(ask(YOUNG), world, readings=Readings(untouched="missing")))
    assert with_zeros.keys() - without.keys() == untouched
    assert {count for key in untouched for count in with_zeros[key].values()} == {"0"}


def test_a_bad_request_is_told_why() -> None:
    reply = answer(None)
    assert reply == Answer(400, {"errors": ["The request body is not a JSON object"]})
