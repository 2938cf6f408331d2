"""Which IDs came before: an exact set of 64-bit integers, in numpy arrays.

The IDs lie in sorted runs, the largest first, each more than GROWTH times as long as the next. A new run is
merged with those that are not that much longer, so there are few runs, and an ID is moved only a few times on the
way to 10 million. In front of them stands a sieve, which knows of most IDs at once that they are new, so that
hardly more than the true repeats are searched for. At rest an ID takes 8.25 bytes in its run and 1 to 4 in the
sieve; while runs are merged, those of the smaller one are there twice.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.tweet_id import Ids

GROWTH: Final = 4
_STRIDE: Final = 32
"""A power of two. Every so many values of a run one is copied to its index, which stays in the CPU's cache."""
_PIECE: Final = 16 * 1024
"""So many values are merged, or sifted, at a time: they stay in the CPU's cache, and take no memory."""
_FEWEST_WORDS: Final = 128 * 1024
"""Of the sieve. A power of two, as its growth is."""
_IDS_A_WORD: Final = 8
_SIEVE_GROWTH: Final = 4
_ONE, _LAST_BIT = np.uint64(1), np.uint64(63)
_FIRST_BIT, _SECOND_BIT = np.uint64(20), np.uint64(26)
_HALF, _SHIFT = np.uint64(32), np.uint64(29)
_MULTIPLIERS: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))


class SeenIds:
    """An exact, growing set of IDs."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._sieve = _Sieve(1)

    def __len__(self) -> int:
        return sum(len(run.values) for run in self._runs)

    def __repr__(self) -> str:
        lengths = " + ".join(f"{len(run.values):,}" for run in self._runs)
        return f"<SeenIds {len(self):,} IDs, {8 * len(self) / 2**20:,.1f} MiB, runs of {lengths or 'none'}>"

    def first_seen(self, ids: Ids) -> NDArray[np.bool_]:
        """A mask of the IDs that were never seen, neither in an earlier call nor earlier in ids; adds them.

        Sorted input takes two thirds of the time that a random order takes.
        """
        is_new = np.ones(len(ids), np.bool_)
        is_new[self._places_of_old(ids, np.flatnonzero(self._sieve.add(ids)))] = False
        values = np.sort(ids[is_new])
        if (values[1:] == values[:-1]).any():
            places = np.flatnonzero(is_new)
            values, firsts = np.unique(ids[places], return_index=True)
            is_new[:] = False
            is_new[places[firsts]] = True
        if len(values):
            self._add_run(values)
            self._widen_sieve()
        return is_new

    def _places_of_old(self, ids: Ids, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """At which of these places in ids those stand that an earlier call has seen."""
        places = places[np.argsort(ids[places])]
        wanted = ids[places]
        left = np.arange(len(places))
        is_old = np.zeros(len(places), np.bool_)
        for run in self._runs:
            has = run.has(wanted[left])
            is_old[left[has]] = True
            left = left[~has]
        return places[is_old]

    def _add_run(self, values: Ids) -> None:
        while self._runs and len(self._runs[-1].values) <= GROWTH * len(values):
            values = _merged(self._runs.pop().values, values)
        self._runs.append(_Run(values))

    def _widen_sieve(self) -> None:
        n_ids = len(self)
        if n_ids <= self._sieve.n_wanted:
            return
        self._sieve = _Sieve(n_ids)
        for run in self._runs:
            for start in range(0, len(run.values), _PIECE):
                self._sieve.add(run.values[start : start + _PIECE])


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


def _merged(one: Ids, other: Ids) -> Ids:
    """Both in one sorted array, which is the longer one made longer: no room is taken for a second copy of it.

    It is filled from its end, piece by piece, so that nothing is written over what is still to be read. If all of
    the shorter one lies behind it, that is a single piece.
    """
    large, small = (one, other) if len(one) >= len(other) else (other, one)
    n_large, n_small = len(large), len(small)
    large.resize(n_large + n_small, refcheck=False)  # a large array is moved by the system, not copied
    while n_small:
        large_from = max(0, n_large - _PIECE)
        small_from = int(np.searchsorted(small[:n_small], large[large_from])) if large_from else 0
        piece = np.concatenate((large[large_from:n_large], small[small_from:n_small]))
        piece.sort(kind="stable")  # which finds the two sorted halves, and merges them
        large[large_from + small_from : n_large + n_small] = piece
        n_large, n_small = large_from, small_from
    return large


class _Sieve:
    """Says of an ID either that it was not added, or that it may have been: a Bloom filter with two bits an ID.

    Both bits lie in one word, so that an ID costs one cache miss. n_wanted: so many IDs at most are to be added;
    then it takes 8 bits an ID, and of others 6 % may have been.
    """

    def __init__(self, n_ids: int) -> None:
        """n_ids: how many are added soon. There is room for a few times as many."""
        n_words = _FEWEST_WORDS
        while n_words * _IDS_A_WORD < n_ids:
            n_words *= _SIEVE_GROWTH
        self.n_wanted = n_words * _IDS_A_WORD
        self._words = np.zeros(n_words, np.uint64)
        self._shift = np.uint64(64 - (n_words - 1).bit_length())

    def add(self, ids: Ids) -> NDArray[np.bool_]:
        """Know these IDs from now on; which of them may have been added by an earlier call."""
        mixed = _mixed(ids)
        words = (mixed >> self._shift).view(np.int64)
        bits = (_ONE << ((mixed >> _FIRST_BIT) & _LAST_BIT)) | (_ONE << ((mixed >> _SECOND_BIT) & _LAST_BIT))
        held = self._words[words]
        may_be_old: NDArray[np.bool_] = held & bits == bits
        self._words[words] = held | bits
        # Of several bits in one word only the last have been set.
        while len(lost := np.flatnonzero(self._words[words] & bits != bits)):
            words, bits = words[lost], bits[lost]
            self._words[words] |= bits
        return may_be_old


def _mixed(ids: Ids) -> NDArray[np.uint64]:
    """64 bits of each ID, all of which depend on all of its own, whatever pattern the IDs have.

    Source: Steele and others, "Fast splittable pseudorandom number generators" (2014), shortened.
    """
    mixed = ids.view(np.uint64)
    mixed = (mixed ^ (mixed >> _HALF)) * _MULTIPLIERS[0]
    return (mixed ^ (mixed >> _SHIFT)) * _MULTIPLIERS[1]
