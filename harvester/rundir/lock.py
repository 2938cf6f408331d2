"""One run at a time in a run directory. The lock dies with its process, however that ends."""

import fcntl
import os
import socket
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
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(self._handle, 1000)
                os.close(self._handle)
                raise RunDirectoryError(
                    f"{folder} is in use{_describe(holder)}", "Wait for that run, or use another directory."
                ) from None
            os.ftruncate(self._handle, 0)
            write_all(self._handle, (orjson.dumps(_holder()),))

    def release(self) -> None:
        """Let the next run in."""
        os.close(self._handle)


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
