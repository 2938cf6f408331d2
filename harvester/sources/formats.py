"""Which format a file has, and which column the IDs are in, by its first lines.

Decided by the content alone, never by how much of it has arrived: the same bytes are always read the same
way. The first line decides if it is a tweet ID or names a column of them, so a slow pipe is not waited for;
otherwise the first SAMPLE_LINES lines that are not blank do.
"""

from dataclasses import dataclass
from typing import Final, Literal

from harvester.engagement.tweet_id import parse_tweet_id
from harvester.errors import UsageError
from harvester.sources.chunk import LINE_CAP
from harvester.sources.csv_records import read_records
from harvester.sources.csv_rows import CsvRows, is_blank
from harvester.sources.text import HEADER_NAMES, TextLines, header_name

FileFormat = Literal["text", "csv", "tsv"]
DELIMITERS: Final = (",", ";", "\t", "|")
SAMPLE_LINES: Final = 100
_SAMPLE_BYTES: Final = LINE_CAP
_SAMPLE_COLUMNS: Final = 1000
_JSON_BEGINNINGS: Final = ("{", "[", "window.YTD")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user said about the files; None where it is to be found out.

    owner_column: None if nobody asks for owners.
    """

    file_format: FileFormat | None
    column: str | None
    owner_column: str | None = None

    @property
    def column_number(self) -> int | None:
        """The wanted column from 0, if it was given as a number."""
        return _number(self.column)

    @property
    def owner_number(self) -> int | None:
        """The owners' column from 0, if it was given as a number."""
        return _number(self.owner_column)

    @property
    def owner_name(self) -> str | None:
        """The owners' column as header_name writes it, if it was given by name. A first row names columns then."""
        if self.owner_column is None or self.owner_number is not None:
            return None
        return header_name(self.owner_column)


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

    def owner_place(self, wanted: Wanted) -> int | None:
        """Where the owners' column is or would be, from 0; a name must be there."""
        return wanted.owner_number if wanted.owner_name is None else self.names.index(wanted.owner_name)


def choose_reader(file: str, head: bytes, wanted: Wanted, *, is_all: bool) -> TextLines | CsvRows | None:
    """Who reads this file on; None if more of it is needed.

    head: its first lines, whole ones. is_all: whether these are all.

    Raises UsageError: the column is not there.
    """
    if wanted.file_format == "text":
        return TextLines(file)
    sample, is_complete = _sample(head)
    if not sample and is_complete and wanted.owner_column is not None:
        raise UsageError(
            f"{file}: no column {wanted.owner_column!r}, only blank lines at the beginning",
            f"Remove them, {_SAMPLE_BYTES // 1024} KiB are looked at.",
        )
    if not sample:
        return TextLines(file) if is_all or is_complete else None
    first = sample[0].decode("utf-8", "replace").removeprefix("\ufeff")
    is_open = wanted.file_format is None and wanted.column is None and wanted.owner_column is None
    if is_open and _is_text(first):
        return TextLines(file)
    delimiters = ("\t",) if wanted.file_format == "tsv" else DELIMITERS
    is_settled = is_all or is_complete
    tables = [_Table(delimiter, _rows(sample, delimiter, is_last=is_settled)) for delimiter in delimiters]
    if not is_settled and not all(table.rows for table in tables):
        return None  # the first row goes on, in quotes
    if wanted.owner_name is not None:
        tables = _naming_owners(file, tables, wanted)
    if named := _by_header(file, tables, wanted):
        return named
    if not is_settled:
        return None
    if wanted.column is not None:
        return _by_number(file, tables, wanted)
    return _by_content(file, tables, wanted)


def _number(column: str | None) -> int | None:
    return int(column) - 1 if column is not None and column.isdecimal() else None


def _is_text(first_line: str) -> bool:
    is_plain = isinstance(parse_tweet_id(first_line), int) or header_name(first_line) in HEADER_NAMES
    return is_plain or first_line.lstrip().startswith(_JSON_BEGINNINGS)


def _sample(head: bytes) -> tuple[list[bytes], bool]:
    """The first lines that are not blank, and whether more would not be looked at."""
    sample: list[bytes] = []
    n_bytes = 0
    for line in head.split(b"\n")[:-1]:
        n_bytes += len(line) + 1
        if line.strip():
            sample.append(line[: LINE_CAP + 1])
        if len(sample) >= SAMPLE_LINES or n_bytes >= _SAMPLE_BYTES:
            return sample, True
    return sample, False


def _rows(sample: list[bytes], delimiter: str, *, is_last: bool) -> list[list[str]]:
    records = read_records(sample, delimiter, is_last=is_last)
    return [record.cells for record in records if not is_blank(record.cells)]


def _naming_owners(file: str, tables: list[_Table], wanted: Wanted) -> list[_Table]:
    having = [table for table in tables if wanted.owner_name in table.names]
    if not having:
        raise _no_name(file, tables, wanted.owner_column)
    return having


def _by_header(file: str, tables: list[_Table], wanted: Wanted) -> CsvRows | None:
    """By the first row, if it has the wanted name, or one that a column of tweet IDs usually has."""
    if wanted.column_number is not None:
        return None
    names = HEADER_NAMES if wanted.column is None else (header_name(wanted.column),)
    for name in names:
        having = [table for table in tables if name in table.names]
        if wanted.column is None:
            having = [table for table in having if table.names.index(name) != table.owner_place(wanted)]
        if having:
            table = max(having, key=lambda table: len(table.names))
            # Rows below the first may not have come yet, so the first one says how many columns there are.
            owner_column = _owner_column(file, table, wanted, len(table.names))
            column = table.names.index(name)
            return CsvRows(file, table.delimiter, column, has_header=True, owner_column=owner_column)
    if wanted.column is None:
        return None
    raise _no_name(file, tables, wanted.column)


def _no_name(file: str, tables: list[_Table], column: str | None) -> UsageError:
    there = max((table.rows[0] for table in tables if table.rows), key=len, default=[])
    listed = ", ".join(repr(cell.strip()[:40]) for cell in there[:20])
    return UsageError(
        f"{file}: no column {column!r}", f"The first row has {listed}. A number works too, from 1."
    )


def _no_number(file: str, column: str | None, n_columns: int) -> UsageError:
    return UsageError(f"{file}: no column {column}, the rows have {n_columns}", "Columns count from 1.")


def _owner_column(file: str, table: _Table, wanted: Wanted, n_columns: int) -> int | None:
    place = table.owner_place(wanted)
    if place is not None and place >= n_columns:
        raise _no_number(file, wanted.owner_column, n_columns)
    return place


def _csv_rows(file: str, table: _Table, column: int, wanted: Wanted) -> CsvRows:
    """Reads the table on, now that its sample is complete."""
    owner_column = _owner_column(file, table, wanted, table.n_columns)
    has_header = wanted.owner_name is not None or table.has_header_over(column)
    return CsvRows(file, table.delimiter, column, has_header=has_header, owner_column=owner_column)


def _by_number(file: str, tables: list[_Table], wanted: Wanted) -> CsvRows:
    column = wanted.column_number or 0
    table = max(tables, key=lambda table: (len(table.column_ids(column)), len(table.names)))
    if column >= table.n_columns:
        raise _no_number(file, wanted.column, table.n_columns)
    return _csv_rows(file, table, column, wanted)


def _by_content(file: str, tables: list[_Table], wanted: Wanted) -> TextLines | CsvRows:
    """By the column in which most values are tweet IDs; of several such the one with the largest values.

    Not by the owners' column: their numbers may be as large.
    """
    best = (0, 0)
    chosen: tuple[_Table, int] | None = None
    for table in tables:
        owner_place = table.owner_place(wanted)
        for column in range(min(table.n_columns, _SAMPLE_COLUMNS)):
            if column == owner_place:
                continue
            ids = table.column_ids(column)
            score = (len(ids) * 2 >= len(table.rows) and len(table.rows), _twice_the_median(ids))
            if ids and score > best:
                best, chosen = score, (table, column)
    if chosen is None:
        if wanted.file_format is None and wanted.owner_column is None:
            return TextLines(file)
        raise UsageError(
            f"{file}: no column holds tweet IDs", "Name the column with --column, by its name or number."
        )
    return _csv_rows(file, *chosen, wanted)


def _twice_the_median(ids: list[int]) -> int:
    in_order = sorted(ids)
    return in_order[(len(ids) - 1) // 2] + in_order[len(ids) // 2] if ids else 0
