"""Files that survive: appended ones, cut back to a known length, and derived ones, replaced as a whole.

A full disk shows itself as a short write, as an error of the write or as an error of the sync; all of them
become a StorageError, and nothing is tried again on that file: after a failed fsync nobody knows what is on
the disk, and only the journal's next reading tells.
"""

import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from harvester.errors import RunDirectoryError, StorageError

PARTS_AT_ONCE: Final = 512
"""In one call; the system's own limit is 1,024 on Linux and macOS."""


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Translate what the operating system says of a file into a StorageError that names it."""
    try:
        yield
    except OSError as exc:
        raise StorageError(f"{path}: {exc.strerror or exc}{_free_space(path)}", _AFTER_A_REFUSAL) from exc


_AFTER_A_REFUSAL = "What is committed is safe. Make room or grant the right, then run the same command again."


def _free_space(path: Path) -> str:
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return ""
    return f" ({free / 1e6:,.1f} MB free there)"


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
    waiting = deque(memoryview(part) for part in parts if part)
    while waiting:
        n_written = os.writev(handle, list(islice(waiting, PARTS_AT_ONCE)))
        while waiting and n_written >= len(waiting[0]):
            n_written -= len(waiting.popleft())
        if n_written:
            waiting[0] = waiting[0][n_written:]


def write_derived(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace a file as a whole: a reader sees the old content or the new one, also after a power cut.

    mode: who may read it, less what the umask takes away, from the first byte on.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with storage_errors(path):
        # What a killed process left may have another mode.
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            write_all(handle, (content,))
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
    sync_folder(path.parent)


class AppendFile:
    """A file that only grows, opened at the length that the journal vouches for.

    Raises RunDirectoryError when the file is shorter than that: it is damaged. n_cut_bytes is what was
    longer and is cut away: written, but never committed.
    """

    def __init__(self, path: Path, length_bytes: int) -> None:
        self.path = path
        with storage_errors(path):
            self._handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
            found = os.fstat(self._handle).st_size
            if found < length_bytes:
                self.close()
                raise RunDirectoryError(
                    f"{path} is damaged: the journal counts {length_bytes:,} bytes, the file has {found:,}",
                    "Bring the file back from a copy, or use another run directory.",
                )
            self.n_cut_bytes = found - length_bytes
            if self.n_cut_bytes:
                os.ftruncate(self._handle, length_bytes)
            os.lseek(self._handle, length_bytes, os.SEEK_SET)
        self.length_bytes = length_bytes

    def append(self, parts: Sequence[bytes]) -> None:
        """Write the parts behind the end, one after the other, and wait until they are on the disk."""
        n_bytes = sum(map(len, parts))
        if not n_bytes:
            return
        with storage_errors(self.path):
            write_all(self._handle, parts)
            os.fsync(self._handle)
        self.length_bytes += n_bytes

    def close(self) -> None:
        """Let go of the file; nothing is written."""
        os.close(self._handle)
