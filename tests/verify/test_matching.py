"""IDs parted on the disk, and matched part by part."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.tweet_id import MAX_TWEET_ID
from harvester.verify import partitions
from harvester.verify.matching import match_part
from harvester.verify.partitions import N_PARTS, IdPartitions

ids = st.lists(st.integers(1, 12), max_size=12)


def array(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


@given(st.lists(st.lists(st.integers(1, MAX_TWEET_ID), max_size=9), max_size=9), st.integers(1, 20))
def test_every_id_comes_back_as_often_as_it_was_given(chunks: list[list[int]], block: int) -> None:
    with pytest.MonkeyPatch.context() as patch, IdPartitions() as parts:
        patch.setattr(partitions, "BLOCK_IDS", block)
        for chunk in chunks:
            parts.add(array(chunk))
        found = [parts.part(number).tolist() for number in range(N_PARTS)]
    assert Counter(i for part in found for i in part) == Counter(i for chunk in chunks for i in chunk)
    assert sum(len(set(part)) for part in found) == len({i for part in found for i in part})
    assert parts.n_ids == sum(map(len, found))


def test_neighbours_are_spread_over_the_parts() -> None:
    with IdPartitions() as parts:
        parts.add(np.arange(1, 256_001, dtype=np.int64) << 22)
        assert max(len(parts.part(number)) for number in range(N_PARTS)) < 2_000


@given(ids, ids, st.booleans())
def test_part_is_matched_as_by_counting(wanted: list[int], settled: list[int], is_distinct: bool) -> None:
    asked, there = Counter(wanted), Counter(settled)
    part = match_part(array(wanted), array(settled), is_distinct=is_distinct)
    allowed = {i: 1 if is_distinct else n for i, n in asked.items()}
    assert part.twice.tolist() == sorted(i for i, n in there.items() if i in asked and n > allowed[i])
    assert part.foreign.tolist() == sorted(there.keys() - asked.keys())
    assert part.lost.tolist() == sorted(asked.keys() - there.keys())


@given(ids, st.booleans())
def test_without_the_input_only_what_is_twice_is_told(settled: list[int], is_distinct: bool) -> None:
    part = match_part(None, array(settled), is_distinct=is_distinct)
    twice = sorted(i for i, n in Counter(settled).items() if n > 1)
    assert part.twice.tolist() == (twice if is_distinct else [])
    assert not len(part.foreign)
    assert not len(part.lost)
