"""What becomes of an answer when something goes wrong.

Some faults are another answer, some are the answer with a change, and some happen only on the wire: those are
named in the reply and carried out where it is sent.
"""

from dataclasses import replace
from math import ceil
from typing import Final

from harvester.simulator.catalogue import Fault
from harvester.simulator.false_data import Occasion, falsify
from harvester.simulator.fault_rules import OutageStyle
from harvester.simulator.reply import Reply, as_reply, page, refusal

RATE_TEXT: Final = "Too many requests: you have exceeded the rate limit of your application"

_BROKEN_DOWN: Final = {
    "http-500": as_reply(refusal(500, "internal server error")),
    "http-502": page(502, "502 Bad Gateway"),
    "http-503": as_reply(refusal(503, "service unavailable")),
}
_LIMITED: Final = {
    "rate-limit": Reply(429, b""),
    "rate-limit-json": as_reply(refusal(429, RATE_TEXT)),
    "rate-limit-html": page(429, "429 Too Many Requests"),
    "rate-limit-retry-after": Reply(429, b"", headers={"Retry-After": "1"}),
}


def spoil(reply: Reply, fault: Fault, occasion: Occasion) -> Reply:
    """What becomes of a reply. A fault of the data that finds no data leaves it as it is, and unnamed."""
    spoiled = _spoiled(reply, fault, occasion)
    return reply if spoiled is reply else replace(spoiled, fault=fault)


def outage_reply(style: OutageStyle) -> Reply:
    """What everybody gets while the service is down."""
    match style:
        case "500" | "502" | "503":
            return replace(_BROKEN_DOWN[f"http-{style}"], fault="outage")
        case "reset" | "refuse":
            return Reply(503, b"", fault="outage", delivery="reset")


def _spoiled(reply: Reply, fault: Fault, occasion: Occasion) -> Reply:
    match fault:
        case "http-500" | "http-502" | "http-503":
            return replace(_BROKEN_DOWN[fault], headers=reply.headers)
        case "rate-limit" | "rate-limit-json" | "rate-limit-html" | "rate-limit-retry-after":
            return _LIMITED[fault]
        case "rate-limit-headers":
            return Reply(429, b"", headers=reply.headers | _spent_allowance(occasion.now))
        case "html":
            return replace(page(200, "Sign in to the network"), headers=reply.headers)
        case "empty":
            return replace(reply, status=200, content=b"")
        case "cut-json":
            return replace(reply, content=reply.content[: len(reply.content) * 2 // 3])
        case "content-type":
            return replace(reply, content_type="text/plain")
        case "missing-ids" | "extra-ids" | "other-batch-ids" | "doubled-key" | "bad-counts":
            return falsify(reply, fault, occasion)
        case _:
            return replace(reply, delivery=fault)


def _spent_allowance(now: float) -> dict[str, str]:
    """The reset is in 1 to 2 seconds. A limit is told only where there is one: a client paces itself by it."""
    return {"x-per-minute-remaining": "0", "x-per-minute-reset": str(ceil(now) + 1)}
