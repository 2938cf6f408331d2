"""The first lines of a text, read as tables: with each delimiter and quote that may part their columns."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from harvester.engagement.tweet_id import parse_tweet_id
from harvester.sources.candidates import Candidate, lost_number
from harvester.sources.chunk import LINE_CAP
from harvester.sources.delimited.dialect import Dialect
from harvester.sources.delimited.records import Record, read_records
from harvester.sources.delimited.rows import is_blank
from harvester.sources.form import Form
from harvester.sources.text import BOM, HEADER_NAMES, header_name, is_user_name

SAMPLE_LINES: Final = 100
SAMPLE_BYTES: Final = LINE_CAP
DELIMITERS: Final = (",", ";", "\t", "|", "\x01")
RARE_DELIMITERS: Final = (" ", ":", "^", "~")
"""They part columns only where the others part none, and nearly all rows have an ID then."""
_SAMPLE_COLUMNS: Final = 1000
_SEPARATOR: Final = re.compile(r"""("?)sep=((?!["'\\])[\x01\t -/:-@\[-`{-~])\1\r?""", re.IGNORECASE)
_DIGIT: Final = re.compile("[0-9]")


@dataclass(frozen=True, slots=True)
class Sample:
    """The first lines that are not blank, without what stands above the table.

    n_preamble: lines before these that are no rows: `sep=;`, as Excel writes it, and comments. delimiter: what the
    first of them names. is_complete: whether more would not be looked at.
    """

    lines: list[bytes]
    n_preamble: int
    delimiter: str | None
    is_complete: bool

    @property
    def first(self) -> str:
        """The first line as text."""
        return _text(self.lines[0])


def take_sample(head: bytes, names: Iterable[str], *, is_all: bool) -> Sample:
    """The sample of a text that begins with head. names: of columns that make a header of a line with `#`."""
    lines: list[bytes] = []
    n_bytes = n_preamble = 0
    delimiter: str | None = None
    *whole, begun = head.split(b"\n")
    if len(begun) > LINE_CAP or (begun and is_all):
        whole.append(begun)
    for number, line in enumerate(whole, 1):
        n_bytes += len(line) + 1
        if not lines and n_preamble == 0 and (found := _SEPARATOR.fullmatch(_text(line[:100]))):
            delimiter, n_preamble = found[2], number
        elif not lines and _is_comment(_text(line[: LINE_CAP + 1]), names):
            n_preamble = number
        elif line.strip():
            lines.append(line[: LINE_CAP + 1])
        if len(lines) >= SAMPLE_LINES or n_bytes >= SAMPLE_BYTES:
            return Sample(lines, n_preamble, delimiter, is_complete=True)
    return Sample(lines, n_preamble, delimiter, is_complete=False)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").removeprefix(BOM)


def _is_comment(line: str, names: Iterable[str]) -> bool:
    """Whether it begins with `#`, and is neither a header nor a row with an ID in a cell."""
    if not line.startswith("#"):
        return False
    rows = [line.split(delimiter) for delimiter in DELIMITERS if delimiter in line]
    cells = [cell for row in rows for cell in row]
    return not any(header_name(cell) in names or id_in(cell) for cell in cells)


def id_in(cell: str) -> int | None:
    """The tweet ID that a cell holds. Quick where there is none."""
    found = parse_tweet_id(cell) if _DIGIT.search(cell) else None
    return found if isinstance(found, int) else None


@dataclass(frozen=True, slots=True)
class Table:
    """A sample read in one dialect: rows without blank ones."""

    dialect: Dialect
    rows: list[list[str]]

    @property
    def n_columns(self) -> int:
        """Of the longest row."""
        return max(map(len, self.rows), default=0)

    def n_cells(self, column: int) -> int:
        """Of most rows that have the column; one does at least."""
        return Counter(len(row) for row in self.rows if len(row) > column).most_common(1)[0][0]

    @property
    def names(self) -> list[str]:
        """What the first row's cells would be as names."""
        return [header_name(cell) for cell in self.rows[0]] if self.rows else []

    @property
    def is_even(self) -> bool:
        """Whether its rows are as long as one another."""
        return len(set(map(len, self.rows))) == 1

    def column_ids(self, column: int) -> list[int]:
        """The tweet IDs in a column."""
        cells = (row[column] for row in self.rows if column < len(row))
        return [found for cell in cells if (found := id_in(cell))]

    def has_header_over(self, column: int) -> bool:
        """Whether the first row names columns: by a known name, or by a word without digits over the IDs."""
        if id_in(self.rows[0][column] if self.rows and column < len(self.rows[0]) else ""):
            return False
        if any(name in HEADER_NAMES for name in self.names):
            return True
        name = self.names[column] if column < len(self.names) else ""
        return bool(name) and not any(c.isdigit() for c in name)

    def owner_place(self, form: Form) -> int | None:
        """Where the owners' column is or would be, from 0; a name must be there."""
        name = owner_name(form)
        return form.owner_number if name is None else self.names.index(name)

    def columns(self, form: Form) -> list["Column"]:
        """Those with tweet IDs, or such that have lost digits. Not the owners', nor what by its name are users."""
        owner_place, names = self.owner_place(form), self.names
        found = []
        for place in range(min(self.n_columns, _SAMPLE_COLUMNS)):
            name = names[place] if place < len(names) else ""
            if place == owner_place or is_user_name(name):
                continue
            if candidate := self.candidate(place):
                found.append(Column(self, place, candidate))
        return found

    def candidate(self, column: int) -> Candidate | None:
        """What its numbers say of a column; None if there are none."""
        # An ID that goes over lines is that of a row which a lone quote has swallowed.
        cells = (row[column] for row in self.rows if column < len(row) and "\n" not in row[column])
        found = [(cell, parse_tweet_id(cell)) for cell in cells if _DIGIT.search(cell)]
        ids = [number for _, number in found if isinstance(number, int)]
        lost = [lost_number(cell, reason) for cell, reason in found if isinstance(reason, str)]
        numbers = sorted(ids + [number for number in lost if number])
        n_lost = len(numbers) - len(ids)
        name = self.names[column] if column < len(self.names) else ""
        return Candidate(name, len(self.rows), numbers, n_lost) if numbers else None


@dataclass(frozen=True, slots=True)
class Column:
    """A column that may be that of the tweet IDs. place: from 0."""

    table: Table
    place: int
    candidate: Candidate

    @property
    def rank(self) -> tuple[object, ...]:
        """The larger the likelier; see Candidate."""
        return *self.candidate.rank, *self.candidate.tie_break


def read_tables(sample: Sample, delimiters: Iterable[str], *, is_last: bool) -> list[Table]:
    """The sample with each of the delimiters. is_last: whether a record may not go on behind it.

    Quotes are double ones, unless all of the first line's cells are in single ones.
    """
    return [_table(sample, _dialect(sample, delimiter), is_last=is_last) for delimiter in delimiters]


def requoted(sample: Sample, table: Table) -> Table:
    """The table in single quotes, if its rows are as long as one another only then. The sample is complete."""
    if not any(b"'" in line for line in sample.lines) or table.is_even:
        return table
    other = _table(sample, Dialect(table.dialect.delimiter, "'"), is_last=True)
    return other if other.is_even else table


def _dialect(sample: Sample, delimiter: str) -> Dialect:
    cells = sample.first.strip().split(delimiter)
    is_single = all(len(cell) > 2 and cell[0] == cell[-1] == "'" for cell in cells)
    return Dialect(delimiter, "'" if is_single else '"')


def _table(sample: Sample, dialect: Dialect, *, is_last: bool) -> Table:
    records = read_records(sample.lines, dialect, is_last=is_last)
    rows = (_cells(record, sample.lines[record.first_line], dialect) for record in records)
    return Table(dialect, [row for row in rows if not is_blank(row)])


def _cells(record: Record, line: bytes, dialect: Dialect) -> list[str]:
    """The record's cells; with literal quotes, as it may be read, if it has none otherwise."""
    if not record.fault or len(line) > LINE_CAP:
        return record.cells
    return [_text(cell) for cell in dialect.literal_cells(line)]


def owner_name(form: Form) -> str | None:
    """The owners' column as header_name writes it, if it was given by name. A first row names columns then."""
    if form.owner_column is None or form.owner_number is not None:
        return None
    return header_name(form.owner_column)
