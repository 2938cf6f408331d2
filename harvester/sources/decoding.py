"""From stored bytes to the text's bytes in UTF-8: gzip and UTF-16 are found out by the first bytes."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Final

from harvester.sources.find import Source
from harvester.sources.inflate import GZIP_MAGIC, Inflater
from harvester.sources.stored import read_stored

_FOREIGN: Final = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV",
    **{b"BZh%d1AY&SY" % level: "compressed with bzip2; decompress it, or use gzip" for level in range(1, 10)},
    b"\xfd7zXZ\x00": "compressed with xz; decompress it, or use gzip",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; decompress it, or use gzip",
    b"PAR1": "a Parquet file; export the column of tweet IDs as text",
    b"SQLite format 3\x00": "an SQLite database; export the column of tweet IDs as text",
}
_UTF_16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LONGEST_MAGIC: Final = max(map(len, _FOREIGN))


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the text.

    text: UTF-8, if the file is; not checked here. n_stored: stored bytes it took. unreadable: why the
    text ends here although the file does not, else None.
    """

    text: bytes
    n_stored: int
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a file, or of a member of the archive that the file is.

    name, compression: see Origin; name is not made printable yet. blocks: to be used up before the next text is
    asked for.
    """

    name: str
    compression: str | None
    blocks: Iterator[Block]


def open_texts(source: Source, piece_bytes: int, stop: Event) -> Iterator[Text]:
    """The texts that a file holds, in pieces of about piece_bytes at most.

    An OSError while reading makes the rest unreadable. Ends early once stop is set.
    """
    stored = read_stored(source, piece_bytes, stop)
    yield Text(source.name, None, _in_utf_8(_inflated(stored, piece_bytes)))


def _inflated(stored: Iterable[bytes], piece_bytes: int) -> Iterator[Block]:
    pieces = iter(stored)
    try:
        head, reading = _head(pieces)
        foreign = next((what for magic, what in _FOREIGN.items() if head.startswith(magic)), None)
        if foreign:
            yield Block(b"", len(head), foreign)
            return
        if not head.startswith(GZIP_MAGIC):
            yield Block(head, len(head))
            for piece in reading:
                yield Block(piece, len(piece))
            return
        inflater = Inflater(piece_bytes)
        yield from (Block(text, n_stored) for text, n_stored in inflater.feed(head))
        for piece in reading:
            yield from (Block(text, n_stored) for text, n_stored in inflater.feed(piece))
            if inflater.broken:
                break
        inflater.flush()
        if inflater.broken:
            yield Block(b"", 0, inflater.broken)
    except OSError as exc:
        yield Block(b"", 0, f"it cannot be read: {(exc.strerror or str(exc)).lower()}")


def _head(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, as many as tell what the file is, and the rest.

    From a pipe that is slow not more is waited for than could still be a magic number.
    """
    head = b""
    for piece in pieces:
        head += piece
        magics = (*_FOREIGN, GZIP_MAGIC)
        if len(head) >= _LONGEST_MAGIC or not any(magic.startswith(head) for magic in magics):
            break
    return head, pieces


def _in_utf_8(blocks: Iterator[Block]) -> Iterator[Block]:
    """UTF-16 with its byte-order mark (Excel's "Unicode text") as UTF-8, anything else as it is."""
    decoder: codecs.IncrementalDecoder | None = None
    begun: bytes | None = b""
    n_stored = 0
    for block in blocks:
        text = block.text
        if begun is not None:
            begun += text
            n_stored += block.n_stored
            if len(begun) < 2 and block.unreadable is None and begun in (b"", b"\xff", b"\xfe"):
                continue
            encoding = _UTF_16.get(begun[:2])
            if encoding:
                decoder = codecs.getincrementaldecoder(encoding)("replace")
            text, begun = begun[2:] if encoding else begun, None
            block = Block(text, n_stored, block.unreadable)  # noqa: PLW2901 - the same block, widened
        if decoder is not None:
            text = decoder.decode(text).encode("utf-8", "replace")
        yield Block(text, block.n_stored, block.unreadable)
    if begun is not None and n_stored:
        yield Block(begun, n_stored)
    elif decoder is not None and (rest := decoder.decode(b"", final=True)):
        yield Block(rest.encode(), 0)
