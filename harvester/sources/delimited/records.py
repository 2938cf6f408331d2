"""CSV records from lines, so that a stray quote costs one line and not the rest of the file.

A quoted field may contain line ends. It is believed to if the record is proper CSV then and no longer than
LINE_CAP. Otherwise the line with the opening quote is no record, and reading goes on with the next line. Quotes
within quotes are doubled, or stand behind a backslash where the record is proper CSV, or a single line, only then.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from harvester.sources.chunk import LINE_CAP
from harvester.sources.text import TOO_LONG

UNCLOSED: Final = "a quote is opened and not closed"
_RETURN_WITHIN: Final = "a carriage return in the middle of the line"
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written. Both are one ASCII character; a blank as delimiter stands for several, too."""

    delimiter: str
    quote: str = '"'

    @property
    def escaped_quote(self) -> bytes:
        """A quote behind a backslash, which may be one within quotes."""
        return b"\\" + self.quote.encode()


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of a record, or why there are none; first_line and n_lines say which lines it took."""

    first_line: int
    n_lines: int
    cells: list[str]
    fault: str | None = None


class _Lines:
    """Lines as the csv module asks for them, but not more than one record may have."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines
        self.position = 0
        self.is_exhausted = self.is_too_long = False
        self._n_bytes_left = LINE_CAP

    def begin_record(self, first: int) -> None:
        self.position = first
        self.is_exhausted = self.is_too_long = False
        self._n_bytes_left = LINE_CAP

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.position == len(self._lines):
            self.is_exhausted = True
            raise StopIteration
        line = self._lines[self.position]
        self._n_bytes_left -= len(line)
        if self._n_bytes_left < 0:
            self.is_too_long = True
            raise StopIteration
        self.position += 1
        return line.decode("utf-8", "surrogateescape") + "\n"


class _Reader:
    """One record after the other, as the csv module reads them."""

    def __init__(self, feed: _Lines, dialect: Dialect, *, escapes: bool) -> None:
        self._feed = feed
        self._dialect = dialect
        self._escapechar = "\\" if escapes else None
        self._reader: Iterator[list[str]] | None = None

    def read(self, first: int) -> list[str] | None:
        """The cells of the record that begins there; None if it is none, the feed says more then."""
        self._feed.begin_record(first)
        if self._reader is None:  # new, or left in the middle of a record
            self._reader = csv.reader(
                self._feed,
                delimiter=self._dialect.delimiter,
                quotechar=self._dialect.quote,
                escapechar=self._escapechar,
                skipinitialspace=self._dialect.delimiter == " ",
                strict=True,
            )
        try:
            return next(self._reader)
        except (csv.Error, StopIteration):
            self._reader = None
            return None


def read_records(lines: Sequence[bytes], dialect: Dialect, *, is_last: bool) -> Iterator[Record]:
    """The records of the lines, which stand here without newlines.

    Ends before a record that the last line leaves open, unless is_last says that nothing follows.
    Undecodable bytes are in the cells as Python's surrogate escapes.
    """
    feed = _Lines([line.removeprefix(_BOM) for line in lines])
    doubling = _Reader(feed, dialect, escapes=False)
    escaping = _Reader(feed, dialect, escapes=True)
    first = 0
    while first < len(lines):
        line = lines[first]
        if dialect.escaped_quote in line:
            record = _either_record(feed, first, line, doubling, escaping, is_last=is_last)
        else:
            record = _record(feed, first, line, doubling, is_last=is_last)
        if record is None:
            return
        yield record
        first += record.n_lines


def _record(feed: _Lines, first: int, line: bytes, reader: _Reader, *, is_last: bool) -> Record | None:
    """The record that begins with this line; None if it may go on."""
    cells = reader.read(first)
    if cells is not None:
        return Record(first, feed.position - first, cells)
    return None if feed.is_exhausted and not is_last else _without_quoting(first, line, feed)


def _either_record(
    feed: _Lines, first: int, line: bytes, doubling: _Reader, escaping: _Reader, *, is_last: bool
) -> Record | None:
    """By the one reader or the other, but rather a single line than several; None if it may go on."""
    doubled = _record(feed, first, line, doubling, is_last=is_last)
    if doubled and doubled.n_lines == 1 and not doubled.fault:
        return doubled
    escaped = _record(feed, first, line, escaping, is_last=is_last)
    if escaped and escaped.n_lines == 1 and not escaped.fault:
        return escaped
    if doubled is None or not doubled.fault:
        return doubled
    return doubled if escaped and escaped.fault else escaped


def _without_quoting(first: int, line: bytes, feed: _Lines) -> Record:
    """The record of a line that is not proper CSV, alone or with what follows. feed: as that was noticed."""
    if len(line) > LINE_CAP:
        return Record(first, 1, [], TOO_LONG)
    if feed.position - first > 1 or feed.is_exhausted or feed.is_too_long:
        return Record(first, 1, [], UNCLOSED)
    return Record(first, 1, [], _RETURN_WITHIN)
