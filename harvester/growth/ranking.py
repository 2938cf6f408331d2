"""The tweets that gained most. Pure."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harvester.growth.gains import HOUR_S, Gains

_FIELDS: Final = ("tweet_id", "old", "new", "old_at", "new_at")


class Ranking:
    """The n tweets with the highest values above 0, of a metric; of equal values the smaller ID comes first.

    kind: of the values.
    """

    def __init__(self, size: int, kind: type[np.int64 | np.float64]) -> None:
        self._size = size
        self._best = np.empty(0, [("value", kind), *((name, np.int64) for name in _FIELDS)])

    def offer(self, values: NDArray[Any], gains: Gains, column: int) -> None:
        """Look at more tweets. values: what they are ranked by; NaN where there is none."""
        places = self._places(values)
        found = np.empty(len(places), self._best.dtype)
        found["value"] = values[places]
        found["tweet_id"] = gains.tweet_ids[places]
        found["old"], found["new"] = gains.old[places, column], gains.new[places, column]
        found["old_at"], found["new_at"] = gains.old_at[places], gains.new_at[places]
        best = np.concatenate((self._best, found))
        self._best = best[np.lexsort((best["tweet_id"], -best["value"]))][: self._size]

    def _places(self, values: NDArray[Any]) -> NDArray[np.intp]:
        """Of those that could enter by themselves, at most about as many as there is room for."""
        is_full = len(self._best) == self._size
        least = self._best["value"][-1] if is_full and self._size else 0
        places = np.flatnonzero(values >= least if is_full else values > 0)
        if not self._size or len(places) <= self._size:
            return places[: self._size]
        high = values[places]
        last = np.partition(high, -self._size)[-self._size]
        # Thousands may have gained the same one like; they come by ID upwards.
        return np.concatenate((places[high > last], places[high == last][: self._size]))

    def ranked(self) -> list[dict[str, Any]]:
        """The highest first: tweet_id, a string, old, new, gained, hours and per_hour, null within one second."""
        return [_described(*entry) for entry in self._best[list(_FIELDS)].tolist()]


def _described(tweet_id: int, old: int, new: int, old_at: int, new_at: int) -> dict[str, Any]:
    hours = (new_at - old_at) / HOUR_S
    return {
        "tweet_id": str(tweet_id),
        "old": old,
        "new": new,
        "gained": new - old,
        "hours": round(hours, 4),
        "per_hour": round((new - old) / hours, 6) if hours else None,
    }
