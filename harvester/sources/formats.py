"""Which format a file has, and which column the IDs are in, by its first lines.

Decided by the content alone, never by how much of it has arrived: the same bytes are always read the same
way. The first line decides if it is a tweet ID or names a column of them, so a slow pipe is not waited for;
otherwise the first SAMPLE_LINES lines that are not blank do.
"""

import statistics
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
    """What the user said about the files; None where it is to be found out."""

    file_format: FileFormat | None
    column: str | None

    @property
    def column_number(self) -> int | None:
        """The wanted column from 0, if it was given as a number."""
        return int(self.column) - 1 if self.column is not None and self.column.isdecimal() else None


@dataclass(frozen=True, slots=True)
class _Table:
    """A sample read with one delimiter: rows without blank ones."""

    delimiter: str
    rows: list[list[str]]

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


def choose_reader(file: str, head: bytes, wanted: Wanted, *, is_all: bool) -> TextLines | CsvRows | None:
    """Who reads this file on; None if more of it is needed.

    head: its first lines, whole ones. is_all: whether these are all.

    Raises UsageError: the column is not there.
    """
    if wanted.file_format == "text":
        return TextLines(file)
    sample, is_complete = _sample(head)
    if not sample:
        return TextLines(file) if is_all or is_complete else None
    first = sample[0].decode("utf-8", "replace").removeprefix("\ufeff")
    if wanted.file_format is None and wanted.column is None and _is_text(first):
        return TextLines(file)
    delimiters = ("\t",) if wanted.file_format == "tsv" else DELIMITERS
    is_settled = is_all or is_complete
    tables = [_Table(delimiter, _rows(sample, delimiter, is_last=is_settled)) for delimiter in delimiters]
    if not is_settled and not all(table.rows for table in tables):
        return None  # the first row goes on, in quotes
    if named := _by_header(file, tables, wanted):
        return named
    if not is_settled:
        return None
    if wanted.column is not None:
        return _by_number(file, tables, wanted)
    return _by_content(file, tables, wanted)


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


def _by_header(file: str, tables: list[_Table], wanted: Wanted) -> CsvRows | None:
    """By the first row, if it has the wanted name, or one that a column of tweet IDs usually has."""
    if wanted.column_number is not None:
        return None
    names = HEADER_NAMES if wanted.column is None else (header_name(wanted.column),)
    for name in names:
        having = [table for table in tables if name in table.names]
        if having:
            table = max(having, key=lambda table: len(table.names))
            return CsvRows(file, table.delimiter, table.names.index(name), has_header=True)
    if wanted.column is None:
        return None
    there = max((table.rows[0] for table in tables if table.rows), key=len, default=[])
    listed = ", ".join(repr(cell.strip()[:40]) for cell in there[:20])
    raise UsageError(
        f"{file}: no column {wanted.column!r}", f"The first row has {listed}. A number works too, from 1."
    )


def _by_number(file: str, tables: list[_Table], wanted: Wanted) -> CsvRows:
    column = wanted.column_number or 0
    table = max(tables, key=lambda table: (len(table.column_ids(column)), len(table.names)))
    widest = max((len(row) for row in table.rows), default=0)
    if column >= widest:
        raise UsageError(
            f"{file}: no column {wanted.column}, the rows have {widest}", "Columns count from 1."
        )
    return CsvRows(file, table.delimiter, column, has_header=table.has_header_over(column))


def _by_content(file: str, tables: list[_Table], wanted: Wanted) -> TextLines | CsvRows:
    """By the column in which most values are tweet IDs; of several such the one with the largest values."""
    best: tuple[int, float] = (0, 0.0)
    chosen: tuple[_Table, int] | None = None
    for table in tables:
        widest = max(map(len, table.rows), default=0)
        for column in range(min(widest, _SAMPLE_COLUMNS)):
            ids = table.column_ids(column)
            score = (
                len(ids) * 2 >= len(table.rows) and len(table.rows),
                statistics.median(ids) if ids else 0.0,
            )
            if ids and score > best:
                best, chosen = score, (table, column)
    if chosen is None:
        if wanted.file_format is None:
            return TextLines(file)
        raise UsageError(
            f"{file}: no column holds tweet IDs", "Name the column with --column, by its name or number."
        )
    table, column = chosen
    return CsvRows(file, table.delimiter, column, has_header=table.has_header_over(column))
