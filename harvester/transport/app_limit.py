"""The allowance of an app as a whole: a ceiling of the user's, or one limit that all endpoints turn out to share.

The contract has limits per app, and each endpoint's headers tell of one. Whether it is the same one, the headers
show as well: what is used of it grows with the requests to the other endpoints, or does not.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from aiolimiter import AsyncLimiter

from harvester.engagement.allowance import CLOCK_SLACK_S, MINUTE_S, Rate, Window
from harvester.transport.bucket import leaky_bucket, room_after
from harvester.transport.pace import Recent, paced_per_s

ENOUGH_TO_TELL: Final = 3
"""So many requests to other endpoints in a window, and its use shows whether they count."""


def shows_sharing(n_used: int, n_own: tuple[int, int], n_others: int) -> bool | None:
    """Whether an allowance, of which n_used are gone, counts the requests to other endpoints as well.

    n_own: of the endpoint itself, at least and at most so many; n_others: at least so many, in the same window,
    whose beginning is known to a few seconds. None where that does not tell.
    """
    least, most = n_own
    if n_others < ENOUGH_TO_TELL:
        return None
    if n_used - most > n_others / 2:
        return True
    return False if n_used - least <= n_others / 2 else None


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to send one request: the how-manieth it is, and when it was given (monotonic seconds).

    number_in_app: the how-manieth to any endpoint.
    """

    number: int
    sent_at: float
    number_in_app: int


class _Seen(NamedTuple):
    """What was left of an allowance, and how many requests had gone by then: to its endpoint, to all."""

    remaining: int
    n_own: int
    n_all: int


class AppLimit:
    """What the gates of all endpoints keep to together.

    monotonic: the loop's clock. idle_s: seconds since any of them sent in an earlier process.
    sent: the requests to all endpoints. is_shared: whether the limit that the API tells is one for all of them.
    hold_until: before that none may go, whatever the pace.
    """

    def __init__(
        self, ceiling: Rate | None, *, monotonic: Callable[[], float], idle_s: float = math.inf
    ) -> None:
        self.n_sent = 0
        self.sent = Recent()
        self.is_shared = False
        self._monotonic = monotonic
        self._ceiling = ceiling
        self._told: Rate | None = None
        self._seen: dict[Recent, _Seen] = {}
        self._rate: Rate | None = None
        self._limiter: AsyncLimiter | None = None
        self.hold_until = 0.0
        self._adjust(idle_s, 0)

    async def acquire(self) -> None:
        """Wait for the right to send one request to any endpoint, and take it."""
        if (wait_s := self.hold_until - self._monotonic()) > 0:
            await asyncio.sleep(wait_s)
        if self._limiter:
            await self._limiter.acquire()

    def add(self, now: float) -> int:
        """Count a request that goes now; gives the how-manieth it is."""
        self.n_sent += 1
        self.sent.add(now)
        return self.n_sent

    def learn(
        self,
        windows: Sequence[Window],
        own: Recent,
        turn: Turn,
        *,
        n_own_since: int,
        n_since: int,
    ) -> None:
        """Take what an answer's headers tell.

        own: the requests to its endpoint. turn: that of the one which is answered.
        n_own_since, n_since: requests after it, to its endpoint and to all; the headers do not count them yet.
        """
        now = self._monotonic()
        for window in windows:
            if not window.limit or window.remaining is None or window.length_s < MINUTE_S:
                # A second is too short for times in whole ones; where there is a limit by the minute, that tells.
                continue
            rate = Rate(window.limit, window.length_s)
            if not window.resets_in_s:
                self._compare(own, rate, window.remaining, turn)
                continue
            began_at = turn.sent_at + window.resets_in_s - window.length_s
            early, late = began_at - CLOCK_SLACK_S, began_at + CLOCK_SLACK_S
            least, most = (own.count(since, now) - n_own_since for since in (late, early))
            n_others = self.sent.count(late, now) - n_since - least
            found = shows_sharing(window.limit - window.remaining, (least, most), n_others)
            if found is not None:
                self._take(rate, is_shared=found)

    def refused(self, windows: Sequence[Window]) -> None:
        """Take a 429: where limits are all that is told, each endpoint keeps to them, and they seem to be one."""
        if windows and all(window.limit and window.remaining is None for window in windows):
            rates = [Rate(window.limit, window.length_s) for window in windows if window.limit]
            self._take(min(rates, key=paced_per_s), is_shared=True)

    def _compare(self, own: Recent, rate: Rate, remaining: int, turn: Turn) -> None:
        """Take what is left without being told of which time: sharing shows in how fast it falls.

        That it falls no faster than an endpoint alone would have it shows nothing, since it may rise meanwhile.
        """
        before, seen = self._seen.get(own), _Seen(remaining, turn.number, turn.number_in_app)
        if before is None or remaining > before.remaining:
            self._seen[own] = seen
            return
        n_own_since = seen.n_own - before.n_own
        n_others_since = seen.n_all - before.n_all - n_own_since
        if n_own_since > 0 and n_others_since >= ENOUGH_TO_TELL:
            self._seen[own] = seen
            if before.remaining - remaining - n_own_since > n_others_since / 2:
                self._take(rate, is_shared=True)

    def _take(self, rate: Rate, *, is_shared: bool) -> None:
        self.is_shared, self._told = is_shared, rate
        now = self._monotonic()
        self._adjust(0.0, self.sent.count(now - rate.window_s, now))

    def _adjust(self, idle_s: float, n_recent: int) -> None:
        """Make a bucket of the strictest rate that holds now.

        idle_s: seconds since a request went. n_recent: what has gone in its window already takes its time.
        """
        rates = [self._told] if self.is_shared and self._told else []
        if self._ceiling:
            rates.append(self._ceiling)
        rate = min(rates, key=paced_per_s) if rates else None
        if rate == self._rate:
            return
        self._rate, self._limiter = rate, None
        if rate:
            self._limiter = leaky_bucket(rate, room_after(idle_s, rate, rate))
            self.hold_until = self._monotonic() + max(n_recent - 1, 0) / paced_per_s(rate)
