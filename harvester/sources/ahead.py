"""The next block is decompressed while the one before is read: both mostly work without the interpreter."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from harvester.sources.parts import Block


def read_ahead(blocks: Iterator[Block]) -> Iterator[Block]:
    """The same blocks, each taken in a thread while the one before is with the caller.

    Not for a pipe: to close this waits for the block that is under way. The first two are taken here, so that many
    small members of an archive do not take as many threads.
    """
    for _ in range(2):
        block = next(blocks, None)
        if block is None:
            return
        yield block
    with ThreadPoolExecutor(1, "decompress") as thread:
        coming = thread.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = thread.submit(next, blocks, None)
            yield block
