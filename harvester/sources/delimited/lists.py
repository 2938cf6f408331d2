"""IDs that stand in a list, several on a line: `1850…, 1851…`, `['1850…' '1851…']`.

Lines are a list if each of their cells is a Snowflake, no cell is empty, and there is one line alone, or the lines
are not equally long, or have more cells than a table has columns of IDs. Otherwise they are rows: two to
MOST_COLUMNS columns of Snowflakes may be tweets, conversations, authors. Brackets and quotes around are forgiven.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from harvester.engagement.tweet_id import FIRST_SNOWFLAKE, MAX_DIGITS, MAX_TWEET_ID, Ids
from harvester.sources.chunk import LINE_CAP, NOTHING, Chunk
from harvester.sources.form import FileFormat
from harvester.sources.lines import LineCutter
from harvester.sources.readers import Torn
from harvester.sources.text import TextLines

MOST_COLUMNS: Final = 4
_MOST_IDS: Final = 10
"""More Snowflakes than a row of any table has."""
_SIGNS: Final = b"\n\r\t ,;|[](){}\"'"
_TO_LINES: Final = bytes.maketrans(_SIGNS, b"\n" * len(_SIGNS))
_IS_SIGN: Final = np.isin(np.arange(256), np.frombuffer(_SIGNS, np.uint8))
_NEWLINE: Final = ord("\n")
_AROUND: Final = b" \r[](){}"
_AROUND_CELL: Final = _AROUND + b"\t\"'"
_GOES_ON: Final = (b",", b";")
_BETWEEN: Final = re.compile(rb"[ \t]*[,;|][ \t]*|[ \t]+")
_LONG_NUMBER: Final = re.compile("[0-9]{11,}")


def are_list(lines: Sequence[bytes]) -> bool:
    """Whether these lines, none blank, are a list's. Of a line longer than LINE_CAP its beginning is there."""
    rows = [_cells(line) for line in lines]
    if all(line.rstrip(_AROUND).endswith(_GOES_ON) for line in lines[:-1]):
        rows = [row if row[-1] else row[:-1] for row in rows]  # each line goes on behind a comma
    lengths = [len(row) for row in rows]
    is_even = len(set(lengths)) == 1 and len(rows) > 1
    is_table = lengths[-1] > lengths[0] and len(set(lengths[:-1])) == 1 and len(rows) > 2
    if max(lengths) < 2 or (is_even and lengths[0] <= MOST_COLUMNS) or is_table:
        return False
    return all(_is_snowflake(cell) for row in rows for cell in row)


def has_lists_within(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a row has more cells with Snowflakes than the rows of tables do, as `INSERT INTO` of many; or the
    only row has nothing but numbers, more than a table has columns of IDs.
    """
    if len(rows) == 1 and len(rows[0]) > MOST_COLUMNS:
        return all(cell.strip(_AROUND_CELL.decode()).isdecimal() for cell in rows[0])
    return any(sum(_LONG_NUMBER.search(cell) is not None for cell in row) > _MOST_IDS for row in rows)


def _cells(line: bytes) -> list[bytes]:
    cells = _BETWEEN.split(line.removeprefix(BOM_UTF8).strip(_AROUND))
    return cells[:-1] if len(line) > LINE_CAP and len(cells) > 1 else cells


def _is_snowflake(cell: bytes) -> bool:
    digits = cell.strip(_AROUND_CELL)
    return digits.isdigit() and len(digits) <= MAX_DIGITS and FIRST_SNOWFLAKE <= int(digits) <= MAX_TWEET_ID


class ListReader:
    """A Reader of such a list, however long its lines are; each cell counts as a line does."""

    file_format: FileFormat = "text"
    column: str | None = None

    def __init__(self, file: str) -> None:
        self._cells = TextLines(file)
        self._cutter = LineCutter(LINE_CAP)
        self._n_newlines = 0
        self._n_cells = 0

    @property
    def is_within(self) -> bool:
        """Whether what came last ended no cell."""
        return self._cutter.is_within_line

    def read(self, text: bytes) -> Chunk:
        """What the cells hold that are whole now."""
        cells = self._cutter.feed(text.translate(_TO_LINES))
        if not cells:
            return NOTHING
        raw = np.frombuffer(text, np.uint8)
        newlines = np.cumsum(raw[_IS_SIGN[raw]] == _NEWLINE)
        line_of = self._n_newlines + 1 + np.concatenate(([0], newlines[:-1]))
        self._n_newlines += int(newlines[-1])
        return self._on_lines(self._cells.read(cells), line_of)

    def _on_lines(self, chunk: Chunk, line_of: Ids) -> Chunk:
        """The chunk of cells, with the lines on which they stand, and without what is empty between them."""
        before = self._n_cells + 1
        self._n_cells += chunk.n_lines
        rejected = tuple(replace(entry, line=int(line_of[entry.line - before])) for entry in chunk.rejected)
        lines = line_of[chunk.lines - before]
        return replace(
            chunk, rejected=rejected, lines=lines, n_blank=0, n_lines=chunk.n_lines - chunk.n_blank
        )

    def flush(self) -> Chunk:
        """The last cell, if nothing stands behind it."""
        last = self._cutter.flush()
        if not last:
            return NOTHING
        return self._on_lines(self._cells.read(last + b"\n"), np.array([self._n_newlines + 1]))

    def cut(self) -> tuple[Chunk, Torn]:
        """The cell that is torn."""
        return NOTHING, Torn(self._n_newlines + 1, self._cutter.flush())
