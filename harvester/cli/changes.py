"""What has changed in a run since it was looked at last: it waits, goes on, fails much, ends. Pure.

Looked at a few times a second. Waits that are over within a moment are not told, nor each request at a slow pace.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from harvester.pipeline.endpoint_run import Snapshot
from harvester.status.pace import Pace

WORTH_TELLING_S: Final = 2.0
"""A wait of so long."""
TROUBLE_OVER_S: Final = 30.0
LEAST_ERRORS: Final = 5
DEGRADED_SHARE: Final = 0.1
"""Of the requests of the last half minute."""

Kind = Literal["wait", "go_on", "degraded", "recovered", "endpoint_end"]


@dataclass(frozen=True, slots=True)
class Change:
    """A change. reason: what is, or was waited for. waited_s: how long, when that is over."""

    kind: Kind
    reason: str = ""
    waited_s: float = 0.0


class Watched:
    """What is told of an endpoint so far."""

    def __init__(self) -> None:
        self._reason = ""
        self._begun_at = 0.0
        self._told: str | None = None
        self._told_at = 0.0
        self._is_degraded = False
        self._quiet_until = 0.0
        self._has_ended = False

    def see(self, snapshot: Snapshot, pace: Pace, now: float) -> Iterator[Change]:
        """What has changed. now: monotonic seconds."""
        if self._has_ended:
            return
        yield from self._see_wait(snapshot, now)
        yield from self._see_trouble(snapshot, pace, now)
        if snapshot.is_done:
            self._has_ended = True
            yield Change("endpoint_end")

    def _see_wait(self, snapshot: Snapshot, now: float) -> Iterator[Change]:
        reason = snapshot.wait.reason if snapshot.wait and snapshot.wait.reason != "pace" else ""
        if reason != self._reason:
            self._reason, self._begun_at = reason, now
        is_long = now - self._begun_at >= WORTH_TELLING_S
        will_be_long = math.isfinite(snapshot.wait_s) and snapshot.wait_s >= WORTH_TELLING_S
        if self._told and reason != self._told and (is_long or not reason):
            yield Change("go_on", self._told, now - self._told_at)
            self._told = None
        if reason and not self._told and (is_long or will_be_long):
            self._told, self._told_at = reason, now
            yield Change("wait", reason)

    def _see_trouble(self, snapshot: Snapshot, pace: Pace, now: float) -> Iterator[Change]:
        """Many failures, but for those of an outage, which is told as a wait."""
        if snapshot.wait and snapshot.wait.reason == "service":
            self._quiet_until = now + TROUBLE_OVER_S
        if now < self._quiet_until and not self._is_degraded:
            return
        n_sent, n_errors = pace.recent(TROUBLE_OVER_S)
        if not self._is_degraded and n_errors >= max(LEAST_ERRORS, DEGRADED_SHARE * n_sent):
            self._is_degraded = True
            yield Change("degraded")
        elif self._is_degraded and n_sent and n_errors < DEGRADED_SHARE * n_sent / 2:
            self._is_degraded = False
            yield Change("recovered")
