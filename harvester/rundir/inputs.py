"""What the input was when the run read it last, and in what it is another one now."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from threading import Event
from typing import Final

from harvester.errors import RunDirectoryError, UsageError
from harvester.rundir.files import NEVER, Stopped, hash_on
from harvester.sources import Form, Source, ends_whole

GROW: Final = "--continue-grown"
_OTHER_DIRECTORY: Final = "Use another run directory, or the old input."


@dataclass(frozen=True, slots=True)
class InputFile:
    """One input as it was read.

    size_bytes: None for a stream. sha256: of all of it, as hex digits; None for a stream, and where only the first
    IDs are wanted. ends_bytes: the sizes that it had when the run read it to its end, before it grew. version: of
    what a URL means, in place of sha256. is_shortened: whether the name lacks what is needed to read it.
    """

    name: str
    size_bytes: int | None
    sha256: str | None = None
    ends_bytes: tuple[int, ...] = ()
    version: str | None = None
    is_shortened: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """An input as it is now.

    begins_as_before: whether all that it had is its beginning. was_torn: whether that ended within a line.
    """

    file: InputFile
    begins_as_before: bool = False
    was_torn: bool = False

    @property
    def only_grew(self) -> bool:
        """Whether whole lines stand behind the whole lines that it had."""
        return self.begins_as_before and not self.was_torn


@dataclass(frozen=True, slots=True)
class Change:
    """In what the input is another one: in words, and what it can be gone on with, if it only grew at its end."""

    how: str
    grown: tuple[InputFile, ...] | None = None

    def error(self, path: os.PathLike[str]) -> RunDirectoryError:
        """The refusal. path: of the manifest that says otherwise."""
        hint = f"{GROW} goes on with what was added. {_OTHER_DIRECTORY}" if self.grown else _OTHER_DIRECTORY
        return RunDirectoryError(f"{os.fspath(path)}: the input has changed, {self.how}", hint)


def printable(name: str) -> str:
    """A file's name as text; bytes that are none are escaped."""
    return name.encode(errors="backslashreplace").decode()


def look_at(
    sources: Sequence[Source], before: Sequence[InputFile], form: Form, stop: Event = NEVER
) -> list[Found]:
    """The inputs as they are now; the files are read for their hashes, at about 1.5 GB/s from the cache.

    before: as they were, to see which of them only grew. Raises UsageError for one that cannot be read, and
    Stopped.
    """
    return [_look_at(source, old, form, stop) for source, old in zip_longest(sources, before[: len(sources)])]


def look_at_sizes(sources: Sequence[Source]) -> list[Found]:
    """The same without their content, for who wants only the first IDs of them."""
    return [Found(_as_told(source)) for source in sources]


def _as_told(source: Source) -> InputFile:
    """What is known of it without its content."""
    version = source.version if source.size_bytes is not None else None
    name = printable(source.name)
    return InputFile(name, source.size_bytes, version=version, is_shortened=source.is_shortened)


def _look_at(source: Source, old: InputFile | None, form: Form, stop: Event) -> Found:
    if source.size_bytes is None or source.is_remote:
        return Found(_as_told(source))
    name = printable(source.name)
    try:
        with open(source.name, "rb") as file:  # noqa: PTH123  # a name need not be text
            found = _hashed(name, source.size_bytes, file.fileno(), old, stop)
        before = old.size_bytes or 0 if old and found.begins_as_before else source.size_bytes
        is_torn = before < source.size_bytes and not ends_whole(source, before, form, stop)
    except OSError as exc:
        raise UsageError(f"{name}: cannot be read: {(exc.strerror or str(exc)).lower()}") from exc
    if stop.is_set():
        raise Stopped
    return replace(found, was_torn=is_torn)


def _hashed(name: str, size: int, handle: int, old: InputFile | None, stop: Event) -> Found:
    digest = hashlib.sha256()
    old_size = old.size_bytes or 0 if old and old.name == name else 0
    begun = ""
    if old_size <= size:
        hash_on(digest, handle, 0, old_size, stop)
        begun = digest.hexdigest()
    else:
        old_size = 0
    hash_on(digest, handle, old_size, size, stop)
    is_as_before = old is not None and begun == old.sha256
    return Found(InputFile(name, size, digest.hexdigest()), begins_as_before=is_as_before)


def change_between(before: Sequence[InputFile], now: Sequence[Found]) -> Change | None:
    """In what the input differs from what it was; None where it does not. Pure."""
    for place, (old, found) in enumerate(zip_longest(before, now)):
        if old is None:
            grown = _grown(before, now)
            return Change(f"{found.file.name} is new", grown)
        if found is None:
            return Change(f"{old.name} is not there any more")
        if how := _difference(old, found):
            is_last = place == len(before) - 1
            is_longer = found.only_grew and found.file.size_bytes != old.size_bytes
            return Change(how, _grown(before, now) if is_last and is_longer else None)
    return None


def _grown(before: Sequence[InputFile], now: Sequence[Found]) -> tuple[InputFile, ...] | None:
    """The input to go on with. What was its end stays one: all before it is planned as it was."""
    last = before[-1]
    if last.size_bytes is None or (last.sha256 is None and last.version is None):
        return None
    files = [
        replace(found.file, ends_bytes=old.ends_bytes if old else ())
        for old, found in zip_longest(before, now)
    ]
    at = len(before) - 1
    files[at] = replace(files[at], ends_bytes=(*last.ends_bytes, last.size_bytes))
    return tuple(files)


def _difference(old: InputFile, found: Found) -> str | None:
    new = found.file
    if old.name != new.name:
        is_moved = old.sha256 is not None and old.sha256 == new.sha256
        return f"{old.name} was {'moved to' if is_moved else 'there, and now it is'} {new.name}"
    if old.size_bytes != new.size_bytes:
        if None in (old.size_bytes, new.size_bytes):
            return f"{new.name} had {_bytes(old)} and has {_bytes(new)}"
        what = "has grown" if (new.size_bytes or 0) > (old.size_bytes or 0) else "has shrunk"
        rest = ""
        if what == "has grown" and old.sha256 is not None and not found.only_grew:
            rest = ", within its last line" if found.begins_as_before else ", and its beginning is another"
        return f"{new.name} {what} from {_bytes(old)} to {_bytes(new)}{rest}"
    if old.version != new.version:
        return f"{new.name} has {_version(new)}, and had {_version(old)}"
    if old.sha256 != new.sha256:
        return f"{new.name} was edited: it has {_bytes(new)} as before, but others"
    return None


def _version(file: InputFile) -> str:
    return "no known version" if file.version is None else f"version {file.version}"


def _bytes(file: InputFile) -> str:
    return "no known size" if file.size_bytes is None else f"{file.size_bytes:,} bytes"
