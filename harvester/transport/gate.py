"""The gate of an endpoint: each request waits its turn here, for the allowance, the service, or for good.

Waiting and pacing happen in this one place, so that it can be said at any time what is waited for. What
decides is pure (`Pace`, `Outage`, `Concurrency`); the leaky bucket is aiolimiter's.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, assert_never

from aiolimiter import AsyncLimiter

from harvester.engagement.allowance import (
    MINUTE_S,
    Rate,
    Window,
    read_windows,
    retry_after_s,
    server_time,
    wait_after_429_s,
)
from harvester.engagement.answer import (
    Counted,
    Exchange,
    Expired,
    Gone,
    MetricsDenied,
    RateLimited,
    Refused,
    Trouble,
    Unauthorized,
    Unowned,
    WrongUrl,
)
from harvester.errors import HarvesterError
from harvester.transport.app_limit import AppLimit, Turn
from harvester.transport.bucket import leaky_bucket, room_after
from harvester.transport.clock import clock_note
from harvester.transport.concurrency import Concurrency
from harvester.transport.guess import Filled
from harvester.transport.held import Held
from harvester.transport.outage import Outage
from harvester.transport.pace import UNANSWERED_S, LastSpend, Pace, Recent, paced_per_s

RETRY_AFTER_JITTER: Final = 0.1
SHORTEST_HOLD_S: Final = 1.0
"""After a 429, also where the service says that none is needed."""
NOTHING_SPENT: Final = LastSpend()
MOST_FIRST_PROBES: Final = 3
SOON_S: Final = 2.0
"""Until the next of them, where an earlier process was told a limit."""
SLOW_PACE_S: Final = 3.0
"""Between two requests: from there on, that one waits for the pace is told as a wait."""
TOO_MUCH: Final = frozenset({"service", "timeout", "connection"})
"""Trouble that there may be less of when there is less in flight."""

log = logging.getLogger("harvester")


@dataclass(slots=True)
class RequestCounts:
    """What the endpoint's requests came to. repeated: sent again because of trouble or a 429."""

    sent: int = 0
    answered: int = 0
    repeated: int = 0
    rate_limited: int = 0
    errors: dict[str, int] = field(default_factory=dict)


Reason = Literal["rate limit", "pace", "service", "disk", "input"]
"""Pace: the next request goes in some seconds, as the allowance has it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What nothing is sent for, and until when (monotonic seconds; inf when nobody knows, as before an answer).

    since: when it began, None where that is not told. gives_up_at: when the run ends if it goes on, None: never.
    """

    reason: Reason
    until: float
    since: float | None = None
    gives_up_at: float | None = None


class Gate:
    """Lets requests through one by one, as fast as the allowance and the service's state permit.

    monotonic: the loop's clock. wall: seconds since 1970. random: uniform in [0, 1). last_spend: what an
    earlier process of the run has left. remember: is given what a later one has to know, before a request goes
    and when an answer has told something new, so that it is known however this process ends. app_limit: what it
    shares with other gates.
    """

    def __init__(
        self,
        pace: Pace,
        outage: Outage,
        concurrency: Concurrency,
        *,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
        random: Callable[[], float],
        last_spend: LastSpend = NOTHING_SPENT,
        remember: Callable[[LastSpend], None] = lambda _: None,
        app_limit: AppLimit | None = None,
    ) -> None:
        self.counts = RequestCounts()
        self.pace = pace
        self.outage = outage
        self.concurrency = concurrency
        self.in_flight: set[Turn] = set()
        self._monotonic, self._wall, self._random = monotonic, wall, random
        self._sent, self._answered = Recent(), Recent()
        self._is_closed = False
        self._line = asyncio.Lock()
        self._changed = asyncio.Event()
        self._limiter: AsyncLimiter | None = None
        self._rate: Rate | None = None
        self._sent_at = monotonic() - last_spend.idle_s(wall())
        self._hold_until = self._sent_at + last_spend.held_s
        self._is_unanswered = True
        self._remember = remember
        self._remembered: object = None
        self._app_limit = app_limit
        self._held = Held()

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else (wait.reason if (wait := self.waits_for()) else "open")
        in_flight = f"{len(self.in_flight)} of {self.concurrency.limit} in flight"
        return f"<Gate {state}, {in_flight}, {self._rate}, {self._limiter!r}>"

    def waits_for(self) -> Wait | None:
        """What holds all requests of the endpoint up at this moment; None when they only follow the pace."""
        now = self._monotonic()
        if now < (held_until := self._held_until()):
            return Wait("rate limit", held_until)
        if self.outage.is_probing and self.outage.last_error:
            until = max(self.outage.probe_at, self.outage.hold_until)
            return self._wait_for_service(math.inf if self.in_flight else until)
        if now < self.outage.hold_until:
            return self._wait_for_service(self.outage.hold_until)
        if now < (next_at := self._next_at()):
            return Wait("pace", next_at)
        return None

    def _wait_for_service(self, until: float) -> Wait:
        return Wait("service", until, self.outage.failing_since, self.outage.gives_up_at)

    def _held_until(self) -> float:
        return max(self._hold_until, self._app_limit.hold_until if self._app_limit else -math.inf)

    def _next_at(self) -> float:
        """When the next request goes at the pace, where that is slow enough to be worth a word."""
        if self._rate is None or not self._line.locked():
            return -math.inf
        between_s = 1 / paced_per_s(self._rate)
        return self._sent_at + between_s if between_s >= SLOW_PACE_S else -math.inf

    def held_s(self) -> tuple[float, float]:
        """Seconds for which requests were held back by the allowance, and by the service's state."""
        return self._held.so_far(self._monotonic())

    @property
    def shares_limit(self) -> bool:
        """Whether the limit that the API tells turned out to be one for all endpoints."""
        return self._app_limit is not None and self._app_limit.is_shared

    @property
    def idle_s(self) -> float:
        """Seconds since the last request went; 0 while one is in flight."""
        return 0.0 if self.in_flight else self._monotonic() - self._sent_at

    def close(self) -> None:
        """Let nothing through any more; whoever waits here waits for good."""
        self._is_closed = True
        self._wake()

    async def drained(self) -> None:
        """Wait until nothing is in flight."""
        while self.in_flight:
            await self._changed.wait()

    async def turn(self) -> Turn:
        """Wait for the right to send one request. To be given back with `answered` or `abandoned`."""
        async with self._line:
            while (wait_s := self._blocked_s()) or not await self._acquire():
                await self._held_back(self._changed_within(wait_s))
            while self._app_limit:
                await self._held_back(self._app_limit.acquire())
                if not (wait_s := self._blocked_s()):
                    break
                await self._held_back(self._changed_within(wait_s))
            self.counts.sent += 1
            self._sent_at = self._monotonic()
            self._sent.add(self._sent_at)
            self._keep_in_mind()
            in_app = self._app_limit.add(self._sent_at) if self._app_limit else self.counts.sent
            turn = Turn(self.counts.sent, self._sent_at, in_app)
            self.in_flight.add(turn)
            return turn

    def abandoned(self, turn: Turn) -> None:
        """The request of this turn ended without an answer that counts."""
        self.in_flight.discard(turn)
        self._wake()

    def answered(self, turn: Turn, headers: Mapping[str, str], answer: Exchange) -> None:
        """Take what an answer, or the trouble instead of one, tells of the allowance and the service.

        Raises the HarvesterError that ends the run when there is no sense in going on; the gate is closed then.
        """
        now = self._monotonic()
        self._count_in(turn, answer, now)
        self.in_flight.discard(turn)
        self._is_unanswered = False
        windows = read_windows(headers, self._wall())
        if self._app_limit and isinstance(answer, RateLimited):
            self._app_limit.refused(windows)
        if windows:
            self._hold_until = max(self._hold_until, self._learn(windows, turn, now))
        knows_left = any(window.remaining is not None for window in windows)
        error = self._judge(turn, headers, answer, now, knows_left=knows_left)
        self._keep_in_mind()
        if error:
            self.close()
            raise error
        self._adjust(now)
        self._wake()

    def _learn(self, windows: Sequence[Window], turn: Turn, now: float) -> float:
        """Take what the headers tell of the allowance; gives the time until which nothing may be sent."""
        sent, number, n_since = self._sent, turn.number, self.counts.sent - turn.number
        if app := self._app_limit:
            n_in_app_since = app.n_sent - turn.number_in_app
            app.learn(windows, sent, turn, n_own_since=n_since, n_since=n_in_app_since)
            if app.is_shared:
                sent, number, n_since = app.sent, turn.number_in_app, n_in_app_since
        return self.pace.learn(
            windows, sent, number=number, n_sent_since=n_since, sent_at=turn.sent_at, now=now
        )

    def _count_in(self, turn: Turn, answer: Exchange, now: float) -> None:
        """Let it tell how many may be in flight; a probe goes alone and has nothing to tell of that."""
        is_probe = self.outage.is_probing and len(self.in_flight) == 1
        if is_probe or isinstance(answer, RateLimited):
            return
        before = self.concurrency.limit
        is_failure = isinstance(answer, Trouble) and answer.kind in TOO_MUCH
        self.concurrency.answered(turn.sent_at, now, len(self.in_flight), is_failure=is_failure)
        if self.concurrency.limit != before:
            log.info("in flight: %d at once", self.concurrency.limit)

    def _keep_in_mind(self) -> None:
        """Leave to a later process what it has to know, if that is not what it was."""
        told, guess = tuple(self.pace.told), self.pace.guess
        held_until = self._hold_until
        if self._is_unanswered and not told and not guess:
            held_until = max(held_until, self._sent_at + UNANSWERED_S)
        known = (self._sent_at, held_until, told, guess)
        if known != self._remembered:
            self._remembered = known
            ago_s = self._monotonic() - self._sent_at
            held_s = max(held_until - self._sent_at, 0.0)
            self._remember(LastSpend(self._wall() - ago_s, held_s, told, guess))

    def _judge(
        self, turn: Turn, headers: Mapping[str, str], answer: Exchange, now: float, *, knows_left: bool
    ) -> HarvesterError | None:
        match answer:
            case Counted() | Gone() | Unowned() | MetricsDenied():
                self.counts.answered += 1
                self._answered.add(now)
                self.outage.answered(turn.sent_at)
            case Trouble():
                self._count_error(answer.kind)
                return self._fail(turn, headers, answer, now)
            case Unauthorized(message):
                self._count_error("unauthorized")
                note = clock_note(headers, self._wall())
                return self.outage.unauthorized(message + note, turn.sent_at, now)
            case Expired():
                self._count_error("unauthorized")
                self.outage.present()
            case WrongUrl(message):
                self._count_error("not found")
                trouble = Trouble("service", message)
                return self.outage.wrong_url(message) or self._fail(turn, headers, trouble, now)
            case RateLimited():
                self.counts.rate_limited += 1
                self.counts.repeated += 1
                self.outage.present()
                self._hold(turn, headers, now, knows_left=knows_left)
            case Refused():
                self.outage.answered(turn.sent_at)
            case _:
                assert_never(answer)
        return None

    def _fail(
        self, turn: Turn, headers: Mapping[str, str], trouble: Trouble, now: float
    ) -> HarvesterError | None:
        error = self.outage.failed(trouble, turn.sent_at, now, self._random())
        if (told_s := retry_after_s(headers, self._wall())) is not None:
            self.outage.asked_to_wait(told_s * (1 + RETRY_AFTER_JITTER * self._random()), now)
        return error

    def _count_error(self, kind: str) -> None:
        self.counts.repeated += 1
        self.counts.errors[kind] = self.counts.errors.get(kind, 0) + 1

    def _hold(self, turn: Turn, headers: Mapping[str, str], now: float, *, knows_left: bool) -> None:
        wait_s = max(wait_after_429_s(headers, self._wall()), SHORTEST_HOLD_S)
        hold_until = now + wait_s * (1 + RETRY_AFTER_JITTER * self._random())
        self._hold_until = max(self._hold_until, hold_until)
        # A probe goes alone: that it is refused says nothing of our rate.
        if not knows_left and not self.outage.is_probing:
            filled = self._filled(headers, wait_s, now)
            hold_until = self.pace.slow_down(filled, self._answered, turn.sent_at, now)
            self._hold_until = max(self._hold_until, hold_until)

    def _filled(self, headers: Mapping[str, str], wait_s: float, now: float) -> Filled:
        since_edge_s = server_time(headers, self._wall()) % MINUTE_S
        in_a_minute, in_a_second, in_window = (
            self._answered.count(now - ago_s, now) for ago_s in (MINUTE_S - 1, 1.0, since_edge_s)
        )
        is_told = retry_after_s(headers, self._wall()) is not None
        return Filled(
            self.counts.answered, in_a_minute, in_window, in_a_second, since_edge_s, wait_s, is_told
        )

    def _blocked_s(self) -> float:
        """Seconds for which nothing may be sent; inf until something changes."""
        if self._is_closed or len(self.in_flight) >= self.concurrency.limit:
            return math.inf
        now = self._monotonic()
        blocked_until = max(self._hold_until, self.outage.hold_until)
        if self.outage.is_probing:
            blocked_until = max(blocked_until, self.outage.probe_at, self._another_probe_at())
        return max(blocked_until - now, 0.0)

    def _another_probe_at(self) -> float:
        """When a second probe may go, and a third: a first answer may be a slow one, which is no trouble yet."""
        if not self.in_flight:
            return -math.inf
        if self.outage.last_error or self.outage.n_answered or len(self.in_flight) >= MOST_FIRST_PROBES:
            return math.inf
        return self._sent_at + (SOON_S if self.pace.told or self.pace.guess else UNANSWERED_S)

    async def _acquire(self) -> bool:
        """Take a drop's place in the bucket; False when something changed while waiting for it."""
        now = self._monotonic()
        self._adjust(now)
        if self._limiter is None:
            return True
        if self._limiter.has_capacity():
            await self._limiter.acquire()
            return True
        limiter = self._limiter
        acquiring = asyncio.ensure_future(limiter.acquire())
        acquiring.add_done_callback(self._wake)
        try:
            await self._changed_within(self.pace.grows_at - now)
            return acquiring.done() and limiter is self._limiter and not self._blocked_s()
        finally:
            acquiring.remove_done_callback(self._wake)
            acquiring.cancel()

    def _adjust(self, now: float) -> None:
        """Make a bucket of the rate that holds now, as full as the old one was: a new rate is no new burst."""
        rate = self.pace.current(now)
        if rate is None:
            self._rate = self._limiter = None
            return
        if self._rate and 0.995 < paced_per_s(rate) / paced_per_s(self._rate) < 1.02:
            return
        if self._rate is None and self.counts.sent:
            room = 0.0
        else:
            room = room_after(now - self._sent_at, self._rate or rate, rate)
        self._rate = rate
        self._limiter = leaky_bucket(rate, room)

    async def _held_back(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait, and keep in mind for how long and why. One request at a time waits here."""
        is_troubled = self.outage.is_probing and self.outage.last_error
        service_until = math.inf if is_troubled else self.outage.hold_until
        self._held.begin(self._monotonic(), self._held_until(), service_until)
        try:
            await waiting
        finally:
            self._held.end(self._monotonic())

    async def _changed_within(self, seconds: float) -> None:
        if seconds:
            try:
                async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                    await self._changed.wait()
            except TimeoutError:
                pass

    def _wake(self, _: object = None) -> None:
        self._changed.set()
        self._changed.clear()
