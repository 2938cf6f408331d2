"""Running totals, the top tweets per metric, and merged groupings, as a stream. Pure.

`reduce_batch` boils a settled batch down to a `Partial` when its answer has come; `Reduction.add` merges
partials in the order of the batches. Sums and top lists are associative, so the order changes nothing but
which checkpoint they belong to.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappush, heapreplace, nlargest
from math import inf
from operator import attrgetter, itemgetter
from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import astuple

from harvester.engagement.answer import Counts
from harvester.engagement.groupings import Nested, add_nested
from harvester.engagement.metrics import RATE, RATE_PARTS
from harvester.engagement.settling import Settled, Status

SMALLEST_RATE: Final = 5e-324
"""The smallest number above 0: every rate but 0 can enter a top list."""


Value = int | float
"""What a top list ranks by: a count, or a rate."""


class TopList:
    """The n tweets with the highest values; of equal values the smaller ID comes first. No zeros.

    least: the smallest value that can enter.
    """

    def __init__(self, size: int, entries: Iterable[tuple[Value, int]] = (), least: Value = 1) -> None:
        self._size = size
        self._least = least
        self._heap: list[tuple[Value, int]] = []
        for value, tweet_id in entries:
            self.add(value, tweet_id)

    @property
    def floor(self) -> Value:
        """No value below this can enter any more. It only rises."""
        if not self._size:
            return inf
        return self._heap[0][0] if len(self._heap) == self._size else self._least

    def enterable(self, values: Sequence[Value], tweet_ids: Sequence[str]) -> list[tuple[Value, int]]:
        """(value, tweet ID) of those that could enter by themselves, at most as many as the list holds."""
        if not values or max(values) < (least := self.floor):
            return []
        if len(values) > self._size:
            # While the list is young nearly all could enter it; of these no more than it holds are looked at.
            least = max(least, sorted(values)[-self._size])
        found = zip(values, tweet_ids, strict=True)
        entries = [(value, -int(tweet_id)) for value, tweet_id in found if value >= least]
        if len(self._heap) == self._size:
            entries = [entry for entry in entries if entry > self._heap[0]]
        return [(value, -negative) for value, negative in nlargest(self._size, entries)]

    def add(self, value: Value, tweet_id: int) -> None:
        """Offer a tweet that was not offered before."""
        if value < self._least or not self._size:
            return
        entry = (value, -tweet_id)
        if len(self._heap) < self._size:
            heappush(self._heap, entry)
        elif entry > self._heap[0]:
            heapreplace(self._heap, entry)

    def ranked(self) -> list[tuple[Value, int]]:
        """(value, tweet ID), the highest first."""
        return [(value, -negative) for value, negative in sorted(self._heap, reverse=True)]


@dataclass(slots=True)
class Partial:
    """What one batch adds: records by status, sums by metric, (value, tweet ID) that may enter a top list.

    groupings: by name, those of the user's that are summed over all tweets.
    """

    n_by_status: Counter[Status]
    sums: dict[str, int] = field(default_factory=dict)
    candidates: dict[str, list[tuple[Value, int]]] = field(default_factory=dict)
    groupings: Nested = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        counts = {status.value: n for status, n in self.n_by_status.items()}
        return {
            "counts": counts,
            "sums": self.sums,
            "candidates": self.candidates,
            "groupings": self.groupings,
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> "Partial":
        """The partial that `to_dict` described."""
        counts = Counter({Status(name): n for name, n in state["counts"].items()})
        return cls(counts, state["sums"], state["candidates"], state["groupings"])


class Reduction:
    """The totals of an endpoint so far.

    top: the length of its top lists, 0 for none. rate_floor: the fewest impressions with which a tweet is ranked
    by its engagement rate, None where that is not wanted.
    """

    def __init__(self, columns: Sequence[str], top: int, rate_floor: int | None = None) -> None:
        self.n_by_status: Counter[Status] = Counter()
        self.totals = dict.fromkeys(columns, 0)
        self.tops = {metric: TopList(top) for metric in columns}
        self.groupings: Nested = {}
        self._rate_floor = rate_floor
        if rate_floor is not None:
            self.tops[RATE] = TopList(top, least=SMALLEST_RATE)

    def add(self, partial: Partial) -> None:
        """Merge what one batch adds."""
        self.n_by_status.update(partial.n_by_status)
        for metric, total in partial.sums.items():
            self.totals[metric] += total
        for metric, entries in partial.candidates.items():
            for value, tweet_id in entries:
                self.tops[metric].add(value, tweet_id)
        add_nested(self.groupings, partial.groupings)

    def reduce_batch(self, settled: Settled) -> Partial:
        """What a batch will add. Values below a top list's present floor are left out: it never sinks."""
        counted, tweet_ids = settled.counted()
        n_by_status = Counter({Status.OK: len(settled.rows) - len(settled.fates)})
        if settled.fates:
            n_by_status.update(fate.status for fate in settled.fates.values())
            del n_by_status[Status.DEAD]
        partial = Partial(n_by_status, groupings=settled.sums)
        by_row: list[Any] = []
        for row in map(astuple, counted):
            by_row += row
        columns = settled.request.columns
        for place, metric in enumerate(columns):
            if counted and metric in settled.request.metrics:
                self._reduce_column(partial, metric, by_row[place :: len(columns)], tweet_ids)
        if self._rate_floor is not None:
            self._reduce_rates(partial, counted, tweet_ids, self._rate_floor)
        return partial

    def _reduce_column(
        self, partial: Partial, metric: str, values: Sequence[Any], tweet_ids: Sequence[str]
    ) -> None:
        try:
            total = sum(values)
        except TypeError:  # some are UNSET; finding that out this way costs nothing where none is
            pairs = [pair for pair in zip(values, tweet_ids, strict=True) if pair[0] is not UNSET]
            values, tweet_ids = list(map(itemgetter(0), pairs)), list(map(itemgetter(1), pairs))
            total = sum(values)
        partial.sums[metric] = total
        # Counts are not negative: where all together do not reach the floor, none of them does.
        if total >= self.tops[metric].floor and (entries := self.tops[metric].enterable(values, tweet_ids)):
            partial.candidates[metric] = entries

    def _reduce_rates(
        self, partial: Partial, rows: Sequence[Counts], tweet_ids: Sequence[str], floor: int
    ) -> None:
        """Rank by engagements / impressions, of tweets that have both and enough of the latter."""
        part, whole = map(attrgetter, RATE_PARTS)
        rates = {
            tweet_id: part(row) / whole(row)
            for row, tweet_id in zip(rows, tweet_ids, strict=True)
            if whole(row) is not UNSET and part(row) is not UNSET and whole(row) >= floor
        }
        if entries := self.tops[RATE].enterable(list(rates.values()), list(rates)):
            partial.candidates[RATE] = entries

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        return {
            "counts": {status.value: n for status, n in self.n_by_status.items()},
            "totals": self.totals,
            "top": {metric: top.ranked() for metric, top in self.tops.items()},
            "groupings": self.groupings,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up, in an empty reduction, what `to_dict` said of one with the same columns."""
        self.n_by_status.update({Status(name): n for name, n in state["counts"].items()})
        self.totals.update(state["totals"])
        for metric, entries in state["top"].items():
            for value, tweet_id in entries:
                self.tops[metric].add(value, tweet_id)
        self.groupings = state["groupings"]
