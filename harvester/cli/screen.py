"""Rows that are drawn in place at the end of what a terminal shows, and again only where they have changed."""

import os
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from harvester.cli.picture import Row

STYLES: Final = {
    "": "",
    "bold": "\x1b[1m",
    "dim": "\x1b[2m",
    "yellow": "\x1b[33m",
    "bold yellow": "\x1b[1;33m",
    "green": "\x1b[32m",
    "cyan": "\x1b[36m",
    "red": "\x1b[31m",
}
_RESET, _TO_LINE_END, _TO_SCREEN_END = "\x1b[0m", "\x1b[K", "\x1b[J"
_PLAIN: Final = str.maketrans({"━": "#", "─": "-", "·": "|", "×": "x"})
"""For terminals of another encoding."""
FALLBACK: Final = (80, 24)


class Stream(Protocol):
    """Where it is drawn, as text."""

    def write(self, text: str, /) -> object:
        """Take text."""

    def flush(self) -> None:
        """Let it out."""


class Screen:
    """The last rows of a terminal. size: gives its columns and lines at this moment.

    The cursor stands below the rows between two drawings, so whatever else is written there is written over.
    """

    def __init__(
        self, stream: Stream, size: Callable[[], tuple[int, int]], *, has_color: bool, encoding: str = "utf-8"
    ) -> None:
        self._stream = stream
        self._size = size
        self._has_color = has_color
        self._is_plain = not _takes(encoding, "━─·×")
        self._rows: list[Row] = []
        self._drawn_in = FALLBACK

    def room(self) -> tuple[int, int]:
        """Columns and rows to be used: a full last column would wrap, and the cursor needs a line of its own."""
        columns, lines = self._size()
        return max(columns - 1, 1), max(lines - 1, 1)

    def draw(self, rows: Sequence[Row]) -> None:
        """Show these rows in place of those before."""
        size = self._size()
        if rows == self._rows and size == self._drawn_in:
            return
        if size != self._drawn_in:
            out = self._erased()
            self._rows = []
        else:
            out = _up(len(self._rows))
        before = self._rows
        for place, row in enumerate(rows):
            is_same = place < len(before) and before[place] == row
            out += "\n" if is_same else f"{styled(row, has_color=self._has_color)}{_TO_LINE_END}\n"
        self._rows, self._drawn_in = list(rows), size
        self._write(out + _TO_SCREEN_END)

    def say(self, text: str) -> None:
        """Write lines above the rows, where they stay."""
        rows, erased = self._rows, self._erased()
        self._rows = []
        self._write(f"{erased}{text}\n")
        self.draw(rows)

    def clear(self) -> None:
        """Take the rows away."""
        erased = self._erased()
        self._rows = []
        self._write(erased)

    def _erased(self) -> str:
        """What takes the rows away. A terminal that has become narrower may have broken them."""
        columns, lines = self._size()
        n = sum(-(-max(_width(row), 1) // columns) for row in self._rows)
        return _up(min(n, lines - 1)) + _TO_SCREEN_END

    def _write(self, text: str) -> None:
        self._stream.write(text.translate(_PLAIN) if self._is_plain else text)
        self._stream.flush()


def styled(row: Row, *, has_color: bool) -> str:
    """A row as a terminal takes it."""
    if not has_color:
        return "".join(text for text, _ in row)
    return "".join(f"{STYLES[style]}{text}{_RESET}" if style else text for text, style in row)


def _up(n: int) -> str:
    return f"\r\x1b[{n}A" if n else "\r"


def _width(row: Row) -> int:
    return sum(len(text) for text, _ in row)


def _takes(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def terminal_size(handle: int) -> tuple[int, int]:
    """Columns and lines of the terminal behind a file; 80 and 24 where there is none."""
    try:
        size = os.get_terminal_size(handle)
    except OSError:
        return FALLBACK
    return size.columns or FALLBACK[0], size.lines or FALLBACK[1]
