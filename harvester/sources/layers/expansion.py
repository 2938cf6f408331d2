"""How much comes out of how much. Pure."""

from typing import Final

FREE_BYTES: Final = 64 * 1024 * 1024
MOST_TIMES: Final = 500
BOMB: Final = (
    f"a decompression bomb: more than {FREE_BYTES // 1024**2} MiB"
    f" and more than {MOST_TIMES} times what is stored came out of it"
)


class Expansion:
    """What was taken of a file so far, and what came out of it, of all its layers and members together.

    So overlapping members of an archive and layer upon layer are no way round the bound.
    """

    def __init__(self, size_bytes: int | None) -> None:
        """size_bytes: of the file, None if that is not known."""
        self._size_bytes = size_bytes
        self._n_taken = self._n_out = 0

    @property
    def is_bomb(self) -> bool:
        """Whether more came out than can be believed. Then nothing more of the file is to be read."""
        return self._n_out > FREE_BYTES and self._n_out > MOST_TIMES * self._n_taken

    def take(self, n_bytes: int) -> int:
        """So many stored bytes are read; how many of them were not yet: never more than the file has."""
        if self._size_bytes is not None:
            n_bytes = max(0, min(n_bytes, self._size_bytes - self._n_taken))
        self._n_taken += n_bytes
        return n_bytes

    def put_out(self, n_bytes: int) -> None:
        """So many bytes came out."""
        self._n_out += n_bytes
