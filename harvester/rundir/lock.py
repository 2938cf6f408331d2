"""One at a time in a run directory, or at a file. A lock dies with its process, however that ends."""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from harvester.errors import RunDirectoryError
from harvester.rundir.files import storage_errors, write_all
from harvester.sources import printable_name

LOCK: Final = ".lock"
PATIENCE_S: Final = 0.3
"""Whoever looks whether a run goes on holds the lock for an instant."""
LOOK_EVERY_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, or held it last. since: UTC, as ISO has it.

    command, folder: the command line of the run as it can be typed again, and where; "" where that is not known.
    """

    pid: int
    host: str
    since: str
    command: str = ""
    folder: str = ""


class RunLock:
    """A lock on a run directory, held from the beginning until `release` or the process's end.

    The kernel lets go of a `flock` with its last open file, so there is never a stale lock to remove. What
    the file says (PID, host, since when) is for people only. Raises RunDirectoryError when another run
    holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = path = folder / LOCK
        with storage_errors(path):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                self._take(folder)
            except BaseException:
                # A process that lives on would hold it for good.
                self.release()
                raise

    def _take(self, folder: Path) -> None:
        if not self._is_taken():
            raise RunDirectoryError(
                f"{folder} is in use{_describe(_read(self._handle))}",
                "Wait for that run, or use another directory.",
            )
        since = datetime.now(UTC).isoformat(timespec="seconds")
        self._write(Holder(os.getpid(), socket.gethostname(), since))

    def _is_taken(self) -> bool:
        gives_up_at = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= gives_up_at:
                    return False
                time.sleep(LOOK_EVERY_S)
            else:
                return True

    def _write(self, holder: Holder) -> None:
        self._holder = holder
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        write_all(self._handle, (orjson.dumps(asdict(holder)),))

    def note_command(self, command: str) -> None:
        """Leave word how the run can be gone on with, for `harvester status`. Raises StorageError."""
        with storage_errors(self._path):
            self._write(replace(self._holder, command=printable_name(command), folder=_here()))

    def release(self) -> None:
        """Let the next run in."""
        os.close(self._handle)


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Wait for the lock beside a file and hold it, for reading the file and replacing it.

    A file that is replaced cannot be locked itself. The lock's own file stays: if it were removed, two
    could hold it.
    """
    lock = path.with_name(f".{path.name}.lock")
    with storage_errors(lock):
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with storage_errors(lock):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def look_at_lock(folder: Path) -> tuple[Holder | None, bool]:
    """Who holds the lock of a run directory, or held it last, and whether it is held now.

    Nothing is written. It is tried as one among several readers, for an instant.
    """
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return None, False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(handle), True
    except OSError:  # a file system without locks
        return _read(handle), False
    else:
        return _read(handle), False
    finally:
        os.close(handle)


def _here() -> str:
    """The working folder, "" where that is gone."""
    try:
        return printable_name(Path.cwd())
    except OSError:
        return ""


def _read(handle: int) -> Holder | None:
    try:
        said = orjson.loads(os.pread(handle, 1 << 16, 0))
        texts = (said.get("command", ""), said.get("folder", ""))
        return Holder(int(said["pid"]), str(said["host"]), str(said["since"]), *map(str, texts))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _describe(holder: Holder | None) -> str:
    return f" by process {holder.pid} on {holder.host} since {holder.since}" if holder else " by another run"
