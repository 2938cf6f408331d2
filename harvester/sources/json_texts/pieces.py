"""Pieces of a JSON document with their marks, and what is held of a value until all of it has come."""

import re
from bisect import bisect_left
from typing import Final

import numpy as np

from harvester.sources.json_texts.structure import Positions, Structure
from harvester.sources.json_texts.values import JSON_CAP

BLANKS: Final = b" \t\r\n"
_NOT_BLANK: Final = re.compile(rb"[^ \t\r\n]")
_KEPT_OF_LONG: Final = 1000
_CASE, _CLOSE, _COMMA = 0x20, ord("}"), ord(",")


class Piece:
    """A piece of a document. Of its marks those are looked at that part what is open at the time."""

    def __init__(self, text: bytes, structure: Structure, first_line: int) -> None:
        """first_line: the number of the line on which the text begins."""
        self.text = text
        self._bytes = np.frombuffer(text, np.uint8)
        self._structure = structure
        self._first_line = first_line
        self._borders: dict[int, list[int]] = {}
        self._closes: dict[int, list[int]] = {}
        self._all_borders: dict[int, Positions] = {}
        self._counted = (0, first_line)

    @property
    def end(self) -> int:
        """Where it ends, or ceases to be JSON."""
        broken_at = self._structure.broken_at
        return len(self.text) if broken_at is None else broken_at

    def next_border(self, depth: int, position: int) -> int | None:
        """Where the next mark of this depth is, from a position on."""
        if depth not in self._borders:
            self._borders[depth] = self._at(depth).tolist()
        return _first_from(self._borders[depth], position)

    def next_close(self, depth: int, position: int) -> int | None:
        """Where the next bracket closes that ends this depth, from a position on."""
        if depth not in self._closes:
            at = self._at(depth)
            self._closes[depth] = at[(self._bytes[at] | _CASE) == _CLOSE].tolist()
        return _first_from(self._closes[depth], position)

    def commas(self, depth: int, position: int) -> Positions:
        """Where the commas of this depth are, from a position to where that depth is left, or the piece ends."""
        at, close = self._at(depth), self.next_close(depth, position)
        end = len(at) if close is None else np.searchsorted(at, close)
        at = at[np.searchsorted(at, position) : end]
        commas: Positions = at[self._bytes[at] == _COMMA]
        return commas

    def line_at(self, position: int) -> int:
        """The line on which a position is."""
        if not len(self._structure.newlines):
            return self._first_line
        counted, line = self._counted
        if position < counted:
            counted, line = 0, self._first_line
        line += self.text.count(b"\n", counted, position)
        self._counted = position, line
        return line

    def lines_of(self, starts: list[int]) -> list[int]:
        """The lines on which what stands there begins, blanks in front of it left out."""
        if not len(self._structure.newlines):
            return [self._first_line] * len(starts)
        begun = [self._first_not_blank(start) for start in starts]
        return [int(n) + self._first_line for n in np.searchsorted(self._structure.newlines, begun)]

    def n_newlines(self, end: int) -> int:
        """How many newlines are before a position."""
        return int(np.searchsorted(self._structure.newlines, end))

    def _first_not_blank(self, start: int) -> int:
        found = _NOT_BLANK.search(self.text, start)
        return found.start() if found else start

    def _at(self, depth: int) -> Positions:
        if depth not in self._all_borders:
            self._all_borders[depth] = self._structure.at[self._structure.depths == depth]
        return self._all_borders[depth]


def _first_from(positions: list[int], position: int) -> int | None:
    index = bisect_left(positions, position)
    return positions[index] if index < len(positions) else None


class Held:
    """What has come of a value, without the blanks in front. Of one that is too long, only its beginning.

    line: on which it begins; 0 as long as there is nothing.
    """

    def __init__(self) -> None:
        self._text = bytearray()
        self.line = 0
        self.is_too_long = False

    def __len__(self) -> int:
        return len(self._text)

    @property
    def text(self) -> bytes:
        """What is held."""
        return bytes(self._text)

    def add(self, piece: Piece, start: int, end: int) -> None:
        """A stretch of the piece."""
        if not self.line:
            found = _NOT_BLANK.search(piece.text, start, end)
            if not found:
                return
            start = found.start()
            self.line = piece.line_at(start)
        self.append(piece.text[start:end])

    def append(self, text: bytes) -> None:
        """More of a value that has begun."""
        if self.is_too_long:
            return
        self._text += text
        if len(self._text) > JSON_CAP:
            self.is_too_long = True
            del self._text[_KEPT_OF_LONG:]

    def begin(self, text: bytes, line: int) -> None:
        """A value that begins so."""
        self.clear()
        self._text += text
        self.line = line

    def clear(self) -> None:
        """Nothing is held any more."""
        self._text = bytearray()
        self.line = 0
        self.is_too_long = False
