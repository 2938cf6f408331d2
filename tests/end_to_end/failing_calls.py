"""Where nobody may trace a process: it counts its calls, and fails or kills itself at one of them.

SQLite's calls are not seen from Python; its commits stand for them, and its folding of the log.
"""

import atexit
import errno
import json
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any, Final

CALLS: Final = {
    "write": "write",
    "writev": "write",
    "pwrite": "pwrite",
    "fsync": "fsync",
    "rename": "rename",
    "replace": "rename",
    "ftruncate": "ftruncate",
    "unlink": "unlink",
}
"""Functions of `os`, and by which kind each is counted."""
STATEMENTS: Final = {"COMMIT": "commit", "PRAGMA wal_checkpoint(TRUNCATE)": "checkpoint"}


class _Countdown:
    """Counts calls by their kind; at the n-th of one kind comes SIGKILL, or an error by its name."""

    def __init__(self, kind: str, number: int, how: str) -> None:
        self.counts: Counter[str] = Counter()
        self._kind, self._number, self._how = kind, number, how

    def is_now(self, kind: str) -> bool:
        self.counts[kind] += 1
        is_now = kind == self._kind and self.counts[kind] == self._number
        if is_now and self._how == "KILL":
            os.kill(os.getpid(), signal.SIGKILL)
        return is_now

    def before(self, call: Callable[..., Any], kind: str) -> Callable[..., Any]:
        @wraps(call)
        def counted(*arguments: Any, **named: Any) -> Any:
            if self.is_now(kind):
                code = getattr(errno, self._how)
                raise OSError(code, os.strerror(code))
            return call(*arguments, **named)

        return counted


def fail_at(kind: str, number: int, how: str, told: str) -> None:
    """Prepare this process. how: KILL, ENOSPC or EIO. told: a file for the counts as JSON, when it exits."""
    countdown = _Countdown(kind, number, how)
    for name, counted_as in CALLS.items():
        setattr(os, name, countdown.before(getattr(os, name), counted_as))

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql in STATEMENTS and countdown.is_now(STATEMENTS[sql]):
                raise _refused()
            return super().execute(sql, *parameters)

    sqlite3.connect = partial(sqlite3.connect, factory=Connection)  # type: ignore[assignment]  # one overload
    atexit.register(lambda: Path(told).write_text(json.dumps(countdown.counts)))


def _refused() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR"
    return error
