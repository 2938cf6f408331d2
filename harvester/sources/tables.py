"""Whether lines are plain text or a table, and which column of it the IDs are in, by the first of them.

Decided by the content alone, never by how much of it has arrived: the same bytes are always read the same
way. The first line decides if it is a tweet ID or names a column of them, so a slow pipe is not waited for;
otherwise the first SAMPLE_LINES lines that are not blank do.
"""

from dataclasses import dataclass
from typing import Final

from harvester.engagement.tweet_id import parse_tweet_id
from harvester.errors import UsageError
from harvester.sources.chunk import LINE_CAP
from harvester.sources.csv_records import Dialect, read_records
from harvester.sources.csv_rows import CsvRows, is_blank
from harvester.sources.form import Form
from harvester.sources.readers import Rows
from harvester.sources.text import HEADER_NAMES, TextLines, header_name

DELIMITERS: Final = (",", ";", "\t", "|")
SAMPLE_LINES: Final = 100
_SAMPLE_BYTES: Final = LINE_CAP
_SAMPLE_COLUMNS: Final = 1000


@dataclass(frozen=True, slots=True)
class _Table:
    """A sample read with one delimiter: rows without blank ones."""

    delimiter: str
    rows: list[list[str]]

    @property
    def n_columns(self) -> int:
        return max(map(len, self.rows), default=0)

    @property
    def names(self) -> list[str]:
        return [header_name(cell) for cell in self.rows[0]] if self.rows else []

    def column_ids(self, column: int) -> list[int]:
        cells = (row[column] for row in self.rows if column < len(row))
        return [found for cell in cells if isinstance(found := parse_tweet_id(cell), int)]

    def has_header_over(self, column: int) -> bool:
        """Whether the first row names columns: by a known name, or by a word without digits over the IDs."""
        if any(name in HEADER_NAMES for name in self.names):
            return True
        name = self.names[column] if column < len(self.names) else ""
        return bool(name) and not any(c.isdigit() for c in name)

    def owner_place(self, form: Form) -> int | None:
        """Where the owners' column is or would be, from 0; a name must be there."""
        name = _owner_name(form)
        return form.owner_number if name is None else self.names.index(name)


def choose_rows(file: str, head: bytes, form: Form, *, is_all: bool) -> Rows | None:
    """Who reads the lines of this file, from the first on; None if more of it is needed to tell.

    head: its first bytes. is_all: whether these are all.

    Raises UsageError: the column is not there.
    """
    if form.file_format == "text":
        return TextLines(file)
    sample, is_complete = _sample(head, is_all=is_all)
    if not sample and is_complete and form.owner_column is not None:
        raise UsageError(
            f"{file}: no column {form.owner_column!r}, only blank lines at the beginning",
            f"Remove them, {_SAMPLE_BYTES // 1024} KiB are looked at.",
        )
    if not sample:
        return TextLines(file) if is_all or is_complete else None
    first = sample[0].decode("utf-8", "replace").removeprefix("\ufeff")
    is_open = form.file_format is None and form.column is None and form.owner_column is None
    if is_open and _is_text(first):
        return TextLines(file)
    delimiters = ("\t",) if form.file_format == "tsv" else DELIMITERS
    is_settled = is_all or is_complete
    tables = [_Table(delimiter, _rows(sample, delimiter, is_last=is_settled)) for delimiter in delimiters]
    if not is_settled and not all(table.rows for table in tables):
        return None  # the first row goes on, in quotes
    if _owner_name(form) is not None:
        tables = _naming_owners(file, tables, form)
    if named := _by_header(file, tables, form):
        return named
    if not is_settled:
        return None
    if form.column is not None:
        return _by_number(file, tables, form)
    return _by_content(file, tables, form)


def _owner_name(form: Form) -> str | None:
    """The owners' column as header_name writes it, if it was given by name. A first row names columns then."""
    if form.owner_column is None or form.owner_number is not None:
        return None
    return header_name(form.owner_column)


def _is_text(first_line: str) -> bool:
    return isinstance(parse_tweet_id(first_line), int) or header_name(first_line) in HEADER_NAMES


def _sample(head: bytes, *, is_all: bool) -> tuple[list[bytes], bool]:
    """The first lines that are not blank, and whether more would not be looked at."""
    sample: list[bytes] = []
    n_bytes = 0
    *lines, begun = head.split(b"\n")
    if len(begun) > LINE_CAP or (begun and is_all):
        lines.append(begun)
    for line in lines:
        n_bytes += len(line) + 1
        if line.strip():
            sample.append(line[: LINE_CAP + 1])
        if len(sample) >= SAMPLE_LINES or n_bytes >= _SAMPLE_BYTES:
            return sample, True
    return sample, False


def _rows(sample: list[bytes], delimiter: str, *, is_last: bool) -> list[list[str]]:
    records = read_records(sample, Dialect(delimiter), is_last=is_last)
    return [record.cells for record in records if not is_blank(record.cells)]


def _naming_owners(file: str, tables: list[_Table], form: Form) -> list[_Table]:
    having = [table for table in tables if _owner_name(form) in table.names]
    if not having:
        raise _no_name(file, tables, form.owner_column)
    return having


def _by_header(file: str, tables: list[_Table], form: Form) -> CsvRows | None:
    """By the first row, if it has the wanted name, or one that a column of tweet IDs usually has."""
    if form.column_number is not None:
        return None
    names = HEADER_NAMES if form.column is None else (header_name(form.column),)
    for name in names:
        having = [table for table in tables if name in table.names]
        if form.column is None:
            having = [table for table in having if table.names.index(name) != table.owner_place(form)]
        if having:
            table = max(having, key=lambda table: len(table.names))
            # Rows below the first may not have come yet, so the first one says how many columns there are.
            owner_column = _owner_column(file, table, form, len(table.names))
            column = table.names.index(name)
            shown_name = table.rows[0][column].strip()
            return CsvRows(file, Dialect(table.delimiter), column, name=shown_name, owner_column=owner_column)
    if form.column is None:
        return None
    raise _no_name(file, tables, form.column)


def _no_name(file: str, tables: list[_Table], column: str | None) -> UsageError:
    there = max((table.rows[0] for table in tables if table.rows), key=len, default=[])
    listed = ", ".join(repr(cell.strip()[:40]) for cell in there[:20])
    return UsageError(
        f"{file}: no column {column!r}", f"The first row has {listed}. A number works too, from 1."
    )


def _no_number(file: str, column: str | None, n_columns: int) -> UsageError:
    return UsageError(f"{file}: no column {column}, the rows have {n_columns}", "Columns count from 1.")


def _owner_column(file: str, table: _Table, form: Form, n_columns: int) -> int | None:
    place = table.owner_place(form)
    if place is not None and place >= n_columns:
        raise _no_number(file, form.owner_column, n_columns)
    return place


def _csv_rows(file: str, table: _Table, column: int, form: Form) -> CsvRows:
    """Reads the table on, now that its sample is complete."""
    owner_column = _owner_column(file, table, form, table.n_columns)
    has_header = _owner_name(form) is not None or table.has_header_over(column)
    name = table.rows[0][column].strip() if column < len(table.rows[0]) else ""
    return CsvRows(
        file, Dialect(table.delimiter), column, name=name if has_header else None, owner_column=owner_column
    )


def _by_number(file: str, tables: list[_Table], form: Form) -> CsvRows:
    column = form.column_number or 0
    table = max(tables, key=lambda table: (len(table.column_ids(column)), len(table.names)))
    if column >= table.n_columns:
        raise _no_number(file, form.column, table.n_columns)
    return _csv_rows(file, table, column, form)


def _by_content(file: str, tables: list[_Table], form: Form) -> Rows:
    """By the column in which most values are tweet IDs; of several such the one with the largest values.

    Not by the owners' column: their numbers may be as large.
    """
    best = (0, 0)
    chosen: tuple[_Table, int] | None = None
    for table in tables:
        owner_place = table.owner_place(form)
        for column in range(min(table.n_columns, _SAMPLE_COLUMNS)):
            if column == owner_place:
                continue
            ids = table.column_ids(column)
            score = (len(ids) * 2 >= len(table.rows) and len(table.rows), _twice_the_median(ids))
            if ids and score > best:
                best, chosen = score, (table, column)
    if chosen is None:
        if form.file_format is None and form.owner_column is None:
            return TextLines(file)
        raise UsageError(
            f"{file}: no column holds tweet IDs", "Name the column with --column, by its name or number."
        )
    return _csv_rows(file, *chosen, form)


def _twice_the_median(ids: list[int]) -> int:
    in_order = sorted(ids)
    return in_order[(len(ids) - 1) // 2] + in_order[len(ids) // 2] if ids else 0
