"""Tweet IDs and owners' names from Arrow arrays, many at a stroke.

The arrays are validated, and what was a string is binary, as `files` gives them.
"""

import sys
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harvester.engagement.damaged import FLOATING
from harvester.engagement.tweet_id import MAX_TWEET_ID, Ids, parse_tweet_id
from harvester.sources.chunk import LINE_CAP, shown
from harvester.sources.digits import read_ids
from harvester.sources.owners import MAX_OWNER_CHARACTERS, why_no_owner
from harvester.sources.text import read_line

_SHORT_BYTES: Final = 64
"""Longer values than an ID can be are looked at one by one."""
_NAME_BYTES: Final = 8 * MAX_OWNER_CHARACTERS
_FRACTION_OF_ZEROS: Final = r"\.0+$"
_VIEW: Final = np.dtype([("length", np.int32), ("rest", "V12")])
_ENDS_LINE: Final = pa.scalar(b"\n", pa.large_binary())
_EMPTY: Final = pa.scalar(b"", pa.large_binary())
_TOO_LONG_NAME: Final = pa.scalar(b"." * _NAME_BYTES, pa.large_binary())

_Flags = NDArray[np.bool_]
Fault = tuple[str, str]
"""A value as it may be shown, and why it is none."""


@dataclass(frozen=True, slots=True)
class Values:
    """What an array's rows hold: ids has 0 where there is none, faults says why by the row from 0."""

    ids: Ids
    is_blank: _Flags
    faults: dict[int, Fault]


@dataclass(frozen=True, slots=True)
class Names:
    """The owners by row, "" where a row names none or a fault stands."""

    names: list[str]
    faults: dict[int, Fault]


def holds_ids(kind: Any) -> bool:
    """Whether IDs can be read from an array of that Arrow type."""
    if pa.types.is_dictionary(kind):
        return not pa.types.is_dictionary(kind.value_type) and holds_ids(kind.value_type)
    return pa.types.is_floating(kind) or holds_names(kind)


def holds_names(kind: Any) -> bool:
    """Whether names can be read from an array of that Arrow type. A float has lost digits of a user's ID."""
    if pa.types.is_dictionary(kind):
        return not pa.types.is_dictionary(kind.value_type) and holds_names(kind.value_type)
    is_number = pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale >= 0)
    return is_number or _is_bytes(kind) or pa.types.is_null(kind)


def _is_bytes(kind: Any) -> bool:
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_fixed_size_binary,
    )
    return any(test(kind) for test in tests) or _is_view(kind)


def _is_view(kind: Any) -> bool:
    return bool(pa.types.is_string_view(kind) or pa.types.is_binary_view(kind))


def read_values(array: Any) -> Values:
    """The IDs in an array whose type `holds_ids`. A null is blank."""
    kind = array.type
    if pa.types.is_null(kind):
        return Values(np.zeros(len(array), np.int64), np.ones(len(array), np.bool_), {})
    if pa.types.is_dictionary(kind):
        return _values_by_entry(array)
    if pa.types.is_integer(kind):
        return _values_of_integers(array)
    if pa.types.is_floating(kind):
        return _values_of_floats(array)
    return _values_of_bytes(_decimal_texts(array) if pa.types.is_decimal(kind) else array)


def _values_by_entry(array: Any) -> Values:
    is_there = _is_there(array.indices)
    entries, entry_of = _entries(array, is_there)
    found = read_values(entries)
    ids = np.zeros(len(array), np.int64)
    is_blank = ~is_there
    ids[is_there], is_blank[is_there] = found.ids[entry_of], found.is_blank[entry_of]
    return Values(ids, is_blank, _faults_by_entry(found.faults, np.flatnonzero(is_there), entry_of))


def _entries(array: Any, is_there: _Flags) -> tuple[Any, NDArray[np.int64]]:
    """Those entries of a dictionary that the array uses, and which of them each row has that is there.

    Each once: an entry may be long, and stand in every row.
    """
    indices = array.indices.fill_null(0).to_numpy(zero_copy_only=False)[is_there]
    used, entry_of = np.unique(indices, return_inverse=True)
    return array.dictionary.take(pa.array(used, pa.int64())), entry_of


def _faults_by_entry(
    faults: dict[int, Fault], rows: NDArray[np.int64], entry_of: NDArray[np.int64]
) -> dict[int, Fault]:
    if not faults:
        return {}
    is_fault = np.isin(entry_of, list(faults))
    pairs = zip(rows[is_fault].tolist(), entry_of[is_fault].tolist(), strict=True)
    return {row: faults[entry] for row, entry in pairs}


def _values_of_integers(array: Any) -> Values:
    is_there = _is_there(array)
    numbers = _numbers(array)
    is_id = (numbers > 0) & (numbers <= MAX_TWEET_ID) & is_there
    texts = {row: str(int(numbers[row])) for row in np.flatnonzero(is_there & ~is_id).tolist()}
    faults = {row: (text, str(parse_tweet_id(text))) for row, text in texts.items()}
    return Values(np.where(is_id, numbers, 0).astype(np.int64), ~is_there, faults)


def _values_of_floats(array: Any) -> Values:
    """Where every whole number below has its own float, one is exact. NaN is how pandas writes a null."""
    numbers = array.fill_null(0).to_numpy(zero_copy_only=False)
    exact_below = 2 ** (np.finfo(numbers.dtype).nmant + 1)
    numbers = numbers.astype(np.float64)
    is_there = _is_there(array) & ~np.isnan(numbers)
    numbers = np.where(is_there, numbers, 0)
    is_id = (numbers > 0) & (numbers < exact_below) & (numbers == np.floor(numbers))
    others = np.flatnonzero(is_there & ~is_id).tolist()
    faults = {row: _float_fault(float(numbers[row]), exact_below) for row in others}
    return Values(np.where(is_id, numbers, 0).astype(np.int64), ~is_there, faults)


def _float_fault(number: float, exact_below: int) -> Fault:
    if exact_below <= number <= MAX_TWEET_ID:
        return repr(number), FLOATING
    text = str(int(number)) if number.is_integer() else repr(number)
    return repr(number), str(parse_tweet_id(text))


def _values_of_bytes(array: Any) -> Values:
    is_there = _is_there(array)
    lengths = _lengths(array)
    ids = np.zeros(len(array), np.int64)
    is_short = lengths <= _SHORT_BYTES
    lines = _as_lines(array, is_short)
    numbers, is_number, _, _ = read_ids(lines)
    if len(numbers) == len(array):
        is_id = is_number & is_short & is_there
        ids[is_id] = numbers[is_id]
    faults: dict[int, Fault] = {}
    for row in np.flatnonzero(is_there & (ids == 0)).tolist():
        line = _beginning(array[row])
        found = read_line(line)
        if isinstance(found, int):
            ids[row] = found
        else:
            faults[row] = (shown(line), found or "an empty cell")
    return Values(ids, ~is_there, faults)


def _as_lines(array: Any, is_short: _Flags) -> bytes:
    """Every value and a newline, of one that is not short or a null only that."""
    joined = pc.binary_join_element_wise(
        _only(array, is_short), _EMPTY, _ENDS_LINE, null_handling="replace", null_replacement=""
    )
    text = joined.buffers()[2]
    return text.to_pybytes() if text is not None else b""


def _only(array: Any, is_kept: _Flags) -> Any:
    """As large binary, null where it is not kept. Nothing of that is copied: many views may be of one value."""
    is_kept = is_kept & _is_there(array)
    if not is_kept.all():
        flags = np.concatenate((np.zeros(array.offset, np.bool_), is_kept))
        buffers = [pa.array(flags).buffers()[1], *array.buffers()[1:]]
        if _is_view(array.type):  # a null's view is followed, too
            views = np.frombuffer(buffers[1], _VIEW)[: len(flags)]
            buffers[1] = pa.py_buffer(np.where(flags, views, np.zeros(1, _VIEW)))
        array = pa.Array.from_buffers(array.type, len(array), buffers, offset=array.offset)
    return array.cast(pa.large_binary())


def _beginning(value: Any) -> bytes:
    """As much of a value as is looked at; the rest is not copied."""
    return bytes(memoryview(value.as_buffer())[: LINE_CAP + 1])


def read_names(array: Any) -> Names:
    """The owners' names in an array whose type `holds_names`, stripped. A null names none."""
    kind = array.type
    if pa.types.is_null(kind):
        return Names([""] * len(array), {})
    if pa.types.is_dictionary(kind):
        return _names_by_entry(array)
    if pa.types.is_integer(kind):
        numbers = _numbers(array).tolist()
        pairs = zip(numbers, _is_there(array).tolist(), strict=True)
        return Names([sys.intern(str(number)) if there else "" for number, there in pairs], {})
    return _names_by_entry(_encoded(_decimal_texts(array) if pa.types.is_decimal(kind) else array))


def _encoded(array: Any) -> Any:
    """With each name once, and no more of one than tells that it is too long."""
    is_short = _lengths(array) <= _NAME_BYTES
    array = _only(array, is_short)
    if not is_short.all():
        array = pc.if_else(pa.array(is_short), array, _TOO_LONG_NAME)
    return array.dictionary_encode()


def _names_by_entry(array: Any) -> Names:
    is_there = _is_there(array.indices)
    entries, entry_of = _entries(array, is_there)
    if not pa.types.is_large_binary(entries.type):
        inner = read_names(entries)
        found, faults = inner.names, inner.faults
    else:
        values = [_beginning(entry).decode("utf-8", "surrogateescape").strip() for entry in entries]
        reasons = {entry: why_no_owner(name) for entry, name in enumerate(values)}
        faults = {entry: (_shown_name(values[entry]), why) for entry, why in reasons.items() if why}
        found = ["" if entry in faults else sys.intern(name) for entry, name in enumerate(values)]
    names = [""] * len(array)
    rows = np.flatnonzero(is_there)
    for row, entry in zip(rows.tolist(), entry_of.tolist(), strict=True):
        names[row] = found[entry]
    return Names(names, _faults_by_entry(faults, rows, entry_of))


def _shown_name(name: str) -> str:
    return shown(name.encode("utf-8", "surrogateescape"))


def _is_there(array: Any) -> _Flags:
    flags: _Flags = array.is_valid().to_numpy(zero_copy_only=False)
    return flags


def _numbers(array: Any) -> NDArray[Any]:
    numbers: NDArray[Any] = array.fill_null(0).to_numpy(zero_copy_only=False)
    return numbers


def _decimal_texts(array: Any) -> Any:
    texts = array.cast(pa.string()).cast(pa.binary())
    return pc.replace_substring_regex(texts, _FRACTION_OF_ZEROS, "") if array.type.scale else texts


def _lengths(array: Any) -> NDArray[np.int64]:
    """Bytes of each value. A null has some or none."""
    if not _is_view(array.type):
        lengths: NDArray[np.int64] = pc.binary_length(array).fill_null(0).to_numpy().astype(np.int64)
        return lengths
    views = np.frombuffer(array.buffers()[1], _VIEW)
    return views["length"][array.offset : array.offset + len(array)].astype(np.int64)
