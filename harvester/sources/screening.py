"""Numbers that have the form of a tweet ID and cannot be one: too small, from the future, rounded.

A spreadsheet and JavaScript keep 15 to 17 digits of a number, so the IDs that they have rounded end in 00. By
chance one in a hundred does: of a single one nothing can be said, of many in a row it is certain.
"""

from dataclasses import replace
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.damaged import FLOATING, SPREADSHEET
from harvester.engagement.tweet_id import DAY_MS, FIRST_TWEET, first_id_at, rounded_places
from harvester.sources.chunk import NOTHING, Chunk, Rejected
from harvester.sources.form import Form

ROUNDED_ROW: Final = 8
"""So many IDs in a row that end in 00 are rounded: by chance there are such once in 10^16 IDs."""
TOO_SMALL: Final = f"below the first tweet, whose ID is {FIRST_TWEET}"
FROM_THE_FUTURE: Final = "from the future, no tweet has such an ID yet"
ROUNDED: Final = "in a row of IDs that all end in 00, a spreadsheet or JavaScript has rounded them"
LOST_DIGITS: Final = frozenset({SPREADSHEET, FLOATING, ROUNDED})
"""The reasons for which a number is turned away that was an ID once."""

_Places = NDArray[np.intp]
_Mask = NDArray[np.bool_]


class Screen:
    """Turns away what is no tweet's ID from the chunks of one text, which are given in their order.

    IDs at the end of a chunk that may begin a rounded row are held back until the next one tells.
    """

    def __init__(self, form: Form) -> None:
        self._first_of_future = None if form.began_ms is None else first_id_at(form.began_ms + DAY_MS)
        self._accepts_rounded = form.accepts_rounded
        self._held = NOTHING
        self._is_in_row = False

    def screen(self, chunk: Chunk, *, is_last: bool) -> Chunk:
        """What was held back, and the chunk. is_last: nothing of the text follows, so nothing is held back."""
        if self._held.n_lines:
            chunk, self._held = _behind(self._held, chunk), NOTHING
        if self._first_of_future is None or not len(chunk.ids):
            return chunk
        rounded = np.zeros(len(chunk.ids), np.bool_)
        if not self._accepts_rounded:
            n_sure = self._mark_rows(rounded, rounded_places(chunk.ids), is_last=is_last)
            if n_sure < len(rounded):
                chunk, self._held = _parted(chunk, n_sure)
                rounded = rounded[:n_sure]
        return _without(
            chunk,
            {
                TOO_SMALL: chunk.ids < FIRST_TWEET,
                FROM_THE_FUTURE: chunk.ids >= self._first_of_future,
                ROUNDED: rounded,
            },
        )

    def _mark_rows(self, rounded: _Mask, places: _Places, *, is_last: bool) -> int:
        """Mark the rows that are long enough; of how many IDs, from the first on, that can be told."""
        n = len(rounded)
        firsts, ends = _rows(places)
        is_row = ends - firsts >= ROUNDED_ROW
        is_row[:1] |= self._is_in_row & (firsts[:1] == 0)
        for first, end in zip(firsts[is_row].tolist(), ends[is_row].tolist(), strict=True):
            rounded[first:end] = True
        self._is_in_row = not is_last and bool(rounded[-1])
        if is_last or rounded[-1] or not len(places) or ends[-1] < n:
            return n
        return int(firsts[-1])


def _rows(places: _Places) -> tuple[_Places, _Places]:
    """Where places that follow on one another begin and end."""
    borders = np.flatnonzero(np.diff(places) != 1)
    return places[np.concatenate(([0], borders + 1))[: len(places)]], (
        places[np.concatenate((borders, [-1]))[: len(places)]] + 1
    )


def _behind(held: Chunk, chunk: Chunk) -> Chunk:
    return replace(
        chunk,
        ids=np.concatenate((held.ids, chunk.ids)),
        lines=np.concatenate((held.lines, chunk.lines)),
        owners=held.owners + chunk.owners,
        n_lines=held.n_lines + chunk.n_lines,
        origin=held.origin,
    )


def _parted(chunk: Chunk, n: int) -> tuple[Chunk, Chunk]:
    """The chunk with its first n IDs, and one of the others."""
    others = replace(
        NOTHING,
        ids=chunk.ids[n:],
        lines=chunk.lines[n:],
        owners=chunk.owners[n:],
        n_lines=len(chunk.ids) - n,
        origin=chunk.origin,
    )
    kept = replace(
        chunk,
        ids=chunk.ids[:n],
        lines=chunk.lines[:n],
        owners=chunk.owners[:n],
        n_lines=chunk.n_lines - others.n_lines,
    )
    return kept, others


def _without(chunk: Chunk, bad: dict[str, _Mask]) -> Chunk:
    """The chunk with those IDs among what is rejected, each for its first reason, in the order of lines."""
    is_good = np.ones(len(chunk.ids), np.bool_)
    rejected: list[Rejected] = []
    file = chunk.origin.file if chunk.origin else ""
    for reason, mask in bad.items():
        rejected.extend(
            Rejected(file, int(chunk.lines[place]), str(chunk.ids[place]), reason)
            for place in np.flatnonzero(mask & is_good).tolist()
        )
        is_good &= ~mask
    if not rejected:
        return chunk
    n_lines = len(chunk.rejected) - (chunk.unreadable is not None)
    in_order = sorted((*chunk.rejected[:n_lines], *rejected), key=lambda entry: entry.line)
    return replace(
        chunk,
        ids=chunk.ids[is_good],
        lines=chunk.lines[is_good],
        owners=tuple(compress(chunk.owners, is_good.tolist())),
        rejected=(*in_order, *chunk.rejected[n_lines:]),
    )
