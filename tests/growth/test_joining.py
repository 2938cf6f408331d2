"""Which records of two runs are of the same tweet, whatever their order, and what a run has several times."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.growth.joining import join
from harvester.growth.rows import Rows, row_type

SIDES = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 5)), max_size=25)
"""Tweet ID, and when it was retrieved."""


def rows(side: Sequence[tuple[int, int]]) -> Rows:
    made = np.zeros(len(side), row_type(1))
    made["tweet_id"] = [tweet_id for tweet_id, _ in side]
    made["at"] = [at for _, at in side]
    made["counts"] = np.arange(len(side)).reshape(-1, 1)
    return made


def last_of_each(side: Sequence[tuple[int, int]]) -> dict[int, int]:
    """By tweet ID, the place of the record that counts."""
    ordered = sorted(range(len(side)), key=lambda place: side[place][1])
    return {side[place][0]: place for place in ordered}


def places(found: Rows) -> dict[int, int]:
    return dict(zip(found["tweet_id"].tolist(), found["counts"][:, 0].tolist(), strict=True))


@settings(deadline=None, max_examples=60)
@given(SIDES, SIDES)
def test_tweets_of_both_runs_are_side_by_side(old: list[tuple[int, int]], new: list[tuple[int, int]]) -> None:
    joined = join(rows(old), rows(new))
    before, after = last_of_each(old), last_of_each(new)
    assert joined.old["tweet_id"].tolist() == sorted(before.keys() & after.keys())
    assert joined.old["tweet_id"].tolist() == joined.new["tweet_id"].tolist()
    assert places(joined.old) == {i: before[i] for i in before.keys() & after.keys()}
    assert places(joined.new) == {i: after[i] for i in before.keys() & after.keys()}
    assert places(joined.only_old) == {i: before[i] for i in before.keys() - after.keys()}
    assert places(joined.only_new) == {i: after[i] for i in after.keys() - before.keys()}
    assert joined.n_repeated == len(old) - len(before) + len(new) - len(after)
