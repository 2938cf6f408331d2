"""Records as the csv module reads them, and where a quote is closed that a line leaves open.

Each line is looked at a bounded number of times, whatever stands on it. What follows on a line's beginning within
quotes is the same for every record that gets there, so where a quote was sought in vain it is not sought again.
"""

import csv
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Literal

from harvester.sources.chunk import LINE_CAP
from harvester.sources.delimited.dialect import Dialect


class _Feed:
    """Some of the lines as the csv module asks for them."""

    def __init__(self, lines: Sequence[bytes], *, escapes: bool) -> None:
        self._lines = lines
        self._escapes = escapes
        self._before = ""
        self.position = self._end = 0
        self.is_asked_for_more = False

    def begin(self, first: int, end: int, before: str = "") -> None:
        """Give the lines from first to before end. before: what stands before the first of them."""
        self.position, self._end, self._before = first, end, before
        self.is_asked_for_more = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.position == self._end:
            self.is_asked_for_more = True
            raise StopIteration
        line = self._lines[self.position].decode("utf-8", "surrogateescape")
        self.position += 1
        if self._escapes and (len(line) - len(line.rstrip("\\"))) % 2:
            line += "\\"  # so that the newline is not escaped: outside of quotes a record ends with its line
        if self._before:
            line, self._before = self._before + line, ""
        return line + "\n"


class QuoteReader:
    """Reads records, with quotes that are doubled within quotes, or that stand behind a backslash there."""

    def __init__(self, lines: Sequence[bytes], dialect: Dialect, *, escapes: bool) -> None:
        self._lines = lines
        self._feed = _Feed(lines, escapes=escapes)
        self._dialect = dialect
        self._escapechar = "\\" if escapes else None
        self._reader: Iterator[list[str]] | None = None
        # The lines from the one to before the other are within quotes at both ends; and what that other does.
        self._first_within = self._next = 0
        self._verdict: Literal["closed", "fault"] | None = None

    @cached_property
    def _bytes_before(self) -> list[int]:
        return list(accumulate(map(len, self._lines), initial=0))

    @property
    def is_open(self) -> bool:
        """Whether what was read last would have gone on."""
        return self._feed.is_asked_for_more

    def read(self, first: int, end: int) -> list[str] | None:
        """The cells of the record on these lines; None if they are none, or leave it open."""
        self._feed.begin(first, end)
        return self._read()

    def _read(self) -> list[str] | None:
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

    def end_of(self, first: int) -> int | Literal["more"] | None:
        """Before which line the record ends that begins on this one and leaves it open; None if it is no record.

        `more` if all lines are within it. A record of more than LINE_CAP bytes is none.
        """
        if not self._first_within <= first + 1 <= self._next:
            self._first_within = self._next = first + 1
            self._verdict = None
        before = self._bytes_before
        end = bisect_right(before, before[first] + LINE_CAP) - 1
        if self._verdict is None and self._next < end:
            self._look_on(end)
        if self._verdict is None:
            return "more" if self._next == len(self._lines) else None
        return self._next + 1 if self._verdict == "closed" and self._next < end else None

    def _look_on(self, end: int) -> None:
        self._feed.begin(self._next, end, self._dialect.quote)
        is_record = self._read() is not None
        if is_record:
            self._verdict = "closed"
        elif not self.is_open:
            self._verdict = "fault"
        self._next = self._feed.position - (self._verdict is not None)
