"""The exact set of IDs that were seen, against a Python set."""

from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harvester import dedupe
from harvester.dedupe import SeenIds

# Few distinct values, so that repeats are frequent, and the ends of what 64 bits hold.
numbers = st.one_of(st.integers(0, 40), st.sampled_from([2**63 - 1, 2**63 - 2, -(2**63), 10**18]))
chunks = st.lists(st.lists(numbers, max_size=30), max_size=30)


def masks(chunks_of_ids: list[list[int]]) -> tuple[list[bool], SeenIds]:
    seen = SeenIds()
    mask = [
        bool(is_new) for ids in chunks_of_ids for is_new in seen.first_seen(np.array(ids, np.int64)).tolist()
    ]
    return mask, seen


@given(chunks)
def test_first_seen_agrees_with_a_set_when_chunks_are_any(cut: list[list[int]]) -> None:
    oracle: set[int] = set()
    expected = []
    for number in (number for chunk in cut for number in chunk):
        expected.append(number not in oracle)
        oracle.add(number)

    mask, seen = masks(cut)

    assert mask == expected
    assert len(seen) == len(oracle)


@given(chunks)
def test_first_seen_is_independent_of_how_the_ids_are_cut(cut: list[list[int]]) -> None:
    flat = [number for chunk in cut for number in chunk]
    assert masks(cut)[0] == masks([flat])[0] == masks([[number] for number in flat])[0]


@given(chunks)
def test_first_seen_does_not_depend_on_the_sizes_of_sieve_and_pieces(cut: list[list[int]]) -> None:
    """White box: a sieve that lets much through and is widened often, merges in many pieces."""
    with patch.multiple(dedupe, _FEWEST_WORDS=2, _IDS_A_WORD=3, _PIECE=3):
        mask, seen = masks(cut)
    assert mask == masks(cut)[0]
    values = [run.values.tolist() for run in seen._runs]
    assert all(run == sorted(set(run)) for run in values)


@given(st.sets(st.integers(-(2**63), 2**63 - 1)), st.sets(st.integers(-(2**63), 2**63 - 1)))
def test_runs_are_merged_in_place_whatever_is_in_them(one: set[int], other: set[int]) -> None:
    """White box."""
    with patch.object(dedupe, "_PIECE", 2):
        merged = dedupe._merged(*(np.array(sorted(part), np.int64) for part in (one, other - one)))
    assert merged.tolist() == sorted(one | other)


def test_first_seen_agrees_with_a_set_when_there_are_100_000_ids() -> None:
    """Long enough for runs that are searched through their index, and for many merges."""
    ids = np.random.default_rng(7).integers(10**18, 10**18 + 120_000, 100_000)
    ids[::1000] = 2**63 - 1
    seen = SeenIds()
    mask = np.concatenate([seen.first_seen(part) for part in np.array_split(ids, 77)])

    firsts = np.zeros(len(ids), np.bool_)
    firsts[np.unique(ids, return_index=True)[1]] = True
    assert np.array_equal(mask, firsts)
    assert len(seen) == len(np.unique(ids))


def test_first_seen_marks_the_first_of_repeats_within_a_chunk() -> None:
    seen = SeenIds()
    assert seen.first_seen(np.array([5, 3, 5, 3, 4], np.int64)).tolist() == [True, True, False, False, True]


def test_first_seen_leaves_its_argument_as_it_was() -> None:
    ids = np.array([3, 1, 2, 1], np.int64)
    SeenIds().first_seen(ids)
    assert ids.tolist() == [3, 1, 2, 1]


def test_first_seen_is_empty_when_nothing_is_asked() -> None:
    seen = SeenIds()
    assert seen.first_seen(np.empty(0, np.int64)).tolist() == []
    assert len(seen) == 0


def test_runs_stay_few_when_ids_come_one_by_one() -> None:
    """White box: each run is several times as long as the next."""
    _, seen = masks([[number] for number in range(3000)])
    assert len(seen._runs) <= 8


def test_repr_tells_how_many_and_how_large() -> None:
    seen = SeenIds()
    assert repr(seen) == "<SeenIds 0 IDs, 0.0 MiB, runs of none>"
    seen.first_seen(np.arange(1, 200_001))
    assert repr(seen) == "<SeenIds 200,000 IDs, 1.5 MiB, runs of 200,000>"
