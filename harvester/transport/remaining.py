"""What the headers say is left of an allowance, and the pace at which it lasts. Pure: times are passed in.

Others may live on the same allowance, and take of it what our own requests do not explain. A fixed window gives
everything back at its edge: what is left has to last until then, with what others will still take. A sliding
window and a token bucket give back bit by bit: no more may go than comes back. Which of them it is shows in the
reset that is told: it stays where it is for a window, or moves on all the time.
"""

from collections import deque
from typing import Final, NamedTuple

from harvester.engagement.allowance import Window

RESERVE: Final = 0.004
"""Of the limit, left for what others take while our requests are under way."""
BLIND_RESERVE: Final = 0.006
"""The same where no reset is told: there a refusal costs up to a minute."""
LEAST_RESERVE: Final = 0.5
"""The same in requests, where the limit is small."""
LEAST_SHARE: Final = 0.25
"""Of what is left in a fixed window we plan to use at least so much, however much others seem to take."""
RESET_MOVES_S: Final = 2.5
"""A reset told in whole seconds, by a clock in whole seconds, and a moment late, moves by less when it stays."""
NEW_WINDOW: Final = 0.8
"""Of its length a fixed window's reset moves at least, when it does."""
FLOW_S: Final = 2.0
FLOW_ANSWERS: Final = 8
"""How what comes back is measured: over so many seconds, and so many answers."""
GRAIN_S: Final = 0.01
"""Of answers that come closer on one another only the last is remembered."""
NOBODY: Final = 1.5
NOBODY_SHARE: Final = 0.05
"""So many requests of a window, and such a share of it, may be missing without anybody else having taken them."""
CORRECTION_S: Final = 2.0
"""In which a surplus is used, or a lack is regained, where things come back bit by bit."""
GROWTH: Final = 1.5
"""By which we may exceed what has come back lately: a small bucket shows only so what it gives."""


class _Seen(NamedTuple):
    """What an answer told. by_others: of a short window, what others took of it; see `_by_others_lately`."""

    sent_at: float
    number: int
    left: int
    by_others: int


class Remaining:
    """What is left in the windows of one length, answer by answer."""

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._limit = 0
        self.number = 0
        self._left = 0
        self._edge = 0.0
        self._is_fixed = True
        self._reserve = RESERVE
        self._n_before = 0
        self._by_others: deque[float] = deque(maxlen=2)
        self._seen: deque[_Seen] = deque()
        self._n_recent = 0.0

    def see(
        self, window: Window, remaining: int, number: int, n_recent: float, sent_at: float, now: float
    ) -> None:
        """Take what an answer tells.

        number: the how-manieth of our requests it answers. n_recent: how many of them the last window holds.
        """
        if number <= self.number:
            return
        self._limit = window.limit or max(self._limit, remaining + 1)
        if window.resets_in_s is None:
            self._reserve = BLIND_RESERVE
            self._see_jump(remaining, now)
        else:
            self._see_reset(now + window.resets_in_s)
        self._left, self.number, self._n_recent = remaining, number, n_recent
        seen = _Seen(sent_at, number, remaining, self._by_others_lately(sent_at) if self._is_short else 0)
        if len(self._seen) > 1 and sent_at - self._seen[-2].sent_at < GRAIN_S:
            seen = seen._replace(by_others=max(seen.by_others, self._seen.pop().by_others))
        self._seen.append(seen)
        while len(self._seen) > FLOW_ANSWERS and self._seen[1].sent_at <= sent_at - FLOW_S:
            self._seen.popleft()

    def lasting_per_s(self, n_since: int, now: float) -> float:
        """Requests a second at which what is left will do. n_since: those sent after the one last seen."""
        if self._is_ours():
            return self._limit / self._length_s
        if self._is_short:
            return max(self._limit - self._most_by_others() - 1, 0) / self._length_s
        left = self._left - n_since - max(self._reserve * self._limit, LEAST_RESERVE)
        return self._until_edge_per_s(left, now) if self._has_edge(now) else self._flowing_per_s(left)

    def lasts_until(self, sent_at: float, now: float) -> float:
        """How long that pace holds without an answer: to the edge, or as long as what comes back is foreseen.

        sent_at: of the request that was answered now; the next answers may take as long.
        """
        return self._edge if self._has_edge(now) else now + max(CORRECTION_S, 2 * (now - sent_at))

    def spent_until(self, n_since: int, now: float) -> float:
        """Until when nothing is left; 0.0 where something is."""
        left = self._left - n_since
        if left >= 1 or self._is_short or self._is_ours():
            return 0.0
        if self._has_edge(now):
            return self._edge
        flow = self._flow_per_s()
        return now + min((1 - left) / flow if flow > 0 else 1.0, CORRECTION_S)

    @property
    def _is_short(self) -> bool:
        return self._length_s < FLOW_S

    def _is_ours(self) -> bool:
        """Whether our own requests explain what is gone, so that our pace alone keeps to the limit."""
        if self._is_short:
            return self._most_by_others() <= NOBODY + NOBODY_SHARE * self._limit
        if self._is_fixed:
            return max(self._taken_by_others(), *self._by_others, 0) <= NOBODY
        return abs(self._limit - self._left - self._n_recent) <= NOBODY

    def _has_edge(self, now: float) -> bool:
        return self._is_fixed and now < self._edge

    def _until_edge_per_s(self, left: float, now: float) -> float:
        return max(left - self._others_will_take(now), LEAST_SHARE * left, 0.0) / (self._edge - now)

    def _others_will_take(self, now: float) -> float:
        """What others will take before the edge: as of the windows before, but no faster than just now."""
        taken, left_s = self._taken_by_others(), self._edge - now
        if self._by_others:
            still = max(sum(self._by_others) / len(self._by_others) - taken, 0.0)
        else:
            still = taken * left_s / max(self._length_s - left_s, 1.0)
        return min(still, max(-self._flow_per_s(), 0.0) * left_s)

    def _taken_by_others(self) -> int:
        return max(self._limit - self._left - (self.number - self._n_before), 0)

    def _flowing_per_s(self, left: float) -> float:
        """As much as comes back, and evenly where that is less than the window has room for."""
        flow = max(self._flow_per_s(), 0.0)
        even = (left + self._n_recent) / self._length_s
        return min(max(even, GROWTH * flow), flow + left / CORRECTION_S)

    def _flow_per_s(self) -> float:
        """What comes back, less what others take: by how much more is left than our own requests leave."""
        first, last = self._seen[0], self._seen[-1]
        gained = last.left - first.left + last.number - first.number
        return gained / (last.sent_at - first.sent_at) if last.sent_at > first.sent_at else 0.0

    def _by_others_lately(self, sent_at: float) -> int:
        """What is gone of a short window that our own requests of as long before do not explain."""
        lately = (seen.number for seen in self._seen if seen.sent_at > sent_at - self._length_s)
        return self._limit - self._left - (self.number - next(lately, self.number) + 1)

    def _most_by_others(self) -> int:
        """The most that others took of one of the last windows, too short to plan in."""
        return max(seen.by_others for seen in self._seen)

    def _see_reset(self, edge: float) -> None:
        moved_s = edge - self._edge
        if not self.number:
            self._edge = edge
        elif moved_s > NEW_WINDOW * self._length_s:
            self._begin_window(edge)
        elif moved_s > RESET_MOVES_S or not self._is_fixed:
            self._is_fixed, self._edge = False, edge
        else:
            self._edge = min(self._edge, edge)

    def _see_jump(self, remaining: int, now: float) -> None:
        """Where no reset is told, a fixed window's edge shows in that far more is left than was."""
        if self.number and remaining - self._left > 0.2 * self._limit:
            self._begin_window(now + self._length_s)
        self._is_fixed = now < self._edge

    def _begin_window(self, edge: float) -> None:
        if self.number and self._is_fixed:
            self._by_others.append(self._taken_by_others())
        self._n_before = self.number
        self._edge, self._is_fixed = edge, True
