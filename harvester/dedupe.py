"""Which IDs came before: an exact set of 64-bit integers, in numpy arrays.

The IDs lie in sorted runs, the largest first, each more than GROWTH times as long as the next. A new run is
merged with those that are not that much longer, so there are few runs to search, and an ID is moved only a
few times on the way to 10 million. At rest an ID takes 8.25 bytes; while the largest run is merged, 16.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.tweet_id import Ids

GROWTH: Final = 4
_STRIDE: Final = 32
"""A power of two. Every so many values of a run one is copied to its index, which stays in the CPU's cache."""


class SeenIds:
    """An exact, growing set of IDs."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def __len__(self) -> int:
        return sum(len(run.values) for run in self._runs)

    def __repr__(self) -> str:
        lengths = " + ".join(f"{len(run.values):,}" for run in self._runs)
        return f"<SeenIds {len(self):,} IDs, {8 * len(self) / 2**20:,.1f} MiB, runs of {lengths or 'none'}>"

    def first_seen(self, ids: Ids) -> NDArray[np.bool_]:
        """A mask of the IDs that were never seen, neither in an earlier call nor earlier in ids; adds them.

        Sorted input is several times as fast as input in random order, where the cost is cache misses.
        """
        order = np.argsort(ids)
        values = ids[order]
        is_new = np.ones(len(ids), np.bool_)
        repeats = np.flatnonzero(values[1:] == values[:-1]) + 1
        if len(repeats):
            order = np.argsort(ids, kind="stable")  # among equals, the first in ids comes first
            is_new[repeats] = False
        for run in self._runs:
            is_new &= ~run.has(values)
        self._add(values[is_new])
        mask = np.empty(len(ids), np.bool_)
        mask[order] = is_new
        return mask

    def _add(self, values: Ids) -> None:
        if not len(values):
            return
        parts = [values]
        n_values = len(values)
        while self._runs and len(self._runs[-1].values) <= GROWTH * n_values:
            parts.append(self._runs.pop().values)
            n_values += len(parts[-1])
        if len(parts) > 1:
            values = np.concatenate(parts[::-1])
            parts.clear()  # not both the old runs and the room that sorting takes
            values.sort(kind="stable")
        self._runs.append(_Run(values))


class _Run:
    """Sorted, distinct IDs, at least one."""

    __slots__ = ("index", "values")

    def __init__(self, values: Ids) -> None:
        self.values = values
        self.index: Ids = values[::_STRIDE].copy()

    def has(self, wanted: Ids) -> NDArray[np.bool_]:
        """Which of the wanted IDs, sorted, are here.

        A search in the index, then one by halves between two of its entries, for all at once: in a run of
        10 million, a third of the time of a search in the run.
        """
        last = len(self.values) - 1
        places = np.maximum(np.searchsorted(self.index, wanted, side="right") - 1, 0) * _STRIDE
        step = _STRIDE // 2
        while step:
            further = np.minimum(places + step, last)
            places = np.where(self.values[further] <= wanted, further, places)
            step //= 2
        found: NDArray[np.bool_] = self.values[places] == wanted
        return found
