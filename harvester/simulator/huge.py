"""A body far larger than any answer, at hardly any cost: one block of it, over and over."""

import struct
import zlib
from functools import cache
from typing import Final

BLOCK: Final = b" " * 2**20
N_BLOCKS: Final = 80
"""Beyond 64 MiB, a likely cap of a client."""

_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LAST_DEFLATE_BLOCK: Final = b"\x03\x00"


@cache
def huge_gzip() -> bytes:
    """All blocks as one gzip member of some 80 kB: each deflated block stands for itself and is repeated."""
    deflate = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    deflated = deflate.compress(BLOCK) + deflate.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(N_BLOCKS):
        checksum = zlib.crc32(BLOCK, checksum)
    trailer = struct.pack("<II", checksum, N_BLOCKS * len(BLOCK))
    return _GZIP_HEADER + deflated * N_BLOCKS + _LAST_DEFLATE_BLOCK + trailer
