"""Endpoints as they may be seen in the middle of a run."""

import math
from collections.abc import Sequence
from dataclasses import replace

from harvester.cli.seen import EndpointSeen, Seen
from harvester.pipeline.endpoint_run import Snapshot, Top
from harvester.status.pace import Pace
from harvester.transport.gate import Reason, RequestCounts, Wait

WALL_S = 1_795_546_351.0  # 2026-11-24 18:52:31 UTC
BEGUN = Snapshot(
    endpoint="totals",
    n_settled=2_500,
    n_total=10_000,
    fraction_read=1.0,
    n_planned=10_000,
    requests=RequestCounts(sent=12, answered=10, rate_limited=1, errors={"service": 2}),
    limit_per_minute=600.0,
    at_once=16,
    top=Top("favorites", tuple((1_234_567 - i, 2_110_000_000_000_000_000 + i) for i in range(5))),
    n_dead=3,
)


def waiting(
    reason: Reason, wait_s: float = math.inf, waited_s: float | None = None, gives_up_s: float | None = None
) -> Snapshot:
    """An endpoint that waits."""
    wait = Wait(reason, wait_s)
    return replace(BEGUN, wait=wait, wait_s=wait_s, waited_s=waited_s, gives_up_s=gives_up_s)


def pace_of(*seen: tuple[float, int]) -> Pace:
    """A pace, from tweets settled at some moments; ten of them a request."""
    pace = Pace()
    for now, n in seen:
        pace.see(now, n, n // 10)
    return pace


STEADY = ((0.0, 0), (5.0, 1_250), (10.0, 2_500))


def seen_of(*snapshots: Snapshot, left_s: float | None = 30.0, elapsed_s: float = 10.0) -> Seen:
    """These endpoints at one moment."""
    ones = [EndpointSeen(snapshot, pace_of(*STEADY), left_s) for snapshot in snapshots]
    return Seen(ones, elapsed_s, WALL_S, elapsed_s)


def three(*, wait: Sequence[Snapshot] = ()) -> Seen:
    """Three endpoints, the first ones of which may wait."""
    ones = [BEGUN] * 3
    ones[: len(wait)] = wait
    names = ("totals", "28hr", "historical")
    return seen_of(*(replace(one, endpoint=name) for one, name in zip(ones, names, strict=True)))
