"""What the service says: first as an answer, then as bytes. A fault, if any, is named in the reply."""

from dataclasses import dataclass, field
from typing import Final, Literal

import orjson

from harvester.simulator.catalogue import Fault, Trouble, is_true

Delivery = Literal[
    "whole",
    "close",
    "plain-gzip",
    "cut-gzip",
    "cut-body",
    "cut-close",
    "reset-body",
    "reset",
    "hang",
    "drip",
    "huge",
]
"""What happens to a reply on the wire."""
UNANSWERED: Final[frozenset[Delivery]] = frozenset({"reset", "hang"})

JSON: Final = "application/json"
HTML: Final = "text/html"
FORM: Final = "application/x-www-form-urlencoded"

_PAGE: Final = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"

Body = dict[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service says, before it becomes bytes."""

    status: int
    body: Body


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as bytes. fault: what has gone wrong with it, or will on the wire."""

    status: int
    content: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    fault: Fault | Trouble | None = None
    delivery: Delivery = "whole"

    @property
    def is_true(self) -> bool:
        """Whether the client is told what the contract says, and can read it."""
        return is_true(self.fault)

    @property
    def told_status(self) -> int | None:
        """The status that the client sees, None where it sees none."""
        return None if self.delivery in UNANSWERED else self.status


def refusal(status: int, *errors: str) -> Answer:
    """An answer of nothing but errors."""
    return Answer(status, {"errors": list(errors)})


def as_reply(answer: Answer) -> Reply:
    """The answer as JSON."""
    return Reply(answer.status, orjson.dumps(answer.body))


def page(status: int, title: str) -> Reply:
    """What a proxy says: HTML."""
    return Reply(status, _PAGE.format(title=title).encode(), HTML)
