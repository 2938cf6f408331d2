"""From arguments to files: folders, globs, standard input."""

import glob
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from threading import Event
from typing import BinaryIO, Final

from harvester.errors import UsageError

STDIN: Final = "-"
DATA_ENDINGS: Final = frozenset(
    {".csv", ".dat", ".gz", ".id", ".ids", ".list", ".lst", ".psv", ".tab", ".tsv", ".txt"}
)
"""What a folder's files are taken by; a name without an ending is taken too."""
RUN_DIRECTORY_FILES: Final = ("run.json", "journal.db")
"""By these two together a folder is known as a run directory."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file, or standard input.

    name: as the user wrote it, or as it was found; `-` for standard input. size_bytes: None for standard input and
    pipes; of a file no more than that is read, also if it grows meanwhile. ends_bytes: stored sizes at which
    the file ended before it grew; the input is parted there. pieces: gives the stored bytes, if they come from
    elsewhere than the name says, as `read_stored` does. open: opens
    them to go to and fro, if they come from elsewhere and can be.
    """

    name: str
    size_bytes: int | None
    ends_bytes: tuple[int, ...] = ()
    pieces: Callable[[int, Event], Iterator[bytes]] | None = None
    open: Callable[[], BinaryIO] | None = None


def find_sources(arguments: Sequence[str], run_directory: str | None = None) -> tuple[Source, ...]:
    """The files that the arguments mean, in their order, each once.

    An argument is a file, a folder, `-`, or, if nothing has that name, a glob (`**` for any depth). What is
    named, or matched by a glob, is taken whatever its ending. A folder is walked recursively, sorted by
    name, without hidden files and `_SUCCESS` marks, and only data files are taken: those ending in one
    of DATA_ENDINGS, before `.gz` too, and those without an ending, as `part-00000` or `ids.2026-11`. So a
    README.md or a notebook beside the IDs does no harm. Content is not looked at.

    What a run writes is no input, so that the same arguments mean the same files before it and after it:
    run directories are left out where folders are walked. Of run_directory, this run's own, which need not
    be there yet, a glob's matches are left out, too. Only a file that is named is taken from there.

    Raises UsageError: no arguments, nothing there or matched, a folder without data files, a file that
    cannot be opened, nothing left.
    """
    if not arguments:
        raise UsageError("no input given", "Name files, folders or globs, or - for standard input.")
    own = None if run_directory is None else os.path.realpath(run_directory)
    found: dict[str, Source] = {}
    for argument in arguments:
        for name in _names(argument, own):
            identity = name if name == STDIN else os.path.realpath(name)
            if identity not in found:
                found[identity] = _source(name)
    if not found:
        raise UsageError(
            f"{' '.join(arguments)}: no data files there",
            "What lies in a run directory is taken only if the file itself is named.",
        )
    return tuple(found.values())


def _names(argument: str, own: str | None) -> Iterator[str]:
    if argument == STDIN:
        yield STDIN
    elif os.path.lexists(argument):
        yield from _files_of(argument, own)
    else:
        matches = sorted(glob.glob(argument, recursive=True)) if glob.has_magic(argument) else []  # noqa: PTH207 - Path.glob refuses absolute patterns
        if not matches and glob.has_magic(argument):
            raise UsageError(
                f"{argument}: no file matches", "Is the pattern relative to the folder you are in?"
            )
        if not matches:
            raise UsageError(
                f"{argument!r}: no such file or folder", "Check the spelling and the folder you are in."
            )
        for match in matches:
            if not _is_inside(match, own):
                yield from _files_of(match, own, empty_folders_matter=False)


def _files_of(name: str, own: str | None, *, empty_folders_matter: bool = True) -> Iterator[str]:
    if not os.path.isdir(name):  # noqa: PTH112 - names stay as the user wrote them, Path would drop "./"
        yield name
        return
    if _is_run_directory(name, own):
        return
    files = list(_walk(name, own, set()))
    if not files and empty_folders_matter:
        raise UsageError(
            f"{name}: no data files in this folder",
            f"Taken are {' '.join(sorted(DATA_ENDINGS))} and files without an ending; name any other file itself.",
        )
    yield from files


def _is_inside(name: str, folder: str | None) -> bool:
    return folder is not None and os.path.commonpath((os.path.realpath(name), folder)) == folder


def _is_run_directory(folder: str, own: str | None) -> bool:
    marks = (os.path.join(folder, name) for name in RUN_DIRECTORY_FILES)  # noqa: PTH118 - see above
    return os.path.realpath(folder) == own or all(map(os.path.lexists, marks))


def _walk(folder: str, own: str | None, walked: set[str]) -> Iterator[str]:
    """Data files below a folder. Links to folders are followed, but no folder is walked twice."""
    identity = os.path.realpath(folder)
    if identity in walked or _is_run_directory(folder, own):
        return
    walked.add(identity)
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - names, not paths
    except OSError as exc:
        raise _unopened(folder, exc) from exc
    for name in names:
        if name.startswith(".") or name == "_SUCCESS":
            continue
        path = os.path.join(folder, name)  # noqa: PTH118 - see above
        if os.path.isdir(path):  # noqa: PTH112
            yield from _walk(path, own, walked)
        elif has_data_ending(name):
            yield path


def has_data_ending(name: str) -> bool:
    """Whether a file of that name, met in a folder, is taken for data."""
    path = PurePath(name.lower())
    if path.suffix == ".gz":
        path = path.with_suffix("")
    is_ending = any(c.isalpha() for c in path.suffix)
    return not is_ending or path.suffix in DATA_ENDINGS


def _source(name: str) -> Source:
    if name == STDIN:
        return Source(STDIN, None)
    try:
        status = os.stat(name)  # noqa: PTH116 - see above
        if not stat.S_ISREG(status.st_mode):
            return _pipe(name, status.st_mode)
        with open(name, "rb"):  # noqa: PTH123
            return Source(name, status.st_size)
    except OSError as exc:
        raise _unopened(name, exc) from exc


def _pipe(name: str, mode: int) -> Source:
    """A FIFO (`<(command)` in a shell) or a terminal. It is not opened: that would wait for its writer."""
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        return Source(name, None)
    raise UsageError(f"{name}: neither a file nor a folder nor a pipe", "Give a file of tweet IDs.")


def _unopened(name: str, exc: OSError) -> UsageError:
    hint = (
        "Check its permissions."
        if isinstance(exc, PermissionError)
        else "Check that it is there and readable."
    )
    return UsageError(f"{name}: cannot be opened: {(exc.strerror or str(exc)).lower()}", hint)
