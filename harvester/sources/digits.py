"""Decimal numbers from a block of lines, eight digits at a stroke.

Each line's last 24 bytes are gathered and read as three little-endian 64-bit words, eight digits each; what
stands before the line's first digit is overwritten with zeros. Two multiplications then make a number of
the eight digits of a word. Sources: Lemire, "Quickly parsing eight digits" (2018); fast_float,
ascii_number.h.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.tweet_id import MAX_TWEET_ID, Ids

_Words = NDArray[np.uint64]
_MAX_DIGITS: Final = 19
_GATHERED: Final = 24
_FRONT: Final = b"\n" * _GATHERED
_NEWLINE: Final = 10
_RETURN: Final = 13
_QUOTES: Final = (ord('"'), ord("'"))


def _every_byte(value: int) -> np.uint64:
    return np.uint64(value * 0x0101010101010101)


def _masks() -> _Words:
    """For each number of digits: 0xFF where one of them stands in the three words."""
    masks = np.zeros((_MAX_DIGITS + 1, _GATHERED), np.uint8)
    for n_digits in range(1, _MAX_DIGITS + 1):
        masks[n_digits, _GATHERED - n_digits :] = 0xFF
    return np.ascontiguousarray(masks.view("<u8").astype(np.uint64).T)


_DIGIT_MASKS: Final = _masks()
_ZEROS: Final = _every_byte(ord("0"))
_ABOVE_NINE: Final = _every_byte(0x80 - ord("9") - 1)
_HIGH_BITS: Final = _every_byte(0x80)
_PAIRS: Final = np.uint64(0x000000FF000000FF)
_MILLIONS_HUNDREDS: Final = np.uint64(100 + (1_000_000 << 32))
_MYRIADS_UNITS: Final = np.uint64(1 + (10_000 << 32))
_TEN, _EIGHT, _SIXTEEN, _HALF = (np.uint64(n) for n in (10, 8, 16, 32))
_WORD_WEIGHTS: Final = tuple(np.uint64(10**power) for power in (16, 8, 0))


def read_ids(lines: bytes) -> tuple[Ids, NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """The tweet ID on each line, where the line is nothing but that: digits, in quotes or not.

    lines: whole lines, each ended by a newline, which a carriage return may precede.

    Returns four arrays with an element a line: the IDs, whether the line is one (where not, the ID is
    meaningless: the line may still be one in a form that only `parse_tweet_id` forgives), and where the
    line begins and ends in `lines`, without newline and carriage return.
    """
    text = np.frombuffer(_FRONT + lines, np.uint8)
    newlines = np.flatnonzero(text[_GATHERED:] == _NEWLINE) + _GATHERED
    starts = np.empty_like(newlines)
    starts[:1] = _GATHERED
    np.add(newlines[:-1], 1, out=starts[1:])
    ends = newlines - (text[newlines - 1] == _RETURN)
    ids, is_id = _numbers(text, starts, ends)
    if not is_id.all():
        _unquote(text, starts, ends, ids, is_id)
    return ids, is_id, starts - _GATHERED, ends - _GATHERED


def _unquote(
    text: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    ids: Ids,
    is_id: NDArray[np.bool_],
) -> None:
    """Try once more, in place, the lines that begin and end with the same quote."""
    others = np.flatnonzero(~is_id & (ends - starts > 2))
    first, last = text[starts[others]], text[ends[others] - 1]
    quoted = others[(first == last) & ((first == _QUOTES[0]) | (first == _QUOTES[1]))]
    if len(quoted):
        ids[quoted], is_id[quoted] = _numbers(text, starts[quoted] + 1, ends[quoted] - 1)


def _numbers(
    text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[Ids, NDArray[np.bool_]]:
    """The numbers at text[start:end], and whether they are tweet IDs. There are 24 bytes before any start."""
    n_digits = ends - starts
    is_id = (n_digits >= 1) & (n_digits <= _MAX_DIGITS)
    mask_of = np.where(is_id, n_digits, 0)
    windows = np.ndarray((len(text) - _GATHERED + 1,), f"V{_GATHERED}", text.data, strides=(1,))
    words = windows[ends - _GATHERED].view("<u8").reshape(-1, 3)
    total = np.zeros(len(ends), np.uint64)
    not_digits = np.zeros(len(ends), np.uint64)
    for column, weight in enumerate(_WORD_WEIGHTS):
        mask = _DIGIT_MASKS[column][mask_of]
        word = (words[:, column] & mask) | (_ZEROS & ~mask)
        digits = word - _ZEROS
        not_digits |= (word + _ABOVE_NINE) | digits
        total += _eight_digits(digits) * weight
    is_id &= ((not_digits & _HIGH_BITS) == 0) & (total > 0) & (total <= MAX_TWEET_ID)
    return total.view(np.int64), is_id


def _eight_digits(digits: _Words) -> _Words:
    """The number that eight digits make, the first in the lowest byte. Meaningless for other bytes."""
    pairs = digits * _TEN + (digits >> _EIGHT)
    high = (pairs & _PAIRS) * _MILLIONS_HUNDREDS
    low = ((pairs >> _SIXTEEN) & _PAIRS) * _MYRIADS_UNITS
    return (high + low) >> _HALF
