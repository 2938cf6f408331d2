"""Which rows of two runs are of the same tweet. Pure."""

from dataclasses import dataclass

import numpy as np

from harvester.growth.rows import Rows


@dataclass(frozen=True, slots=True)
class Joined:
    """The tweets of two runs, by ID upwards.

    old, new: their rows where both have the tweet, side by side. only_old, only_new: where one of them has.
    n_repeated: rows that gave way to a later one of the same tweet.
    """

    old: Rows
    new: Rows
    only_old: Rows
    only_new: Rows
    n_repeated: int = 0


def join(old: Rows, new: Rows) -> Joined:
    """Put them together. rows: in any order; of several of one tweet, the last that was retrieved counts."""
    last_old, last_new = _last_of_each(old), _last_of_each(new)
    _, in_old, in_new = np.intersect1d(
        last_old["tweet_id"], last_new["tweet_id"], assume_unique=True, return_indices=True
    )
    return Joined(
        last_old[in_old],
        last_new[in_new],
        np.delete(last_old, in_old),
        np.delete(last_new, in_new),
        len(old) - len(last_old) + len(new) - len(last_new),
    )


def _last_of_each(rows: Rows) -> Rows:
    """A row for each tweet, by ID upwards: that retrieved last, of those of one second the last one given."""
    ordered = rows[np.lexsort((rows["at"], rows["tweet_id"]))]
    ids = ordered["tweet_id"]
    is_last = np.ones(len(ids), np.bool_)
    is_last[:-1] = ids[1:] != ids[:-1]
    return ordered[is_last]
