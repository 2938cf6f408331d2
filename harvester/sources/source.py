"""What is read: one file, standard input, or an object of a service."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import BinaryIO, Final

STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """One file, or standard input, or an object that a URL means.

    name: as the user wrote it, or as it was found; `-` for standard input; a URL without user, password and query.
    size_bytes: None for standard input and pipes, and where a service does not tell it; of a file no more than
    that is read, also if it grows meanwhile. ends_bytes: stored sizes at which the file ended before it grew; the
    input is parted there. pieces: gives the stored bytes, if they come from elsewhere than the name says, as
    `read_stored` does. open: gives them as a file in which one can seek, likewise, whose reading raises OSError
    once stop is set.
    version: of an object, what its service tells content apart by. is_shortened: whether the name lacks what is
    needed to read it. most_ahead_bytes: of a stream, to take in no more before it is read; None for no such bound.
    """

    name: str
    size_bytes: int | None
    ends_bytes: tuple[int, ...] = ()
    pieces: Callable[[int, Event], Iterator[bytes]] | None = None
    open: Callable[[Event], BinaryIO] | None = None
    version: str | None = None
    is_shortened: bool = False
    most_ahead_bytes: int | None = None

    @property
    def is_remote(self) -> bool:
        """Whether a URL means it, and its service tells how large it is."""
        return self.pieces is not None and self.size_bytes is not None


def printable_name(name: str | os.PathLike[str]) -> str:
    """A file's name as text; bytes that are none are escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
