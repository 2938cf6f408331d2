"""Every fault by its name, and what it is; light to import, so that the command line can tell of them."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Fault = Literal[
    "http-500",
    "http-502",
    "http-503",
    "rate-limit",
    "rate-limit-json",
    "rate-limit-html",
    "rate-limit-retry-after",
    "rate-limit-headers",
    "html",
    "empty",
    "cut-json",
    "cut-gzip",
    "cut-body",
    "cut-close",
    "reset",
    "reset-body",
    "hang",
    "drip",
    "huge",
    "content-type",
    "plain-gzip",
    "close",
    "missing-ids",
    "extra-ids",
    "other-batch-ids",
    "doubled-key",
    "bad-counts",
]
Trouble = Literal["outage", "revoked", "expired-bearer"]
"""What goes wrong by a flag of its own."""

FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault in words.

    group: the heading it stands under. is_true: the answer is complete and true all the same. is_passing: a
    client gets over it within seconds, and to the same result; a 429 teaches it to be slower for long.
    """

    group: str
    told: str
    is_true: bool = False
    is_passing: bool = True


KINDS: Final[dict[Fault, Kind]] = {
    "http-500": Kind("Trouble of the server", "a 500 with errors in JSON"),
    "http-502": Kind("Trouble of the server", "a 502 with a page of HTML"),
    "http-503": Kind("Trouble of the server", "a 503 with errors in JSON"),
    "rate-limit": Kind("A 429 out of nowhere", "no body, no header", is_passing=False),
    "rate-limit-json": Kind("A 429 out of nowhere", "errors in JSON, no header", is_passing=False),
    "rate-limit-html": Kind("A 429 out of nowhere", "a page of HTML, no header", is_passing=False),
    "rate-limit-retry-after": Kind("A 429 out of nowhere", "Retry-After: 1", is_passing=False),
    "rate-limit-headers": Kind(
        "A 429 out of nowhere", "x-per-minute-remaining: 0, a reset in 1 or 2 s", is_passing=False
    ),
    "html": Kind("Something else than an answer", "a 200 with a page of HTML"),
    "empty": Kind("Something else than an answer", "a 200 without a body"),
    "huge": Kind("Something else than an answer", "80 MiB of spaces, 80 kB in gzip"),
    "cut-json": Kind("An answer that is cut", "at two thirds, inside correct framing"),
    "cut-gzip": Kind("An answer that is cut", "the compressed half, inside correct framing"),
    "cut-body": Kind("An answer that is cut", "short of its Content-Length"),
    "cut-close": Kind("An answer that is cut", "no Content-Length, the end of the connection is its end"),
    "reset-body": Kind("An answer that is cut", "the connection reset in the middle of the body"),
    "reset": Kind("No answer", "the connection reset before the headers"),
    "hang": Kind("No answer", "nothing, until the client hangs up", is_passing=False),
    "drip": Kind("No answer", "the headers, then a space every --drip-every", is_passing=False),
    "content-type": Kind("An answer in wrong clothes", "the JSON as text/plain", is_true=True),
    "plain-gzip": Kind("An answer in wrong clothes", "called gzip, and plain"),
    "close": Kind("An answer in wrong clothes", "the connection closed after it", is_true=True),
    "missing-ids": Kind("Wrong data", "a tenth of the tweets left out", is_passing=False),
    "extra-ids": Kind("Wrong data", "a tweet that nobody asked for", is_true=True),
    "other-batch-ids": Kind("Wrong data", "a tweet of the request before, miscounted", is_true=True),
    "doubled-key": Kind("Wrong data", "a tweet twice in an object, with other counts", is_passing=False),
    "bad-counts": Kind(
        "Wrong data", "a tweet with a count that is negative, a fraction, huge or no number", is_passing=False
    ),
}


def is_true(fault: Fault | Trouble | None) -> bool:
    """Whether an answer with this fault still tells all that was asked, and nothing wrong of it."""
    return fault is None or (fault in KINDS and KINDS[fault].is_true)
