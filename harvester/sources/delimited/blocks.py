"""The tweet IDs of a block of CSV at a stroke, where its quotes leave no doubt where records and cells end.

Exactly what `read_records` and `parse_tweet_id` say of the same lines, at a twentieth of the time. Delimiters and
newlines count where the quotes before them are even in number. That is right if each quote that opens stands at a
cell's beginning or behind the quote that it doubles, and each that closes at a cell's end or before such a one.
"""

from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import Final

import numpy as np

from harvester.engagement.tweet_id import Ids
from harvester.sources.chunk import LINE_CAP
from harvester.sources.delimited.dialect import Dialect, Shape
from harvester.sources.digits import Bytes, Mask, Places, read_cells, with_front

_BLANK: Final = ord(" ")
_NEWLINE: Final = ord("\n")
_RETURN: Final = ord("\r")


@dataclass(frozen=True, slots=True)
class Block:
    """The whole records of some lines; arrays with an element for each.

    ids, is_id: see `read_ids`. starts, ends: where it is in the lines' bytes, without the newline. first_lines:
    on which of the lines it begins, from 0. n_bytes, n_lines: of all of them together; what follows is a record
    that goes on.
    """

    ids: Ids
    is_id: Mask
    starts: Places
    ends: Places
    first_lines: Places
    n_bytes: int
    n_lines: int


def read_block(lines: bytes, dialect: Dialect, shape: Shape) -> Block | None:
    """The records of the lines, each with a newline at its end; None if it is doubtful how they are parted."""
    if dialect.escaped_quote in lines or _has_bare_returns(lines):
        return None
    if dialect.delimiter == " " and BOM_UTF8 in lines:
        return None  # blanks behind it are at the line's beginning, where they part nothing
    text, front = with_front(lines)
    signs = _signs(text, front, dialect)
    if signs is None:
        return None
    places, newlines, first_lines = signs
    ends = places[newlines]
    starts = _shifted(ends + 1, front)
    longest = max(int((ends - starts).max(initial=0)), len(text) - (int(ends[-1]) if len(ends) else front))
    if longest > LINE_CAP:
        return None
    cell_starts, cell_ends = _cells(places, starts, newlines, shape.column)
    cell_ends -= (text[cell_ends - 1] == _RETURN) & (cell_ends > cell_starts)
    ids, is_id = read_cells(text, cell_starts, cell_ends)
    n_bytes = int(ends[-1]) + 1 - front if len(ends) else 0
    block = Block(ids, is_id, starts - front, ends - front, first_lines[:-1], n_bytes, int(first_lines[-1]))
    return None if _may_swallow(text, front, block, dialect, shape) else block


def _may_swallow(text: Bytes, front: int, block: Block, dialect: Dialect, shape: Shape) -> bool:
    """Whether a record over several lines may have rows within; see `read_records`."""
    n_lines = np.diff(block.first_lines, append=block.n_lines)
    if not (n_lines > 1).any():
        return False
    if dialect.delimiter == " ":
        return True
    delimiters = np.flatnonzero(text == ord(dialect.delimiter))
    ends = np.flatnonzero(text == _NEWLINE)[front : front + block.n_lines]
    starts = _shifted(ends + 1, front)
    firsts = np.searchsorted(delimiters, starts)
    n_cells = np.searchsorted(delimiters, ends) - firsts + 1
    records = np.repeat(np.arange(len(n_lines)), n_lines)
    rows = np.flatnonzero((n_cells == shape.n_cells) & (n_lines[records] > 1))
    starts, ends, firsts, records = starts[rows], ends[rows], firsts[rows] + shape.column, records[rows]
    cell_starts = starts if shape.column == 0 else delimiters[firsts - 1] + 1
    cell_ends = ends if shape.column == shape.n_cells - 1 else delimiters[firsts]
    ids, is_id = read_cells(text, cell_starts, cell_ends)
    is_other = ~is_id | ~block.is_id[records] | (ids != block.ids[records])
    lines = zip(starts[is_other].tolist(), ends[is_other].tolist(), records[is_other].tolist(), strict=True)
    return any(
        _is_row_of_another(text[start:end].tobytes(), block, record, dialect, shape)
        for start, end, record in lines
    )


def _is_row_of_another(line: bytes, block: Block, record: int, dialect: Dialect, shape: Shape) -> bool:
    is_plain = bool(block.is_id[record])
    tweet_id = int(block.ids[record]) if is_plain else None
    return shape.snowflake(line, dialect, is_plain=is_plain) not in (None, tweet_id)


def _has_bare_returns(lines: bytes) -> bool:
    return b"\r" in lines and lines.count(b"\r") != lines.count(b"\r\n")


def _signs(text: Bytes, front: int, dialect: Dialect) -> tuple[Places, Places, Places] | None:
    """Where delimiters and ends of records are, which of them are ends, and on which line what follows begins.

    The last has one element more, the first, 0. None if a quote is not in its place.
    """
    delimiter, quote = ord(dialect.delimiter), ord(dialect.quote)
    body = text[front:]
    is_quote = body == quote
    places = np.flatnonzero((body == delimiter) | (body == _NEWLINE) | is_quote)
    places += front
    if dialect.delimiter == " ":
        places = places[_are_parting(text, places)]
    if not is_quote.any():
        newlines = np.flatnonzero(text[places] == _NEWLINE)
        return places, newlines, np.arange(len(newlines) + 1)
    kinds = text[places]
    is_quote = kinds == quote
    if not _are_proper(text, places[is_quote], delimiter, quote):
        return None
    is_outside = (np.cumsum(is_quote) % 2 == 0) & ~is_quote
    n_lines = np.cumsum(kinds == _NEWLINE)[is_outside]
    places = places[is_outside]
    newlines = np.flatnonzero(text[places] == _NEWLINE)
    return places, newlines, _shifted(n_lines[newlines], 0, keeps_last=True)


def _are_parting(text: Bytes, places: Places) -> Mask:
    """Of signs, without the blanks that stand before another, and those at a line's beginning."""
    blanks = np.flatnonzero(text[places] == _BLANK)
    are_parting = np.ones(len(places), np.bool_)
    are_parting[blanks] = False
    first = blanks[text[places[blanks] - 1] != _BLANK]
    last = blanks[text[places[blanks] + 1] != _BLANK]
    are_parting[last] = text[places[first] - 1] != _NEWLINE
    return are_parting


def _are_proper(text: Bytes, quotes: Places, delimiter: int, quote: int) -> bool:
    """Whether each quote opens or closes a cell, or is one of two within a cell."""
    before = text[quotes[0::2] - 1]
    closing = quotes[1::2]
    behind = text[closing + 1]
    next_but_one = text[np.minimum(closing + 2, len(text) - 1)]
    are_opening = (before == delimiter) | (before == _NEWLINE) | (before == quote)
    are_closing = (behind == delimiter) | (behind == _NEWLINE) | (behind == quote)
    are_closing |= (behind == _RETURN) & (next_but_one == _NEWLINE)
    return bool(are_opening.all() and are_closing.all())


def _cells(places: Places, starts: Places, newlines: Places, column: int) -> tuple[Places, Places]:
    """Where each record's cell in the column begins and ends; nowhere, if it has none."""
    firsts = _shifted(newlines + 1, 0)
    has_cell = newlines - firsts >= column
    nth = np.where(has_cell, firsts + column, firsts)
    cell_starts = starts if column == 0 else np.where(has_cell, places[nth - 1] + 1, starts)
    return cell_starts, np.where(has_cell, places[nth], starts)


def _shifted(values: Places, first: int, *, keeps_last: bool = False) -> Places:
    """The first, then the values, without the last of them or with it."""
    return np.concatenate((np.array([first]), values if keeps_last else values[:-1]))[
        : len(values) + keeps_last
    ]
