"""A disk that may refuse, and a process that may end at any moment: calls that write are counted and struck."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import pytest

from harvester.errors import ExitCode
from tests.worlds.harvesting import Crash

Occasion = Literal["request", "call"]
COMMITS: Final = ("COMMIT", "PRAGMA wal_checkpoint(TRUNCATE)")
CALLS: Final = ("open", "writev", "pwrite", "fsync", "replace", "ftruncate", "unlink")
_CODES: Final = {
    "full": (errno.ENOSPC, "SQLITE_FULL"),
    "broken": (errno.EIO, "SQLITE_IOERR"),
    "late": (errno.EIO, "SQLITE_IOERR"),
}
_T = TypeVar("_T")


@dataclass(frozen=True)
class End:
    """How a life ends before its time, from the `after`-th request or writing call on.

    "crash" is a kill, "torn" one in the middle of a call; "drain" is one signal, "at once" two of them.
    """

    how: Literal["crash", "torn", "drain", "at once"]
    of: Occasion
    after: int


@dataclass(frozen=True)
class DiskFault:
    """What the disk does at the n-th writing call, or from it on.

    "full" and "broken" refuse; "late" does it and says that it did not; "short" writes half, which is no error.
    """

    how: Literal["full", "broken", "late", "short"]
    at: int
    lasts: bool


class Ending:
    """Carries out an end. A kill keeps what stands on the disk at that moment, for `revive`."""

    def __init__(self, end: End | None, run_dir: Path, interrupt: Callable[[ExitCode], None]) -> None:
        self.has_come = self.was_killed = False
        self.is_torn = end is not None and end.how == "torn"
        self._end, self._run_dir, self._interrupt = end, run_dir, interrupt
        self._kept = run_dir.with_name("kept-of-a-kill")

    def is_due(self, of: Occasion, number: int) -> bool:
        """Whether it comes with this request or call, counted from 1."""
        return (
            self._end is not None and self._end.of == of and number >= self._end.after and not self.has_come
        )

    def come(self) -> None:
        """End the life. Raises Crash where it is killed."""
        assert self._end
        self.has_come = True
        if self._end.how in ("crash", "torn"):
            self.was_killed = True
            shutil.copytree(self._run_dir, self._kept)
            raise Crash
        for _ in range(1 if self._end.how == "drain" else 2):
            self._interrupt(ExitCode.INTERRUPTED)

    def revive(self) -> None:
        """Undo what the process did on its way out, which a killed one does not do."""
        if self.was_killed:
            shutil.rmtree(self._run_dir)
            self._kept.rename(self._run_dir)


class Disk:
    """Stands before the calls that write. has_failed: one of them was refused. is_away: calls are let through."""

    def __init__(self, fault: DiskFault | None, ending: Ending) -> None:
        self.n_calls = 0
        self.has_failed = self.is_away = False
        self._fault, self._ending = fault, ending

    def patch(self, patch: pytest.MonkeyPatch) -> None:
        """Take the place of the calls. What matters to a power cut does not matter here: nothing is synced."""
        for name in CALLS:
            patch.setattr(os, name, partial(self._one_of_the_system, name, getattr(os, name)))
        disk = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
                do = partial(super().execute, sql.replace("synchronous=FULL", "synchronous=OFF"), *parameters)
                return disk._call(do, do, _refuse_commit) if sql in COMMITS else do()

        patch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Connection))

    def _one_of_the_system(self, name: str, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        do = half = partial(call, *arguments, **named)
        if name == "open" and not arguments[1] & os.O_CREAT:
            return do()
        if name == "fsync":
            do = half = partial(int)
        if name == "writev":
            half = partial(_write_half, *arguments)
        return self._call(do, half, _refuse)

    def _call(self, do: Callable[[], _T], half: Callable[[], _T], refuse: Callable[[str], Exception]) -> _T:
        if self.is_away or self._ending.was_killed:
            return do()
        self.n_calls += 1
        if self._ending.is_due("call", self.n_calls):
            if self._ending.is_torn:
                half()
            self._ending.come()
        how = self._fault_now()
        if how is None:
            return do()
        if how == "short":
            return half()
        self.has_failed = True
        if how == "late":
            do()
        raise refuse(how)

    def _fault_now(self) -> str | None:
        fault = self._fault
        is_now = fault and (self.n_calls >= fault.at if fault.lasts else self.n_calls == fault.at)
        return fault.how if fault and is_now else None


def _write_half(handle: int, parts: Any) -> int:
    content = b"".join(parts)
    return os.write(handle, content[: max(1, len(content) // 2)])


def _refuse(how: str) -> OSError:
    code, _ = _CODES[how]
    return OSError(code, os.strerror(code))


def _refuse_commit(how: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    _, error.sqlite_errorname = _CODES[how]
    return error
