"""Which column of a table with a schema the IDs are in, and which names their owners."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from harvester.errors import UsageError
from harvester.sources.columnar.files import Part, Table
from harvester.sources.columnar.schema import Column
from harvester.sources.columnar.values import holds_ids, holds_names, read_values
from harvester.sources.form import Form
from harvester.sources.text import HEADER_NAMES, header_name

SAMPLE_ROWS: Final = 100
_MOST_COLUMNS: Final = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns to read."""

    ids: Column
    owners: Column | None

    @property
    def all(self) -> tuple[Column, ...]:
        """Both, or the one of IDs."""
        return (self.ids,) if self.owners is None else (self.ids, self.owners)


def choose_columns(file: str, table: Table, form: Form) -> Wanted | None:
    """By what the user says, else by a usual name, else by the values; None if there are no rows to go by.

    Raises UsageError: it is not there, or holds what cannot be an ID or a name; no column holds IDs. Raises
    Unreadable as reading does.
    """
    owners = None
    if form.owner_column is not None:
        owners = _given(file, table, form.owner_column, form.owner_number)
        _check(file, owners, "a name", holds_names)
    if form.column is not None:
        ids = _given(file, table, form.column, form.column_number)
        _check(file, ids, "a tweet ID", holds_ids)
        return Wanted(ids, owners)
    candidates = [column for column in table.columns if column != owners and holds_ids(column.kind)]
    found = _by_name(candidates) or _by_content(file, table, candidates)
    return Wanted(found, owners) if found else None


def _given(file: str, table: Table, name: str, number: int | None) -> Column:
    if number is not None:
        having = [column for column in table.columns if column.place == number and len(column.path) == 1]
    else:
        having = [column for column in table.columns if header_name(column.name) == header_name(name)]
    if not having:
        raise UsageError(f"{file}: no column {name!r}", f"{_listed(table)} A number works too, from 1.")
    return having[0]


def _listed(table: Table) -> str:
    names = ", ".join(repr(column.name[:40]) for column in table.columns[:20])
    return f"The table has {names or 'no columns'}{', …' if len(table.columns) > 20 else ''}."


def _check(file: str, column: Column, what: str, holds: Callable[[Any], bool]) -> None:
    if not holds(column.kind):
        raise UsageError(
            f"{file}: column {column.name[:40]!r} is of type {str(column.kind)[:80]}, which cannot hold {what}",
            "Name another column; a field of a struct is written as tweet.id.",
        )


def _by_name(candidates: list[Column]) -> Column | None:
    """The column with the most telling of the usual names, not one within another."""
    outer = {header_name(column.name): column for column in reversed(candidates) if len(column.path) == 1}
    return next((outer[name] for name in HEADER_NAMES if name in outer), None)


def _by_content(file: str, table: Table, candidates: list[Column]) -> Column | None:
    """The column in which most values are tweet IDs; of several such the one with the largest values.

    A field within a struct only if no column itself has any: there the user, or another tweet is.
    """
    candidates = candidates[:_MOST_COLUMNS]
    sample = _sample(table, candidates) if candidates else None
    if candidates and sample is None:
        return None
    best: tuple[bool, bool, int] = (False, False, 0)
    chosen = None
    for column, array in zip(candidates, sample.arrays if sample else (), strict=True):
        ids = sorted(found for found in read_values(array).ids.tolist() if found)
        if ids:
            score = (len(column.path) == 1, len(ids) * 2 >= len(array), ids[len(ids) // 2])
            if score > best:
                best, chosen = score, column
    if chosen is None:
        raise UsageError(
            f"{file}: no column holds tweet IDs",
            f"{_listed(table)} Name it with --column, by its name or number.",
        )
    return chosen


def _sample(table: Table, candidates: list[Column]) -> Part | None:
    """The first rows."""
    return next((part for part in table.parts(candidates, SAMPLE_ROWS) if part.n_rows), None)
