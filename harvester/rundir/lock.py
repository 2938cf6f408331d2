"""One at a time in a run directory, or at a file. A lock dies with its process, however that ends."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson

from harvester.errors import RunDirectoryError
from harvester.rundir.files import storage_errors, write_all


class RunLock:
    """A lock on a run directory, held from the beginning until `release` or the process's end.

    The kernel lets go of a `flock` with its last open file, so there is never a stale lock to remove. What
    the file says (PID, host, since when) is for people only. Raises RunDirectoryError when another run
    holds it.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / ".lock"
        with storage_errors(path):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                self._take(folder)
            except BaseException:
                # A process that lives on would hold it for good.
                self.release()
                raise

    def _take(self, folder: Path) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunDirectoryError(
                f"{folder} is in use{_describe(os.read(self._handle, 1000))}",
                "Wait for that run, or use another directory.",
            ) from None
        os.ftruncate(self._handle, 0)
        write_all(self._handle, (orjson.dumps(_holder()),))

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


def _holder() -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _describe(holder: bytes) -> str:
    try:
        said = orjson.loads(holder)
        return f" by process {said['pid']} on {said['host']} since {said['since']}"
    except (ValueError, KeyError, TypeError):
        return " by another run"
