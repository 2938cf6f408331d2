"""Small services that count requests in different ways, and a harvest from them on virtual time.

Tests and the benchmark of pacing (`scripts/benchmark/pacing.py`) use them. Times of a service are seconds since
1970, those of a harvest are monotonic. A refused request takes nothing of the allowance.
"""

import asyncio
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from math import ceil, floor
from random import Random
from typing import Any, Literal, Protocol

from harvester.engagement.answer import Answer, Counted, RateLimited
from harvester.transport.app_limit import AppLimit
from harvester.transport.gate import Gate
from harvester.transport.pace import LastSpend, Pace

BEGAN = 1_795_000_037.3  # wall clock at the loop's 0; the next full minute is 42.7 s away
WARM_UP_S = 120.0
COUNTED = Counted(())
Kind = Literal["fixed", "sliding", "bucket"]
Lumps = Literal["smooth", "bursts", "gulps"]


class Counter(Protocol):
    """An allowance of so many requests in so many seconds."""

    limit: int
    length_s: float

    def n_left(self, now: float) -> int:
        """How many requests may go now."""

    def take(self, now: float) -> None:
        """One request goes."""

    def resets_at(self, now: float) -> float:
        """What the reset header tells."""

    def frees_at(self, now: float) -> float:
        """When more may go than now, which is what `Retry-After` tells."""


class FixedWindow:
    """Counts anew at each edge."""

    def __init__(self, limit: int, length_s: float) -> None:
        self.limit, self.length_s = limit, length_s
        self._edge = 0.0
        self._n_taken = 0

    def n_left(self, now: float) -> int:
        edge = floor(now / self.length_s) * self.length_s
        if edge != self._edge:
            self._edge, self._n_taken = edge, 0
        return self.limit - self._n_taken

    def take(self, now: float) -> None:
        self._n_taken += 1

    def resets_at(self, now: float) -> float:
        return self._edge + self.length_s

    frees_at = resets_at


class SlidingWindow:
    """Grants the limit in any stretch; more may go when the oldest request that counts no longer does."""

    def __init__(self, limit: int, length_s: float) -> None:
        self.limit, self.length_s = limit, length_s
        self._taken: deque[float] = deque()

    def n_left(self, now: float) -> int:
        while self._taken and self._taken[0] <= now - self.length_s:
            self._taken.popleft()
        return self.limit - len(self._taken)

    def take(self, now: float) -> None:
        self._taken.append(now)

    def resets_at(self, now: float) -> float:
        return self.length_s + (self._taken[0] if self._taken else now)

    frees_at = resets_at


class TokenBucket:
    """Regains the limit in a window's time, and keeps no more than its capacity. It is reset when it is full."""

    def __init__(self, limit: int, length_s: float, capacity: int) -> None:
        self.limit, self.length_s = limit, length_s
        self._capacity = self._level = float(capacity)
        self._at = 0.0

    def n_left(self, now: float) -> int:
        self._level = min(self._level + (now - self._at) * self.limit / self.length_s, self._capacity)
        self._at = now
        return floor(self._level + 1e-6)

    def take(self, now: float) -> None:
        self._level -= 1

    def resets_at(self, now: float) -> float:
        return now + (self._capacity - self._level) * self.length_s / self.limit

    def frees_at(self, now: float) -> float:
        return now + max(1 - self._level, 0.0) * self.length_s / self.limit


@dataclass
class Service:
    """An allowance of so many requests in a window, of which somebody else wants a share.

    capacity: of a token bucket; the limit, where it is None. per_second: a second limit, of the same kind.
    lumps: how the share is taken: evenly, in the first third of each half minute, or at one moment of each minute.
    tells: what the headers tell. n_foreign, n_foreign_refused: what somebody else got, and did not get.
    """

    limit: int
    window_s: float = 60.0
    kind: Kind = "fixed"
    has_headers: bool = True
    retry_after: bool = False
    foreign: float = 0.0
    tells: Sequence[str] = ("limit", "remaining", "reset")
    lumps: Lumps = "smooth"
    capacity: int | None = None
    per_second: int | None = None
    asked: list[float] = field(default_factory=list)
    granted: list[float] = field(default_factory=list)
    n_refused: int = 0
    foreign_granted: list[float] = field(default_factory=list)
    n_foreign_refused: int = 0

    def __post_init__(self) -> None:
        self._counters = [self._counter(self.limit, self.window_s)]
        if self.per_second:
            self._counters.append(self._counter(self.per_second, 1.0))
        self._others = self._foreign_times()
        self._next_foreign = next(self._others, float("inf"))

    def ask(self, now: float) -> tuple[dict[str, str], Answer]:
        """Answer a request that arrives now."""
        while self._next_foreign <= now:
            if self._take(self._next_foreign):
                self.foreign_granted.append(self._next_foreign)
            else:
                self.n_foreign_refused += 1
            self._next_foreign = next(self._others)
        self.asked.append(now)
        full = [counter for counter in self._counters if counter.n_left(now) <= 0]
        frees_at = max((counter.frees_at(now) for counter in full), default=now)
        headers = {"Date": formatdate(floor(now), usegmt=True)}
        if self._take(now):
            self.granted.append(now)
            return headers | self._headers(now), COUNTED
        self.n_refused += 1
        if self.retry_after:
            headers["Retry-After"] = str(ceil(frees_at - now))
        return headers | self._headers(now), RateLimited("429: rate limit")

    def _take(self, now: float) -> bool:
        if any(counter.n_left(now) <= 0 for counter in self._counters):
            return False
        for counter in self._counters:
            counter.take(now)
        return True

    def _counter(self, limit: int, length_s: float) -> Counter:
        match self.kind:
            case "fixed":
                return FixedWindow(limit, length_s)
            case "sliding":
                return SlidingWindow(limit, length_s)
            case "bucket":
                return TokenBucket(limit, length_s, self.capacity or limit)

    def _headers(self, now: float) -> dict[str, str]:
        headers: dict[str, str] = {}
        for counter in self._counters if self.has_headers else ():
            values = {
                "limit": counter.limit,
                "remaining": counter.n_left(now),
                "reset": ceil(counter.resets_at(now)),
            }
            name = "second" if counter.length_s == 1 else "minute"
            headers |= {f"x-per-{name}-{what}": str(values[what]) for what in self.tells}
        return headers

    def _foreign_times(self) -> Iterator[float]:
        """When somebody else asks, for ever, from some time before our harvest on."""
        if not self.foreign:
            return
        random = Random(1)
        began = BEGAN - WARM_UP_S
        n_in_window = round(self.foreign * self.limit)
        while True:
            gulp_at = random.uniform(0.0, self.window_s)
            for n in range(n_in_window):
                evenly = n * self.window_s / n_in_window
                match self.lumps:
                    case "smooth":
                        yield began + evenly
                    case "bursts":
                        half, within = divmod(evenly, self.window_s / 2)
                        yield began + half * self.window_s / 2 + within / 3
                    case "gulps":
                        yield began + gulp_at
            began += self.window_s


@dataclass(frozen=True)
class Seen:
    """What came of a harvest, in monotonic seconds: when requests arrived, and how many were refused."""

    times: Sequence[float]
    n_refused: int
    window_s: float

    @property
    def fullest(self) -> int:
        """The most requests in any window, wherever it begins."""
        return max(bisect_left(self.times, t + self.window_s, i) - i for i, t in enumerate(self.times))

    def used(self, limit: float, first_s: float, last_s: float) -> float:
        """The share of the allowance used between two moments."""
        n = bisect_left(self.times, last_s) - bisect_left(self.times, first_s)
        return n / (limit * (last_s - first_s) / self.window_s)


async def harvest(
    make_gate: Callable[..., Gate],
    service: Service,
    pace: Pace,
    *,
    until_s: float,
    latency_s: float = 0.05,
    concurrency: int = 8,
    memory: list[LastSpend] | None = None,
    app_limit: AppLimit | None = None,
    **more: Any,
) -> Seen:
    """Workers ask as fast as the gate lets them. A request arrives after half of the latency.

    memory: what the process before has left, last of all, and where this one leaves the like.
    """
    memory = memory if memory is not None else []
    last_spend = memory[-1] if memory else LastSpend()
    gate = make_gate(pace, last_spend=last_spend, remember=memory.append, app_limit=app_limit, **more)
    began_s = asyncio.get_running_loop().time()
    monotonic = asyncio.get_running_loop().time

    async def work() -> None:
        while True:
            turn = await gate.turn()
            await asyncio.sleep(latency_s / 2)
            headers, answer = service.ask(BEGAN + monotonic())
            await asyncio.sleep(latency_s / 2)
            gate.answered(turn, headers, answer)

    workers = [asyncio.ensure_future(work()) for _ in range(concurrency)]
    await asyncio.wait(workers, timeout=until_s - began_s)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    return Seen([t - BEGAN for t in service.asked], service.n_refused, service.window_s)
