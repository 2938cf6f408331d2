"""Numbers that have the form of a tweet ID and cannot be one: too small, from the future, rounded.

A spreadsheet and JavaScript keep 15 to 17 digits of a number, so the IDs that they have rounded end in 00. By
chance one in a hundred does: of a single one nothing can be said, of many in a row it is certain.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import compress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.damaged import FLOATING, SPREADSHEET
from harvester.engagement.tweet_id import DAY_MS, FIRST_TWEET, first_id_at, rounded_places
from harvester.sources.chunk import NOTHING, Chunk, Rejected, joined, places_of_rejected
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

    IDs at the end of a chunk that may begin a rounded row are held back until the next one tells. What was
    rejected between two IDs ends a row, so nothing but IDs is ever held back.
    """

    def __init__(self, form: Form) -> None:
        self._first_of_future = None if form.began_ms is None else first_id_at(form.began_ms + DAY_MS)
        self._accept_rounded = form.accept_rounded
        self._held = NOTHING
        self._is_in_row = False

    def screen(self, chunk: Chunk, *, is_last: bool) -> Chunk:
        """What was held back, and the chunk. is_last: nothing of the text follows, so nothing is held back."""
        if self._first_of_future is None:
            return chunk
        if self._held.n_lines:
            chunk, self._held = joined(self._held, chunk), NOTHING
        breaks = places_of_rejected(chunk)
        if not len(chunk.ids):
            self._is_in_row &= not (is_last or len(breaks))
            return chunk
        rounded = np.zeros(len(chunk.ids), np.bool_)
        if not self._accept_rounded:
            n_sure = self._mark_rows(rounded, rounded_places(chunk.ids), breaks, is_last=is_last)
            if n_sure < len(rounded):
                chunk, self._held = _parted(chunk, n_sure)
                rounded = rounded[:n_sure]
        bad = {
            TOO_SMALL: chunk.ids < FIRST_TWEET,
            FROM_THE_FUTURE: chunk.ids >= self._first_of_future,
            ROUNDED: rounded,
        }
        return _without(chunk, breaks, bad)

    def _mark_rows(self, rounded: _Mask, places: _Places, breaks: _Places, *, is_last: bool) -> int:
        """Mark the rows that are long enough; of how many IDs, from the first on, that can be told."""
        n = len(rounded)
        firsts, ends = _rows(places, breaks)
        is_row = ends - firsts >= ROUNDED_ROW
        goes_on = self._is_in_row and not (len(breaks) and breaks[0] == 0)
        is_row[:1] |= goes_on & (firsts[:1] == 0)
        for first, end in zip(firsts[is_row].tolist(), ends[is_row].tolist(), strict=True):
            rounded[first:end] = True
        is_ended = is_last or bool(len(breaks) and breaks[-1] == n)
        self._is_in_row = not is_ended and bool(rounded[-1])
        if is_ended or rounded[-1] or not len(places) or ends[-1] < n:
            return n
        return int(firsts[-1])


def _rows(places: _Places, breaks: _Places) -> tuple[_Places, _Places]:
    """Where places that follow on one another, with no break between, begin and end."""
    borders = np.flatnonzero(
        (np.diff(places) != 1) | (np.diff(np.searchsorted(breaks, places, side="right")) != 0)
    )
    return places[np.concatenate(([0], borders + 1))[: len(places)]], (
        places[np.concatenate((borders, [-1]))[: len(places)]] + 1
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


def _without(chunk: Chunk, places: _Places, bad: dict[str, _Mask]) -> Chunk:
    """The chunk with those IDs among what is rejected, each for its first reason, all in their order."""
    is_good = np.ones(len(chunk.ids), np.bool_)
    entries = [(place, False, entry) for place, entry in zip(places.tolist(), chunk.rejected, strict=True)]
    file = chunk.origin.file if chunk.origin else ""
    for reason, mask in bad.items():
        entries.extend(
            (place, True, Rejected(file, int(chunk.lines[place]), str(chunk.ids[place]), reason))
            for place in np.flatnonzero(mask & is_good).tolist()
        )
        is_good &= ~mask
    if is_good.all():
        return chunk
    entries.sort(key=lambda entry: entry[:2])
    return replace(
        chunk,
        ids=chunk.ids[is_good],
        lines=chunk.lines[is_good],
        owners=tuple(compress(chunk.owners, is_good.tolist())),
        rejected=tuple(entry for _, _, entry in entries),
        places=tuple(_moved(entries)),
    )


def _moved(entries: list[tuple[int, bool, Rejected]]) -> Iterator[int]:
    """The places of these entries once those that were IDs are none any more."""
    n_gone = 0
    for place, was_id, _ in entries:
        yield place - n_gone
        n_gone += was_id
