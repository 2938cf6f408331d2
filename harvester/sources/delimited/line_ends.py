"""Lines that end with a carriage return alone, as old Macs and Excel for them wrote them."""

import re
from typing import Final

from harvester.sources.chunk import LINE_CAP, Chunk
from harvester.sources.readers import LineReader

_SIGN: Final = re.compile(rb'"|\r\n?|\n')


class ReturnReader(LineReader):
    """A Reader of such lines. A newline ends one, too, or stands in a cell."""

    def read(self, text: bytes) -> Chunk:
        """What the lines hold that are whole now."""
        return super().read(text.replace(b"\r", b"\n"))


def end_with_returns(head: bytes, *, is_all: bool) -> bool | None:
    """Whether the lines of a text end so; None if more of it is needed to tell.

    head: its first bytes. is_all: whether these are all. They do if the first does, and of the ends in the first
    LINE_CAP bytes most are such; those between double quotes do not count, unless there are no others.
    """
    begun = head[:LINE_CAP]
    is_enough = is_all or len(head) > LINE_CAP
    first, n_returns, n_newlines = _ends(begun)
    if first == b"\n":
        return False
    if not is_enough:
        return None
    if first is None:
        return b"\n" not in begun and b"\r" in begun
    return n_returns > n_newlines


def _ends(begun: bytes) -> tuple[bytes | None, int, int]:
    """The first end outside of quotes, and how many are returns and newlines; of these one that comes first."""
    is_within = False
    first: bytes | None = None
    n_returns = n_newlines = 0
    for sign in _SIGN.finditer(begun):
        end = sign[0]
        if end == b'"':
            is_within = not is_within
        elif not is_within and end == b"\r":
            if sign.end() == len(begun):
                break  # a newline may follow
            first = first or end
            n_returns += 1
        elif not is_within:
            n_newlines += 1
            if first is None:
                return b"\n", 0, 1
    return first, n_returns, n_newlines
