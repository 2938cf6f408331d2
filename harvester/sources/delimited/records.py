"""CSV records from lines, so that a stray quote costs nothing, or one line, and not the rest of the file.

A quoted field may contain line ends. It is believed to if the record is proper CSV then, no longer than LINE_CAP,
and no line of it is by itself a row with another tweet ID, which would be lost: a row has as many cells as the
table and a Snowflake in its column, quotes taken as characters. It stands there in digits alone, unless the
record's own ID does not: links are in many a text. Otherwise the lines are read one by one, and the first of them
keeps the record's ID if it stands before the quote.

Quotes within quotes are doubled, or stand behind a backslash where the record is proper CSV, or a single line,
only then. A line that is no proper CSV is read with literal quotes if it has an ID and as many cells as the table.
"""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from harvester.engagement.tweet_id import parse_tweet_id
from harvester.sources.chunk import LINE_CAP
from harvester.sources.delimited.dialect import Dialect, Shape, is_plain_id
from harvester.sources.delimited.quotes import QuoteReader
from harvester.sources.text import TOO_LONG

UNCLOSED: Final = "a quote is opened and not closed"
_RETURN_WITHIN: Final = "a carriage return in the middle of the line"
_TEXT_BEHIND: Final = "a quote is closed in the middle of a cell"


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of a record, or why there are none; first_line and n_lines say which lines it took."""

    first_line: int
    n_lines: int
    cells: list[str]
    fault: str | None = None


def read_records(
    lines: Sequence[bytes], dialect: Dialect, *, is_last: bool, shape: Shape | None = None
) -> Iterator[Record]:
    """The records of the lines, which stand here without newlines.

    Ends before a record that the last line leaves open, unless is_last says that nothing follows. shape: what
    the rows are like; None if that is not known, no quote is literal then.
    Undecodable bytes are in the cells as Python's surrogate escapes.
    """
    reading = _Reading([line.removeprefix(BOM_UTF8) for line in lines], dialect, shape, is_last=is_last)
    first = 0
    while first < len(lines):
        records = reading.read(first)
        yield from records
        if not records:
            return
        first = records[-1].first_line + records[-1].n_lines


def _swallows_row(lines: Iterable[bytes], cell: str, dialect: Dialect, shape: Shape) -> bool:
    """Whether one of a record's lines is by itself a row with another ID than the record's, which is in cell."""
    tweet_id = _id_in(cell)
    is_plain = tweet_id is None or is_plain_id(cell)
    return any(shape.snowflake(line, dialect, is_plain=is_plain) not in (None, tweet_id) for line in lines)


def _id_in(cell: str) -> int | None:
    found = parse_tweet_id(cell)
    return found if isinstance(found, int) else None


class _Reading:
    """Lines, read from any on."""

    def __init__(
        self, lines: Sequence[bytes], dialect: Dialect, shape: Shape | None, *, is_last: bool
    ) -> None:
        self._lines = lines
        self._dialect = dialect
        self._shape = shape
        self._is_last = is_last
        self._doubling = QuoteReader(lines, dialect, escapes=False)
        self._escaping = QuoteReader(lines, dialect, escapes=True)

    def read(self, first: int) -> tuple[Record, ...]:
        """The record that begins with this line, or several, one a line; none if it may go on."""
        record = self._single(first)
        if not record.fault or record.fault == TOO_LONG:
            return (record,)
        for reader in self._readers(first):
            end = reader.end_of(first) if reader.is_open else None
            if end == "more":
                if not self._is_last:
                    return ()
            elif end is not None:
                return self._several(first, end, reader)
        return (self._literal(record),)

    def _readers(self, first: int) -> tuple[QuoteReader, ...]:
        has_escapes = self._dialect.escaped_quote in self._lines[first]
        return (self._doubling, self._escaping) if has_escapes else (self._doubling,)

    def _single(self, first: int) -> Record:
        """The record if it does not go on behind the line."""
        line = self._lines[first]
        if len(line) > LINE_CAP:
            return Record(first, 1, [], TOO_LONG)
        for reader in self._readers(first):
            cells = reader.read(first, first + 1)
            if cells is not None:
                return Record(first, 1, cells)
        if reader.is_open:
            return Record(first, 1, [], UNCLOSED)
        return Record(first, 1, [], _RETURN_WITHIN if b"\r" in line.removesuffix(b"\r") else _TEXT_BEHIND)

    def _several(self, first: int, end: int, reader: QuoteReader) -> tuple[Record, ...]:
        """The record on these lines; if it is not to be believed, what each but the last is by itself."""
        cells = reader.read(first, end) or []
        shape = self._shape
        if shape is not None:
            cell = cells[shape.column] if shape.column < len(cells) else ""
            if _swallows_row(self._lines[first:end], cell, self._dialect, shape):
                others = (self._literal(self._single(place)) for place in range(first + 1, end - 1))
                return (self._torn(first, _id_in(cell), shape), *others)
        return (Record(first, end - first, cells),)

    def _torn(self, first: int, tweet_id: int | None, shape: Shape) -> Record:
        """What a record's first line is by itself: it has the record's ID if that stands before the quote."""
        record = self._literal(self._single(first))
        cells = self._dialect.literal_cells(self._lines[first])
        if not record.fault or tweet_id is None or len(cells) <= shape.column:
            return record
        row = [cell.decode("utf-8", "surrogateescape") for cell in cells]
        return Record(first, 1, row) if _id_in(row[shape.column]) == tweet_id else record

    def _literal(self, record: Record) -> Record:
        """The record with literal quotes, if it has none otherwise."""
        if not record.fault or record.fault == TOO_LONG or self._shape is None:
            return record
        row = self._shape.literal_row(self._lines[record.first_line], self._dialect)
        return record if row is None else Record(record.first_line, 1, row)
