"""Arrow's messages, looked at before pyarrow is: it believes what a message says of its own size.

A message is its metadata's size, the metadata (a flatbuffer, `Message.fbs`) and a body of buffers. A compressed
buffer begins with the size that it will have. Source: Arrow columnar format 1.5, "Serialization and IPC".
"""

import io
import struct
from typing import BinaryIO, Final

FILE_MAGIC: Final = b"ARROW1"
BODY_CAP: Final = 1024 * 1024 * 1024
"""Bytes of one record batch, stored or decompressed, and of all dictionaries together. So memory is bounded."""
_METADATA_CAP: Final = 64 * 1024 * 1024
_CONTINUES: Final = b"\xff\xff\xff\xff"
_FILE_HEAD: Final = 8
_TRAILER: Final = struct.Struct("<i6s")
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_BUFFER: Final = struct.Struct("<qq")


class Messages:
    """The messages of an Arrow stream, or of a file, as a stream that pyarrow may read: none is too large.

    A file is a stream between two magic numbers, so what stands before a cut can be read. `fault` says why
    the stream ends before it should.
    """

    def __init__(self, opened: BinaryIO) -> None:
        self._opened = opened
        self.size = opened.seek(0, io.SEEK_END)
        opened.seek(0)
        self._is_file = opened.read(len(FILE_MAGIC)) == FILE_MAGIC
        opened.seek(_FILE_HEAD if self._is_file else 0)
        self._pieces: list[bytes] = []
        self._dictionary_bytes: dict[int, int] = {}
        self._is_ended = False
        self.fault: str | None = None
        self.closed = False

    @property
    def n_read(self) -> int:
        """How many of the file's bytes were read."""
        return min(self._opened.tell(), self.size)

    def close(self) -> None:
        """Nothing is closed: the file is the caller's."""

    def read(self, n_bytes: int = -1) -> bytes:
        """The next bytes, fewer only at the end. Raises ValueError when `fault` is set."""
        got: list[bytes] = []
        while n_bytes and (self._pieces or self._fetch()):
            piece = self._pieces.pop(0)
            if 0 <= n_bytes < len(piece):
                self._pieces.insert(0, piece[n_bytes:])
                piece = piece[:n_bytes]
            n_bytes -= len(piece) if n_bytes > 0 else 0
            got.append(piece)
        return got[0] if len(got) == 1 else b"".join(got)

    def end(self) -> None:
        """Sets `fault` if a file's messages do not end where its footer begins."""
        position = self._opened.tell()
        self._opened.seek(max(0, self.size - _TRAILER.size))
        trailer = self._opened.read(_TRAILER.size)
        if not self._is_file or self.fault:
            return
        n_footer, magic = _TRAILER.unpack(trailer) if len(trailer) == _TRAILER.size else (0, b"")
        if magic != FILE_MAGIC or not self._is_ended:
            self.fault = "the Arrow file ends without its footer, it is cut off or not complete"
        elif position + n_footer + _TRAILER.size != self.size:
            self.fault = "the Arrow file is damaged, its record batches do not end where the footer begins"

    def _fetch(self) -> bool:
        """Lays out the next message, if there is one."""
        head = b"" if self._is_ended else self._opened.read(4)
        if head == _CONTINUES:
            head += self._opened.read(4)
        if not head:
            return False
        self._pieces.append(head)
        n_metadata = int.from_bytes(head[-4:], "little", signed=True)
        self._is_ended = n_metadata == 0 or len(head) % 4 > 0
        if self._is_ended:
            return True
        self._check(0 < n_metadata <= _METADATA_CAP, "a message's size is impossible")
        metadata = self._opened.read(n_metadata)
        try:
            message = _root(metadata)
            n_body = message.number(3, "<q")
            self._check(0 <= n_body <= self.size, "it is cut off, or a message's size is impossible")
            self._check_size(n_body)
            body = self._opened.read(n_body)
            self._check_body(message, body)
        except (struct.error, IndexError):
            self._check(is_sound=False, what="a message's metadata is none")
        else:
            self._pieces += [piece for piece in (metadata, body) if piece]
        return True

    def _check(self, is_sound: bool, what: str) -> None:  # noqa: FBT001 - reads as an assertion
        if not is_sound:
            self.fault = f"the Arrow data is damaged, {what}"
            raise ValueError(self.fault)

    def _check_size(self, n_bytes: int) -> None:
        if n_bytes > BODY_CAP:
            self.fault = (
                f"a record batch, or the dictionaries, of {n_bytes:,} bytes, more than {BODY_CAP // 2**20} MiB; "
                "write smaller record batches"
            )
            raise ValueError(self.fault)

    def _check_body(self, message: "_Table", body: bytes) -> None:
        kind = message.number(1, "<B")
        if kind == _RECORD_BATCH:
            self._check_size(_inflated_bytes(message.table(2), body))
        elif kind == _DICTIONARY_BATCH:
            batch = message.table(2)
            number, is_delta = batch.number(0, "<q"), batch.number(2, "<B")
            before = self._dictionary_bytes.get(number, 0) if is_delta else 0
            self._dictionary_bytes[number] = before + _inflated_bytes(batch.table(1), body)
            self._check_size(sum(self._dictionary_bytes.values()))


def _inflated_bytes(batch: "_Table", body: bytes) -> int:
    """How many bytes a RecordBatch's buffers say they have once they are decompressed."""
    is_compressed = batch.place(3) is not None
    total = 0
    for offset, n_bytes in batch.structs(2, _BUFFER):
        total += max(n_bytes, 0)
        if is_compressed and n_bytes > 8:
            total += max(struct.unpack_from("<q", body, max(offset, 0))[0], 0)
    return total


class _Table:
    """A flatbuffer's table. Raises struct.error where it goes beyond the bytes."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._place = place
        self._fields = place - self._at(place, "<i")
        self._n_bytes = self._at(self._fields, "<H")

    def place(self, field: int) -> int | None:
        """Where a field's value stands; None if it has the default."""
        slot = 4 + 2 * field
        offset = self._at(self._fields + slot, "<H") if slot + 2 <= self._n_bytes else 0
        return self._place + offset if offset else None

    def number(self, field: int, form: str) -> int:
        """A field that is a number; 0 if it is not there."""
        place = self.place(field)
        return 0 if place is None else self._at(place, form)

    def table(self, field: int) -> "_Table":
        """A field that is a table."""
        place = self.place(field)
        if place is None:
            raise IndexError(field)
        return _Table(self._data, place + self._at(place, "<I"))

    def structs(self, field: int, form: struct.Struct) -> list[tuple[int, ...]]:
        """A field that is a vector of structs; empty if it is not there."""
        place = self.place(field)
        if place is None:
            return []
        begin = place + self._at(place, "<I")
        end = begin + 4 + self._at(begin, "<I") * form.size
        if end > len(self._data):
            raise IndexError(field)
        return list(form.iter_unpack(self._data[begin + 4 : end]))

    def _at(self, place: int, form: str) -> int:
        if place < 0:
            raise IndexError(place)
        number: int = struct.unpack_from(form, self._data, place)[0]
        return number


def _root(metadata: bytes) -> _Table:
    return _Table(metadata, struct.unpack_from("<I", metadata)[0])
