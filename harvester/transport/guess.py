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
SHORT_WAIT_S: Final = 2.0
SOON_S: Final = 4.0
"""After a wait of a second or two it grows sooner: the limit may well be one by the second."""
APART_S: Final = 5.0
"""How far apart in their windows two 429s have to be to tell how fast others take."""
PROBE_S: Final = 3.0
PROBE: Final = 1.5
"""Before an edge the rate is so much higher for so long, to see whether there is room for more."""
PROBE_EVERY_S: Final = 3 * MINUTE_S
REGROWTH: Final = 1.02
"""By which a guess grows when a probe was not refused; twice as much the next time."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A window that was full. in_a_minute, in_window: what went through in the last minute, since its edge.

    in_a_second: in the last one. since_edge_s: since the service's clock began a minute. wait_s: how long nothing
    is wanted.
    """

    in_a_minute: int
    in_window: int
    in_a_second: int
    since_edge_s: float
    wait_s: float


class Guess:
    """A guess at the requests a minute. None where there was no reason for one yet."""

    def __init__(self, per_minute: float | None = None) -> None:
        self.per_minute = per_minute
        self.is_searching = per_minute is None
        self.changes_at = math.inf
        self._slowed_at = -math.inf
        self._before: Filled | None = None
        self._growth = REGROWTH
        self._search_s = SEARCH_S
        self._probes_until = 0.0

    def refused(self, filled: Filled, now: float) -> None:
        """Take a 429 that tells no limit."""
        is_probe, self._probes_until = now < self._probes_until + PROBE_S, 0.0
        if self.per_minute and (is_probe or now < self._slowed_at + MINUTE_S):
            # It was to be expected, or the window still holds what went before, and the rate is not to blame.
            self._growth = REGROWTH
            self._wait_for_probe(filled.since_edge_s, now)
            return
        room = max(self._room(filled), 1.0)
        if self.per_minute and not self.is_searching:
            room = min(room, self.per_minute) * SLOWDOWN
        self.per_minute, self._before, self._slowed_at = room, filled, now
        self._growth = REGROWTH
        if self.is_searching:
            self._search_s = SOON_S if filled.wait_s <= SHORT_WAIT_S else SEARCH_S
            self.changes_at = now + filled.wait_s + 2 * self._search_s
        else:
            self._wait_for_probe(filled.since_edge_s, now)

    def rate_per_minute(self, now: float) -> float | None:
        """The guess, grown by the time that passed, and higher during a probe."""
        if self.per_minute and now >= self.changes_at:
            self._grow(now)
        probes = self.per_minute and now < self._probes_until
        return self.per_minute * PROBE if self.per_minute and probes else self.per_minute

    def _room(self, filled: Filled) -> float:
        """For how many requests a minute there is room beside others."""
        before = self._before
        if before is None:
            by_second = filled.in_a_second * MINUTE_S if filled.wait_s <= SHORT_WAIT_S else 0.0
            return max(filled.in_a_minute, by_second)
        if filled.in_a_minute > before.in_window * (1 + SAME) and filled.in_window > before.in_window * (1 + SAME):
            return filled.in_a_minute
        self.is_searching = False
        if filled.in_a_minute >= before.in_a_minute * (1 - SAME):
            return min(filled.in_a_minute, before.in_a_minute)
        apart_s = filled.since_edge_s - before.since_edge_s
        if apart_s < APART_S:
            return filled.in_a_minute
        others_per_s = max(before.in_window - filled.in_window, 0) / apart_s
        return filled.in_window - others_per_s * (MINUTE_S - filled.since_edge_s)

    def _grow(self, now: float) -> None:
        assert self.per_minute
        if self.is_searching:
            self.per_minute *= SEARCH
            self.changes_at = now + self._search_s
        elif self._probes_until:
            self.per_minute *= self._growth
            self._growth = 1 + 2 * (self._growth - 1)
            self._probes_until, self.changes_at = 0.0, now + MINUTE_S - PROBE_S
        else:
            self._probes_until = self.changes_at = now + PROBE_S

    def _wait_for_probe(self, since_edge_s: float, now: float) -> None:
        self.changes_at = now - since_edge_s + MINUTE_S + PROBE_EVERY_S - PROBE_S
