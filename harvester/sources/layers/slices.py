"""Stored bytes cut where the file alone says it, not how it was read, and what came of them joined. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from harvester.sources.layers.parts import Block

SLICE_BYTES: Final = 64 * 1024


class Slices:
    """Cuts at the multiples of SLICE_BYTES, and where the file ended before it grew."""

    def __init__(self, blocks: Iterable[Block], ends_bytes: Sequence[int]) -> None:
        self._blocks = blocks
        self._ends_bytes = ends_bytes
        self._held = b""
        self._position = 0
        self.is_dry = False
        """Whether the next slice needs more than was read yet."""

    def __iter__(self) -> Iterator[Block]:
        for block in self._blocks:
            self._held += block.text
            yield from self._whole()
            if block.unreadable:
                yield from self._last()
                yield block
                return
        yield from self._last()

    def _whole(self) -> Iterator[Block]:
        start, n_bytes = 0, self._n_to_border()
        while start + n_bytes <= len(self._held):
            end = start + n_bytes
            self._position += n_bytes
            n_bytes = self._n_to_border()
            self.is_dry = end + n_bytes > len(self._held)
            yield Block(self._held[start:end], end - start)
            start = end
        self._held = self._held[start:]

    def _last(self) -> Iterator[Block]:
        if self._held:
            yield Block(self._held, len(self._held))

    def _n_to_border(self) -> int:
        left = SLICE_BYTES - self._position % SLICE_BYTES
        return min([left, *(end - self._position for end in self._ends_bytes if end > self._position)])


class Joint:
    """Blocks that are put together to one."""

    def __init__(self) -> None:
        self._texts: list[bytes] = []
        self._n_stored = 0
        self.n_bytes = 0
        """Of text, since the last `take`."""
        self.n_taken = 0
        """Stored bytes of all that was added, also before the last `take`."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was added since the last `take`."""
        return not (self._texts or self._n_stored)

    def add(self, block: Block) -> None:
        """Put a block behind the others."""
        if block.text:
            self._texts.append(block.text)
        self.n_bytes += len(block.text)
        self._n_stored += block.n_stored
        self.n_taken += block.n_stored

    def take(self) -> Block:
        """What was added since the last time, as one."""
        whole = Block(b"".join(self._texts), self._n_stored)
        self._texts, self.n_bytes, self._n_stored = [], 0, 0
        return whole
