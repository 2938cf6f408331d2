"""What a pass over the records adds up to, in memory that does not grow with them. Pure.

Of each metric: how its values are spread, as a whole and by the age of the tweets. Values are counted in bins: one
for each value below 128, 64 for each power of two above. So a quantile is exact below 128, and within 0.8 % of the
truth above; sums, the largest value and the counts in buckets are exact.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.tweet_id import FIRST_SNOWFLAKE, SNOWFLAKE_EPOCH_MS, Ids

_FINE: Final = 64
_FINE_BITS: Final = 6
N_BINS: Final = (62 - _FINE_BITS + 1) * _FINE + _FINE
"""For all values below 2**63."""
EDGES: Final = np.array([digit * 10**power for power in range(19) for digit in (1, 2, 5)], dtype=np.int64)
"""Where the buckets of a distribution begin, behind the bucket of 0: 1, 2, 5, 10, …"""
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_YEAR_MS: Final = 365 * _DAY_MS
AGES: Final = (
    ("1 h", _HOUR_MS),
    ("6 h", 6 * _HOUR_MS),
    ("1 d", _DAY_MS),
    ("3 d", 3 * _DAY_MS),
    ("7 d", 7 * _DAY_MS),
    ("14 d", 14 * _DAY_MS),
    ("28 d", 28 * _DAY_MS),
    ("60 d", 60 * _DAY_MS),
    ("90 d", 90 * _DAY_MS),
    ("180 d", 180 * _DAY_MS),
    ("1 y", _YEAR_MS),
    ("2 y", 2 * _YEAR_MS),
    ("3 y", 3 * _YEAR_MS),
    ("5 y", 5 * _YEAR_MS),
    ("8 y", 8 * _YEAR_MS),
    ("12 y", 12 * _YEAR_MS),
)
"""The ages by which tweets are grouped: each group ends below its age, the next begins there."""
OLDER: Final = f"≥ {AGES[-1][0]}"
_AGE_ENDS: Final = np.array([end for _, end in AGES], dtype=np.int64)
NO_AGE: Final = len(AGES) + 1
"""The group of IDs from before Snowflake, which tell no age."""
AGE_LABELS: Final = (*(f"< {label}" for label, _ in AGES), OLDER)


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many tweets have a count from `first` to `last`, both in it."""

    first: int
    last: int
    n: int


@dataclass(frozen=True, slots=True)
class AgeGroup:
    """Tweets of an age, and how their values are spread; None where there are no such tweets."""

    label: str
    n: int
    median: float | None
    mean: float | None


@dataclass(frozen=True, slots=True)
class Spread:
    """How the values of a metric are spread over the tweets that have one.

    buckets: 0 first, then 1, 2 to 4, 5 to 9, …, up to that of the largest value; some may be empty. ages: the
    youngest first, without groups that are empty at either end.
    """

    n: int
    n_zero: int
    total: float
    mean: float
    median: float
    p90: float
    p99: float
    largest: int
    buckets: Sequence[Bucket]
    ages: Sequence[AgeGroup]


class Tally:
    """Spreads of an endpoint's metrics, as they are counted. began_ms: the moment from which ages count, UTC."""

    def __init__(self, columns: Sequence[str], began_ms: int) -> None:
        self.columns = tuple(columns)
        self._began_ms = began_ms
        n, n_ages = len(self.columns), NO_AGE + 1
        self._bins = np.zeros((n, n_ages * N_BINS), dtype=np.int64)
        self._sums = np.zeros((n, n_ages), dtype=np.float64)
        self._buckets = np.zeros((n, len(EDGES) + 1), dtype=np.int64)
        self._largest = np.zeros(n, dtype=np.int64)

    def add(self, ids: Ids, counts: NDArray[np.int64]) -> None:
        """Count some tweets in. counts: as `RecordBlock.counts`, negative where there is none."""
        ages = age_groups(ids, self._began_ms)
        for place in range(len(self.columns)):
            values = counts[:, place]
            there = values >= 0
            if there.all():
                self._add(place, ages, values)
            elif there.any():
                self._add(place, ages[there], values[there])

    def _add(self, place: int, ages: NDArray[np.intp], values: NDArray[np.int64]) -> None:
        np.add.at(self._bins[place], ages * N_BINS + bins_of(values), 1)
        self._sums[place] += np.bincount(ages, values, minlength=NO_AGE + 1)
        buckets = np.searchsorted(EDGES, values, side="right")
        self._buckets[place] += np.bincount(buckets, minlength=len(EDGES) + 1)
        self._largest[place] = max(self._largest[place], values.max())

    def spread(self, metric: str) -> Spread | None:
        """How a metric's values are spread; None where no tweet has one."""
        place = self.columns.index(metric)
        by_age = self._bins[place].reshape(NO_AGE + 1, N_BINS)
        bins = by_age.sum(axis=0)
        if not (n := int(bins.sum())):
            return None
        total, largest = float(self._sums[place].sum()), int(self._largest[place])
        return Spread(
            n,
            int(bins[0]),
            total,
            total / n,
            _quantile(bins, 0.5, largest),
            _quantile(bins, 0.9, largest),
            _quantile(bins, 0.99, largest),
            largest,
            _buckets(self._buckets[place]),
            self._age_groups(by_age, self._sums[place], largest),
        )

    def _age_groups(
        self, by_age: NDArray[np.int64], sums: NDArray[np.float64], largest: int
    ) -> tuple[AgeGroup, ...]:
        numbers = by_age[:NO_AGE].sum(axis=1)
        filled = np.flatnonzero(numbers)
        if not len(filled):
            return ()
        return tuple(
            AgeGroup(
                AGE_LABELS[age],
                n := int(numbers[age]),
                _quantile(by_age[age], 0.5, largest) if n else None,
                float(sums[age]) / n if n else None,
            )
            for age in range(filled[0], filled[-1] + 1)
        )


def bins_of(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bin of each value, none of them negative."""
    # A number just below a power of two may be rounded to it: its bin is the last one before, all the same.
    octave = np.frexp(values.astype(np.float64))[1].astype(np.int64) - 1
    shift = np.maximum(octave - _FINE_BITS, -1)
    places: NDArray[np.int64] = np.where(
        values < _FINE, values, shift * _FINE + (values >> np.maximum(shift, 0))
    )
    return places


def bin_range(place: int) -> tuple[int, int]:
    """The smallest and the largest value of a bin."""
    shift = max(place // _FINE - 1, 0)
    lowest = (place - shift * _FINE) << shift
    return lowest, lowest + (1 << shift) - 1


def age_groups(ids: Ids, began_ms: int) -> NDArray[np.intp]:
    """The age group of each tweet, by its place; one that was made after the beginning is of the youngest."""
    made_ms = (ids >> 22) + SNOWFLAKE_EPOCH_MS
    groups = np.searchsorted(_AGE_ENDS, began_ms - made_ms, side="right")
    return np.where(ids >= FIRST_SNOWFLAKE, groups, NO_AGE)


def _quantile(bins: NDArray[np.int64], share: float, largest: int) -> float:
    """The smallest value that so large a share of all does not exceed."""
    reached = np.cumsum(bins)
    rank = max(int(np.ceil(share * reached[-1])), 1)
    first, last = bin_range(int(np.searchsorted(reached, rank)))
    return float(min((first + last) // 2, largest))


def _buckets(counts: NDArray[np.int64]) -> tuple[Bucket, ...]:
    n_filled = int(np.flatnonzero(counts)[-1]) + 1
    firsts = [0, *EDGES.tolist(), 2**63]
    return tuple(
        Bucket(firsts[place], firsts[place + 1] - 1, int(counts[place])) for place in range(n_filled)
    )


class SeriesTally:
    """Time series of many tweets, added up: of each metric, by time as the records name it."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._sums: dict[str, NDArray[np.float64]] = {}

    def add(self, series: Iterable[Mapping[str, Mapping[str, int]]]) -> None:
        """Add some tweets' series."""
        times: dict[str, list[str]] = {}
        values: dict[str, list[int]] = {}
        for of_tweet in series:
            for metric, points in of_tweet.items():
                times.setdefault(metric, []).extend(points)
                values.setdefault(metric, []).extend(points.values())
        for metric, names in times.items():
            if names:
                self._add(metric, names, values[metric])

    def _add(self, metric: str, names: Sequence[str], values: Sequence[int]) -> None:
        for name in set(names) - self._places.keys():
            self._places[name] = len(self._places)
        places = np.fromiter(map(self._places.__getitem__, names), dtype=np.intp, count=len(names))
        sums = np.zeros(len(self._places), dtype=np.float64)
        np.add.at(sums, places, np.array(values, dtype=np.float64))
        if metric in self._sums:
            before = self._sums[metric]
            sums[: len(before)] += before
        self._sums[metric] = sums

    def sums(self) -> dict[str, dict[str, int]]:
        """By metric, what all tweets have together at each time, in its order; times without are left out."""
        names = sorted(self._places)
        found: dict[str, dict[str, Any]] = {}
        for metric, sums in self._sums.items():
            at = {name: int(sums[place]) for name in names if (place := self._places[name]) < len(sums)}
            found[metric] = {name: value for name, value in at.items() if value}
        return found
