"""Files that survive: appended ones, cut back to a known length, and derived ones, replaced as a whole.

A full disk shows itself as a short write, as an error of the write or as an error of the sync; all of them
become a StorageError, and nothing is tried again on that file: after a failed fsync nobody knows what is on
the disk, and only the journal's next reading tells.
"""

import hashlib
import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Final

from harvester.errors import RunDirectoryError, StorageError
from harvester.rundir.marks import FileMark

PARTS_AT_ONCE: Final = 512
"""In one call; the system's own limit is 1,024 on Linux and macOS."""
HASHED_BYTES: Final = 2**20
"""At once. Hashing lets other threads go on, and has to wait for its turn after each time: so not line by line."""
_READ_BYTES: Final = 1 << 20
NEVER: Final = Event()
"""For who is not to be stopped."""
BRING_BACK: Final = "Bring the file back from a copy, or use another run directory."


@contextmanager
def storage_errors(path: Path, wanted_bytes: int = 0) -> Iterator[None]:
    """Translate what the operating system says of a file into a StorageError that names it.

    wanted_bytes: how much was to be written.
    """
    try:
        yield
    except OSError as exc:
        raise refused(path, exc.strerror or str(exc), wanted_bytes) from exc


def refused(path: Path, why: str, wanted_bytes: int = 0) -> StorageError:
    """That the disk refuses a file, with the room that there is."""
    wanted = f"{_megabytes(wanted_bytes)} wanted, " if wanted_bytes else ""
    return StorageError(f"{path}: {why}{_free_space(path, wanted)}", _AFTER_A_REFUSAL)


_AFTER_A_REFUSAL = "What is committed is safe. Make room or grant the right, then run the same command again."


def _free_space(path: Path, wanted: str) -> str:
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return ""
    return f" ({wanted}{_megabytes(free)} free there)"


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB"


def sync_folder(folder: Path) -> None:
    """Make created and renamed entries of a folder durable."""
    with storage_errors(folder):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_all(handle: int, parts: Iterable[bytes]) -> None:
    """Write everything; a write may be short without an error, as on a disk that is nearly full."""
    left = (memoryview(part) for part in parts if part)
    while waiting := deque(islice(left, PARTS_AT_ONCE)):
        while waiting:
            n_written = os.writev(handle, waiting)
            while waiting and n_written >= len(waiting[0]):
                n_written -= len(waiting.popleft())
            if n_written:
                waiting[0] = waiting[0][n_written:]


def write_derived(path: Path, content: bytes | Iterable[bytes], mode: int = 0o666) -> None:
    """Replace a file as a whole: a reader sees the old content or the new one, also after a power cut.

    content: also in parts, which are taken when they are written. mode: who may read it, less what the umask takes
    away, from the first byte on.
    """
    _replace(path, path.with_name(f".{path.name}.tmp"), content, mode)


def write_beside_others(path: Path, content: bytes | Iterable[bytes]) -> None:
    """The same where another process may write the file at this time. Nothing is left of one that comes to no end.

    Raises StorageError, and whatever the content does.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _replace(path, temporary, content, 0o666)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _replace(path: Path, temporary: Path, content: bytes | Iterable[bytes], mode: int) -> None:
    with storage_errors(path):
        # What a killed process left may have another mode.
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            for piece in (content,) if isinstance(content, bytes) else _joined(content):
                write_all(handle, (piece,))
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
    sync_folder(path.parent)


def _joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces, none of them longer than need be."""
    gathered: list[bytes] = []
    n_bytes = 0
    for part in parts:
        if n_bytes + len(part) > HASHED_BYTES:
            yield b"".join(gathered)
            gathered, n_bytes = [], 0
        gathered.append(part)
        n_bytes += len(part)
    yield b"".join(gathered)


class Stopped(Exception):  # noqa: N818  # nothing is wrong
    """Told to stop while what is there was still being read."""


def hash_on(digest: "hashlib._Hash", handle: int, start: int, end: int, stop: Event = NEVER) -> None:
    """Feed a file's bytes from start to end to a hash, or as many as there are. Raises Stopped."""
    while start < end and (block := os.pread(handle, min(_READ_BYTES, end - start), start)):
        digest.update(block)
        start += len(block)
        if stop.is_set():
            raise Stopped


def describe_file(path: Path, stop: Event = NEVER) -> FileMark:
    """A file's size and SHA-256. Raises StorageError when it cannot be read, and Stopped."""
    with storage_errors(path), path.open("rb") as file:
        n_bytes = os.fstat(file.fileno()).st_size
        digest = hashlib.sha256()
        hash_on(digest, file.fileno(), 0, n_bytes, stop)
        return FileMark(n_bytes, digest.digest())


class AppendFile:
    """A file that only grows, opened at the length that the journal vouches for, with the content it vouches for.

    digest: the SHA-256 of so many bytes. Raises RunDirectoryError when the file is shorter than that, or other:
    it is damaged. Otherwise n_cut_bytes is what was longer and is cut away: written, but never committed. All
    that is committed is read for this, at about 1.5 GB/s from the cache; stop ends that with Stopped.
    """

    def __init__(self, path: Path, length_bytes: int = 0, digest: bytes = b"", stop: Event = NEVER) -> None:
        self.path = path
        self.length_bytes = length_bytes
        with storage_errors(path):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                found = os.fstat(self._handle).st_size
                self._digest = self._check(found, digest, stop)
                self.n_cut_bytes = found - length_bytes
                if self.n_cut_bytes:
                    os.ftruncate(self._handle, length_bytes)
                os.lseek(self._handle, length_bytes, os.SEEK_SET)
            except BaseException:
                self.close()
                raise
        self._n_synced = length_bytes

    def _check(self, found: int, digest: bytes, stop: Event) -> "hashlib._Hash":
        if found < self.length_bytes:
            raise RunDirectoryError(
                f"{self.path} is damaged: the journal counts {self.length_bytes:,} bytes, the file has {found:,}",
                BRING_BACK,
            )
        read = hashlib.sha256()
        hash_on(read, self._handle, 0, self.length_bytes, stop)
        if self.length_bytes and read.digest() != digest:
            raise RunDirectoryError(
                f"{self.path} is damaged: its first {self.length_bytes:,} bytes are not those that were committed",
                BRING_BACK,
            )
        return read

    @property
    def digest(self) -> bytes:
        """The SHA-256 of all of it."""
        return self._digest.digest()

    @property
    def mark(self) -> FileMark:
        """Its length and its hash."""
        return FileMark(self.length_bytes, self.digest)

    def write(self, parts: Sequence[bytes]) -> None:
        """Write the parts behind the end, one after the other. They are on the disk after the next `sync`."""
        n_bytes = sum(map(len, parts))
        with storage_errors(self.path, n_bytes):
            write_all(self._handle, parts)
        for piece in _joined(parts):
            self._digest.update(piece)
        self.length_bytes += n_bytes

    def append(self, parts: Sequence[bytes]) -> None:
        """Write the parts, and wait until they are on the disk."""
        self.write(parts)
        self.sync()

    def sync(self) -> None:
        """Wait until all that was written is on the disk."""
        if self._n_synced < self.length_bytes:
            with storage_errors(self.path):
                os.fsync(self._handle)
            self._n_synced = self.length_bytes

    def read_at(self, position: int, n_bytes: int) -> bytes:
        """At most so many bytes from a position on; fewer at its end."""
        with storage_errors(self.path):
            return os.pread(self._handle, n_bytes, position)

    def close(self) -> None:
        """Let go of the file; nothing is written."""
        os.close(self._handle)
