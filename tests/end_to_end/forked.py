"""Harvester processes that are forked from one that has imported it: a start takes a tenth of the time."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import IO, Final, Self

from tests.end_to_end.conftest import BEARER, Finished, Runner, clean_environment

SERVER: Final = Path(__file__).with_name("fork_server.py")
ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Fault:
    """What happens to a process at its n-th call of a kind. how: KILL, ENOSPC or EIO."""

    kind: str
    number: int
    how: str


class ForkedProcess:
    """A process of a fork server, with as much of a `Popen` as a `Runner` uses. gate: it waits for `go`."""

    def __init__(self, pid: int, status: IO[bytes], files: tuple[Path, Path], gate: Path | None) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status
        self._files = files
        self._gate = gate

    def go(self) -> None:
        """Let it begin."""
        assert self._gate
        self._gate.write_bytes(b"")

    def send_signal(self, number: int) -> None:
        """Signal it."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def poll(self) -> int | None:
        """Its exit code, None while it lives."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self.returncode = int(self._status.readline())
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Its exit code when it has ended. Raises TimeoutExpired."""
        if self.returncode is None and select.select([self._status], [], [], timeout)[0]:
            self.returncode = int(self._status.readline())
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self.returncode

    def communicate(self, input: bytes | None = None, timeout: float = 0.0) -> tuple[bytes, bytes]:  # noqa: A002
        """What it has said, when it has ended. Raises TimeoutExpired."""
        assert input is None
        self.wait(timeout)
        out, err = self._files
        return out.read_bytes(), err.read_bytes()


class ForkingRunner(Runner):
    """A runner whose processes are forked, one at a time. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._server = subprocess.Popen(
            [sys.executable, SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**clean_environment(), "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    def start(  # type: ignore[override]  # it is as much of a Popen as is needed
        self,
        *arguments: str,
        keys: dict[str, str] | None = None,
        stdin: int | None = None,
        is_held: bool = False,
        fault: Fault | None = None,
    ) -> ForkedProcess:
        """Start `harvester run` in the background. is_held: it waits for `go`."""
        assert stdin is None
        return self.begin("run", *arguments, "-o", str(self.out), keys=keys, is_held=is_held, fault=fault)

    def command(self, *arguments: str) -> Finished:
        """Run another command to its end."""
        return self.finish(self.begin(*arguments))  # type: ignore[arg-type]  # the same

    def begin(
        self,
        *arguments: str,
        keys: Mapping[str, str] | None = None,
        is_held: bool = False,
        fault: Fault | None = None,
    ) -> ForkedProcess:
        """Start any command in the background, when the one before has ended."""
        assert self._server.stdin
        assert self._server.stdout
        files, gate = (self.folder / "stdout", self.folder / "stderr"), self.folder / "gate"
        if is_held and not gate.exists():
            os.mkfifo(gate)
        command = {
            "arguments": arguments,
            "env": {**clean_environment(), **self.homes, **(BEARER if keys is None else keys)},
            "cwd": str(self.folder),
            "out": str(files[0]),
            "err": str(files[1]),
            "gate": str(gate) if is_held else None,
            "fault": astuple(fault) if fault else None,
        }
        self._server.stdin.write(json.dumps(command).encode() + b"\n")
        pid = int(self._server.stdout.readline())
        return ForkedProcess(pid, self._server.stdout, files, gate if is_held else None)
