"""The members of a zip archive: which are taken, and what is in them."""

from collections.abc import Iterator, Sequence
from threading import Event
from typing import Final

from harvester.sources.chunk import shown
from harvester.sources.layers.decompress import CODECS, DEFLATE, Codec, Stream, decompressed
from harvester.sources.layers.expansion import BOMB, Expansion
from harvester.sources.layers.parts import Block
from harvester.sources.layers.seekable import Seekable
from harvester.sources.layers.signatures import WORKBOOK
from harvester.sources.layers.slices import SLICE_BYTES
from harvester.sources.layers.zip_directory import Entry, read_descriptor, read_directory, read_local
from harvester.sources.naming import data_files, is_data_file
from harvester.sources.stored import why_unread

try:
    from isal.isal_zlib import crc32  # in a tenth of zlib's time
except ImportError:
    from zlib import crc32

_STORED: Final = 0
_LZMA: Final = 14
_CODECS: Final[dict[int, Codec]] = {
    8: DEFLATE,
    12: CODECS["bzip2"],
    _LZMA: CODECS["lzma"],
    93: CODECS["zstd"],
    95: CODECS["xz"],
}
_OTHERS: Final = {1: "shrink", 6: "implode", 9: "deflate64", 98: "PPMd"}
_ENDS_BY_MARK: Final = 2
_LZMA_HEADER_BYTES: Final = 9
_UNKNOWN_SIZE: Final = b"\xff" * 8
_WORKBOOK_MEMBERS: Final = frozenset(
    {"[Content_Types].xml", "xl/workbook.xml", "xl/workbook.bin", "META-INF/manifest.xml"}
)
_DAMAGED: Final = "the zip archive is damaged"
_NO_DIRECTORY: Final = "the zip archive is cut off or damaged: it has no directory, so members may be missing"


def is_workbook(names: Sequence[str]) -> bool:
    """Whether an archive of these members is a workbook, of Excel or LibreOffice."""
    return not _WORKBOOK_MEMBERS.isdisjoint(names)


def taken_members(entries: Sequence[Entry]) -> list[Entry]:
    """Those that would be taken of a folder with the same in it, in the same order."""
    at: dict[str, list[Entry]] = {}
    for entry in entries:
        if not entry.is_folder:
            at.setdefault(_path(entry), []).append(entry)
    return [entry for path in data_files(at) for entry in at[path]]


def _path(entry: Entry) -> str:
    parts = entry.name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", "."))


def read_members(
    archive: Seekable, expansion: Expansion, stop: Event
) -> Iterator[tuple[str, Iterator[Block]]]:
    """The members that are taken, by their names, safe to print; "" is the archive, if it is unreadable itself.

    Each is to be used up before the next is asked for. Of an archive without a sound directory, which stands at
    its end, the members are found one after the other.

    Raises OSError as reading does.
    """
    directory = read_directory(archive.opened, archive.size_bytes)
    if directory is None:
        yield from _found_members(archive, expansion, stop)
        return
    members = directory if isinstance(directory, str) else _members(directory)
    if isinstance(members, str):
        yield "", iter((Block(b"", 0, members),))
        return
    for entry in members:
        yield shown(entry.name), MemberReading(archive, expansion).blocks(entry)
        if expansion.is_bomb or stop.is_set():
            return


def _members(directory: list[Entry]) -> list[Entry] | str:
    if is_workbook([entry.name for entry in directory]):
        return WORKBOOK
    members = taken_members(directory)
    return members or "a zip archive without a data file"


def _found_members(
    archive: Seekable, expansion: Expansion, stop: Event
) -> Iterator[tuple[str, Iterator[Block]]]:
    at: int | None = 0
    while at is not None and (local := read_local(archive.opened, at)):
        entry, data_at = local
        if is_workbook([entry.name]):
            yield "", iter((Block(b"", 0, f"{WORKBOOK}; this one is cut off"),))
            return
        reading = MemberReading(archive, expansion)
        if not entry.is_folder and is_data_file(_path(entry)):
            yield shown(entry.name), reading.blocks(entry)
        elif entry.n_packed is None:
            _pass_over(reading.blocks(entry), stop)
        if expansion.is_bomb or stop.is_set():
            return
        at = reading.ends_at if entry.n_packed is None else data_at + entry.n_packed
    yield "", iter((Block(b"", 0, _NO_DIRECTORY),))


def _pass_over(blocks: Iterator[Block], stop: Event) -> None:
    for _ in blocks:
        if stop.is_set():
            return


class MemberReading:
    """Reads one member, once."""

    def __init__(self, archive: Seekable, expansion: Expansion) -> None:
        self._opened = archive.opened
        self._expansion = expansion
        self._is_counted = archive.is_source
        self._read_to = 0
        self.ends_at: int | None = None
        """Where the next header is, of a member that does not tell its length, once all of it was read."""

    def blocks(self, entry: Entry) -> Iterator[Block]:
        """What is in the member. The last block says so if that is not all of it."""
        try:
            local = read_local(self._opened, entry.begins_at)
            if local is None:
                yield Block(b"", 0, f"{_DAMAGED}, the member is not where it should be")
            elif reason := _why_not(entry):
                yield Block(b"", 0, reason)
            else:
                yield from self._checked(entry, local[1])
        except OSError as exc:
            yield Block(b"", 0, why_unread(exc))

    def _checked(self, entry: Entry, data_at: int) -> Iterator[Block]:
        stream = Stream(_CODECS[entry.method], is_single=True) if entry.method != _STORED else None
        packed = self._packed(entry, data_at)
        checksum = 0
        for block in decompressed(packed, stream, self._expansion) if stream else self._as_stored(packed):
            yield block
            if block.unreadable:
                return
            checksum = crc32(block.text, checksum)
        if stream is None and self._read_to < data_at + (entry.n_packed or 0):
            yield Block(b"", 0, "the zip archive is cut off in this member")
        elif checksum != self._told_checksum(entry, stream):
            yield Block(b"", 0, f"{_DAMAGED}, the member's checksum is another one")

    def _told_checksum(self, entry: Entry, stream: Stream | None) -> int | None:
        if entry.n_packed is not None:
            return entry.crc
        behind = read_descriptor(self._opened, self._read_to - (stream.n_unused if stream else 0))
        if behind is None:
            return None
        checksum, self.ends_at = behind
        return checksum

    def _packed(self, entry: Entry, data_at: int) -> Iterator[Block]:
        """The member as it is in the archive, in slices; all the rest of that if its length is not told."""
        self._read_to = data_at
        ends_at = None if entry.n_packed is None else data_at + entry.n_packed
        if entry.method == _LZMA:
            yield self._lzma_header(entry)
        while piece := self._take(
            SLICE_BYTES if ends_at is None else min(SLICE_BYTES, ends_at - self._read_to)
        ):
            yield Block(piece, self._count(piece))

    def _lzma_header(self, entry: Entry) -> Block:
        """As the format before xz has it, instead of the one that only zip has. Source: APPNOTE, section 5.8."""
        header = self._take(_LZMA_HEADER_BYTES)
        is_size_told = not entry.flags & _ENDS_BY_MARK and entry.n_text is not None
        size = (entry.n_text or 0).to_bytes(8, "little") if is_size_told else _UNKNOWN_SIZE
        return Block(header[4:] + size, self._count(header))

    def _take(self, n_bytes: int) -> bytes:
        self._opened.seek(self._read_to)
        piece = self._opened.read(max(0, n_bytes))
        self._read_to += len(piece)
        return piece

    def _count(self, piece: bytes) -> int:
        return self._expansion.take(len(piece)) if self._is_counted else 0

    def _as_stored(self, packed: Iterator[Block]) -> Iterator[Block]:
        for block in packed:
            self._expansion.put_out(len(block.text))
            if self._expansion.is_bomb:
                yield Block(b"", 0, BOMB)
                return
            yield block


def _why_not(entry: Entry) -> str | None:
    if entry.is_encrypted:
        return "encrypted; unpack the archive with its password"
    if entry.method not in _CODECS and entry.method != _STORED:
        how = _OTHERS.get(entry.method, f"method {entry.method}")
        return f"compressed with {how}; unpack the archive, or pack it with deflate"
    if entry.method == _STORED and entry.n_packed is None:
        return "of a length that only the archive's directory told; unpack the archive with another tool"
    return None
