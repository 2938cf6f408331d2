"""Objects of file systems that fsspec knows and that can list: S3, Google's and others' stores, memory."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO, Final, Protocol

from harvester.sources.chunk import SHOWN_CHARACTERS
from harvester.sources.naming import data_files
from harvester.sources.remote.objects import Changed, Refusal, Told
from harvester.sources.urls import why

BLOCK_BYTES: Final = 8 * 1024 * 1024
_VERSIONS: Final = (
    *("md5Hash", "ETag", "etag", "crc32c", "generation", "VersionId", "version_id", "version", "checksum"),
    *("LastModified", "last_modified", "Last-Modified", "updated", "modified", "mtime", "created"),
)
"""What tells content apart, the most telling first; each service has a word of its own."""
Details = Mapping[str, Any]


class Files(Protocol):
    """What is used of fsspec's file systems."""

    def info(self, path: str) -> Details:
        """What is told of a path."""

    def glob(self, path: str, *, detail: bool) -> Mapping[str, Details]:
        """What matches a pattern."""

    def find(self, path: str) -> Iterable[str]:
        """All files below a folder."""

    def open(self, path: str, mode: str, *, block_size: int, cache_type: str) -> BinaryIO:
        """A file."""


class BucketObject:
    """A file of such a file system. A Service."""

    can_seek = True

    def __init__(self, url: str, path: str, files: Files) -> None:
        self.url = url
        self._path = path
        self._files = files

    def look(self) -> Told:
        """What the service tells of it."""
        return told_by(details_of(self._files, self._path))

    def read(self, told: Told, start: int, end: int | None) -> Iterator[bytes]:
        """See Service."""
        if self.look() != told:
            raise Changed
        with _opened(self._files, self._path) as file:
            file.seek(start)
            position = start
            while end is None or position < end:
                piece = file.read(BLOCK_BYTES if end is None else min(BLOCK_BYTES, end - position))
                if not piece:
                    return
                position += len(piece)
                yield piece


def details_of(files: Files, path: str) -> Details:
    """What is told of a path. Raises Refusal where nothing is there, or may be read."""
    try:
        return files.info(path)
    except FileNotFoundError:
        raise Refusal("nothing is there") from None
    except (PermissionError, NotImplementedError) as exc:
        raise Refusal(why(exc)) from None


def _opened(files: Files, path: str) -> BinaryIO:
    try:
        return files.open(path, "rb", block_size=BLOCK_BYTES, cache_type="none")
    except FileNotFoundError:
        raise Changed from None
    except (PermissionError, NotImplementedError) as exc:
        raise Refusal(why(exc)) from None


def is_folder(details: Details) -> bool:
    """Whether it is one, as far as object stores have folders."""
    return details.get("type") == "directory"


def told_by(details: Details) -> Told:
    """What such details tell."""
    size = details.get("size")
    found = next(((name, details[name]) for name in _VERSIONS if details.get(name)), None)
    return Told(size if isinstance(size, int) else None, found and _version(*found))


def _version(name: str, value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"{name} {text}"[:SHOWN_CHARACTERS]


def files_below(files: Files, folder: str) -> list[str]:
    """The data files below a folder, as where a folder of this machine is walked, and in that order."""
    above = f"{folder.rstrip('/')}/"
    names = {name.removeprefix(above): name for name in files.find(folder)}
    return [names[path] for path in data_files(names)]
