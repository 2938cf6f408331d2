"""Groupings: counts along named axes become nested objects, in whatever order is asked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harvester.simulator.options import CountStyle

Mask = NDArray[np.bool_]
Leaf = int | str


@dataclass(frozen=True, slots=True)
class Cells:
    """Counts with an axis for each group_by value.

    keys: the axes in their order, and what each index of them is called. is_there: which cells are answered.
    """

    keys: Mapping[str, Sequence[str]]
    counts: NDArray[np.int64]
    is_there: Mask


def group(cells: Cells, by: Sequence[str], style: CountStyle) -> dict[str, object]:
    """One grouping: nested in the order of by, summed over what is not in it, without what is not there."""
    kept = summed(cells, by)
    axes = [list(kept.keys).index(value) for value in by]
    counts = kept.counts.transpose(axes).tolist()
    is_there = None if kept.is_there.all() else kept.is_there.transpose(axes).tolist()
    return _nest([kept.keys[value] for value in by], counts, is_there, _leaf_style(style))


def summed(cells: Cells, by: Sequence[str]) -> Cells:
    """Without the axes that are not in by. A sum is there where any part of it is."""
    absent = tuple(axis for axis, value in enumerate(cells.keys) if value not in by)
    if not absent:
        return cells
    is_there: Mask = np.any(cells.is_there, axis=absent)
    return Cells(
        {value: keys for value, keys in cells.keys.items() if value in by},
        np.where(cells.is_there, cells.counts, 0).sum(axis=absent),
        is_there,
    )


def without_zeros(cells: Cells) -> Cells:
    """Without the cells that count nothing."""
    return replace(cells, is_there=cells.is_there & (cells.counts != 0))


def _nest(
    keys: Sequence[Sequence[str]], counts: list[Any], is_there: list[Any] | None, leaf: Callable[[int], Leaf]
) -> dict[str, object]:
    """counts and is_there are nested as deep as there are keys; is_there is None where all is."""
    outer, *inner = keys
    if not inner:
        return _leaves(outer, counts, is_there, leaf)
    theres: Iterable[list[Any] | None] = repeat(None, len(outer)) if is_there is None else is_there
    nested = (
        (key, _nest(inner, row, there, leaf)) for key, row, there in zip(outer, counts, theres, strict=True)
    )
    return {key: value for key, value in nested if value}


def _leaves(
    keys: Sequence[str], counts: list[int], is_there: list[bool] | None, leaf: Callable[[int], Leaf]
) -> dict[str, object]:
    if is_there is None or all(is_there):
        return dict(zip(keys, map(leaf, counts), strict=True))
    return {key: leaf(count) for key, count, there in zip(keys, counts, is_there, strict=True) if there}


def _leaf_style(style: CountStyle) -> Callable[[int], Leaf]:
    match style:
        case "strings":
            return str
        case "numbers":
            return int
        case "mixed":
            return lambda count: str(count) if count % 2 else count
