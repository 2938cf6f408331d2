"""Compressed files for tests, and what reading them gives."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harvester.sources import Form, find_sources, read_chunks
from harvester.sources.layers.zstandard import zstd

ID: Final = 1_060_976_163_948_904_448


@dataclass
class Found:
    """All that a file gave. unreadable: the part, the line at which it ended, what there was of it, the reason."""

    ids: list[int] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    compressions: set[str | None] = field(default_factory=set)
    rejected: list[tuple[str, int, str]] = field(default_factory=list)
    unreadable: list[tuple[str, int, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def read(path: Path, chunk_bytes: int = 256 * 1024, form: Form | None = None) -> Found:
    """What is in the file. Its bytes are counted once, whatever they are."""
    found = Found()
    n_bytes = 0
    for chunk in read_chunks(find_sources([str(path)]), form or Form(), chunk_bytes=chunk_bytes):
        n_bytes += chunk.n_bytes
        found.ids += chunk.ids.tolist()
        entries = [(entry.file, entry.line, entry.text) for entry in chunk.rejected]
        if chunk.unreadable:
            found.reasons.append(chunk.unreadable)
            found.unreadable.append(entries.pop())
        found.rejected += entries
        if chunk.origin and chunk.origin.file not in found.files:
            found.files.append(chunk.origin.file)
            found.compressions.add(chunk.origin.compression)
    assert n_bytes == path.stat().st_size
    return found


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of the members, in their order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


class _Unseekable(io.RawIOBase):
    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]  # any buffer
        self.written += piece
        return len(piece)


def streamed_zip(members: Mapping[str, bytes]) -> bytes:
    """The same as who writes to a pipe makes it: lengths and checksums stand behind the members."""
    file = _Unseekable()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.written


COMPRESS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
    "zstd": zstd.compress,
    "zip": lambda content: zipped({"ids.txt": content}),
}
