"""Gzip in steps. Nothing is read here: bytes are fed, text comes out."""

import zlib
from collections.abc import Iterator
from typing import Final

GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class Inflater:
    """A gzip stream of any number of members, inflated in pieces of bounded size.

    What comes out before an error does not depend on how the input was cut. Zeros after the last member
    are padding, as tapes and block devices leave it.
    """

    def __init__(self, piece_bytes: int) -> None:
        self._piece_bytes = piece_bytes
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._is_member_begun = False
        self._has_members = False
        self.broken: str | None = None
        """Why nothing more comes, once the data is damaged."""

    def feed(self, stored: bytes) -> Iterator[tuple[bytes, int]]:
        """Inflated pieces, each with how many stored bytes it took; together they took all, unless broken."""
        while stored and self.broken is None:
            if not self._is_member_begun and self._has_members:
                padding = len(stored) - len(stored.lstrip(b"\0"))
                stored = stored[padding:]
                yield b"", padding
                if not stored:
                    return
            self._is_member_begun = True
            piece, rest = self._step(stored)
            yield piece, len(stored) - len(rest)
            while (
                len(piece) == self._piece_bytes and not self._member.eof and not rest and self.broken is None
            ):
                piece, rest = self._step(b"")
                yield piece, 0
            stored = rest
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP_WINDOW)
                self._is_member_begun, self._has_members = False, True

    def flush(self) -> None:
        """Says, in `broken`, whether the stream ended where it should."""
        if self.broken is None and self._is_member_begun:
            self.broken = "the gzip data ends in the middle, the file is cut off"

    def _step(self, stored: bytes) -> tuple[bytes, bytes]:
        """One piece, and the stored bytes that it did not take."""
        before = self._member.copy()
        try:
            piece = self._member.decompress(stored, self._piece_bytes)
        except zlib.error:
            return self._until_error(before, stored), b""
        return piece, self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def _until_error(self, member: "zlib._Decompress", stored: bytes) -> bytes:
        """What is sound before the damage: zlib drops it with the call that fails, so go byte by byte."""
        pieces: list[bytes] = []
        try:
            pieces.extend(member.decompress(stored[index : index + 1]) for index in range(len(stored)))
        except zlib.error as exc:
            detail = str(exc).rpartition(": ")[2]
            is_after_a_member = self._has_members and detail == "incorrect header check"
            what = (
                "bytes that are no gzip data follow it" if is_after_a_member else "the gzip data is damaged"
            )
            self.broken = f"{what} ({detail})"
        return b"".join(pieces)
