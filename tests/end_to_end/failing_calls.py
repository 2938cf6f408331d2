"""Where nobody may trace a process: it fails, or kills itself, at the N-th call of a kind, all by itself.

SQLite's calls are not seen from Python; its commits stand for them, and its folding of the log.
"""

import errno
import os
import signal
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any, Final

CALLS: Final[dict[str, tuple[str, ...]]] = {
    "write": ("write", "writev"),
    "pwrite": ("pwrite",),
    "fsync": ("fsync",),
    "rename": ("rename", "replace"),
    "ftruncate": ("ftruncate",),
    "unlink": ("unlink",),
}
"""By kind, functions of `os`."""
SQL: Final = {"commit": "COMMIT", "checkpoint": "PRAGMA wal_checkpoint(TRUNCATE)"}
KINDS: Final = (*CALLS, *SQL)


class _Countdown:
    """At the N-th call: SIGKILL, or an error by its name."""

    def __init__(self, number: int, how: str) -> None:
        self._left, self._how = number, how

    def is_now(self) -> bool:
        self._left -= 1
        if self._left == 0 and self._how == "KILL":
            os.kill(os.getpid(), signal.SIGKILL)
        return self._left == 0

    def before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            if self.is_now():
                code = getattr(errno, self._how)
                raise OSError(code, os.strerror(code))
            return call(*arguments, **named)

        return counted


def fail_at(kind: str, number: int, how: str) -> None:
    """Prepare this process: how is KILL, ENOSPC or EIO."""
    countdown = _Countdown(number, how)
    for name in CALLS.get(kind, ()):
        setattr(os, name, countdown.before(getattr(os, name)))
    if kind in SQL:
        _count_statements(SQL[kind], countdown)


def _count_statements(statement: str, countdown: _Countdown) -> None:
    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql == statement and countdown.is_now():
                raise _refused()
            return super().execute(sql, *parameters)

    sqlite3.connect = partial(sqlite3.connect, factory=Connection)  # type: ignore[assignment]  # one overload


def _refused() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR"
    return error
