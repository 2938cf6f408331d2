"""As what a file is known by its first bytes. Never by its name, never by how much of it has arrived."""

from dataclasses import dataclass
from typing import Final

from harvester.sources.layers.parts import Compression, TableKind
from harvester.sources.layers.zstandard import ZSTD_FRAMES

SIGNATURE_BYTES: Final = 265
"""What is looked at."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """What cannot be read. advice: what it is, and what to do."""

    advice: str


Content = Compression | TableKind

WORKBOOK: Final = "a workbook, as Excel makes them; save the sheet as CSV"
_DECOMPRESS: Final = "decompress it, or use gzip, bzip2, xz or zstd"
_BZIP2_FIRST_BLOCKS: Final = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")

_SIGNATURES: Final[dict[bytes, Content | Foreign]] = {
    b"\x1f\x8b": "gzip",
    **{b"BZh%d%b" % (level, block): "bzip2" for level in range(1, 10) for block in _BZIP2_FIRST_BLOCKS},
    b"\xfd7zXZ\x00": "xz",
    **dict.fromkeys(ZSTD_FRAMES, "zstd"),
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"PAR1": "parquet",
    b"ARROW1\0\0": "arrow",
    b"PK\x07\x08": Foreign("a part of a split zip archive; join the parts"),
    b"FEA1\0\0\0\0": Foreign("a Feather file of version 1; write it as version 2, or as CSV"),
    b"Obj\x01": Foreign("an Avro file; export the column of tweet IDs as text"),
    b"\x89HDF\r": Foreign("an HDF5 file; export the column of tweet IDs as text"),
    b"SQLite format 3\x00": Foreign("an SQLite database; export the column of tweet IDs as text"),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Foreign("an old Office document, perhaps " + WORKBOOK),
    b"%PDF-": Foreign("a PDF document; export the tweet IDs as text"),
    b"7z\xbc\xaf\x27\x1c": Foreign("a 7z archive; unpack it"),
    b"Rar!\x1a\x07": Foreign("a rar archive; unpack it"),
    b"\x04\x22\x4d\x18": Foreign(f"compressed with lz4; {_DECOMPRESS}"),
    b"LZIP\x01": Foreign(f"compressed with lzip; {_DECOMPRESS}"),
    b"\x1f\x9d": Foreign(f"compressed with compress; {_DECOMPRESS}"),
    b"\xff\x06\x00\x00sNaPpY": Foreign(f"compressed with snappy; {_DECOMPRESS}"),
}
_TAR: Final = Foreign("a tar archive; unpack it, or use zip")
_TAR_AT: Final = 257
_LZMA_HEADER_BYTES: Final = 13
_LZMA_MOST_BYTES: Final = 2**38
_UNKNOWN_SIZE: Final = 2**64 - 1
_ARROW_CONTINUATION: Final = b"\xff\xff\xff\xff"
_ARROW_SCHEMA: Final = 1


def recognise(head: bytes) -> Content | Foreign | None:
    """What begins so; None for a text, or at least nothing that is known.

    head: SIGNATURE_BYTES of it, or as many as say whether more `could_tell`.
    """
    for signature, content in _SIGNATURES.items():
        if head.startswith(signature):
            return content
    if _is_lzma(head):
        return "lzma"
    if _is_arrow_stream(head):
        return "arrow"
    return _TAR if head[_TAR_AT:].startswith(b"ustar") and b"\n" not in head[:_TAR_AT] else None


def could_tell(head: bytes) -> bool:
    """Whether more bytes could tell what this is.

    A text's first line is enough, so a slow pipe is not waited for.
    """
    if len(head) >= SIGNATURE_BYTES or recognise(head) is not None:
        return False
    if b"\n" not in head:
        return True
    is_lzma_possible = head.startswith(b"]\0\0") and len(head) < _LZMA_HEADER_BYTES
    return is_lzma_possible or head.startswith(_ARROW_CONTINUATION)


def _is_lzma(head: bytes) -> bool:
    """The format before xz has no signature; liblzma asks for the same when it guesses."""
    if len(head) < _LZMA_HEADER_BYTES or not head.startswith(b"]\0\0"):
        return False
    dictionary = int.from_bytes(head[1:5], "little")
    size = int.from_bytes(head[5:13], "little")
    is_usual = dictionary == 2**32 - 1 or f"{dictionary:b}".rstrip("0") in ("1", "11")
    return is_usual and (size == _UNKNOWN_SIZE or size < _LZMA_MOST_BYTES)


def _is_arrow_stream(head: bytes) -> bool:
    """A stream of Arrow IPC messages has no signature, but begins with a schema. Source: Arrow Message.fbs."""

    def number(at: int, n_bytes: int) -> int:
        return int.from_bytes(head[at : at + n_bytes], "little")

    if not head.startswith(_ARROW_CONTINUATION) or number(4, 4) % 8 or not number(4, 4):
        return False
    message = 8 + number(8, 4)
    fields = message - int.from_bytes(head[message : message + 4], "little", signed=True)
    if not 8 <= fields < len(head) or number(fields, 2) < 8:
        return False
    header_type = message + number(fields + 6, 2)
    return header_type > message and head[header_type : header_type + 1] == bytes([_ARROW_SCHEMA])
