"""Files in which one can go to and fro: what archives and tables take."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event
from typing import BinaryIO, cast

from harvester.errors import StorageError
from harvester.sources.layers.parts import Block
from harvester.sources.source import STDIN, Source


@contextmanager
def _temporary() -> Iterator[None]:
    """A full disk is no damage of the input: with more room the same command goes on."""
    try:
        yield
    except OSError as exc:
        raise StorageError(
            f"temporary files: {(exc.strerror or str(exc)).lower()}",
            "Make room, or name another folder for them in TMPDIR, and run the same command again.",
        ) from exc


@dataclass(frozen=True, slots=True)
class Seekable:
    """An opened file, to be closed by who takes it.

    n_stored: stored bytes that were taken for it already. is_source: whether it is the stored file itself.
    unreadable: why there should be more of it, else None.
    """

    opened: BinaryIO
    size_bytes: int
    n_stored: int = 0
    is_source: bool = False
    unreadable: str | None = None


def can_seek(source: Source) -> bool:
    """Whether the source itself can be opened so; of a stream what comes has to be `spooled`."""
    return source.open is not None or (
        source.pieces is None and source.name != STDIN and source.size_bytes is not None
    )


def open_seekable(source: Source, stop: Event) -> Seekable:
    """The source itself, from its beginning. stop: see Source.

    Raises OSError as opening does, and when it is not as long as it was when it was found.
    """
    with ExitStack() as undo:
        opened = undo.enter_context(source.open(stop) if source.open else open(source.name, "rb"))  # noqa: PTH123, SIM115 - a name need not be text
        size_bytes = opened.seek(0, os.SEEK_END)
        if source.size_bytes is not None and size_bytes != source.size_bytes:
            raise OSError(
                f"it has {size_bytes:,} bytes and had {source.size_bytes:,}, it was changed meanwhile"
            )
        undo.pop_all()
    return Seekable(opened, size_bytes, is_source=True)


def spooled(blocks: Iterator[Block], stop: Event) -> Seekable:
    """What the blocks hold, in a temporary file without a name. Ends early once stop is set.

    Raises StorageError when the disk refuses.
    """
    n_stored = 0
    unreadable = None
    with _temporary(), ExitStack() as undo:
        opened = undo.enter_context(tempfile.TemporaryFile())
        for block in blocks:
            opened.write(block.text)
            n_stored += block.n_stored
            unreadable = block.unreadable
            if stop.is_set():
                break
        opened.flush()
        size_bytes = opened.tell()
        undo.pop_all()
    return Seekable(cast("BinaryIO", opened), size_bytes, n_stored, unreadable=unreadable)
