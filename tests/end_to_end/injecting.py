"""Lets a process fail, or be killed, at one system call: by strace, or by itself where that may not trace.

strace counts a kind of call for each thread by itself. So that no thread hides what another does, only the calls
on one file are counted at a time; a file is hardly ever written by two threads.
"""

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal, Protocol

from tests.end_to_end.forked import Fault, ForkedProcess, ForkingRunner
from tests.end_to_end.running import DEADLINE_S, Finished

How = Literal["KILL", "ENOSPC", "EIO"]
CALLS: Final = "write,writev,pwrite64,fsync,fdatasync,rename,renameat,renameat2,ftruncate,unlink,unlinkat"
_LINE: Final = re.compile(r'^(\d+) +(\w+)\((?:\w+<([^>]*)>|[^"]*"([^"]*)")')


@dataclass(frozen=True)
class Point:
    """The n-th call of a kind on a file of the run directory; no name where files are not told apart."""

    kind: str
    name: str
    number: int


class Injector(Protocol):
    """Something that lets a call fail. n_hidden: calls of the last counting that another thread hides."""

    n_hidden: int

    def points(self, run: ForkingRunner, arguments: tuple[str, ...]) -> list[Point]:
        """Make an undisturbed run; all its points, in no order."""

    def fail(
        self, run: ForkingRunner, arguments: tuple[str, ...], point: Point, how: How
    ) -> tuple[Finished, bool]:
        """Make a run that fails there; and whether it came to that."""


class Strace:
    """By strace, whatever makes the call, SQLite too."""

    n_hidden = 0

    def points(self, run: ForkingRunner, arguments: tuple[str, ...]) -> list[Point]:
        _, lines = traced(run, arguments, "-y", "-e", f"trace={CALLS}")
        by_thread: dict[tuple[str, str], Counter[str]] = {}
        for match in filter(None, map(_LINE.match, lines)):
            thread, kind, path = match[1], match[2], Path(match[3] or match[4])
            if run.out in (path, path.parent):
                name = "" if path == run.out else path.name
                by_thread.setdefault((kind, name), Counter())[thread] += 1
        self.n_hidden = sum(sum(threads.values()) - max(threads.values()) for threads in by_thread.values())
        return [
            Point(kind, name, number)
            for (kind, name), threads in by_thread.items()
            for number in range(1, max(threads.values()) + 1)
        ]

    def fail(
        self, run: ForkingRunner, arguments: tuple[str, ...], point: Point, how: How
    ) -> tuple[Finished, bool]:
        what = "signal=SIGKILL" if how == "KILL" else f"error={how}"
        inject = f"inject={point.kind}:{what}:when={point.number}"
        path = ("-P", str(run.out / point.name))
        finished, lines = traced(run, arguments, *path, "-e", f"trace={point.kind}", "-e", inject)
        return finished, finished.code == -9 or any("(INJECTED)" in line for line in lines)


class Calls:
    """By Python's own functions and SQLite's commits, in the process itself."""

    n_hidden = 0

    def points(self, run: ForkingRunner, arguments: tuple[str, ...]) -> list[Point]:
        _, counts = self._counting(run, arguments, Fault("none", 0, "KILL"))
        return [Point(kind, "", number) for kind, n in counts.items() for number in range(1, n + 1)]

    def fail(
        self, run: ForkingRunner, arguments: tuple[str, ...], point: Point, how: How
    ) -> tuple[Finished, bool]:
        finished, counts = self._counting(run, arguments, Fault(point.kind, point.number, how))
        return finished, finished.code == -9 or counts.get(point.kind, 0) >= point.number

    def _counting(
        self, run: ForkingRunner, arguments: tuple[str, ...], fault: Fault
    ) -> tuple[Finished, dict[str, int]]:
        told = run.folder / "calls"
        told.write_text("{}")
        process = run.start(*arguments, fault=fault)
        finished = run.finish(process)
        counts: dict[str, int] = json.loads(told.read_text())
        return finished, counts


def traced(run: ForkingRunner, arguments: tuple[str, ...], *flags: str) -> tuple[Finished, list[str]]:
    """A run under strace, and what that writes down."""
    process = run.start(*arguments, is_held=True)
    log = run.folder / "strace"
    with attached(process, log, *flags):
        process.go()
        finished = run.finish(process)
    return finished, log.read_text(errors="replace").splitlines()


@contextmanager
def attached(process: ForkedProcess, log: Path, *flags: str) -> Iterator[None]:
    """strace at a process that is held, until that has ended."""
    command = ["strace", "-f", "-s", "0", "-o", str(log), *flags, "-p", str(process.pid)]
    strace = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert strace.stderr
    with strace.stderr:
        said = strace.stderr.readline()
        assert b"attached" in said, said
        yield
        strace.stderr.read()
    strace.wait(DEADLINE_S)


@cache
def may_trace() -> bool:
    """Whether strace is here, and allowed to look at another process."""
    if not shutil.which("strace"):
        return False
    with subprocess.Popen(["sleep", "60"]) as sleeping:
        strace = subprocess.Popen(["strace", "-p", str(sleeping.pid)], stderr=subprocess.PIPE)
        assert strace.stderr
        with strace.stderr:
            said = strace.stderr.readline()
            sleeping.kill()
            strace.wait(DEADLINE_S)
    return b"attached" in said
