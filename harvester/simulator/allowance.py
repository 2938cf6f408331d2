"""The allowance of requests: who may go, and what the headers say of it. Time is passed in, as epoch seconds.

A refused request takes nothing of the allowance. Source: contract, section 5.
"""

from collections import deque
from dataclasses import dataclass
from email.utils import formatdate
from math import ceil, floor
from typing import Protocol

from harvester.engagement.metrics import EndpointName
from harvester.simulator.options import Limits, RetryAfterStyle


class Window(Protocol):
    """So many requests in so many seconds."""

    limit: int

    def remaining(self, now: float) -> int:
        """How many requests may still go."""

    def take(self, now: float) -> None:
        """One request goes."""

    def reset_at(self, now: float) -> int:
        """The first full epoch second at which more may go than now."""


class FixedWindow:
    """A full allowance at every edge: at every full minute, for a window of 60 seconds."""

    def __init__(self, limit: int, length_s: int) -> None:
        self.limit = limit
        self._length_s = length_s
        self._edge = 0
        self._taken = 0

    def remaining(self, now: float) -> int:
        """How many requests may still go before the next edge."""
        self._turn(now)
        return self.limit - self._taken

    def take(self, now: float) -> None:
        """One request goes."""
        self._turn(now)
        self._taken += 1

    def reset_at(self, now: float) -> int:
        """The next edge."""
        self._turn(now)
        return self._edge + self._length_s

    def _turn(self, now: float) -> None:
        edge = floor(now / self._length_s) * self._length_s
        if edge != self._edge:
            self._edge, self._taken = edge, 0


class SlidingWindow:
    """At most the limit in any stretch of that length, wherever it begins."""

    def __init__(self, limit: int, length_s: int) -> None:
        self.limit = limit
        self._length_s = length_s
        self._taken_at: deque[float] = deque()

    def remaining(self, now: float) -> int:
        """How many requests may still go."""
        while self._taken_at and self._taken_at[0] <= now - self._length_s:
            self._taken_at.popleft()
        return self.limit - len(self._taken_at)

    def take(self, now: float) -> None:
        """One request goes."""
        self._taken_at.append(now)

    def reset_at(self, now: float) -> int:
        """When the oldest request that still counts no longer does."""
        return ceil((self._taken_at[0] if self._taken_at else now) + self._length_s)


@dataclass(frozen=True, slots=True)
class Grant:
    """Whether a request may go, and the headers that its answer carries."""

    is_granted: bool
    headers: dict[str, str]


class Allowance:
    """All windows together: a request goes where each has room, and then takes from each."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        kind = FixedWindow if limits.window == "fixed" else SlidingWindow
        per = (("minute", limits.per_minute, 60), ("second", limits.per_second, 1))
        self._windows: dict[str, Window] = {
            unit: kind(limit, length_s) for unit, limit, length_s in per if limit
        }

    def ask(self, now: float) -> Grant:
        """Take one request from the allowance, if there is one left."""
        full = [window for window in self._windows.values() if window.remaining(now) <= 0]
        if not full:
            for window in self._windows.values():
                window.take(now)
            return Grant(is_granted=True, headers=self._headers(now))
        wait_until = max(window.reset_at(now) for window in full)
        return Grant(is_granted=False, headers=self._headers(now) | self._retry_after(now, wait_until))

    def _headers(self, now: float) -> dict[str, str]:
        headers: dict[str, str] = {}
        if self._limits.has_headers:
            for unit, window in self._windows.items():
                headers[f"x-per-{unit}-limit"] = str(window.limit)
                headers[f"x-per-{unit}-remaining"] = str(window.remaining(now))
                headers[f"x-per-{unit}-reset"] = str(window.reset_at(now))
        return {name: value for name, value in headers.items() if name not in self._limits.left_out}

    def _retry_after(self, now: float, wait_until: int) -> dict[str, str]:
        style: RetryAfterStyle = self._limits.retry_after
        match style:
            case "none":
                return {}
            case "seconds":
                return {"Retry-After": str(max(1, ceil(wait_until - now)))}
            case "date":
                return {"Retry-After": formatdate(wait_until, usegmt=True)}


class Allowances:
    """An allowance for each endpoint, or one that all of them share."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._by_place: dict[str, Allowance] = {}

    def of(self, endpoint: EndpointName) -> Allowance:
        """The allowance that a request to the endpoint takes from."""
        place = endpoint if self._limits.per == "endpoint" else "app"
        return self._by_place.setdefault(place, Allowance(self._limits))
