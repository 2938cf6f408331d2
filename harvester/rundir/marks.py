"""How far a run is, as values: what a journal keeps, and what one step adds to it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class InputMark:
    """How much of the rejected lines is in `rejected.ndjson`: lines, bytes, and the SHA-256 of those bytes."""

    rejected_lines: int = 0
    rejected_bytes: int = 0
    rejected_hash: bytes = b""


@dataclass(frozen=True, slots=True)
class EndpointMark:
    """How far an endpoint is.

    batches: all below this number are in. chain: the rolling hash of their IDs. records_bytes, records_digest: the
    length of its records and their SHA-256; a commit takes both from the file. state: totals, top lists and
    request counts, as JSON holds them.
    """

    batches: int = 0
    chain: bytes = bytes(16)
    records_bytes: int = 0
    records_digest: bytes = b""
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StreamMark:
    """How much of a stream, such as standard input, is kept: bytes, their SHA-256, whether that is all of it."""

    n_bytes: int = 0
    digest: bytes = b""
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class FileMark:
    """What a file holds: how many bytes, and their SHA-256."""

    n_bytes: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Dead:
    """A tweet that was given up. account: whose it is. letter: its dead letter, as JSON."""

    tweet_id: int
    account: str
    letter: bytes


@dataclass(frozen=True, slots=True)
class Ahead:
    """A settled batch that cannot be written yet, as bytes. chain: the hash of all IDs up to it."""

    number: int
    chain: bytes
    outcome: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """What one window of a batch has given, while others are still asked for. window: its first hour."""

    number: int
    window: int
    chain: bytes
    outcome: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One durable step of an endpoint: where its records are now, and which dead letters come and go.

    settled_again: tweets that had a dead letter and were asked again. ahead: batches that wait for others, read
    once, when they are written. parts: of batches that are not settled.
    """

    endpoint: str
    mark: EndpointMark
    settled_again: tuple[int, ...] = ()
    dead: tuple[Dead, ...] = ()
    ahead: Iterable[Ahead] = ()
    parts: tuple[Part, ...] = ()
