"""The bytes of a file or a pipe, as they are stored."""

import contextlib
import io
import os
import select
import stat
import sys
from collections.abc import Iterator, Sequence
from threading import Event

from harvester.sources.ahead import LOOK_EVERY_S
from harvester.sources.source import STDIN, Source


def read_stored(source: Source, chunk_bytes: int, stop: Event) -> Iterator[bytes]:
    """Pieces of at most chunk_bytes; ends early once stop is set. From a pipe, what is there now.

    Of a file, as much as it has by its source, and no piece goes over one of its ends. Raises OSError as reading
    does, and when the file was cut meanwhile.
    """
    if source.pieces:
        yield from source.pieces(chunk_bytes, stop)
        return
    if source.name == STDIN:
        yield from _read_stdin(chunk_bytes, stop)
        return
    # Without O_NONBLOCK, opening a FIFO would wait for its writer and not notice stop. No effect on files.
    fd = os.open(source.name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if source.size_bytes is None:
            yield from _read_fd(fd, chunk_bytes, stop)
        else:
            yield from _read_file(fd, (*source.ends_bytes, source.size_bytes), chunk_bytes, stop)
    finally:
        os.close(fd)


def why_unread(exc: OSError) -> str:
    """What is said of a file that cannot be read, or not to its end."""
    return f"it cannot be read: {(exc.strerror or str(exc)).lower()}"


def _read_file(fd: int, ends: Sequence[int], chunk_bytes: int, stop: Event) -> Iterator[bytes]:
    position = 0
    for end in ends:
        while position < end and not stop.is_set():
            piece = os.read(fd, min(chunk_bytes, end - position))
            if not piece:
                raise OSError(f"it ends after {position:,} of {ends[-1]:,} bytes, it was cut meanwhile")
            position += len(piece)
            yield piece


def _read_stdin(chunk_bytes: int, stop: Event) -> Iterator[bytes]:
    if sys.stdin is None:
        raise OSError("standard input is closed")
    try:
        fd = sys.stdin.fileno()
    except io.UnsupportedOperation:  # replaced by a stream in memory, as test runners do
        while not stop.is_set() and (piece := sys.stdin.buffer.read(chunk_bytes)):
            yield piece
        return
    except ValueError as exc:
        raise OSError("standard input is closed") from exc
    yield from _read_fd(fd, chunk_bytes, stop)


def _read_fd(fd: int, chunk_bytes: int, stop: Event) -> Iterator[bytes]:
    is_file = stat.S_ISREG(os.fstat(fd).st_mode) or sys.platform == "win32"  # select is for sockets there
    read = _read_now if is_file else _read_pipe
    while not stop.is_set():
        piece = read(fd, chunk_bytes, stop)
        if not piece:
            return
        yield piece


def _read_now(fd: int, chunk_bytes: int, _stop: Event) -> bytes:
    return os.read(fd, chunk_bytes)


def _read_pipe(fd: int, chunk_bytes: int, stop: Event) -> bytes:
    """What is in the pipe, waiting only for the first byte; b"" at its end, or when told to stop."""
    pieces: list[bytes] = []
    n_wanted = chunk_bytes
    wait_s = LOOK_EVERY_S
    while n_wanted and not stop.is_set():
        if not select.select([fd], [], [], wait_s)[0]:
            if pieces:
                break
            continue
        with contextlib.suppress(BlockingIOError):  # another reader was quicker
            piece = os.read(fd, n_wanted)
            if not piece:
                break
            pieces.append(piece)
            n_wanted -= len(piece)
            wait_s = 0
    return b"".join(pieces)
