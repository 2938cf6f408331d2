"""Standard input, output and error as the process finds them: closed, cut off, or on a full disk.

What cannot be printed is not printed, and nothing else comes of it: whoever read a pipe may have gone, and the
work that was asked for goes on. So no code beyond this needs to think of it, nor does any library.
"""

import errno
import io
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer  # mypy's own; Python has a name for it from 3.12 on


class _Unfailing(io.FileIO):
    """A descriptor to write to that never refuses; refused: why the first thing that is lost was."""

    refused: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write as much as goes. What does not go counts as written."""
        n_bytes = memoryview(data).nbytes
        try:
            n_written = super().write(data)
        except OSError as exc:
            self.refused = self.refused or exc
            return n_bytes
        return n_bytes if n_written is None else n_written


def open_streams() -> None:
    """Make the three standard streams safe to use. For a process of our own, before it does anything else.

    A closed descriptor would be given to the next file or socket, and the event loop aborts over it.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            os.dup2(opened, descriptor)
            if opened != descriptor:
                os.close(opened)
    sys.stdout = _unfailing(sys.stdout, 1)
    sys.stderr = _unfailing(sys.stderr, 2)


def refused_output() -> OSError | None:
    """Why something on standard output is lost, though somebody may still wait for it; None if nothing is."""
    refused = _lost_output()
    return None if refused is None or refused.errno == errno.EPIPE else refused


def is_output_useless() -> bool:
    """Whether something on standard output is lost, so that more of it helps nobody."""
    return _lost_output() is not None


def _lost_output() -> OSError | None:
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.refused if isinstance(raw, _Unfailing) else None


def _unfailing(stream: TextIO | None, descriptor: int) -> TextIO:
    buffer = io.BufferedWriter(_Unfailing(descriptor, "w", closefd=False))
    if stream is None:  # the descriptor was closed
        return io.TextIOWrapper(buffer)
    return io.TextIOWrapper(
        buffer,
        encoding=stream.encoding,
        errors="backslashreplace" if stream.errors == "strict" else stream.errors,
        line_buffering=getattr(stream, "line_buffering", True),
    )


def allows_color(environ: Mapping[str, str], stream: TextIO) -> bool:
    """Whether text on a stream may have colours, by NO_COLOR, FORCE_COLOR, TERM, and whether it is a terminal."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"
