"""What a simulator can be told, as values; light to import, so that the command line can name the choices."""

from dataclasses import dataclass, field
from typing import Literal

from harvester.simulator.fault_rules import Outage, Rule

CountStyle = Literal["strings", "numbers", "mixed"]
UntouchedStyle = Literal["zero", "missing", "quiet"]
UnsupportedStyle = Literal["absent", "zero"]
ForbiddenStyle = Literal["plain", "author", "some", "bare"]
ProtectedStyle = Literal["list", "bare", "partial"]
HourStyle = Literal["nested", "summed"]
ZeroStyle = Literal["yes", "no"]
WindowStyle = Literal["fixed", "sliding"]
RetryAfterStyle = Literal["none", "seconds", "date"]
LimitBodyStyle = Literal["json", "text", "empty"]
LimitedThing = Literal["endpoint", "app"]
LimitHeader = Literal[
    "x-per-minute-limit",
    "x-per-minute-remaining",
    "x-per-minute-reset",
    "x-per-second-limit",
    "x-per-second-remaining",
    "x-per-second-reset",
]


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
    """How to answer where the contract leaves two readings, and what the tokens may not read.

    counts: leaves as strings, numbers, or both in one body.
    untouched: tweets that nobody touched have zeros, or are missing from the groupings, or are missing
        together with all that have only zeros in what was asked, such as a range without an engagement.
    unsupported: on totals, impressions and engagements of old tweets are left out, or are zero.
    forbidden_text: the 403 names all IDs of others at once, or in one string an author, or only the first half
        of them, or none.
    protected: any protected tweet is a 400 that lists the IDs, a 400 that only counts them, or such
        tweets are treated as deleted ones are. Nothing left is a 400 that lists them, or only counts them.
    hour_without_day: engagement.hour without engagement.day is nested in days all the same, or has the 24
        hours of day, each summed over the range.
    zeros: time series hold leaves of zero, or leave them out, and with them what is empty then.
    denied_metrics: what no token may read.
    """

    counts: CountStyle = "strings"
    untouched: UntouchedStyle = "zero"
    unsupported: UnsupportedStyle = "absent"
    forbidden_text: ForbiddenStyle = "plain"
    protected: ProtectedStyle = "list"
    hour_without_day: HourStyle = "nested"
    zeros: ZeroStyle = "yes"
    denied_metrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """The allowance, 0 for none, whose it is, and how the service tells of it.

    per: each endpoint has an allowance of its own, or all share the app's.
    left_out: headers that are never sent.
    """

    per_minute: int = 0
    per_second: int = 0
    window: WindowStyle = "fixed"
    has_headers: bool = True
    retry_after: RetryAfterStyle = "none"
    body: LimitBodyStyle = "json"
    per: LimitedThing = "endpoint"
    left_out: tuple[LimitHeader, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """All of it.

    now_ms: the time by which tweets have their age and ranges end; None for the clock's.
    faults: what strikes when, in the order in which it is tried. faults_after: so many requests are answered
        before the first of them by chance.
    latency_ms, jitter_ms, tail_latency_ms: see `delay_s`.
    drip_every_ms: between two bytes of a body that drips.
    revoke_after: so many answered requests later no credential is good any more; None for never.
    expire_bearer_after: so many answered requests later the bearer token is another; None for never.
    pin: what the PIN flow shows; None for a random one each time.
    """

    seed: int = 0
    now_ms: int | None = None
    shares: Shares = field(default_factory=Shares)
    readings: Readings = field(default_factory=Readings)
    limits: Limits = field(default_factory=Limits)
    faults: tuple[Rule, ...] = ()
    faults_after: int = 0
    latency_ms: float = 0.0
    jitter_ms: float = 0.0
    tail_latency_ms: float = 0.0
    drip_every_ms: float = 200.0
    gzip: bool = True
    revoke_after: int | None = None
    expire_bearer_after: int | None = None
    outages: tuple[Outage, ...] = ()
    pin: str | None = None
