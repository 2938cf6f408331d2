"""Zstandard as the standard library has it from 3.14 on, before that by its backport."""

import sys
from typing import Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZSTD_FRAMES: Final = (b"\x28\xb5\x2f\xfd", *(b"%c\x2a\x4d\x18" % first for first in range(0x50, 0x60)))
"""How a frame begins; all but the first hold nothing."""

__all__ = ["ZSTD_FRAMES", "zstd"]
