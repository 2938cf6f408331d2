"""How many requests may be in flight: as many as make it faster, and fewer while the service is in trouble. Pure.

The same question as TCP's congestion window answers, but what is lost here is not a packet: answers have to get
more, so it looks at throughput itself. By Little's law that is the requests in flight over the mean latency.
"""

import math
from dataclasses import dataclass
from typing import Final

FIRST_STEP: Final = 2.0
STEP: Final = 1.25
WORTH: Final = 0.25
"""Of what the number grew by throughput has to grow at least: that is 6 % for a quarter more."""
PLAIN: Final = 0.75
"""With so much of it there is more to be had, and it may be doubled."""
FULL: Final = 0.85
"""So much of the number is in use on the mean, or else it is not what limits."""
IDLE: Final = 0.5
"""With less of it in use at any answer everything is looked at anew: something else is waited for."""
SMOOTHING: Final = 1 / 8
LOOKS: Final = 8
"""So many make up the mean that a trial is compared with."""
REST_S: Final = 5.0
REST_ROUND_TRIPS: Final = 10
LONGEST_REST: Final = 16
"""Between trials: so many seconds and round trips, and twice as long after each that fails, up to 16 times that.
A trial with a quarter fewer costs the answers of half a second, or of half a round trip."""
FEWEST_FAILURES: Final = 4
SHARE_OF_FAILURES: Final = 1 / 8
"""Of what may be in flight: so many failures halve it, and no fewer than a handful."""
RELIEF: Final = 0.25
"""What an answer makes good of a failure: while fewer than a fifth of the requests fail, it is not our number."""


@dataclass(slots=True)
class _Look:
    """What came since began_at of requests that are told by the present number."""

    began_at: float
    n: int = 0
    n_good: int = 0
    n_in_flight: int = 0
    latency_s: float = 0.0


class Concurrency:
    """How many requests of an endpoint may be in flight at once: `limit`. Times are monotonic seconds.

    It begins with `begin` and grows to `bound` at most. A trial puts the number up, to the double until that was
    not worth it, then by a quarter; a round trip later, when answers tell of it, it looks how many a second there
    are. After a gain of at least a quarter of what it grew by comes the next trial; else it goes back, and rests.
    After a rest it also tries a quarter fewer, not below `begin`, and stays there if hardly anything is lost. So a
    noisy look does not pin it for long, nor does it drift.
    A failure counts 1, an answer makes a quarter of one good; at an eighth of the number, and 4 at least, it is
    halved, and failures of what was sent before that count no more. Below `begin` it grows by an eighth of `begin`
    in a round trip or two; above, by trials.
    While fewer are in flight than may be, it stays: then the pace, a hold or the input is what limits.
    """

    def __init__(self, begin: int, bound: int | None = None) -> None:
        self.limit = begin
        self.bound = begin if bound is None else bound
        self._begin = begin
        self._round_trip_s = 0.0
        self._look: _Look | None = None
        self._look_at = -math.inf
        self._settled = begin
        self._settled_per_s = 0.0
        self._n_looks = 0
        self._factor = FIRST_STEP
        self._is_up = True
        self._rests_until = -math.inf
        self._rest = 1
        self._failures = 0.0
        self._halved_at = -math.inf
        self._halved_from = math.inf

    def __repr__(self) -> str:
        trial = "" if self.limit == self._settled else f", tried instead of {self._settled}"
        return f"<Concurrency {self.limit} of at most {self.bound}{trial}>"

    def answered(self, sent_at: float, now: float, n_in_flight: int, *, is_failure: bool = False) -> None:
        """Take that a request is over, which was one of n_in_flight until now.

        is_failure: the service could not cope, or could not be reached. Not to be told: what came of a probe.
        """
        latency_s = now - sent_at
        if is_failure:
            if sent_at >= self._halved_at:
                self._fail(now)
        else:
            self._failures = max(self._failures - RELIEF, 0.0)
            weight = SMOOTHING if self._round_trip_s else 1.0
            self._round_trip_s += weight * (latency_s - self._round_trip_s)
        if now < self._look_at:
            return
        if n_in_flight < IDLE * self.limit:
            self._go(self._settled, now)
            return
        look = self._look
        if look is None:
            look = self._look = _Look(now)
        look.n += 1
        look.n_good += not is_failure
        look.n_in_flight += n_in_flight
        look.latency_s += latency_s
        if look.n >= self.limit and self._is_enough(look, now):
            self._conclude(look, now)

    def _fail(self, now: float) -> None:
        self._failures += 1
        if self._failures >= max(SHARE_OF_FAILURES * self.limit, FEWEST_FAILURES):
            self._failures = 0.0
            self._halved_at, self._halved_from = now, self.limit
            self._factor, self._is_up, self._rests_until = STEP, True, now
            self._settled, self._n_looks = max(self.limit // 2, 1), 0
            self._go(self._settled, now)

    def _is_enough(self, look: _Look, now: float) -> bool:
        """Whether it has looked for long enough; a smaller step needs a closer look."""
        long_s, n = (0.25, 16) if self._factor == FIRST_STEP else (1.0, 64)
        if self.limit < self._begin or self.bound == self._begin:
            long_s, n = 0.0, 1
        return look.n >= n and now - look.began_at >= max(long_s, self._round_trip_s)

    def _conclude(self, look: _Look, now: float) -> None:
        self._look = None
        n_at_once = look.n_in_flight / look.n
        is_full = n_at_once >= FULL * self.limit
        per_s = n_at_once * look.n_good / look.latency_s if look.latency_s else 0.0
        if self.limit != self._settled:
            self._end_trial(per_s, now, is_full=is_full)
        elif not is_full:
            return
        elif self.limit < self._begin:
            if look.n - look.n_good > RELIEF * look.n_good:
                return
            self._settled = min(self.limit + max(self._begin // 8, 1), self._begin)
            self._go(self._settled, now)
        else:
            self._n_looks += 1
            self._settled_per_s += (per_s - self._settled_per_s) / min(self._n_looks, LOOKS)
            if now >= self._rests_until:
                self._try(now)

    def _try(self, now: float) -> None:
        """Begin a trial, the other way if this one is at its end."""
        self._n_looks = 0
        if self._next() == self._settled:
            self._is_up = not self._is_up
        self._go(self._next(), now)

    def _next(self) -> int:
        before = self._settled
        if self._is_up:
            return min(max(int(before * self._factor), before + 1), self.bound)
        return max(min(int(before / STEP), before - 1), self._begin)

    def _end_trial(self, per_s: float, now: float, *, is_full: bool) -> None:
        is_up = self.limit > self._settled
        if is_up:
            gain = _gain(self._settled, self._settled_per_s, self.limit, per_s)
        else:
            gain = _gain(self.limit, per_s, self._settled, self._settled_per_s)
        if is_up and not is_full:
            # It was too few before, and now something else limits. What is not used costs nothing.
            self._settled, self._settled_per_s = self.limit, per_s
            self._turn_round(now)
        elif is_full and (gain >= WORTH) == is_up:
            self._settled, self._settled_per_s = self.limit, per_s
            self._rest = 1
            if is_up:
                is_far = FIRST_STEP * self.limit < self._halved_from
                self._factor = FIRST_STEP if gain >= PLAIN and is_far else STEP
            if self._next() == self._settled:
                self._turn_round(now)
            else:
                self._try(now)
                return
        elif is_full and self._factor == FIRST_STEP:
            self._factor = STEP
        else:
            self._turn_round(now)
        self._go(self._settled, now)

    def _turn_round(self, now: float) -> None:
        self._is_up = not self._is_up
        self._factor = STEP
        self._rests_until = now + self._rest * max(REST_S, REST_ROUND_TRIPS * self._round_trip_s)
        self._rest = min(2 * self._rest, LONGEST_REST)

    def _go(self, limit: int, now: float) -> None:
        """Take a number, and look on when answers tell of it: a round trip later."""
        self._look = None
        if limit != self.limit:
            self.limit = limit
            self._look_at = now + self._round_trip_s


def _gain(fewer: int, fewer_per_s: float, more: int, more_per_s: float) -> float:
    """What more in flight have brought: 1 if throughput grew as they did, 0 if it did not grow."""
    return (more_per_s / fewer_per_s - 1) / (more / fewer - 1) if fewer_per_s else 1.0
