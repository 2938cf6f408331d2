"""Well-formed answers that are wrong."""

import json
from typing import Any

import pytest

from harvester.simulator.draws import Draws
from harvester.simulator.false_data import DataFault, Occasion, falsify
from harvester.simulator.reply import Reply

IDS = [str(one) for one in range(1000, 1100)]
BODY: dict[str, Any] = {
    "by_id": {text: {"favorites": "1"} for text in IDS},
    "by_type": {"favorites": dict.fromkeys(IDS, 1)},
    "sums": {"favorites": "100"},
    "unavailable_tweet_ids": ["7"],
}
REPLY = Reply(200, json.dumps(BODY).encode())
EARLIER = ["1001", "998", "999"]


def falsified(fault: DataFault, seed: int = 0, reply: Reply = REPLY, earlier: list[str] = EARLIER) -> Reply:
    return falsify(reply, fault, Occasion(IDS, earlier, Draws(seed).next(b"request"), 0.0))


def body_of(fault: DataFault, seed: int = 0) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(falsified(fault, seed).content)
    return body


@pytest.mark.parametrize("seed", range(5))
def test_missing_ids_are_about_a_tenth_and_missing_everywhere(seed: int) -> None:
    body = body_of("missing-ids", seed)
    left = body["by_id"].keys()
    assert left == body["by_type"]["favorites"].keys()
    assert 75 <= len(left) <= 99
    assert left < set(IDS)
    assert body["sums"] == BODY["sums"]


def test_extra_ids_were_not_asked() -> None:
    body = body_of("extra-ids")
    (extra,) = body["by_id"].keys() - set(IDS)
    assert extra in body["by_type"]["favorites"]
    assert set(IDS) <= body["by_id"].keys()


def test_ids_of_another_batch_are_those_of_the_request_before() -> None:
    assert body_of("other-batch-ids")["by_id"].keys() - set(IDS) == {"998"}


def test_ids_of_another_batch_do_not_come_when_there_was_none() -> None:
    assert falsified("other-batch-ids", earlier=IDS[:5]) is REPLY


@pytest.mark.parametrize("seed", range(5))
def test_a_doubled_key_has_other_counts_the_second_time(seed: int) -> None:
    objects: list[list[tuple[str, Any]]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        objects.append(pairs)
        return dict(pairs)

    json.loads(falsified("doubled-key", seed).content, object_pairs_hook=keep)
    of_tweets = [object_ for object_ in objects if len(object_) == len(IDS) + 1]
    assert len(of_tweets) == 2
    for object_ in of_tweets:
        last, counts = object_[-1]
        assert [key for key, _ in object_].count(last) == 2
        assert counts in ({"favorites": "2"}, 2)


def test_bad_counts_are_one_of_each_kind_and_of_one_tweet_only() -> None:
    seen = set()
    for seed in range(60):
        body = body_of("bad-counts", seed)
        (bad,) = [row["favorites"] for row in body["by_id"].values() if row["favorites"] != "1"]
        assert body["by_type"] == BODY["by_type"]
        seen.add(repr(bad))
    assert {"-3", "'-3'", "2.5", "'2.5'", "'many'", "None", str(10**30)} <= seen


@pytest.mark.parametrize(
    "fault", ["missing-ids", "extra-ids", "other-batch-ids", "doubled-key", "bad-counts"]
)
@pytest.mark.parametrize("reply", [Reply(400, b'{"errors":["x"]}'), Reply(200, b'{"g":{"favorites":"1"}}')])
def test_a_fault_of_the_data_does_not_happen_where_no_ids_are(fault: DataFault, reply: Reply) -> None:
    assert falsified(fault, reply=reply) is reply
