"""From arguments to files: folders, globs, URLs, lists of all these, standard input."""

import glob
import logging
import os
import stat
from collections.abc import Iterator, Sequence
from threading import Event
from typing import Final
from urllib.parse import unquote

from harvester.errors import UsageError
from harvester.sources.naming import (
    DATA_ENDINGS,
    RUN_DIRECTORY_FILES,
    has_data_ending,
    is_documentation,
    is_passed_over,
)
from harvester.sources.places.listing import LIST_MARK, Argument, spelled_out
from harvester.sources.remote.objects import StoredObject
from harvester.sources.source import STDIN, Source
from harvester.sources.urls import scheme_of, shown_argument

_FILE: Final = "file"
_MOST_NAMED: Final = 5

log = logging.getLogger("harvester")


def find_sources(
    arguments: Sequence[str], run_directory: str | None = None, stop: Event | None = None
) -> tuple[Source, ...]:
    """The files that the arguments mean, in their order, each once.

    An argument is a file, a folder, `-`, a URL, a list of all these (`@list.txt`, see listing), or, if nothing has
    that name, a glob (`**` for any depth). What is named, or matched by a glob, is taken whatever its ending. A
    folder is walked recursively, sorted by name, without hidden files and `_SUCCESS` marks, and only data files
    are taken: those ending in one of DATA_ENDINGS, also before one of COMPRESSED_ENDINGS, and those without an
    ending, as `part-00000` or `ids.2026-11`. Content is not looked at.

    A shell spells `data/*` out to all that is there. So what is documentation by its name, README.md or
    LICENSE, is left out beside anything that is not, and that is logged.

    What a run writes is no input, so that the same arguments mean the same files before it and after it:
    run directories are left out where folders are walked. Of run_directory, this run's own, which need not
    be there yet, a glob's matches are left out, too. Only a file that is named is taken from there.

    stop: ends waiting, for services of URLs and for a list, with an error. Raises UsageError: no arguments,
    nothing there or matched, a folder without data files, what cannot be opened, nothing left. Raises ServiceError
    where a service fails.
    """
    if not arguments:
        raise UsageError("no input given", "Name files, folders or globs, or - for standard input.")
    own = None if run_directory is None else os.path.realpath(run_directory)
    stop = stop or Event()
    found: dict[str, Source] = {}
    for argument in spelled_out(arguments, stop):
        with argument.named():
            for identity, source in _sources(argument, own, stop):
                found.setdefault(identity, source)
    sources = _without_documentation(tuple(found.values()))
    if not sources:
        raise UsageError(
            f"{' '.join(map(shown_argument, arguments))}: no data files there",
            "What lies in a run directory is taken only if the file itself is named.",
        )
    return sources


def _without_documentation(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    data = tuple(source for source in sources if not is_documentation(source.name))
    if not data or len(data) == len(sources):
        return sources
    names = [shown_argument(source.name) for source in sources if source not in data]
    n_more = len(names) - _MOST_NAMED
    more = f" and {n_more:,} more" if n_more > 0 else ""
    log.warning("left out, as they are no data: %s%s", ", ".join(names[:_MOST_NAMED]), more)
    return data


def _sources(argument: Argument, own: str | None, stop: Event) -> Iterator[tuple[str, Source]]:
    """What one argument means, each with what it is told from others by."""
    scheme = scheme_of(argument.text)
    if scheme is not None and scheme != _FILE:
        from harvester.sources.remote.finding import find_objects  # noqa: PLC0415  # loads what only URLs need

        for stored in find_objects(argument.text, stop):
            yield stored.identity, _of_object(stored)
        return
    path = _path_of(argument.text) if scheme else argument.text
    for name in _names(path, own):
        yield name if name == STDIN else os.path.realpath(name), _source(name)


def _path_of(url: str) -> str:
    """The path of a `file://` URL."""
    return unquote(url.split("://", 1)[1].removeprefix("localhost"))


def _of_object(stored: StoredObject) -> Source:
    """Without a version nobody would notice another content, so it is a stream then, which is kept."""
    is_known = stored.told.version is not None
    return Source(
        stored.name,
        stored.told.size_bytes if is_known else None,
        pieces=stored.pieces,
        open=stored.open if is_known and stored.can_seek else None,
        version=stored.told.version,
        is_shortened=stored.is_shortened,
    )


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
        for match in map(_unmistakable, matches):
            if not _is_inside(match, own):
                yield from _files_of(match, own, empty_folders_matter=False)


def _unmistakable(name: str) -> str:
    """A name that was found, so that it is no list and not standard input when it is given."""
    return f"./{name}" if name == STDIN or name.startswith(LIST_MARK) else name


def _files_of(name: str, own: str | None, *, empty_folders_matter: bool = True) -> Iterator[str]:
    if not os.path.isdir(name):  # noqa: PTH112 - names stay as the user wrote them, Path would drop "./"
        yield name
        return
    if _is_run_directory(name, own):
        if empty_folders_matter:
            log.warning("left out, as it is a run directory: %s; name its files to have them read", name)
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
        if is_passed_over(name):
            continue
        path = os.path.join(folder, name)  # noqa: PTH118 - see above
        if os.path.isdir(path):  # noqa: PTH112 - see above
            yield from _walk(path, own, walked)
        elif has_data_ending(name):
            yield path


def _source(name: str) -> Source:
    if name == STDIN:
        return Source(STDIN, None)
    try:
        status = os.stat(name)  # noqa: PTH116 - see above
        if not stat.S_ISREG(status.st_mode):
            return _pipe(name, status.st_mode)
        with open(name, "rb"):  # noqa: PTH123 - a name need not be text
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
