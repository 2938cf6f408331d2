"""The first lines of a text, read as tables: with each delimiter and quote that may part their columns."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from harvester.engagement.damaged import LARGEST_EXACT_DOUBLE
from harvester.engagement.tweet_id import FIRST_SNOWFLAKE, parse_tweet_id
from harvester.sources.chunk import LINE_CAP
from harvester.sources.delimited.dialect import Dialect
from harvester.sources.delimited.records import read_records
from harvester.sources.delimited.rows import is_blank
from harvester.sources.form import Form
from harvester.sources.text import BOM, HEADER_NAMES, header_name

SAMPLE_LINES: Final = 100
SAMPLE_BYTES: Final = LINE_CAP
DELIMITERS: Final = (",", ";", "\t", "|", "\x01")
RARE_DELIMITERS: Final = (" ", ":", "^", "~")
"""They part columns only where the others part none, and nearly all rows have an ID then."""
LINK_NAMES: Final = ("tweet_url", "status_url", "permalink", "url", "link", "tweet_link")
USER_NAMES: Final = ("user_id", "user_id_str", "userid", "author_id", "authorid", "author", "user")
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

    @property
    def n_cells(self) -> int:
        """Of most rows."""
        return Counter(map(len, self.rows)).most_common(1)[0][0] if self.rows else 0

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
        """Those with tweet IDs. Not the owners', nor what by its name are users."""
        owner_place, names = self.owner_place(form), self.names
        found = []
        for place in range(min(self.n_columns, _SAMPLE_COLUMNS)):
            name = names[place] if place < len(names) else ""
            if place != owner_place and name not in USER_NAMES and (ids := self.column_ids(place)):
                found.append(Column(self, place, name in LINK_NAMES, sorted(ids)))
        return found


@dataclass(frozen=True, slots=True)
class Column:
    """A column that may be that of the tweet IDs. place: from 0. ids: in it, sorted, at least one."""

    table: Table
    place: int
    is_link: bool
    ids: list[int]

    @property
    def is_likely(self) -> bool:
        """Whether at least half of the rows have an ID here."""
        return 2 * len(self.ids) >= len(self.table.rows)

    @property
    def is_sure(self) -> bool:
        """Whether nearly all rows have one that is no small number."""
        return (
            10 * len(self.ids) >= 9 * (len(self.table.rows) - 1) and self._twice_median > 2 * FIRST_SNOWFLAKE
        )

    @property
    def rank(self) -> tuple[int, bool, bool, bool, int]:
        """The larger the likelier, the first value most.

        Rows with an ID in at least half of them; a name that says links to tweets; Snowflakes, so that indexes,
        counts and times stand back; nine in ten are distinct, so that authors do; and the median, because an
        account is older than its tweets.
        """
        is_large = self._twice_median > 2 * LARGEST_EXACT_DOUBLE
        is_distinct = 10 * len(set(self.ids)) >= 9 * len(self.ids)
        n_rows = len(self.table.rows) if self.is_likely else 0
        return n_rows, self.is_link, is_large, is_distinct, self._twice_median

    @property
    def _twice_median(self) -> int:
        return self.ids[(len(self.ids) - 1) // 2] + self.ids[len(self.ids) // 2]


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
    return Table(dialect, [record.cells for record in records if not is_blank(record.cells)])


def owner_name(form: Form) -> str | None:
    """The owners' column as header_name writes it, if it was given by name. A first row names columns then."""
    if form.owner_column is None or form.owner_number is not None:
        return None
    return header_name(form.owner_column)
