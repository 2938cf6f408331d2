"""What the service says: first as an answer, then as bytes. A fault, if any, is named in the reply."""

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

import orjson

Fault = Literal[
    "http-500",
    "http-502",
    "http-503",
    "rate-limit",
    "html",
    "empty",
    "cut-json",
    "missing-ids",
    "extra-ids",
    "reset",
    "cut-body",
    "cut-gzip",
    "hang",
]
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)

JSON: Final = "application/json"
HTML: Final = "text/html"
FORM: Final = "application/x-www-form-urlencoded"

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
    fault: Fault | None = None


def refusal(status: int, *errors: str) -> Answer:
    """An answer of nothing but errors."""
    return Answer(status, {"errors": list(errors)})


def as_reply(answer: Answer) -> Reply:
    """The answer as JSON."""
    return Reply(answer.status, orjson.dumps(answer.body))
