"""What goes wrong, by name, and what becomes of an answer then.

Some faults are another answer, some are the answer with a change, and some happen only on the wire: those are
named in the reply and carried out where it is sent.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast

from harvester.simulator.draws import Draw
from harvester.simulator.reply import HTML, Fault, Reply

NEVER_ANSWERED: Final = frozenset({"reset", "hang"})

_LEFT_OUT_SHARE: Final = 0.1
_PROXY_PAGE: Final = b"<!DOCTYPE html><html><head><title>%s</title></head><body><h1>%s</h1></body></html>"


def draw_fault(faults: Sequence[tuple[Fault, float]], draw: Draw) -> Fault | None:
    """The first of the faults that happens to a request; each has its own chance."""
    return next((name for name, probability in faults if draw.uniform(name) < probability), None)


def spoil(reply: Reply, fault: Fault, asked_ids: Sequence[str], draw: Draw) -> Reply:
    """What becomes of a reply. A fault of the data that finds no data leaves it as it is, and unnamed."""
    match fault:
        case "http-500":
            return replace(reply, status=500, content=_errors("internal server error"), fault=fault)
        case "http-502":
            return _page(reply, 502, b"502 Bad Gateway", fault)
        case "http-503":
            return unavailable(reply, fault)
        case "rate-limit":
            return Reply(429, b"", fault=fault)
        case "html":
            return _page(reply, 200, b"Sign in to the network", fault)
        case "empty":
            return replace(reply, status=200, content=b"", fault=fault)
        case "cut-json":
            return replace(reply, content=reply.content[: len(reply.content) * 2 // 3], fault=fault)
        case "missing-ids" | "extra-ids":
            return _change_ids(reply, fault, asked_ids, draw)
        case "reset" | "hang" | "cut-body" | "cut-gzip":
            return replace(reply, fault=fault)


def unavailable(reply: Reply, fault: Fault | None = None) -> Reply:
    """The service is down."""
    return replace(reply, status=503, content=_errors("service unavailable"), fault=fault)


def _errors(text: str) -> bytes:
    return json.dumps({"errors": [text]}).encode()


def _page(reply: Reply, status: int, title: bytes, fault: Fault) -> Reply:
    return replace(reply, status=status, content=_PROXY_PAGE % (title, title), content_type=HTML, fault=fault)


def _change_ids(reply: Reply, fault: Fault, asked_ids: Sequence[str], draw: Draw) -> Reply:
    body = cast("dict[str, object]", json.loads(reply.content)) if reply.status == 200 else {}
    groups = [group for value in body.values() for group in _groups_by_id(value, set(asked_ids))]
    answered = sorted({key for group in groups for key in group})
    if not answered:
        return reply
    if fault == "missing-ids":
        chosen = _left_out(answered, draw)
        for group in groups:
            for key in chosen & group.keys():
                del group[key]
    else:
        stranger = _stranger(asked_ids)
        for group in groups:
            group[stranger] = next(iter(group.values()))
    return replace(reply, content=json.dumps(body, separators=(",", ":")).encode(), fault=fault)


def _groups_by_id(value: object, asked_ids: set[str]) -> list[dict[str, object]]:
    """All objects in a grouping whose keys are tweet IDs."""
    if not isinstance(value, dict):
        return []
    if value.keys() & asked_ids:
        return [value]
    return [group for inner in value.values() for group in _groups_by_id(inner, asked_ids)]


def _left_out(answered: Sequence[str], draw: Draw) -> set[str]:
    """About a tenth of the IDs, and at least one."""
    chosen = {text for text in answered if draw.uniform(f"missing/{text}") < _LEFT_OUT_SHARE}
    return chosen or {answered[int(draw.uniform("missing") * len(answered))]}


def _stranger(asked_ids: Sequence[str]) -> str:
    """An ID that looks like the asked ones and is none of them."""
    known = {int(text) for text in asked_ids}
    stranger = max(known) - 1
    while stranger in known or stranger < 1:
        stranger = stranger - 1 if stranger > 1 else max(known) + 1
    return str(stranger)
