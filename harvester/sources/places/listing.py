"""Lists of inputs: `@list.txt` stands for what is written there, one a line."""

import os
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Final

from harvester.engagement.tweet_id import parse_tweet_id
from harvester.errors import UsageError
from harvester.sources.chunk import shown
from harvester.sources.source import STDIN, Source
from harvester.sources.stored import read_stored, why_unread

LIST_MARK: Final = "@"
LONGEST_LINE_BYTES: Final = 64 * 1024
_PIECE_BYTES: Final = 64 * 1024
_STDIN_LIST: Final = f"{LIST_MARK}{STDIN}"
_DEEPEST: Final = 1


@dataclass(frozen=True, slots=True)
class Argument:
    """What is to be read, as the user wrote it. place: `list.txt:3` if it stands in a list, else empty."""

    text: str = field(repr=False)
    place: str = ""

    @contextmanager
    def named(self) -> Iterator[None]:
        """Say in a UsageError where this is written."""
        try:
            yield
        except UsageError as exc:
            if not self.place:
                raise
            raise UsageError(f"{self.place}: {exc.message}", exc.hint) from None


def spelled_out(arguments: Sequence[str], stop: Event) -> Iterator[Argument]:
    """The arguments with what the lists among them name in the lists' places.

    A list holds a path, glob, folder or URL a line, in UTF-8; what surrounds it on the line is left out, and so
    are blank lines and those that begin with #. `@-` is a list on standard input. A list may name another one,
    but that no further. Lists are read as their entries are asked for.

    Raises UsageError: a list that cannot be read or names lists too deep, standard input wanted twice.
    """
    reading = _Lists(stop)
    for argument in arguments:
        yield from reading.entries(Argument(argument), 0)


class _Lists:
    """Reads lists, and watches who wants standard input."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._stdin_as: str | None = None

    def entries(self, argument: Argument, depth: int) -> Iterator[Argument]:
        """What one argument stands for. depth: how many lists it stands in."""
        is_list = argument.text.startswith(LIST_MARK)
        with argument.named():
            self._watch_stdin(argument.text)
            if is_list and depth > _DEEPEST:
                raise UsageError(
                    f"{shown(argument.text)}: a list in a list of lists is too deep",
                    "Write its paths into the list that names it.",
                )
        if not is_list:
            yield argument
            return
        for entry in _entries_of(argument, self._stop):
            yield from self.entries(entry, depth + 1)

    def _watch_stdin(self, text: str) -> None:
        if text not in (STDIN, _STDIN_LIST):
            return
        if self._stdin_as and _STDIN_LIST in (text, self._stdin_as):
            raise UsageError(
                "standard input is a list of paths, and is wanted once more", "Write the list into a file."
            )
        self._stdin_as = text


def _entries_of(argument: Argument, stop: Event) -> Iterator[Argument]:
    name = argument.text.removeprefix(LIST_MARK)
    label = "standard input" if name == STDIN else shown(name)
    lines = _lines(_from_stdin(stop) if name == STDIN else _from_file(name, label))
    number = 0
    while True:
        with argument.named():
            line = next(lines, None)
        if line is None:
            return
        number += 1
        entry = Argument(os.fsdecode(line.removeprefix(BOM_UTF8)).strip(), f"{label}:{number}")
        if entry.text and not entry.text.startswith("#"):
            with entry.named():
                _demand_path(entry.text)
            yield entry


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without their ends; of one that is too long for a path, what shows it."""
    begun = b""
    for piece in pieces:
        *whole, begun = (begun + piece).split(b"\n")
        yield from whole
        if len(begun) > LONGEST_LINE_BYTES:
            yield begun
            return
    if begun:
        yield begun


def _demand_path(text: str) -> None:
    if len(text) > LONGEST_LINE_BYTES:
        raise UsageError("the line is too long for a path", f"{LIST_MARK} reads a list of paths.")
    if isinstance(parse_tweet_id(text), int) and not os.path.lexists(text):
        raise UsageError(
            f"{shown(text)!r} is a tweet ID and no path",
            f"{LIST_MARK} reads a list of paths; a file of tweet IDs is given without it.",
        )


def _from_file(name: str, label: str) -> Iterator[bytes]:
    try:
        with open(name, "rb") as file:  # noqa: PTH123  # a name need not be text
            while piece := file.read(_PIECE_BYTES):
                yield piece
    except (OSError, ValueError) as exc:
        why = (exc.strerror or str(exc)).lower() if isinstance(exc, OSError) else str(exc)
        raise UsageError(
            f"{label}: this list cannot be read: {why}",
            f"A file whose own name begins with {LIST_MARK} is given as ./{LIST_MARK}….",
        ) from exc


def _from_stdin(stop: Event) -> Iterator[bytes]:
    try:
        yield from read_stored(Source(STDIN, None), _PIECE_BYTES, stop)
    except OSError as exc:
        raise UsageError(f"the list on standard input: {why_unread(exc)}", "Write it into a file.") from exc
    if stop.is_set():
        raise UsageError("told to stop before the list on standard input had come to its end")
