"""The endpoints of a run as they are at one moment, each with its pace; what they come to together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harvester.cli.words import estimated_total, is_under_way
from harvester.pipeline.endpoint_run import Snapshot
from harvester.status.pace import Pace, TimeLeft


@dataclass(frozen=True, slots=True)
class EndpointSeen:
    """An endpoint. left_s: seconds to its end, None where nobody knows."""

    snapshot: Snapshot
    pace: Pace
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """All endpoints. now: monotonic seconds; wall_s: since 1970; elapsed_s: since this process looks at them."""

    endpoints: Sequence[EndpointSeen]
    now: float
    wall_s: float
    elapsed_s: float = 0.0

    @property
    def drain_s(self) -> float | None:
        """How long what is in flight may still take, when the run was told to stop."""
        times = [one.snapshot.drain_s for one in self.endpoints if one.snapshot.drain_s is not None]
        return max(times) if times else None

    @property
    def left_s(self) -> float | None:
        """Seconds to the end of all of them; None where nobody knows."""
        going = [one for one in self.endpoints if is_under_way(one.snapshot)]
        times = [one.left_s for one in going if one.left_s is not None]
        return max(times) if going and len(times) == len(going) else None


@dataclass(slots=True)
class _Followed:
    pace: Pace = field(default_factory=Pace)
    left: TimeLeft = field(default_factory=TimeLeft)


class Follower:
    """Makes what is shown from snapshots. began: monotonic seconds."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._followed: dict[str, _Followed] = {}

    def see(self, snapshots: Sequence[Snapshot], now: float, wall_s: float) -> Seen:
        """The endpoints as they are now."""
        return Seen([self._see(snapshot, now) for snapshot in snapshots], now, wall_s, now - self._began)

    def _see(self, snapshot: Snapshot, now: float) -> EndpointSeen:
        followed = self._followed.setdefault(snapshot.endpoint, _Followed())
        pace = followed.pace
        pace.see(now, snapshot.n_settled, snapshot.requests.sent, snapshot.n_errors)
        left_s = followed.left.see(now, _left_s(snapshot, pace), _wait_s(snapshot))
        return EndpointSeen(snapshot, pace, left_s)


def _left_s(snapshot: Snapshot, pace: Pace) -> float | None:
    """Seconds to the end but for a wait; while nobody knows how long that takes, nobody knows the rest."""
    total = estimated_total(snapshot)
    knows_wait = snapshot.wait is None or math.isfinite(snapshot.wait_s)
    if total is None or not knows_wait or snapshot.drain_s is not None or not is_under_way(snapshot):
        return None
    return pace.left_s(max(total - snapshot.n_settled, 0), snapshot.limit_per_minute)


def _wait_s(snapshot: Snapshot) -> float:
    """A wait that comes on top of the pace."""
    return snapshot.wait_s if snapshot.wait and snapshot.wait.reason != "pace" else 0.0


class Display(Protocol):
    """Shows what is seen; every_s is how often it wants that."""

    every_s: float

    def show(self, seen: Seen) -> None:
        """Show how far the endpoints are."""

    def close(self, seen: Seen | None) -> None:
        """Show the end, and leave the screen in order. seen: None where nothing was begun."""
