"""What goes wrong, without a socket."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.simulator.draws import Draws
from harvester.simulator.faults import draw_fault, spoil
from harvester.simulator.reply import FAULTS, Fault, Reply

IDS = [str(one) for one in range(1000, 1100)]
BODY: dict[str, Any] = {
    "by_id": {text: {"favorites": "1"} for text in IDS},
    "by_type": {"favorites": dict.fromkeys(IDS, "1")},
    "sums": {"favorites": "100"},
    "unavailable_tweet_ids": ["7"],
}
REPLY = Reply(200, json.dumps(BODY).encode(), headers={"x-per-minute-limit": "5"})


def spoiled(fault: Fault, reply: Reply = REPLY, seed: int = 0) -> Reply:
    return spoil(reply, fault, IDS, Draws(seed).next(b"request"))


OTHER_ANSWERS: dict[Fault, tuple[int, str]] = {
    "http-500": (500, "application/json"),
    "http-502": (502, "text/html"),
    "http-503": (503, "application/json"),
    "rate-limit": (429, "application/json"),
    "html": (200, "text/html"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_in_the_reply_and_has_its_status(fault: Fault) -> None:
    reply = spoiled(fault)
    assert reply.fault == fault
    assert (reply.status, reply.content_type) == OTHER_ANSWERS.get(fault, (200, "application/json"))


def test_a_rate_limit_out_of_nowhere_says_nothing() -> None:
    assert (spoiled("rate-limit").content, spoiled("rate-limit").headers) == (b"", {})


def test_cut_json_does_not_parse() -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(spoiled("cut-json").content)


@pytest.mark.parametrize("seed", range(5))
def test_missing_ids_are_about_a_tenth_and_missing_everywhere(seed: int) -> None:
    body = json.loads(spoiled("missing-ids", seed=seed).content)
    left = body["by_id"].keys()
    assert left == body["by_type"]["favorites"].keys()
    assert 75 <= len(left) <= 99
    assert left < set(IDS)
    assert body["sums"] == BODY["sums"]


def test_extra_ids_were_not_asked() -> None:
    body = json.loads(spoiled("extra-ids").content)
    (extra,) = body["by_id"].keys() - set(IDS)
    assert extra in body["by_type"]["favorites"]
    assert set(IDS) <= body["by_id"].keys()


@pytest.mark.parametrize("fault", ["missing-ids", "extra-ids"])
@pytest.mark.parametrize("reply", [Reply(400, b'{"errors":["x"]}'), Reply(200, b'{"g":{"favorites":"1"}}')])
def test_a_fault_of_the_data_does_not_happen_where_no_ids_are(fault: Fault, reply: Reply) -> None:
    assert spoiled(fault, reply) is reply


@given(st.binary(), st.integers(-5, 5))
def test_chance_repeats_itself_and_a_repeated_request_draws_anew(request: bytes, seed: int) -> None:
    first, second = Draws(seed), Draws(seed)
    drawn = [first.next(request).uniform("x") for _ in range(3)]
    assert [second.next(request).uniform("x") for _ in range(3)] == drawn
    assert len(set(drawn)) == 3
    assert all(0 <= number < 1 for number in drawn)


def test_chance_does_not_depend_on_what_others_ask() -> None:
    alone, busy = Draws(1), Draws(1)
    for other in range(10):
        busy.next(str(other).encode())
    assert alone.next(b"mine").uniform("x") == busy.next(b"mine").uniform("x")


def test_faults_happen_as_often_as_asked_for() -> None:
    draws = Draws(1)
    drawn = [draw_fault((("html", 0.05), ("hang", 0.1)), draws.next(b"request")) for _ in range(4000)]
    assert drawn.count("html") / 4000 == pytest.approx(0.05, abs=0.015)
    assert drawn.count("hang") / 4000 == pytest.approx(0.095, abs=0.02)
