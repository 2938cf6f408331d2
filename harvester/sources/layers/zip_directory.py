"""What a zip archive says is in it.

Not by the standard library's zipfile, which takes a directory of any size into memory, and cannot read an archive
that is cut off. Source: PKWARE, APPNOTE.TXT 6.3.10; names in sections 4.3 to 4.5.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO, Final

MOST_MEMBERS: Final = 100_000
MOST_DIRECTORY_BYTES: Final = 64 * 1024 * 1024

_TOO_MANY: Final = f"an archive of more than {MOST_MEMBERS:,} members; unpack it"
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64: Final = struct.Struct("<4sLQL")
_LOCAL_SIGNATURE: Final = b"PK\x03\x04"
_DESCRIPTOR_SIGNATURE: Final = b"PK\x07\x08"
_LONGEST_COMMENT: Final = 0xFFFF
_IN_EXTRA: Final = 0xFFFFFFFF
_IS_ENCRYPTED: Final = 1
_HAS_DESCRIPTOR: Final = 8
_STRONGLY_ENCRYPTED: Final = 0x40
_ZIP_64: Final = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A member as the archive tells of it.

    n_packed, n_text: its bytes in the archive and out of it. crc: of those that come out. All three are None where
    they stand behind the member only. begins_at: where its local header is.
    """

    name: str
    flags: int
    method: int
    crc: int | None
    n_packed: int | None
    n_text: int | None
    begins_at: int

    @property
    def is_encrypted(self) -> bool:
        """Whether it takes a password."""
        return bool(self.flags & (_IS_ENCRYPTED | _STRONGLY_ENCRYPTED))

    @property
    def is_folder(self) -> bool:
        """Whether it is no file."""
        return self.name.endswith("/")


def read_directory(opened: BinaryIO, size_bytes: int) -> list[Entry] | str | None:
    """The members in the directory's order, or why they are not to be read; None if there is no sound directory.

    Raises OSError as reading does.
    """
    end = _find_end(opened, size_bytes)
    if end is None:
        return None
    n_members, n_bytes, begins_at = end
    if n_members > MOST_MEMBERS:
        return _TOO_MANY
    if n_bytes > MOST_DIRECTORY_BYTES:
        return f"an archive whose directory has more than {MOST_DIRECTORY_BYTES // 1024**2} MiB; unpack it"
    opened.seek(begins_at)
    try:
        entries = list(islice(_entries(opened.read(n_bytes)), MOST_MEMBERS + 1))
    except (struct.error, ValueError):
        return None
    if len(entries) > MOST_MEMBERS:
        return _TOO_MANY
    return entries if len(entries) % 2**16 == n_members % 2**16 else None


def read_local(opened: BinaryIO, begins_at: int) -> tuple[Entry, int] | None:
    """A member as its own header tells of it, and where its data begins; None if there is no header.

    Raises OSError as reading does.
    """
    if not 0 <= begins_at < 2**63:
        return None
    opened.seek(begins_at)
    header = opened.read(_LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(_LOCAL_SIGNATURE):
        return None
    _, _, flags, method, _, _, crc, n_packed, n_text, n_name, n_extra = _LOCAL.unpack(header)
    name, extra = opened.read(n_name), opened.read(n_extra)
    if len(extra) < n_extra or not name:
        return None
    entry = Entry(_decoded(name), flags, method, crc, n_packed, n_text, begins_at)
    data_at = begins_at + _LOCAL.size + n_name + n_extra
    if flags & _HAS_DESCRIPTOR:
        return replace(entry, crc=None, n_packed=None, n_text=None), data_at
    return _widened(entry, extra), data_at


def read_descriptor(opened: BinaryIO, at: int) -> tuple[int, int] | None:
    """The checksum that stands behind a member, and where the next header is; None if there is none.

    Raises OSError as reading does.
    """
    opened.seek(at)
    behind = opened.read(28)
    begin = 4 if behind.startswith(_DESCRIPTOR_SIGNATURE) else 0
    for n_bytes in (12, 20):
        if behind[begin + n_bytes :][:2] == b"PK":
            return int.from_bytes(behind[begin : begin + 4], "little"), at + begin + n_bytes
    return None


def _find_end(opened: BinaryIO, size_bytes: int) -> tuple[int, int, int] | None:
    """Members, bytes and place of the directory.

    None too where it does not stand right before its end: of archives behind one another only the last would be
    read.
    """
    n_tail = min(size_bytes, _END.size + _LONGEST_COMMENT)
    opened.seek(size_bytes - n_tail)
    tail = opened.read(n_tail)
    at = tail.rfind(b"PK\x05\x06", 0, max(0, len(tail) - _END.size + 4))
    if at < 0:
        return None
    _, _, _, _, n_members, n_bytes, offset, _ = _END.unpack_from(tail, at)
    end_at = size_bytes - n_tail + at
    if wide := _find_end_64(opened, tail[max(0, at - _LOCATOR_64.size) : at]):
        n_members, n_bytes, offset, end_at = wide
    return (n_members, n_bytes, offset) if offset + n_bytes == end_at else None


def _find_end_64(opened: BinaryIO, locator: bytes) -> tuple[int, int, int, int] | None:
    if len(locator) < _LOCATOR_64.size or not locator.startswith(b"PK\x06\x07"):
        return None
    end_at = _LOCATOR_64.unpack(locator)[2]
    if end_at >= 2**63:
        return None
    opened.seek(end_at)
    end = opened.read(_END_64.size)
    if len(end) < _END_64.size or not end.startswith(b"PK\x06\x06"):
        return None
    n_members, n_bytes, offset = _END_64.unpack(end)[-3:]
    return n_members, n_bytes, offset, end_at


def _entries(directory: bytes) -> Iterator[Entry]:
    """Raises struct.error, and ValueError, where the directory is damaged."""
    at = 0
    while at < len(directory):
        fields = _CENTRAL.unpack_from(directory, at)
        flags, method = fields[3:5]
        crc, n_packed, n_text, n_name, n_extra, n_comment = fields[7:13]
        if fields[0] != b"PK\x01\x02":
            raise ValueError
        at += _CENTRAL.size
        name, extra = directory[at : at + n_name], directory[at + n_name : at + n_name + n_extra]
        at += n_name + n_extra + n_comment
        yield _widened(Entry(_decoded(name), flags, method, crc, n_packed, n_text, fields[16]), extra)


def _widened(entry: Entry, extra: bytes) -> Entry:
    """With the numbers that do not fit into 32 bits, as far as they are there."""
    numbers = iter(_zip_64(extra))

    def widened(number: int) -> int:
        return next(numbers, number) if number == _IN_EXTRA else number

    return replace(
        entry,
        n_text=widened(entry.n_text or 0),
        n_packed=widened(entry.n_packed or 0),
        begins_at=widened(entry.begins_at),
    )


def _zip_64(extra: bytes) -> list[int]:
    """The wide numbers that the extra fields hold."""
    at = 0
    while at + 4 <= len(extra):
        kind, n_bytes = struct.unpack_from("<2H", extra, at)
        if kind == _ZIP_64:
            field = extra[at + 4 : at + 4 + n_bytes]
            return [number for (number,) in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])]
        at += 4 + n_bytes
    return []


def _decoded(name: bytes) -> str:
    """Archives that do not say so are often in UTF-8 all the same; cp437 knows every byte."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("cp437")
