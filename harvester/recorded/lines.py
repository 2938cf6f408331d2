"""A file of a run directory up to a length, read once: its lines, and the digest of its bytes."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from harvester.errors import RunDirectoryError

BLOCK_BYTES: Final = 1 << 20
LONGEST_LINE: Final = 256 * 2**20
"""Longer than any record; a file without line ends is not read into memory."""


class Block(NamedTuple):
    """Some whole lines. line: the number of the first one, from 1. offset: where it begins."""

    text: bytes
    line: int
    offset: int

    def place(self, index: int) -> tuple[int, int]:
        """The number of one of its lines, by its place from 0, and the offset of that line's first byte."""
        before = self.text.split(b"\n")[:index]
        return self.line + index, self.offset + sum(map(len, before)) + index


@contextmanager
def readable() -> Iterator[None]:
    """Translate what the operating system says of a file that is read into a RunDirectoryError."""
    try:
        yield
    except OSError as exc:
        raise RunDirectoryError(f"cannot be read: {(exc.strerror or str(exc)).lower()}") from exc


class Prefix:
    """The first length_bytes of a file, which may grow meanwhile.

    While the blocks are iterated, or by `read`, it learns: digest, the SHA-256 of what it has read; n_bytes, how
    much that was; torn, what stands behind the last line end. size_bytes: of the whole file, when it was opened.
    Raises RunDirectoryError when it cannot be read.
    """

    def __init__(self, path: Path, length_bytes: int) -> None:
        self.path = path
        self.length_bytes = length_bytes
        self.n_bytes = 0
        self.torn = b""
        self._hash = hashlib.sha256()
        with readable():
            self.size_bytes = path.stat().st_size

    @property
    def digest(self) -> bytes:
        """Of all that was read."""
        return self._hash.digest()

    def pieces(self) -> Iterator[bytes]:
        """What is there, a piece at a time."""
        with readable(), self.path.open("rb", buffering=0) as file:
            while self.n_bytes < self.length_bytes:
                piece = file.read(min(BLOCK_BYTES, self.length_bytes - self.n_bytes))
                if not piece:
                    return
                self.n_bytes += len(piece)
                self._hash.update(piece)
                yield piece

    def blocks(self) -> Iterator[Block]:
        """Its lines, some at a time."""
        line, offset, rest = 1, 0, [b""]
        n_rest = 0
        for piece in self.pieces():
            end = piece.rfind(b"\n") + 1
            if not end:
                rest.append(piece)
                n_rest += len(piece)
                if n_rest > LONGEST_LINE:
                    raise RunDirectoryError(f"line {line:,} has no end")
                continue
            text = b"".join((*rest, piece[:end]))
            yield Block(text, line, offset)
            line += text.count(b"\n")
            offset += len(text)
            rest, n_rest = [piece[end:]], len(piece) - end
        self.torn = b"".join(rest)

    def read(self) -> None:
        """Read it for its digest alone."""
        for _ in self.pieces():
            pass


def size_text(n_bytes: int) -> str:
    """`4.1 kB`: so many bytes as a person reads them."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= factor:
            return f"{n_bytes / factor:,.1f} {unit}"
    return f"{n_bytes:,} bytes"
