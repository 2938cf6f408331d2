"""What a file holds: texts, which are read as they come, and tables, in which one has to go to and fro."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

StreamCompression = Literal["gzip", "bzip2", "xz", "lzma", "zstd"]
Compression = StreamCompression | Literal["zip"]
TableKind = Literal["parquet", "arrow"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the text, or of what it is made of.

    text: of a Text in UTF-8, if the file is; not checked here. n_stored: stored bytes it took. unreadable: why
    the text ends here although the file does not, else None; there is no text with it.
    """

    text: bytes
    n_stored: int
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a file, or of a member of the archive that the file is.

    name: see Origin, but not made printable yet, only that of the member is. around: what is compressed or packed
    around it, from the outside to the inside. blocks: to be used up before the next part is asked for.
    """

    name: str
    around: tuple[Compression, ...]
    blocks: Iterator[Block]


@dataclass(frozen=True, slots=True)
class Table:
    """One file in columns, or a member that is one.

    name, around: as of a Text. opened: can be sought in, to be read before the next part is asked for, and
    closed then by who gave it. n_stored: stored bytes it took.
    """

    name: str
    around: tuple[Compression, ...]
    kind: TableKind
    opened: BinaryIO
    n_stored: int


Part = Text | Table
