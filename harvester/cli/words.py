"""What a person reads of a run's progress, in words that fit. Pure.

A text that may be too long comes in variants, the longest first; the first one that fits is shown.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from harvester.pipeline.endpoint_run import Snapshot
from harvester.report.summary import TWEET_URL
from harvester.status.pace import Pace

WAITS: Final = {
    "rate limit": ("waiting for the allowance (rate limit)", "rate limit"),
    "pace": ("the next request goes as the allowance grants it", "next request"),
    "service": ("waiting for the service, which is in trouble", "service down"),
    "disk": ("waiting for the disk to take what is there", "disk"),
    "input": ("waiting for more of the input", "input"),
}
"""By reason: in words, and in a few of them."""
LEAST_FRACTION: Final = 1e-9


def duration(seconds: float) -> str:
    """`41 s`, `12 min`, `3 h 20 min`, `4 d 6 h`."""
    if seconds < 100:
        return f"{max(seconds, 0):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def clock(at_s: float) -> str:
    """`18:52:31 UTC`. at_s: seconds since 1970."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%H:%M:%S UTC")


def estimated_total(snapshot: Snapshot) -> int | None:
    """All IDs; while the input is being read, what it will come to if it goes on like this."""
    if snapshot.n_total is not None:
        return snapshot.n_total
    if snapshot.n_planned and (snapshot.fraction_read or 0) > LEAST_FRACTION:
        return max(round(snapshot.n_planned / (snapshot.fraction_read or 1)), snapshot.n_settled)
    return None


def share_done(snapshot: Snapshot) -> float | None:
    """From 0 to 1; None while nobody knows."""
    total = estimated_total(snapshot)
    return None if total is None else min(snapshot.n_settled / total, 1.0) if total else 1.0


def percent(share: float) -> str:
    """`42%`; never 100 before it is all."""
    return f"{math.floor(share * 100)}%"


def done_variants(snapshot: Snapshot) -> Sequence[str]:
    """How many IDs are settled, and of how many."""
    n, total, share = snapshot.n_settled, estimated_total(snapshot), share_done(snapshot)
    if total is None or share is None:
        return (f"{n:,} IDs, total unknown: the input is still read", f"{n:,} IDs of ?", f"{n:,}")
    if snapshot.n_total is None:
        return (
            f"{n:,} of about {total:,} IDs ({percent(share)}), the input is still read",
            f"{n:,} of about {total:,} IDs",
            f"{n:,} of ~{total:,}",
            f"~{percent(share)}",
        )
    return (f"{n:,} of {total:,} IDs ({percent(share)})", f"{n:,} of {total:,}", percent(share))


def wait_variants(snapshot: Snapshot, now_s: float) -> Sequence[str]:
    """What it waits for, until when and for how long; nothing where it does not. now_s: since 1970."""
    wait = snapshot.wait
    if wait is None:
        return ()
    long, short = WAITS[wait.reason]
    gives_up = "" if snapshot.gives_up_s is None else f"; gives up at {clock(now_s + snapshot.gives_up_s)}"
    if math.isfinite(snapshot.wait_s):
        left = duration(math.ceil(snapshot.wait_s))
        until = f"until {clock(now_s + snapshot.wait_s)}, {left} left"
        short_until = f"{short} until {clock(now_s + snapshot.wait_s)}, {left}"
        return (f"{long}, {until}{gives_up}", f"{long}, {until}", short_until, f"{short}, {left}")
    since = "" if snapshot.waited_s is None else f", {duration(snapshot.waited_s)} so far"
    probe = ", a probe is under way" if wait.reason == "service" else ""
    return (f"{long}{since}{probe}{gives_up}", f"{long}{since}", f"{short}{since}", short)


def rate_in_words(snapshot: Snapshot, pace: Pace) -> str:
    """Requests a minute, against the allowance where that is known."""
    per_minute = f"{pace.requests_per_minute:,.0f}"
    if snapshot.limit_per_minute:
        return f"{per_minute} of {snapshot.limit_per_minute:,.0f} requests/min"
    return f"{per_minute} requests/min"


def trouble_in_words(snapshot: Snapshot) -> list[str]:
    """Refusals, errors and dead letters, as far as there are any."""
    counts = (
        (snapshot.requests.rate_limited, "× 429"),
        (snapshot.n_errors, "error" if snapshot.n_errors == 1 else "errors"),
        (snapshot.n_dead, "dead letter" if snapshot.n_dead == 1 else "dead letters"),
    )
    return [f"{n:,} {what}" for n, what in counts if n]


def is_under_way(snapshot: Snapshot) -> bool:
    """Whether there is anything left to ask."""
    return not snapshot.is_done and snapshot.n_settled != snapshot.n_total


def figures_in_words(snapshot: Snapshot, pace: Pace) -> list[str]:
    """How fast it is and what it took so far, the most important first."""
    going = [rate_in_words(snapshot, pace)] if is_under_way(snapshot) else []
    pace_of_ids = [f"{pace.ids_per_s:,.0f} IDs/s"] if going else []
    at_once = [f"{snapshot.at_once:,} at once"] if going else []
    sent = f"{snapshot.requests.sent:,} requests"
    return [*going, *trouble_in_words(snapshot), *pace_of_ids, sent, *at_once]


def top_in_words(snapshot: Snapshot) -> str:
    """The best tweet by the first metric, "" before there is one."""
    if snapshot.top is None:
        return ""
    value, tweet_id = snapshot.top.tweets[0]
    return f"top {snapshot.top.metric}: {value:,} {TWEET_URL}{tweet_id}"
