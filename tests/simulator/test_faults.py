"""What goes wrong with an answer, without a socket."""

import json
from typing import Any, get_args

import pytest

from harvester.simulator.catalogue import FAULTS, KINDS, Fault
from harvester.simulator.draws import Draws
from harvester.simulator.false_data import Occasion
from harvester.simulator.fault_rules import OutageStyle
from harvester.simulator.faults import outage_reply, spoil
from harvester.simulator.reply import Delivery, Reply

NOW = 1_795_000_020.5
IDS = [str(one) for one in range(1000, 1100)]
BODY: dict[str, Any] = {"by_id": {text: {"favorites": "1"} for text in IDS}}
REPLY = Reply(
    200, json.dumps(BODY).encode(), headers={"x-per-minute-limit": "5", "x-per-minute-remaining": "3"}
)


def spoiled(fault: Fault, reply: Reply = REPLY) -> Reply:
    return spoil(reply, fault, Occasion(IDS, ["7"], Draws(0).next(b"request"), NOW))


OTHER_ANSWERS: dict[Fault, tuple[int, str]] = {
    "http-500": (500, "application/json"),
    "http-502": (502, "text/html"),
    "http-503": (503, "application/json"),
    "rate-limit": (429, "application/json"),
    "rate-limit-json": (429, "application/json"),
    "rate-limit-html": (429, "text/html"),
    "rate-limit-retry-after": (429, "application/json"),
    "rate-limit-headers": (429, "application/json"),
    "html": (200, "text/html"),
    "content-type": (200, "text/plain"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_in_the_reply_and_has_its_status(fault: Fault) -> None:
    reply = spoiled(fault)
    assert reply.fault == fault
    assert (reply.status, reply.content_type) == OTHER_ANSWERS.get(fault, (200, "application/json"))


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_changes_the_answer_or_its_delivery(fault: Fault) -> None:
    reply = spoiled(fault)
    assert (reply.status, reply.content, reply.content_type, reply.delivery) != (
        REPLY.status,
        REPLY.content,
        REPLY.content_type,
        REPLY.delivery,
    )


def test_each_fault_is_described_in_the_order_of_their_names() -> None:
    """Help prints them by heading, and a heading that came twice would be printed twice."""
    assert set(KINDS) == set(FAULTS)
    headings = [kind.group for kind in KINDS.values()]
    assert len(set(headings)) == sum(one != two for one, two in zip(headings, ["", *headings], strict=False))


@pytest.mark.parametrize("delivery", [one for one in get_args(Delivery) if one != "whole"])
def test_each_delivery_is_a_fault_that_leaves_the_answer_to_the_wire(delivery: Any) -> None:
    reply = spoiled(delivery)
    assert (reply.delivery, reply.content) == (delivery, REPLY.content)
    assert reply.told_status == (None if delivery in {"reset", "hang"} else 200)


@pytest.mark.parametrize(
    ("fault", "headers"),
    [
        ("rate-limit", {}),
        ("rate-limit-json", {}),
        ("rate-limit-html", {}),
        ("rate-limit-retry-after", {"Retry-After": "1"}),
        (
            "rate-limit-headers",
            {
                "x-per-minute-limit": "5",
                "x-per-minute-remaining": "0",
                "x-per-minute-reset": str(int(NOW) + 2),
            },
        ),
    ],
)
def test_a_429_out_of_nowhere_has_only_the_headers_of_its_name(fault: Fault, headers: dict[str, str]) -> None:
    assert spoiled(fault).headers == headers


def test_cut_json_does_not_parse() -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(spoiled("cut-json").content)


@pytest.mark.parametrize(
    ("fault", "is_true"),
    [
        ("content-type", True),
        ("close", True),
        ("extra-ids", True),
        ("other-batch-ids", True),
        ("plain-gzip", False),
        ("doubled-key", False),
        ("http-503", False),
    ],
)
def test_some_answers_are_true_in_spite_of_their_fault(fault: Fault, is_true: bool) -> None:
    assert spoiled(fault).is_true is is_true


OUTAGES: dict[OutageStyle, tuple[int | None, str]] = {
    "500": (500, "application/json"),
    "502": (502, "text/html"),
    "503": (503, "application/json"),
    "reset": (None, "application/json"),
    "refuse": (None, "application/json"),
}


@pytest.mark.parametrize("style", get_args(OutageStyle))
def test_an_outage_has_the_status_of_its_style_and_is_named(style: OutageStyle) -> None:
    reply = outage_reply(style)
    assert (reply.told_status, reply.content_type) == OUTAGES[style]
    assert (reply.fault, reply.is_true) == ("outage", False)
