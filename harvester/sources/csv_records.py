"""CSV records from lines, so that a stray quote costs one line and not the rest of the file.

A quoted field may contain line ends. It is believed to if the record is proper CSV then and no longer than
LINE_CAP. Otherwise the line with the opening quote is no record, and reading goes on with the next line.
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

    def begin_record(self) -> None:
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


def read_records(lines: Sequence[bytes], delimiter: str, *, is_last: bool) -> Iterator[Record]:
    """The records of the lines, which stand here without newlines.

    Ends before a record that the last line leaves open, unless is_last says that nothing follows.
    Undecodable bytes are in the cells as Python's surrogate escapes.
    """
    feed = _Lines([line.removeprefix(_BOM) for line in lines])
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while feed.position < len(lines):
        first = feed.position
        feed.begin_record()
        try:
            cells = next(reader)
        except (csv.Error, StopIteration):
            if feed.is_exhausted and not is_last:
                return
            yield _without_quoting(first, lines[first], feed)
            feed.position = first + 1
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
        else:
            yield Record(first, feed.position - first, cells)


def _without_quoting(first: int, line: bytes, feed: _Lines) -> Record:
    """The record of a line that is not proper CSV, alone or with what follows. feed: as that was noticed."""
    if len(line) > LINE_CAP:
        return Record(first, 1, [], TOO_LONG)
    if feed.position - first > 1 or feed.is_exhausted or feed.is_too_long:
        return Record(first, 1, [], UNCLOSED)
    return Record(first, 1, [], _RETURN_WITHIN)
