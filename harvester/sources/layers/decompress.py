"""Compressed streams in steps. Nothing is read here: bytes are fed, text comes out.

The same slices are always taken in the same steps, so what comes out before an error is always the same. What the
failing step itself would have given is lost, for not one of the decompressors hands it out.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, cast

from harvester.sources.layers.expansion import BOMB, Expansion
from harvester.sources.layers.parts import Block, StreamCompression
from harvester.sources.layers.zstandard import ZSTD_FRAMES, zstd

STEP_BYTES: Final = 256 * 1024
"""What comes out at most in one step."""
_MOST_MEMORY_BYTES: Final = 256 * 1024 * 1024
_ZSTD_WINDOW_LOG: Final = 27
_PASSED_ON: Final = b"\0"
"""What may stand between and after members: padding, as tapes and block devices leave it."""


class Decompressor(Protocol):
    """One member, frame or stream, as the decompressors of the standard library take it."""

    @property
    def eof(self) -> bool:
        """Whether it has come to its end."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out without more going in."""

    @property
    def unused_data(self) -> bytes:
        """What was fed after its end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """What comes next, at most so much of it."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A way to compress. name: of its data. begin: decompresses one member. signatures: how a member begins."""

    name: str
    begin: Callable[[], Decompressor]
    signatures: tuple[bytes, ...] = ()


class Inflater:
    """Deflate by zlib, where there is nothing quicker."""

    def __init__(self, window_bits: int) -> None:
        self._stream = zlib.decompressobj(window_bits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        """See Decompressor."""
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        """See Decompressor."""
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """See Decompressor."""
        piece = self._stream.decompress(self._stream.unconsumed_tail + data, max_length)
        self.needs_input = not self._stream.unconsumed_tail and len(piece) < max_length
        return piece


_begin_gzip: Callable[[], Decompressor]
_begin_deflate: Callable[[], Decompressor]
_inflate_error: type[Exception]
try:
    from isal import igzip_lib
except ImportError:  # not for every processor
    _begin_gzip = partial(Inflater, 16 + zlib.MAX_WBITS)
    _begin_deflate = partial(Inflater, -zlib.MAX_WBITS)
    _inflate_error = zlib.error
else:
    _begin_gzip = partial(igzip_lib.IgzipDecompressor, igzip_lib.DECOMP_GZIP)
    _begin_deflate = partial(igzip_lib.IgzipDecompressor, igzip_lib.DECOMP_DEFLATE)
    _inflate_error = cast("type[Exception]", igzip_lib.IsalError)  # its stubs call it an instance


def _begin_zstd() -> Decompressor:
    return zstd.ZstdDecompressor(options={int(zstd.DecompressionParameter.window_log_max): _ZSTD_WINDOW_LOG})


_begin_xz = partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, _MOST_MEMORY_BYTES)
_begin_lzma = partial(lzma.LZMADecompressor, lzma.FORMAT_ALONE, _MOST_MEMORY_BYTES)

CODECS: Final[dict[StreamCompression, Codec]] = {
    "gzip": Codec("gzip", _begin_gzip, (b"\x1f\x8b",)),
    "bzip2": Codec("bzip2", bz2.BZ2Decompressor, (b"BZh",)),
    "xz": Codec("xz", _begin_xz, (b"\xfd7zXZ\x00",)),
    "lzma": Codec("lzma", _begin_lzma, (b"]\0\0",)),
    "zstd": Codec("zstd", _begin_zstd, ZSTD_FRAMES),
}
DEFLATE: Final = Codec("deflate", _begin_deflate)

_TOO_LARGE: Final = {
    "Memory usage limit exceeded": f"it takes more than {_MOST_MEMORY_BYTES // 1024**2} MiB of memory",
    "Frame requires too much memory": f"it takes more than {2**_ZSTD_WINDOW_LOG // 1024**2} MiB of memory",
}
_ERRORS: Final[tuple[type[Exception], ...]] = (
    zlib.error,
    _inflate_error,
    lzma.LZMAError,
    zstd.ZstdError,
    OSError,  # of bz2
    EOFError,
    ValueError,
    MemoryError,
)


class Stream:
    """A compressed stream of any number of members, or of a single one."""

    def __init__(self, codec: Codec, *, is_single: bool = False) -> None:
        self._codec = codec
        self._is_single = is_single
        self._member = codec.begin()
        self._begun = b""
        self._has_members = False
        self.n_unused = 0
        """Bytes that were fed after the end of a single member."""
        self.broken: str | None = None
        """Why nothing more comes, once the data is damaged."""

    @property
    def is_over(self) -> bool:
        """Whether the single member has come to its end."""
        return self._is_single and self._has_members

    def feed(self, stored: bytes) -> Iterator[bytes]:
        """What comes out, in steps."""
        try:
            while stored and not self.is_over:
                if self._has_members and not self._begun:
                    stored = stored.lstrip(_PASSED_ON)
                if stored:
                    self._begun = self._begun or stored[:8]
                    yield from self._steps(stored)
                    stored = self._end_member() if self._member.eof else b""
        except _ERRORS as exc:
            self.broken = self._why(exc)

    def flush(self) -> None:
        """Says, in `broken`, whether the stream ended where it should."""
        if self.broken is None and (self._begun or not self._has_members):
            self.broken = f"the {self._codec.name} data ends in the middle, the file is cut off"

    def _steps(self, stored: bytes) -> Iterator[bytes]:
        yield self._member.decompress(stored, STEP_BYTES)
        while not (self._member.eof or self._member.needs_input):
            piece = self._member.decompress(b"", STEP_BYTES)
            if not piece:
                return
            yield piece

    def _end_member(self) -> bytes:
        """Begin the next member; what was fed of it already."""
        unused = self._member.unused_data
        self._begun, self._has_members = b"", True
        if self._is_single:
            self.n_unused = len(unused)
        else:
            self._member = self._codec.begin()
        return unused

    def _why(self, exc: Exception) -> str:
        name, detail = self._codec.name, str(exc).rpartition(": ")[2]
        too_large = next((why for what, why in _TOO_LARGE.items() if what in str(exc)), None)
        if too_large or isinstance(exc, MemoryError):
            return f"the {name} data cannot be decompressed, {too_large or 'there is not enough memory'}"
        is_other = self._has_members and not self._begun.startswith(self._codec.signatures)
        what = f"bytes that are no {name} data follow it" if is_other else f"the {name} data is damaged"
        return f"{what} ({detail})"


def decompressed(blocks: Iterator[Block], stream: Stream, expansion: Expansion) -> Iterator[Block]:
    """What comes out of the stream, in blocks of a step each, until it breaks, ends or proves a bomb."""
    for block in blocks:
        n_stored = block.n_stored
        for piece in stream.feed(block.text):
            expansion.put_out(len(piece))
            if expansion.is_bomb:
                yield Block(b"", n_stored)
                yield Block(b"", 0, BOMB)
                return
            if piece:
                yield Block(piece, n_stored)
                n_stored = 0
        if n_stored:
            yield Block(b"", n_stored)
        if unreadable := stream.broken or block.unreadable:
            yield Block(b"", 0, unreadable)
            return
        if stream.is_over:
            return
    stream.flush()
    if stream.broken:
        yield Block(b"", 0, stream.broken)
