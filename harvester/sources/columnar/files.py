"""Parquet and Arrow files as arrays of the wanted columns, a bounded number of rows at a time.

This is the seam to pyarrow: whatever it raises at a damaged file is an Unreadable here. What the file's reading
raises by itself passes: a service that fails is no damage.
"""

import io
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harvester.errors import HarvesterError
from harvester.sources.chunk import shown
from harvester.sources.columnar.arrow_messages import Messages
from harvester.sources.columnar.schema import Column, array_of, columns_of

ROWS_A_BYTE: Final = 1000
_ROWS_ALWAYS: Final = 10_000_000
"""A table may have that many rows, and ROWS_A_BYTE for each byte of its file; more is a decompression bomb."""
INFLATES_AT_MOST: Final = 1000
_INFLATED_ALWAYS: Final = 256 * 1024 * 1024
"""The same for the bytes of a Parquet column in a row group, as the footer tells of them."""
_VALUES_CAP: Final = 64 * 1024 * 1024
_FEW_ROWS: Final = 1000
_BUFFER_BYTES: Final = 1024 * 1024
_FOOTER_CAP: Final = 64 * 1024 * 1024
_PARQUET_TRAILER: Final = struct.Struct("<I4s")
_PARQUET_MAGICS: Final = (b"PAR1", b"PARE")


class Unreadable(Exception):  # noqa: N818 - it is no error of ours
    """Why a file, or the rest of it, cannot be read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that follow on one another: an array for each wanted column. done: how far the file is read then, as a
    numerator and a denominator.
    """

    arrays: tuple[Any, ...]
    n_rows: int
    done: tuple[int, int]


class Table(Protocol):
    """An opened file, and all columns it has."""

    columns: tuple[Column, ...]

    def parts(self, columns: Sequence[Column], n_rows: int) -> Iterator[Part]:
        """All rows from the first on, at most n_rows at a time. Raises Unreadable."""


def open_table(kind: str, opened: BinaryIO) -> Table:
    """kind: `parquet` or `arrow`. opened: can seek. Raises Unreadable."""
    return ParquetTable(opened) if kind == "parquet" else ArrowTable(opened)


@contextmanager
def _reading(kind: str, messages: Messages | None = None) -> Iterator[None]:
    """Makes an Unreadable of whatever pyarrow raises; `messages` may know better why."""
    try:
        yield
    except (Unreadable, HarvesterError):
        raise
    except Exception as exc:  # which kinds pyarrow raises for which damage is written nowhere
        fault = messages.fault if messages else None
        raise Unreadable(fault or _reason(kind, exc)) from exc


def _reason(kind: str, exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.errno:
        return f"it cannot be read: {(exc.strerror or str(exc)).lower()}"
    if isinstance(exc, MemoryError):
        return f"the {kind} data wants more memory than there is"
    detail = shown((str(exc) or type(exc).__name__).splitlines()[0]).strip().rstrip(".")
    if isinstance(exc, NotImplementedError):
        return f"this {kind} data cannot be read ({detail})"
    return f"the {kind} data is damaged or cut off ({detail})"


class _Bounded:
    """A file of which no more is asked at once than there is: a size in a damaged file can be anything."""

    def __init__(self, opened: BinaryIO) -> None:
        self._opened = opened
        self.size = opened.seek(0, io.SEEK_END)
        self.closed = False

    def read(self, n_bytes: int = -1) -> bytes:
        n_left = max(0, self.size - self._opened.tell())
        return self._opened.read(n_left if n_bytes < 0 else min(n_bytes, n_left))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._opened.seek(offset, whence)

    def tell(self) -> int:
        return self._opened.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is closed: the file is the caller's."""


class ParquetTable:
    """Pages are streamed, so memory is bounded by a page of each wanted column and n_rows of their values."""

    def __init__(self, opened: BinaryIO) -> None:
        with _reading("Parquet"):
            bounded = _Bounded(opened)
            _check_footer(bounded)
            self._bounded = bounded
            self._file = self._open(())
            self.columns = columns_of(self._file.schema_arrow)
            self._n_rows = self._file.metadata.num_rows
            _check_rows(self._n_rows, bounded.size)

    def parts(self, columns: Sequence[Column], n_rows: int) -> Iterator[Part]:
        """See Table."""
        n_done = 0
        names = list(dict.fromkeys(column.name for column in columns))
        with _reading("Parquet"):
            for batch in self._batches(columns, names, n_rows):
                n_done += batch.num_rows
                if n_done > self._n_rows:
                    break
                there = batch.schema.names
                arrays = [array_of(column, batch.column(there.index(column.path[0]))) for column in columns]
                yield Part(tuple(arrays), batch.num_rows, (n_done, self._n_rows))
            if n_done != self._n_rows:
                wrong = f"it has {n_done:,} rows and tells of {self._n_rows:,}"
                raise Unreadable(f"the Parquet data is damaged, {wrong}")

    def _open(self, encoded: Sequence[str]) -> Any:
        """encoded: the columns of strings that are to come as dictionaries, if they are stored so."""
        return pq.ParquetFile(
            self._bounded,
            read_dictionary=encoded,
            buffer_size=_BUFFER_BYTES,
            pre_buffer=False,
            thrift_string_size_limit=_FOOTER_CAP,
            thrift_container_size_limit=1_000_000,
            page_checksum_verification=True,
        )

    def _batches(self, columns: Sequence[Column], names: list[str], n_rows: int) -> Iterator[Any]:
        """None goes over a row group's end: with the batch that meets a damage all of it is lost."""
        texts = [column for column in columns if column.is_text]
        encoded = self._open([column.name for column in texts]) if texts else None
        for number in range(self._file.num_row_groups):
            n_at_once = min(n_rows, self._affordable_rows(encoded, number, texts)) if texts else n_rows
            group = self._file.iter_batches(n_at_once, row_groups=[number], columns=names, use_threads=False)
            yield from (batch for batch in group if batch.num_rows)

    def _affordable_rows(self, encoded: Any, number: int, columns: Sequence[Column]) -> int:
        """How many rows of a row group may be read at once, by how long its values are.

        A file of some hundred bytes can say a million characters in every row: as the one entry of a dictionary,
        as what a value shares with the one before it, as zeros that are compressed.
        """
        names = [column.name for column in columns]
        # First of all a row is read: what is damaged in a column's metadata is an error there, and would end
        # the whole process if pyarrow were asked for the metadata.
        if not _first_row(self._file, number, names):
            return _FEW_ROWS
        metadata = self._file.metadata
        places = [at for at in range(metadata.num_columns) if metadata.schema.column(at).path in names]
        stored = [metadata.row_group(number).column(place) for place in places]
        n_rows = min(map(_rows_by_metadata, stored))
        if any(encoding.startswith("DELTA") for column in stored for encoding in column.encodings):
            return min(n_rows, _FEW_ROWS)  # pyarrow refuses to make a dictionary of those
        batch = _first_row(encoded, number, names)
        there = batch.schema.names
        arrays = [array_of(column, batch.column(there.index(column.path[0]))) for column in columns]
        return min(n_rows, *map(_rows_by_dictionary, arrays))


def _first_row(file: Any, number: int, names: list[str]) -> Any:
    return next(file.iter_batches(1, row_groups=[number], columns=names, use_threads=False), None)


def _rows_by_metadata(column: Any) -> int:
    n_stored, n_bytes = int(column.total_compressed_size), int(column.total_uncompressed_size)
    if n_bytes > _INFLATED_ALWAYS + INFLATES_AT_MOST * n_stored:
        raise Unreadable(f"a decompression bomb: {n_bytes:,} bytes from {n_stored:,}")
    return max(1, _VALUES_CAP * int(column.num_values) // max(1, n_bytes))


def _rows_by_dictionary(array: Any) -> int:
    longest = pc.max(pc.binary_length(array.dictionary)).as_py() if hasattr(array, "dictionary") else None
    return max(1, _VALUES_CAP // (longest or 1))


def _check_footer(bounded: _Bounded) -> None:
    bounded.seek(max(0, bounded.size - _PARQUET_TRAILER.size))
    n_footer, magic = _PARQUET_TRAILER.unpack(bounded.read(_PARQUET_TRAILER.size))
    if magic not in _PARQUET_MAGICS:
        raise Unreadable(
            "the Parquet file is cut off: it ends without the footer that tells where everything is"
        )
    if n_footer > min(_FOOTER_CAP, bounded.size):
        raise Unreadable("the Parquet data is damaged, its footer's size is impossible")


def _check_rows(n_rows: int, n_bytes: int) -> None:
    if n_rows > _ROWS_ALWAYS + ROWS_A_BYTE * n_bytes:
        raise Unreadable(f"a decompression bomb: {n_rows:,} rows in {n_bytes:,} bytes")


class ArrowTable:
    """A file or a stream. Memory is bounded by a record batch, of which Messages lets no large one pass."""

    def __init__(self, opened: BinaryIO) -> None:
        self._opened = opened
        self._dictionaries: dict[Column, Any] = {}
        messages = _messages(opened)
        with _reading("Arrow", messages):
            self.columns = columns_of(pa.ipc.open_stream(messages).schema)

    def parts(self, columns: Sequence[Column], n_rows: int) -> Iterator[Part]:
        """See Table."""
        messages = _messages(self._opened)
        places = sorted({column.place for column in columns})
        options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=places)
        n_found = n_read = 0
        with _reading("Arrow", messages):
            for batch in pa.ipc.open_stream(messages, options=options):
                n_found += batch.num_rows
                _check_rows(n_found, messages.size)
                arrays = [self._sound(batch.column(places.index(column.place)), column) for column in columns]
                for begin in range(0, batch.num_rows, n_rows):
                    n_taken = min(n_rows, batch.num_rows - begin)
                    share = (messages.n_read - n_read) * (begin + n_taken)
                    done = (n_read * batch.num_rows + share, messages.size * batch.num_rows)
                    yield Part(tuple(array.slice(begin, n_rows) for array in arrays), n_taken, done)
                n_read = messages.n_read
            messages.end()
            if messages.fault:
                raise Unreadable(messages.fault)

    def _sound(self, array: Any, column: Column) -> Any:
        """The column's array, after what pyarrow does not check by itself: that nothing points out of bounds."""
        array.validate()
        array = array_of(column, array)
        if pa.types.is_dictionary(array.type):
            self._check_dictionary(array.dictionary, column)
        else:
            array.validate(full=True)
        return array

    def _check_dictionary(self, dictionary: Any, column: Column) -> None:
        """Many record batches share one, which may be larger than they are: it is checked once."""
        checked = self._dictionaries.get(column)
        if checked is None or _addresses(checked) != _addresses(dictionary):
            dictionary.validate(full=True)
            self._dictionaries[column] = dictionary


def _messages(opened: BinaryIO) -> Messages:
    with _reading("Arrow"):
        return Messages(opened)


def _addresses(array: Any) -> tuple[object, ...]:
    return len(array), *(buffer and (buffer.address, buffer.size) for buffer in array.buffers())
