"""What is structure in a stream of JSON and what is text within strings: brackets, commas, depth.

Nothing is parsed here, so it takes as much memory as the piece at hand, whatever is in it. What is carried over
from piece to piece: whether a string goes on, whether a backslash was the last byte, and the depth.
Source: Langdale and Lemire, "Parsing gigabytes of JSON per second" (2019), the first stage.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]
_Bytes = NDArray[np.uint8]

_BACKSLASH, _QUOTE, _COMMA, _NEWLINE = (ord(c) for c in '\\",\n')
_CASE: Final = 0x20
"""By this bit `[` differs from `{`, and `]` from `}`."""
_OPEN, _CLOSE = ord("{"), ord("}")
LINE_END_IN_STRING: Final = "a string goes on beyond the end of its line"
CLOSED_UNOPENED: Final = "a bracket is closed that was not opened"


@dataclass(frozen=True)
class Structure:
    """The marks outside strings in a piece: brackets, commas, and the newlines that are in no bracket.

    at: their positions, ascending. marks: the bytes there. depths: how many brackets are open around what the mark
    parts: of a comma and a closing bracket, around the elements before it; of an opening one, around it.
    newlines: the positions of all newlines.
    broken_at: where it ceases to be JSON, for the reason; nothing is said of what follows. None if it does not.
    """

    at: Positions
    marks: _Bytes
    depths: Positions
    newlines: Positions
    broken_at: int | None = None
    reason: str = ""


class StructureScanner:
    """Finds the marks of a stream, piece after piece."""

    def __init__(self) -> None:
        self._is_escaped = False
        self._is_in_string = False
        self._depth = 0

    def scan(self, piece: bytes) -> Structure:
        """The marks of the piece that comes next. After a break, begin anew with another scanner."""
        text = np.frombuffer(piece, np.uint8)
        folded = text | _CASE
        is_mark = (folded == _OPEN) | (folded == _CLOSE)
        is_mark |= text == _COMMA
        is_mark |= text == _NEWLINE
        is_mark |= text == _QUOTE
        self._clear_escaped(text, is_mark)
        at = np.flatnonzero(is_mark)
        marks = text[at]
        is_quote = marks == _QUOTE
        n_quotes = np.cumsum(is_quote) + self._is_in_string
        is_within = (n_quotes & 1).astype(np.bool_)
        self._is_in_string = bool(is_within[-1]) if len(at) else self._is_in_string
        return self._without_strings(at, marks, is_quote, is_within)

    def _clear_escaped(self, text: _Bytes, is_mark: NDArray[np.bool_]) -> None:
        """A quote behind a backslash that is not behind one itself is no mark. In place."""
        slashes = np.flatnonzero(text == _BACKSLASH)
        was_escaped, self._is_escaped = self._is_escaped, False
        if was_escaped:
            if text[:1] == _QUOTE:
                is_mark[0] = False
            slashes = slashes[slashes > 0] if text[:1] == _BACKSLASH else slashes
            self._is_escaped = not len(text)
        if not len(slashes):
            return
        begins_run = np.ones(len(slashes), np.bool_)
        np.not_equal(slashes[1:], slashes[:-1] + 1, out=begins_run[1:])
        run_starts = slashes[begins_run][np.cumsum(begins_run) - 1]
        escaped = slashes[((slashes - run_starts) & 1) == 0] + 1
        self._is_escaped = bool(escaped[-1] == len(text))
        escaped = escaped[: len(escaped) - self._is_escaped]
        is_mark[escaped[text[escaped] == _QUOTE]] = False

    def _without_strings(
        self, at: Positions, marks: _Bytes, is_quote: NDArray[np.bool_], is_within: NDArray[np.bool_]
    ) -> Structure:
        is_newline = marks == _NEWLINE
        newlines = at[is_newline]
        broken_at, reason = None, ""
        torn = np.flatnonzero(is_newline & is_within)
        if len(torn):
            broken_at, reason = int(at[torn[0]]), LINE_END_IN_STRING
        is_kept = ~(is_quote | is_within)
        is_kept[torn[0] if len(torn) else len(at) :] = False
        at, marks = at[is_kept], marks[is_kept]
        depths, depths_after = self._depths(marks)
        below = np.flatnonzero(depths_after < 0)
        if len(below):
            broken_at, reason = int(at[below[0]]), CLOSED_UNOPENED
        is_border = (marks != _NEWLINE) | (depths == 0)
        is_border[below[0] if len(below) else len(at) :] = False
        if not is_border.all():
            at, marks, depths = at[is_border], marks[is_border], depths[is_border]
        if broken_at is not None:
            newlines = newlines[: np.searchsorted(newlines, broken_at)]
        return Structure(at, marks, depths, newlines, broken_at, reason)

    def _depths(self, marks: _Bytes) -> tuple[Positions, Positions]:
        """See Structure; and how many brackets are open behind each mark."""
        folded = marks | _CASE
        is_open, is_close = folded == _OPEN, folded == _CLOSE
        steps = is_open.astype(np.int8)
        steps -= is_close
        after = np.cumsum(steps, dtype=np.int64)
        after += self._depth
        if len(after):
            self._depth = int(after[-1])
        return after - is_open + is_close, after
