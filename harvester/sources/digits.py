"""Decimal numbers from a block of text, eight digits at a stroke.

Each number's last 24 bytes are gathered and read as three little-endian 64-bit words, eight digits each; what
stands before its first digit is overwritten with zeros. Three multiplications then make a number of the eight
digits of a word: of neighbouring digits first, then of neighbouring pairs, then of fours. Sources: Lemire,
"Quickly parsing eight digits" (2018); fast_float, ascii_number.h.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.tweet_id import MAX_DIGITS, MAX_TWEET_ID, Ids

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
_Words = NDArray[np.uint64]
_GATHERED: Final = 24
_FRONT: Final = b"\n" * _GATHERED
_NEWLINE: Final = 10
_RETURN: Final = 13
_QUOTES: Final = (ord('"'), ord("'"))
_AT_ONCE: Final = 32 * 1024
"""So many numbers are made in one go: more would only take more memory."""


def _every_byte(value: int) -> np.uint64:
    return np.uint64(value * 0x0101010101010101)


def _masks() -> _Words:
    """For each number of digits: 0xFF where one of them stands in the three words."""
    masks = np.zeros((MAX_DIGITS + 1, _GATHERED), np.uint8)
    for n_digits in range(1, MAX_DIGITS + 1):
        masks[n_digits, _GATHERED - n_digits :] = 0xFF
    return np.ascontiguousarray(masks.view("<u8").T)


_DIGIT_MASKS: Final = _masks()
_ZEROS: Final = _every_byte(ord("0"))
_ABOVE_NINE: Final = _every_byte(0x80 - 10)
_HIGH_BITS: Final = _every_byte(0x80)
_FOLDS: Final = (
    ("<u2", np.uint16(1 + (10 << 8)), np.uint16(8)),
    ("<u4", np.uint32(1 + (100 << 16)), np.uint32(16)),
    ("<u8", np.uint64(1 + (10_000 << 32)), np.uint64(32)),
)
_WORD_WEIGHTS: Final = tuple(np.uint64(10**power) for power in (16, 8, 0))
_ONE: Final = np.uint64(1)
_MAX: Final = np.uint64(MAX_TWEET_ID)


def with_front(text: bytes) -> tuple[Bytes, int]:
    """The text's bytes with so many before them as `read_numbers` needs there, and where they begin."""
    return np.frombuffer(_FRONT + text, np.uint8), _GATHERED


def read_ids(lines: bytes) -> tuple[Ids, Mask, Places, Places]:
    """The tweet ID on each line, where the line is nothing but that: digits, in quotes or not.

    lines: whole lines, each ended by a newline, which a carriage return may precede.

    Returns four arrays with an element a line: the IDs, whether the line is one (where not, the ID is
    meaningless: the line may still be one in a form that only `parse_tweet_id` forgives), and where the
    line begins and ends in `lines`, without newline and carriage return.
    """
    text, front = with_front(lines)
    starts, ends = line_places(text, front)
    ids, is_id = read_cells(text, starts, ends)
    return ids, is_id, starts - front, ends - front


def line_places(text: Bytes, front: int) -> tuple[Places, Places]:
    """Where each line begins and ends, without newline and carriage return. front: where the first begins."""
    newlines = np.flatnonzero(text[front:] == _NEWLINE)
    newlines += front
    starts = np.empty_like(newlines)
    starts[:1] = front
    np.add(newlines[:-1], 1, out=starts[1:])
    # A return before the first newline is never the one in front of the text: there are newlines only.
    ends = newlines - (text[newlines - 1] == _RETURN)
    return starts, ends


def read_cells(text: Bytes, starts: Places, ends: Places) -> tuple[Ids, Mask]:
    """The tweet ID at each text[start:end], where that is nothing but digits, in quotes or not.

    text: with at least 24 bytes before the first start, as `with_front` gives it. Returns the IDs, and whether
    they are some; see `read_ids`.
    """
    probe = len(starts) // 2
    if len(starts) and text[starts[probe]] in _QUOTES:  # likely all are quoted
        is_quoted = _are_quoted(text, starts, ends)
        return _numbers(text, starts + is_quoted, ends - is_quoted)
    ids, is_id = _numbers(text, starts, ends)
    if not is_id.all():
        others = np.flatnonzero(~is_id)
        quoted = others[_are_quoted(text, starts[others], ends[others])]
        if len(quoted):
            ids[quoted], is_id[quoted] = _numbers(text, starts[quoted] + 1, ends[quoted] - 1)
    return ids, is_id


def _are_quoted(text: Bytes, starts: Places, ends: Places) -> Mask:
    """Which begin and end with the same quote."""
    first, last = text[starts], text[ends - 1]
    is_quoted: Mask = (first == last) & ((first == _QUOTES[0]) | (first == _QUOTES[1])) & (ends - starts > 2)
    return is_quoted


def _numbers(text: Bytes, starts: Places, ends: Places) -> tuple[Ids, Mask]:
    """The numbers at text[start:end], and whether they are tweet IDs."""
    ids = np.empty(len(ends), np.uint64)
    is_id = np.empty(len(ends), np.bool_)
    for first in range(0, len(ends), _AT_ONCE):
        piece = slice(first, first + _AT_ONCE)
        _read_piece(text, starts[piece], ends[piece], ids[piece], is_id[piece])
    return ids.view(np.int64), is_id


def _read_piece(text: Bytes, starts: Places, ends: Places, ids: _Words, is_id: Mask) -> None:
    """Fill ids and is_id."""
    n_digits = ends - starts
    windows = np.ndarray((len(text) - _GATHERED + 1,), f"V{_GATHERED}", text.data, strides=(1,))
    words = windows[ends - _GATHERED].view("<u8")
    words ^= _ZEROS
    _clear_front(words.reshape(-1, 3), n_digits)
    faults = words + _ABOVE_NINE
    faults |= words
    faults &= _HIGH_BITS
    for dtype, factor, shift in _FOLDS:
        parts = words.view(dtype)
        parts *= factor
        parts >>= shift
    columns = words.reshape(-1, 3)
    np.multiply(columns[:, 0], _WORD_WEIGHTS[0], out=ids)
    ids += columns[:, 1] * _WORD_WEIGHTS[1]
    ids += columns[:, 2]
    np.less(ids - _ONE, _MAX, out=is_id)
    is_id &= (n_digits >= 1) & (n_digits <= MAX_DIGITS)
    if faults.any():
        is_id &= ~faults.reshape(-1, 3).any(axis=1)


def _clear_front(words: _Words, n_digits: Places) -> None:
    """Clear what stands before the first digit; all of it where there are no digits or too many."""
    fewest, most = int(n_digits.min()), int(n_digits.max())
    if fewest < 0 or most > MAX_DIGITS:
        n_digits = np.where((n_digits >= 0) & (n_digits <= MAX_DIGITS), n_digits, 0)
        fewest = 0
    for column in range(3 if fewest < 8 else 2 if fewest < 16 else 1):
        words[:, column] &= _DIGIT_MASKS[column][n_digits]
