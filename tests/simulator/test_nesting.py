"""Counts along axes become nested objects."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.simulator.nesting import Cells, group, without_zeros

KEYS = {"x": ("x0", "x1"), "y": ("y0", "y1", "y2"), "z": ("z0", "z1")}
ORDERS = [by for n in (1, 2, 3) for by in permutations(KEYS, n)]


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], int]:
    if not isinstance(value, dict):
        return {path: int(value)}
    return {found: n for key, inner in value.items() for found, n in leaves(inner, (*path, key)).items()}


@pytest.mark.parametrize("by", ORDERS)
@given(
    counts=st.lists(st.integers(0, 5), min_size=12, max_size=12),
    there=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_leaves_are_the_sums_of_the_cells_that_are_there(
    by: tuple[str, ...], counts: list[int], there: list[bool]
) -> None:
    cells = Cells(KEYS, np.array(counts).reshape(2, 3, 2), np.array(there).reshape(2, 3, 2))
    expected: dict[tuple[str, ...], int] = {}
    for (x, y, z), is_there in np.ndenumerate(cells.is_there):
        if is_there:
            named = {"x": f"x{x}", "y": f"y{y}", "z": f"z{z}"}
            path = tuple(named[value] for value in by)
            expected[path] = expected.get(path, 0) + int(cells.counts[x, y, z])
    assert leaves(group(cells, by, "numbers")) == expected


def test_what_is_empty_without_its_zeros_is_left_out() -> None:
    counts = np.zeros((2, 3, 2), dtype=np.int64)
    counts[1, 2, 0] = 7
    cells = without_zeros(Cells(KEYS, counts, np.ones(counts.shape, dtype=np.bool_)))
    assert group(cells, ("x", "y", "z"), "strings") == {"x1": {"y2": {"z0": "7"}}}
