"""Which column of a table with a schema the IDs are in, and which names their owners."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from harvester.errors import UsageError
from harvester.sources.candidates import Candidate, lost_number
from harvester.sources.columnar.files import Part, Table
from harvester.sources.columnar.schema import Column
from harvester.sources.columnar.values import holds_ids, holds_names, read_values
from harvester.sources.form import Form
from harvester.sources.text import HEADER_NAMES, WEAK_NAMES, header_name, is_user_name

SAMPLE_ROWS: Final = 100
_MOST_COLUMNS: Final = 1000
_PANDAS_INDEX: Final = "__index_level_"


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
    found = _found(file, table, candidates)
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


def _found(file: str, table: Table, columns: list[Column]) -> Column | None:
    """The column with the most telling of the usual names, not one within another; else by what it holds.

    Not what by its name are users; and one called `id` not if it are the rows' numbers, and another has tweet IDs.
    """
    outer = {header_name(column.name): column for column in reversed(columns) if len(column.path) == 1}
    named = next((name for name in HEADER_NAMES if name in outer), None)
    if named is not None and named not in WEAK_NAMES:
        return outer[named]
    weak = outer[named] if named is not None else None
    others = [column for column in columns if not is_user_name(header_name(column.name))][:_MOST_COLUMNS]
    sample = _sample(table, others) if others else None
    if others and sample is None:
        return weak
    candidates = _candidates(others, sample) if sample else {}
    if weak and not any(candidate.outdoes(candidates.get(weak)) for candidate in candidates.values()):
        return weak
    if not candidates:
        raise UsageError(
            f"{file}: no column holds tweet IDs",
            f"{_listed(table)} Name it with --column, by its name or number.",
        )
    return max(candidates, key=lambda column: _rank(column, candidates[column]))


def _candidates(columns: list[Column], sample: Part) -> dict[Column, Candidate]:
    """Those that have numbers."""
    candidates = {}
    for column, array in zip(columns, sample.arrays, strict=True):
        values = read_values(array)
        ids = [found for found in values.ids.tolist() if found]
        lost = [number for fault in values.faults.values() if (number := lost_number(*fault))]
        if numbers := sorted(ids + lost):
            candidate = Candidate(header_name(column.name), sample.n_rows, numbers, len(lost))
            if candidate.is_large or not column.name.startswith(_PANDAS_INDEX):
                candidates[column] = candidate
    return candidates


def _rank(column: Column, candidate: Candidate) -> tuple[object, ...]:
    """See Candidate; a field within a struct stands back: there another tweet may be."""
    return *candidate.rank, len(column.path) == 1, *candidate.tie_break


def _sample(table: Table, candidates: list[Column]) -> Part | None:
    """The first rows."""
    return next((part for part in table.parts(candidates, SAMPLE_ROWS) if part.n_rows), None)
