"""What an answer of the API can mean. Values only; `response.read_answer` makes them.

Answer
├── Counted           200: counts for some or all of the tweets asked
├── Gone              400, or a 200 without data, that tells which tweets are unavailable
├── Unowned           403 that names tweets which the token's user does not own
├── MetricsDenied     403 that names metrics which the token may not read
├── Refused           400, 403 and the like that name nobody, in the API's own words or in none
├── RateLimited       429
├── Unauthorized      401
├── WrongUrl          404
└── Trouble           everything that may pass: 5xx, unreadable bodies, proxies' pages, what the wire does
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from harvester.engagement.groupings import Nested

Counts = msgspec.Struct
"""The counts of one tweet: a field for each metric of the run, an int, or UNSET where the API gave none."""


@dataclass(slots=True)
class Points:
    """A sparse time series: at[i] is an hour or a day, counted from 1970 UTC, with counts[i] > 0. In any order."""

    at: "array[int]"
    counts: "array[int]"


@dataclass(slots=True)
class Detail:
    """What an answer has of a tweet beside its row.

    start, end: of the time counted, as the API says. series: by metric. groupings: the user's own that begin
    with the tweet, by name, without that first level.
    """

    start: str | None = None
    end: str | None = None
    series: dict[str, Points] = field(default_factory=dict)
    groupings: Nested = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of one request.

    rows: aligned with the request's tweet IDs, None for a tweet that the answer does not count.
    unsupported: by tweet ID, the metrics that the API cannot count for it; they are UNSET in its row.
    malformed: by tweet ID, what stood there instead of counts; such a tweet has no row.
    incomplete: tweets on totals whose row lacks a metric, although it is not unsupported.
    n_unexpected: tweets in the answer that were not asked; they are left out.
    details: aligned with rows, what there is of a tweet beside its row; empty where nothing was asked for.
    sums: by name, the user's groupings that are not of tweets, summed over the request's tweets.
    """

    rows: Sequence[Counts | None]
    unavailable: frozenset[str] = frozenset()
    unsupported: Mapping[str, frozenset[str]] = field(default_factory=dict)
    malformed: Mapping[str, str] = field(default_factory=dict)
    incomplete: frozenset[str] = frozenset()
    n_unexpected: int = 0
    details: Sequence[Detail | None] = ()
    sums: Nested = field(default_factory=dict)

    def missing_of(self, tweet_ids: Sequence[str]) -> list[str]:
        """Those of the request's tweets that are counted only in part, or neither counted nor listed."""
        if not self.incomplete and all(self.rows):
            return []
        return [
            tweet_id
            for tweet_id, row in zip(tweet_ids, self.rows, strict=True)
            if (row is None and not self.mentions(tweet_id)) or tweet_id in self.incomplete
        ]

    def mentions(self, tweet_id: str) -> bool:
        """Whether the answer lists the tweet elsewhere than among the counts, or counts it wrongly."""
        return tweet_id in self.unavailable or tweet_id in self.unsupported or tweet_id in self.malformed


@dataclass(frozen=True, slots=True)
class Gone:
    """The request was refused because these tweets are unavailable (protected, or all of them gone)."""

    tweet_ids: frozenset[str]
    message: str


@dataclass(frozen=True, slots=True)
class Unowned:
    """The request was refused because the token's user does not own these tweets."""

    tweet_ids: frozenset[str]
    message: str


@dataclass(frozen=True, slots=True)
class MetricsDenied:
    """The request was refused because the token may not read these metrics."""

    metrics: frozenset[str]
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The request was refused, and the answer does not tell because of which tweet."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class RateLimited:
    """More requests than the allowance grants."""

    message: str


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """The credentials are not accepted."""

    message: str


@dataclass(frozen=True, slots=True)
class WrongUrl:
    """There is no such endpoint at this address."""

    message: str


TroubleKind = Literal[
    "service", "unreadable", "too large", "not the API", "incomplete", "connection", "timeout"
]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that may be over when asked again.

    kind "connection", "timeout" and "too large" come from the transport, the others from reading the answer.
    fingerprint: the same for the same unreadable bytes, None where there were none to compare. body: how they
    begin, as they may be shown.
    """

    kind: TroubleKind
    message: str
    fingerprint: int | None = None
    body: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Expired:
    """The credentials were accepted no more, and others have been got in their place."""


Answer = Counted | Gone | Unowned | MetricsDenied | Refused | RateLimited | Unauthorized | WrongUrl | Trouble
Exchange = Answer | Expired
"""What came of sending a request."""
