"""Rows of any order come back range by range of tweet IDs, each ID's in the order in which they came."""

import os
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.engagement.tweet_id import MAX_TWEET_ID
from harvester.errors import StorageError
from harvester.growth.rows import Rows, row_type
from harvester.growth.sorting import SortedRows, ranges_of

IDS = st.lists(st.integers(1, 60) | st.integers(MAX_TWEET_ID - 60, MAX_TWEET_ID), max_size=80)
SIDES = st.tuples(IDS, IDS)


def rows(ids: Sequence[int], at: Sequence[int] | None = None) -> Rows:
    made = np.zeros(len(ids), row_type(1))
    made["tweet_id"] = ids
    made["at"] = range(len(ids)) if at is None else at
    return made


@settings(deadline=None, max_examples=60)
@given(SIDES, st.integers(1, 40), st.integers(1, 9), st.integers(1, 30))
def test_ranges_go_upwards_and_hold_every_row_once(
    sides: tuple[list[int], list[int]], piece_rows: int, key_rows: int, range_rows: int
) -> None:
    with SortedRows(1, piece_rows, key_rows) as old, SortedRows(1, piece_rows, key_rows) as new:
        for side, ids in zip((old, new), sides, strict=True):
            for start in range(0, len(ids), 7):
                side.add(rows(ids[start : start + 7], range(start, min(start + 7, len(ids)))))
            side.finish()
        found = list(ranges_of((old, new), range_rows))
    for place, ids in enumerate(sides):
        together = np.concatenate([part[place] for part in found])
        by_id: dict[int, list[int]] = {}
        for tweet_id, at in zip(together["tweet_id"].tolist(), together["at"].tolist(), strict=True):
            by_id.setdefault(tweet_id, []).append(at)
        assert by_id == {i: [at for at, each in enumerate(ids) if each == i] for i in ids}
    for one, after in pairwise(found):
        highest = max((int(ids.max()) for ids in (part["tweet_id"] for part in one) if len(ids)), default=0)
        lowest = min(
            (int(ids.min()) for ids in (part["tweet_id"] for part in after) if len(ids)), default=2**63
        )
        assert highest < lowest


def test_a_range_has_about_as_many_rows_as_it_may() -> None:
    ids = np.sort(np.random.default_rng(1).integers(1, 2**60, 40_000)).tolist()
    with SortedRows(1, 3_000, 16) as old, SortedRows(1, 3_000, 16) as new:
        for side in (old, new):
            for start in range(0, len(ids), 1_000):
                side.add(rows(ids[start : start + 1_000]))
            side.finish()
        sizes = [sum(map(len, part)) for part in ranges_of((old, new), 8_000)]
    assert sum(sizes) == 80_000
    assert max(sizes) < 9_000


def test_no_room_for_temporary_files_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with SortedRows(1) as side:
        side.add(rows([3, 1]))
        monkeypatch.setattr(os, "writev", full)
        with pytest.raises(StorageError, match="temporary files: No space left") as told:
            side.finish()
    assert told.value.hint == "TMPDIR names the folder in which they are made."
