"""What a simulator can be told, as values; light to import, so that the command line can name the choices."""

from dataclasses import dataclass, field
from typing import Literal

CountStyle = Literal["strings", "numbers", "mixed"]
UntouchedStyle = Literal["zero", "missing"]
UnsupportedStyle = Literal["absent", "zero"]
ForbiddenStyle = Literal["plain", "author"]
ProtectedStyle = Literal["list", "bare", "partial"]
WindowStyle = Literal["fixed", "sliding"]
RetryAfterStyle = Literal["none", "seconds", "date"]
LimitBodyStyle = Literal["json", "text", "empty"]


@dataclass(frozen=True, slots=True)
class Shares:
    """Which share of all tweet IDs is what, each from 0 to 1, and how much the counts have grown.

    growth: every count is that of growth 1 times this, rounded down; a larger one is never less anywhere.
    """

    deleted: float = 0.02
    protected: float = 0.0
    untouched: float = 0.3
    owned: float = 1.0
    growth: float = 1.0


@dataclass(frozen=True, slots=True)
class Readings:
    """How to answer where the contract leaves two readings.

    counts: leaves as strings, numbers, or both in one body.
    untouched: tweets that nobody touched have zeros, or are missing from the groupings.
    unsupported: impressions and engagements of old tweets are left out, or are zero.
    forbidden_text: the 403 names all unowned IDs at once, or in one string an author.
    protected: any protected tweet is a 400 that lists the IDs, a 400 that only counts them, or such
        tweets are treated as deleted ones are.
    """

    counts: CountStyle = "strings"
    untouched: UntouchedStyle = "zero"
    unsupported: UnsupportedStyle = "absent"
    forbidden_text: ForbiddenStyle = "plain"
    protected: ProtectedStyle = "list"


@dataclass(frozen=True, slots=True)
class Limits:
    """The allowance, 0 for none, and how the service tells of it."""

    per_minute: int = 0
    per_second: int = 0
    window: WindowStyle = "fixed"
    has_headers: bool = True
    retry_after: RetryAfterStyle = "none"
    body: LimitBodyStyle = "json"


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch of 503s, in seconds since the first request."""

    start_s: float
    length_s: float


@dataclass(frozen=True, slots=True)
class Options:
    """All of it.

    now_ms: the time by which tweets have their age; None for the clock's.
    faults: names and probabilities, in the order in which they are tried.
    revoke_after: so many answered requests later no credential is good any more; None for never.
    """

    seed: int = 0
    now_ms: int | None = None
    shares: Shares = field(default_factory=Shares)
    readings: Readings = field(default_factory=Readings)
    limits: Limits = field(default_factory=Limits)
    faults: tuple[tuple[str, float], ...] = ()
    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    gzip: bool = True
    revoke_after: int | None = None
    outages: tuple[Outage, ...] = ()
