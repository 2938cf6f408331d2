"""What each tweet gained between its two records. Pure."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.tweet_id import Ids
from harvester.growth.joining import Joined
from harvester.growth.rows import OK
from harvester.recorded.records import NOT_COUNTED

HOUR_S: Final = 3600


@dataclass(frozen=True)
class Gains:
    """Some tweets that both runs have counts of, by ID upwards.

    old_at, new_at: when they were retrieved, seconds since 1970; never the new before the old. old, new: their
    counts, a row for each tweet and a column for each metric.
    """

    tweet_ids: Ids
    old_at: NDArray[np.int64]
    new_at: NDArray[np.int64]
    old: NDArray[np.int64]
    new: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tweet_ids)

    @cached_property
    def hours(self) -> NDArray[np.float64]:
        """Between the two records of each."""
        return (self.new_at - self.old_at) / HOUR_S

    @cached_property
    def is_counted(self) -> NDArray[np.bool_]:
        """Whether both records count the metric."""
        both: NDArray[np.bool_] = (self.old != NOT_COUNTED) & (self.new != NOT_COUNTED)
        return both

    @cached_property
    def gained(self) -> NDArray[np.int64]:
        """New less old; below 0 where a count fell. 0 where it is not counted: look at `is_counted`."""
        return np.where(self.is_counted, self.new - self.old, 0)

    @cached_property
    def per_hour(self) -> NDArray[np.float64]:
        """Of what was gained. NaN for a tweet that both runs retrieved in the same second."""
        hours = np.where(self.hours > 0, self.hours, np.nan)
        return self.gained / hours[:, np.newaxis]


def gains_of(joined: Joined) -> tuple[Gains, int]:
    """Of the tweets that are ok in both runs; and how many of those the new run retrieved before the old one."""
    is_ok = (joined.old["status"] == OK) & (joined.new["status"] == OK)
    is_later = joined.new["at"] >= joined.old["at"]
    old, new = joined.old[is_ok & is_later], joined.new[is_ok & is_later]
    found = Gains(old["tweet_id"], old["at"], new["at"], old["counts"], new["counts"])
    return found, int(np.count_nonzero(is_ok & ~is_later))
