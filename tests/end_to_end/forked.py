"""Harvester processes that are forked from one that has imported it: a start takes a tenth of the time."""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

from tests.end_to_end.running import (
    BEARER,
    DEADLINE_S,
    USER_KEYS,
    Finished,
    Runner,
    Simulator,
    clean_environment,
    wait_for,
)

SERVER: Final = Path(__file__).with_name("fork_server.py")
ROOT: Final = Path(__file__).parents[2]
NUMBERS: Final = count(1)
"""Of the processes, by which the files are told apart that have what they say."""


@dataclass(frozen=True)
class Fault:
    """What happens to a process at its n-th call of a kind. how: KILL, ENOSPC or EIO."""

    kind: str
    number: int
    how: str


class ForkServer:
    """The process that forks, and what it has told. Use as a context manager, or close it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**clean_environment(), "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        )
        assert self._process.stdin
        assert self._process.stdout
        self._tell, self._told = self._process.stdin, self._process.stdout
        self.codes: dict[int, int] = {}
        self._begun: list[int] = []

    def fork(self, command: Mapping[str, object]) -> int:
        """Let a process become this; its number."""
        self._tell.write(json.dumps(command).encode() + b"\n")
        while not self._begun:
            self.hear(DEADLINE_S)
        return self._begun.pop()

    def hear(self, timeout: float) -> None:
        """Take in the next line that it tells, if one comes in time."""
        if select.select([self._told], [], [], timeout)[0]:
            told = self._told.readline()
            assert told, f"the fork server has ended with {self._process.wait(DEADLINE_S)}"
            process, *code = map(int, told.split())
            if code:
                self.codes[process] = code[0]
            else:
                self._begun.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let it end."""
        self._tell.close()
        self._process.wait(DEADLINE_S)
        self._told.close()


@cache
def shared_server() -> ForkServer:
    """The one of this process of tests, until that ends."""
    server = ForkServer()
    atexit.register(server.close)
    return server


class ForkedProcess:
    """A process of a fork server, with as much of a `Popen` as tests use. gate: it waits for `go`.

    pipe: it reads this one as its standard input.
    """

    def __init__(
        self,
        pid: int,
        server: ForkServer,
        files: tuple[Path, Path],
        gate: Path | None,
        pipe: Path | None = None,
    ) -> None:
        self.pid = pid
        self.stdin = pipe.open("wb") if pipe else None
        self._server = server
        self._files = files
        self._gate = gate

    @property
    def returncode(self) -> int:
        """Its exit code, when it has ended."""
        return self._server.codes[self.pid]

    def go(self) -> None:
        """Let it begin."""
        assert self._gate
        self._gate.write_bytes(b"")

    def send_signal(self, number: int) -> None:
        """Signal it."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Let it end."""
        self.send_signal(signal.SIGTERM)

    def poll(self) -> int | None:
        """Its exit code, None while it lives."""
        if self.pid not in self._server.codes:
            self._server.hear(0)
        return self._server.codes.get(self.pid)

    def wait(self, timeout: float = DEADLINE_S) -> int:
        """Its exit code when it has ended. Raises TimeoutExpired."""
        deadline = time.monotonic() + timeout
        while self.pid not in self._server.codes and (left := deadline - time.monotonic()) > 0:
            self._server.hear(left)
        if self.pid not in self._server.codes:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self.returncode

    def said(self) -> bytes:
        """What it has said on standard output so far."""
        return self._files[0].read_bytes()

    def communicate(
        self,
        input: bytes | None = None,  # noqa: A002  # as Popen calls it
        timeout: float | None = None,
    ) -> tuple[bytes, bytes]:
        """What it has said, when it has ended. input: for its standard input. Raises TimeoutExpired."""
        if self.stdin:
            with suppress(BrokenPipeError), self.stdin as pipe:
                pipe.write(input or b"")
        self.wait(DEADLINE_S if timeout is None else timeout)
        out, err = self._files
        return out.read_bytes(), err.read_bytes()


class ForkingRunner(Runner):
    """A runner whose processes are forked, unless their input is a file that is open already."""

    def __init__(self, folder: Path, server: ForkServer) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._server = server

    def start(
        self,
        *arguments: str,
        keys: dict[str, str] | None = None,
        stdin: int | None = None,
        is_held: bool = False,
        fault: Fault | None = None,
    ) -> Any:
        """Start `harvester run` in the background. is_held: it waits for `go`."""
        if stdin not in (None, subprocess.PIPE, subprocess.DEVNULL):
            return super().start(*arguments, keys=keys, stdin=stdin)
        how: dict[str, Any] = {"is_held": is_held, "fault": fault, "has_pipe": stdin == subprocess.PIPE}
        return self.begin("run", *arguments, "-o", str(self.out), keys=keys, **how)

    def command(self, *arguments: str) -> Finished:
        """Run another command to its end."""
        return self.finish(self.begin(*arguments))

    def begin(
        self,
        *arguments: str,
        keys: Mapping[str, str] | None = None,
        is_held: bool = False,
        fault: Fault | None = None,
        has_pipe: bool = False,
        streams: Mapping[str, str | None] | None = None,
    ) -> ForkedProcess:
        """Start any command in the background. has_pipe: with a pipe as standard input, else there is none.

        streams: where standard streams go instead: stdin, stdout or stderr to a file, to "&1", or closed for None.
        """
        number = next(NUMBERS)
        files = (self.folder / f".stdout-{number}", self.folder / f".stderr-{number}")
        for file in files:
            file.touch()
        gate = self.folder / "gate"
        if is_held and not gate.exists():
            os.mkfifo(gate)
        pipe = self.folder / f".stdin-{number}" if has_pipe else None
        if pipe:
            os.mkfifo(pipe)
        command = {
            "arguments": arguments,
            "stdin": str(pipe or os.devnull),
            "env": {**clean_environment(), **self.homes, **(BEARER if keys is None else keys)},
            "cwd": str(self.folder),
            "stdout": str(files[0]),
            "stderr": str(files[1]),
            **(streams or {}),
            "gate": str(gate) if is_held else None,
            "fault": [*astuple(fault), str(self.folder / "calls")] if fault else None,
        }
        process = self._server.fork(command)
        return ForkedProcess(process, self._server, files, gate if is_held else None, pipe)


@contextmanager
def running_simulator(folder: Path, *flags: str, server: ForkServer | None = None) -> Iterator[Simulator]:
    """A simulator that accepts BEARER and USER_KEYS. server: who forks it; for threads, each has its own."""
    log = folder / "requests.ndjson"
    simulator = ForkingRunner(folder, server or shared_server())
    process = simulator.begin("simulate", "--log", str(log), *flags, keys={**BEARER, **USER_KEYS})
    wait_for(lambda: process.said().endswith(b"\n") or process.poll() is not None, "the simulator")
    try:
        yield Simulator(json.loads(process.said())["base_url"], log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE_S)
