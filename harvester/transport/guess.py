"""The allowance where no header tells it, guessed from what went through before a 429. Pure: times are passed in.

A 429 says that the window is full: what went through in the last minute is what it has room for, beside others.
That holds for a window that slides. One that begins anew at the minute's edge was filled sooner, the less others
had taken by then; two such 429s tell how fast they take. A higher rate is tried at last before an edge, where
being refused costs a moment and not a minute.
"""

import math
from dataclasses import dataclass
from typing import Final

from harvester.engagement.allowance import MINUTE_S

SAME: Final = 0.03
"""Two counts that differ by less than so much of them are the same."""
SLOWDOWN: Final = 0.98
SEARCH: Final = 2.0
"""By which a guess grows until a second 429 confirms it: the first may be far too low."""
SEARCH_S: Final = 10.0
SLOW_SEARCH: Final = 1.25
"""The same when a 429 has shown the first guess to have been too low."""
SHORT_WAIT_S: Final = 2.0
SOON_S: Final = 4.0
FEW: Final = 0.25
"""When less than so much of what filled a window goes through soon after, it does not count by the second."""
APART_S: Final = 5.0
"""How far apart in their windows two 429s have to be to tell how fast others take."""
ENOUGH: Final = 10
"""Answers in a minute. Fewer tell nothing of the limit: the guess is halved, and grows again soon."""
LEAST_SHARE: Final = 0.7
"""Of what went through at least so much is believed to go through again."""
PROBE_S: Final = 3.0
PROBE: Final = 1.5
"""Before an edge the rate is so much higher for so long, to see whether there is room for more."""
PROBE_EVERY_S: Final = 3 * MINUTE_S
MOST: Final = 1e6
"""Requests a minute. A guess that high slows nobody down."""
REGROWTH: Final = 1.02
"""By which a guess grows when a probe was not refused; four times as much the next time."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A window that was full. n_answered: what went through in all; in_a_minute, in_a_second: in the last one.

    in_window: since the service's clock began a minute, which was since_edge_s ago. wait_s: how long nothing is
    wanted. is_told: whether the service says so.
    """

    n_answered: int
    in_a_minute: int
    in_window: int
    in_a_second: int
    since_edge_s: float
    wait_s: float
    is_told: bool

    @property
    def is_soon_over(self) -> bool:
        """After a wait of a second or two the limit may well be one by the second."""
        return self.wait_s <= SHORT_WAIT_S


class Guess:
    """A guess at the requests a minute. None where there was no reason for one yet, now or in an earlier process.

    is_by_edges: whether 429s have shown that the service counts anew at each edge of its minutes.
    """

    def __init__(self, per_minute: float | None = None) -> None:
        self.per_minute = per_minute
        self.is_searching = per_minute is None
        self.is_by_edges = False
        self.changes_at = math.inf
        self._slowed_at = -math.inf
        self._before: Filled | None = None
        self._growth = REGROWTH
        self._search, self._search_s = SEARCH, SEARCH_S
        self._probes_until = -math.inf

    def refused(self, filled: Filled, sent_at: float, now: float) -> None:
        """Take a 429 that tells no limit. What was sent before the last one tells nothing new."""
        if sent_at <= self._slowed_at:
            return
        was_probe, self._probes_until = now < self._probes_until + PROBE_S, -math.inf
        self._growth = REGROWTH
        if not was_probe:
            self._slow_down(filled, now)
        self._slowed_at = now
        self.changes_at = now - filled.since_edge_s + MINUTE_S + PROBE_EVERY_S - PROBE_S
        if self.is_searching:
            self._search_s = SOON_S if filled.is_soon_over else SEARCH_S
            self.changes_at = now + filled.wait_s + 2 * self._search_s

    def rate_per_minute(self, now: float) -> float | None:
        """The guess, grown by the time that passed, and higher during a probe."""
        if self.per_minute and math.isinf(self.changes_at):
            self.changes_at = now + PROBE_EVERY_S
        if self.per_minute and now >= self.changes_at:
            self.per_minute = min(self._grown(self.per_minute, now), MOST)
        return self.per_minute * PROBE if self.per_minute and now < self._probes_until else self.per_minute

    def _slow_down(self, filled: Filled, now: float) -> None:
        before, guess = self._before, self.per_minute
        if guess and filled.in_a_minute < ENOUGH:
            self.per_minute, self.is_searching = max(guess / 2, 1.0), True
            return
        if before is None:
            room = guess * SLOWDOWN if guess else self._first_room(filled)
        elif guess and not self.is_searching:
            # A guess that grew while nobody asked so fast is no reason to go on as fast.
            least = min(guess, filled.in_a_minute) / 2
            room = max(min(self._room(filled, before, now), guess) * SLOWDOWN, least)
        else:
            room = self._room(filled, before, now)
        self.per_minute, self._before = max(room, 1.0), filled

    def _first_room(self, filled: Filled) -> float:
        return max(filled.in_a_minute, filled.in_a_second * MINUTE_S if filled.is_soon_over else 0.0)

    def _room(self, filled: Filled, before: Filled, now: float) -> float:
        """For how many requests a minute there is room beside others, by two windows that were full."""
        n_between = filled.n_answered - before.n_answered
        if before.is_soon_over and n_between > FEW * before.in_a_minute:
            # It counts by the second, or gives back all the time.
            self.is_searching &= not filled.is_soon_over
            return n_between * MINUTE_S / (now - self._slowed_at)
        least = before.in_a_minute * (1 + SAME)
        if self.is_searching and self.per_minute and min(filled.in_a_minute, filled.in_window) > least:
            # What filled it before was no minute's allowance. The last step of the search held, this one did not.
            self.is_searching, self._search = self._search == SEARCH, SLOW_SEARCH
            return max(filled.in_a_minute, self.per_minute / SEARCH)
        self.is_searching = False
        apart_s = filled.since_edge_s - before.since_edge_s
        if filled.in_a_minute >= before.in_a_minute * (1 - SAME) or apart_s < APART_S:
            return min(filled.in_a_minute, before.in_a_minute)
        # The later in its window it was full, the less was left to us: the others had more time.
        self.is_by_edges = True
        others_per_s = max(before.in_window - filled.in_window, 0) / apart_s
        others_more = others_per_s * (MINUTE_S - filled.since_edge_s)
        return max(filled.in_window - others_more, LEAST_SHARE * filled.in_a_minute)

    def _grown(self, guess: float, now: float) -> float:
        """The guess when its time to change has come."""
        if self.is_searching:
            self.changes_at = now + self._search_s
            return guess * self._search
        if self._probes_until < 0:
            self._probes_until = self.changes_at = now + PROBE_S
            return guess
        self._probes_until, self.changes_at = -math.inf, now + MINUTE_S - PROBE_S
        growth, self._growth = self._growth, 1 + 4 * (self._growth - 1)
        return guess * growth
