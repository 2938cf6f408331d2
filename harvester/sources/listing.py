"""Lists of inputs: `@list.txt` stands for what is written there, one a line."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import BinaryIO, Final

from harvester.engagement.tweet_id import parse_tweet_id
from harvester.errors import UsageError
from harvester.sources.chunk import shown

LIST_MARK: Final = "@"
LONGEST_LINE_BYTES: Final = 64 * 1024
_STDIN: Final = "-"
_STDIN_LIST: Final = f"{LIST_MARK}{_STDIN}"
_DEEPEST: Final = 1


@dataclass(frozen=True, slots=True)
class Argument:
    """What is to be read, as the user wrote it. place: `list.txt:3` if it stands in a list, else empty."""

    text: str
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


def spelled_out(arguments: Sequence[str]) -> Iterator[Argument]:
    """The arguments with what the lists among them name in the lists' places.

    A list holds a path, glob, folder or URL a line, in UTF-8; what surrounds it on the line is left out, and so
    are blank lines and those that begin with #. `@-` is a list on standard input. A list may name another one,
    but that no further. Lists are read as their entries are asked for.

    Raises UsageError: a list that cannot be read or names lists too deep, standard input wanted twice.
    """
    reading = _Lists()
    for argument in arguments:
        yield from reading.entries(Argument(argument), 0)


class _Lists:
    """Reads lists, and watches who wants standard input."""

    def __init__(self) -> None:
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
        for entry in _entries_of(argument):
            yield from self.entries(entry, depth + 1)

    def _watch_stdin(self, text: str) -> None:
        if text not in (_STDIN, _STDIN_LIST):
            return
        if self._stdin_as and _STDIN_LIST in (text, self._stdin_as):
            raise UsageError(
                "standard input is a list of paths, and is wanted once more", "Write the list into a file."
            )
        self._stdin_as = text


def _entries_of(argument: Argument) -> Iterator[Argument]:
    name = argument.text.removeprefix(LIST_MARK)
    label = "standard input" if name == _STDIN else shown(name)
    with argument.named():
        opened = _opened(name, label)
    with opened as lines:
        number = 0
        while line := _next_line(lines, argument, label):
            number += 1
            entry = Argument(os.fsdecode(line.removeprefix(b"\xef\xbb\xbf")).strip(), f"{label}:{number}")
            if len(line) > LONGEST_LINE_BYTES:
                with entry.named():
                    raise UsageError("the line is too long for a path", f"{LIST_MARK} reads a list of paths.")
            if entry.text and not entry.text.startswith("#"):
                yield _not_an_id(entry)


def _next_line(lines: BinaryIO, argument: Argument, label: str) -> bytes:
    with argument.named():
        try:
            return lines.readline(LONGEST_LINE_BYTES + 1)
        except (OSError, ValueError) as exc:
            raise _unread(label, exc) from exc


def _not_an_id(entry: Argument) -> Argument:
    if isinstance(parse_tweet_id(entry.text), int) and not os.path.lexists(entry.text):
        with entry.named():
            raise UsageError(
                f"{entry.text!r} is a tweet ID, and no path",
                f"{LIST_MARK} reads a list of paths; a file of tweet IDs is given without it.",
            )
    return entry


def _opened(name: str, label: str) -> AbstractContextManager[BinaryIO]:
    if name == _STDIN:
        if sys.stdin is None:
            raise UsageError("standard input is closed", "Give the list there, or write it into a file.")
        return nullcontext(sys.stdin.buffer)
    try:
        return open(name, "rb")  # noqa: PTH123  # a name need not be text; closed by who reads it
    except (OSError, ValueError) as exc:
        raise _unread(label, exc) from exc


def _unread(label: str, exc: Exception) -> UsageError:
    why = (exc.strerror or str(exc)).lower() if isinstance(exc, OSError) else str(exc)
    return UsageError(
        f"{label}: this list cannot be read: {why}",
        f"A file whose own name begins with {LIST_MARK} is given as ./{LIST_MARK}….",
    )
