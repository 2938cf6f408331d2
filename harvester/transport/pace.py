"""How fast an endpoint may be asked, decided from what is known of its allowance. Pure: times are passed in.

Known is what the user gives as a ceiling, what headers tell, and, where there are none, what a 429 teaches.
Requests are spread over the window: a leaky bucket as large as the window would let its whole burst through
at once, and a per-minute limit that counts from another moment would refuse part of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harvester.engagement.allowance import MINUTE_S, Rate, Window
from harvester.transport.guess import Filled, Guess
from harvester.transport.remaining import Remaining

MARGIN: Final = 0.99
"""Of the limit, so that the network's jitter does not push one request too many into a window."""
LONGEST_BURST_S: Final = 0.05
"""So many seconds of requests may go together; timers are not fine enough to send each alone."""
UNANSWERED_S: Final = 10.2
"""After a request whose process died before any answer told a limit: as if it were a few in a minute."""
SLOWEST: Final = 1.0
"""A minute: however little is left, a request now and then shows whether it has become more."""


def burst(rate: Rate) -> float:
    """What may go at once: one request, and as many as come due while a coarse timer is late."""
    return 1 + rate.per_s * min(LONGEST_BURST_S, rate.window_s / 200)


def paced_per_s(rate: Rate) -> float:
    """The even pace at which no window of the rate's length, wherever it begins, holds more than its limit."""
    return max(rate.requests * MARGIN - (burst(rate) - 1), rate.requests / 2) / rate.window_s


@dataclass(frozen=True, slots=True)
class LastSpend:
    """What a process leaves to the next one, so that two of them ask no faster than one.

    at: when its last request went, in seconds since 1970. held_s: for so long after it nothing may go. limits:
    what the headers told. guess: at the requests a minute, where they told nothing. The default is that of a run
    without an earlier process.
    """

    at: float = -math.inf
    held_s: float = 0.0
    limits: tuple[Rate, ...] = ()
    guess: float | None = None

    def idle_s(self, wall_s: float) -> float:
        """Seconds since that request; where the clock was set back since then, none are believed."""
        return max(wall_s - self.at, 0.0)


class Pace:
    """What is known of an endpoint's allowance. ceiling: the user's own limit.

    learnt: limits that an earlier process of the same run was told, so that it does not start blind. guess: what
    it guessed a minute, where none was told.
    """

    def __init__(
        self, ceiling: Rate | None = None, learnt: Sequence[Rate] = (), guess: float | None = None
    ) -> None:
        self._ceiling = ceiling
        self._told = {rate.window_s: rate for rate in learnt}
        self._stated: dict[float, Rate] = {}
        self._guess = Guess(guess)
        self._counted: Recent | None = None
        self._remaining: dict[float, Remaining] = {}
        self._lasting: Rate | None = None
        self._lasts_until = math.inf

    @property
    def limit_per_minute(self) -> float | None:
        """The allowance as far as it is known, for display; None while nothing is known."""
        known = [rate.per_s for rate in self._known(self._guess.per_minute)]
        return min(known) * MINUTE_S if known else None

    @property
    def told(self) -> list[Rate]:
        """The limits that the headers told, to be remembered over a restart."""
        return list(self._told.values())

    @property
    def stated_per_minute(self) -> float | None:
        """The limit that headers have named to this process, whatever was known before; None if none has."""
        return min((rate.per_s for rate in self._stated.values()), default=0.0) * MINUTE_S or None

    @property
    def guess(self) -> float | None:
        """The requests a minute that are guessed from 429s, to be remembered as well."""
        return self._guess.per_minute

    @property
    def grows_at(self) -> float:
        """When the rate is to grow without an answer that says so; inf where it is not."""
        return min(self._guess.changes_at, self._lasts_until)

    def current(self, now: float) -> Rate | None:
        """The rate that holds now: the strictest of all that is known. None: nothing is known."""
        if now >= self._lasts_until:
            self._lasting, self._lasts_until = None, math.inf
        rates = self._known(self._guess.rate_per_minute(now))
        if self._lasting:
            rates.append(self._lasting)
        if not rates:
            return None
        per_s, window_s = min(rates, key=paced_per_s).per_s, min(rate.window_s for rate in rates)
        return Rate(per_s * window_s, window_s)

    def learn(
        self,
        windows: Sequence[Window],
        sent: "Recent",
        *,
        number: int,
        n_sent_since: int,
        sent_at: float,
        now: float,
    ) -> float:
        """Take what an answer's headers tell; gives the time until which nothing may be sent (0.0: none).

        sent: all requests so far. number: the how-manieth of them is answered, which went at sent_at.
        n_sent_since: those after it; the headers do not count them yet.
        """
        if sent is not self._counted:
            self._counted, self._remaining = sent, {}
        hold_until, lasting, lasts_until = 0.0, [], math.inf
        for window in windows:
            self._take_limit(window)
            if window.remaining is None:
                continue
            left = self._remaining.setdefault(window.length_s, Remaining(window.length_s))
            n_recent = sent.count_exactly(sent_at - window.length_s, now) - n_sent_since
            left.see(window, window.remaining, number, n_recent, sent_at, now)
            n_since = number + n_sent_since - left.number
            hold_until = max(hold_until, left.spent_until(n_since, now))
            lasting.append(left.lasting_per_s(n_since, now))
            lasts_until = min(lasts_until, left.lasts_until(sent_at, now))
        if lasting:
            # Without the margin: what lasts is told anew by each answer.
            self._lasts_until = lasts_until
            self._lasting = Rate(max(min(lasting) * MINUTE_S / MARGIN, SLOWEST), MINUTE_S)
        return hold_until

    def _take_limit(self, window: Window) -> None:
        if window.limit:
            self._told[window.length_s] = self._stated[window.length_s] = Rate(window.limit, window.length_s)
        elif window.remaining:
            # At least so many there are in a window, with the one that is answered. That nothing is left tells
            # nothing of how much there was.
            least = Rate(window.remaining + 1, window.length_s)
            known = self._told.get(window.length_s)
            if known is None or known.requests < least.requests:
                self._told[window.length_s] = least

    def slow_down(self, filled: Filled, answered: "Recent", sent_at: float, now: float) -> float:
        """Take a 429 that came without what is left; gives the time until which nothing may be sent.

        answered: what went through. Sent evenly, it would have taken until then; a window that slides is full so
        long. Never longer than a minute, and not where the service has told a time itself.
        """
        self._guess.refused(filled, sent_at, now)
        per_minute = self._guess.per_minute
        if per_minute is None or self._guess.is_by_edges or (filled.is_told and not filled.is_soon_over):
            return now
        return now + min(answered.backlog_s(paced_per_s(Rate(per_minute, MINUTE_S)), now), MINUTE_S)

    def _known(self, guess: float | None) -> list[Rate]:
        rates = [self._ceiling, Rate(guess, MINUTE_S) if guess else None, *self._told.values()]
        return [rate for rate in rates if rate is not None]


class Recent:
    """How many events the last two minutes saw, in a counter for each second."""

    _LENGTH: Final = 128

    def __init__(self) -> None:
        self._counts = [0] * self._LENGTH
        self._second = 0

    def add(self, now: float) -> None:
        """Count one event."""
        self._forget(int(now))
        self._counts[self._second % self._LENGTH] += 1

    def count(self, since: float, now: float) -> int:
        """Events from the second on in which `since` falls."""
        self._forget(int(now))
        first = max(int(since // 1), self._second - self._LENGTH + 1)
        return sum(self._counts[second % self._LENGTH] for second in range(first, self._second + 1))

    def count_exactly(self, since: float, now: float) -> float:
        """Events after a moment, if those of its second were even."""
        after = self.count(since + 1, now)
        return after + (self.count(since, now) - after) * (1 - since % 1)

    def backlog_s(self, per_s: float, now: float) -> float:
        """How much longer they would have taken at an even pace."""
        self._forget(int(now))
        n_waiting = 0.0
        for second in range(self._second - self._LENGTH + 1, self._second + 1):
            n_waiting = max(n_waiting - per_s, 0.0) + self._counts[second % self._LENGTH]
        return n_waiting / per_s

    def _forget(self, second: int) -> None:
        for past in range(max(self._second + 1, second - self._LENGTH + 1), second + 1):
            self._counts[past % self._LENGTH] = 0
        self._second = max(self._second, second)
