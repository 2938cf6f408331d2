"""The real command in a process of its own, against the simulator in another one."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

DEADLINE_S = 60.0
USER_KEYS = {
    "HARVESTER_CONSUMER_KEY": "key-4f1c",
    "HARVESTER_CONSUMER_SECRET": "secret-a/b+c=",
    "HARVESTER_ACCESS_TOKEN": "token-77aa",
    "HARVESTER_ACCESS_TOKEN_SECRET": "token-secret-99",
}
BEARER = {"HARVESTER_BEARER_TOKEN": "bearer-canary-31"}


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that the harvester would listen to.

    But no report is made: it would take more time than most runs here. Tests of it ask for it by a flag. And what
    was compiled once is kept, so that not every process compiles the package.
    """
    left_out = ("HARVESTER_", "TWITTER_", "PYTHONDONTWRITEBYTECODE")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
    return {**kept, "HARVESTER_REPORT": "no"}


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds; fail when it does not within the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


@dataclass
class Simulator:
    """A running simulator and its log."""

    url: str
    log: Path
    _entries: list[dict[str, Any]] = field(default_factory=list)
    _n_read: int = 0

    def requests(self, endpoint: str = "totals") -> list[dict[str, Any]]:
        """The requests to an endpoint that it saw, each as its log has it; no line that is still being written."""
        if self.log.exists():
            with self.log.open("rb") as file:
                file.seek(self._n_read)
                new = file.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._n_read += len(whole)
            self._entries += map(json.loads, whole.splitlines())
        return [entry for entry in self._entries if entry["endpoint"] == endpoint]


@dataclass
class Finished:
    """A harvester process that has ended."""

    code: int
    out: str
    err: str

    @property
    def last_line(self) -> dict[str, Any]:
        """The line of JSON that standard output ends with."""
        line: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return line


class Process(Protocol):
    """A harvester process, as far as it is waited for here."""

    @property
    def returncode(self) -> int:
        """Its exit code, when it has ended."""

    def communicate(self, input: bytes | None = ..., timeout: float | None = ...) -> tuple[bytes, bytes]:  # noqa: A002
        """What it has said, when it has ended."""

    def send_signal(self, sig: int, /) -> None:
        """Signal it."""


class Runner:
    """Starts `harvester run` on a run directory. prefix: a command to run it under."""

    def __init__(self, folder: Path, prefix: Sequence[str] = ()) -> None:
        self.folder = folder
        self.prefix = prefix
        self.out = folder / "run"
        self.homes = {"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")}

    def start(
        self, *arguments: str, keys: dict[str, str] | None = None, stdin: int | None = None
    ) -> subprocess.Popen[bytes]:
        """Start it in the background."""
        return self._start("run", *arguments, "-o", str(self.out), keys=keys, stdin=stdin)

    def _start(
        self, *arguments: str, keys: dict[str, str] | None = None, stdin: int | None = None
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "harvester", *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env={**clean_environment(), **self.homes, **(BEARER if keys is None else keys)},
        )

    def finish(self, process: Process, stdin: bytes | None = None) -> Finished:
        """Wait for its end."""
        out, err = process.communicate(stdin, timeout=DEADLINE_S)
        return Finished(process.returncode, out.decode(), err.decode())

    def __call__(self, *arguments: str, keys: dict[str, str] | None = None) -> Finished:
        """Run it to its end."""
        return self.finish(self.start(*arguments, keys=keys))

    def verify(self) -> Finished:
        """What `harvester verify` says of the run directory."""
        return self.finish(self._start("verify", str(self.out)))

    def kill(self, process: Process) -> None:
        """kill -9, and wait until it is gone."""
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=DEADLINE_S)

    def text(self, name: str) -> str:
        """A file of the run directory without what may differ from run to run."""
        return without_times((self.out / name).read_text())

    def records(self, endpoint: str = "totals") -> list[dict[str, Any]]:
        """The records of an endpoint."""
        return [json.loads(line) for line in (self.out / f"{endpoint}.ndjson").read_text().splitlines()]

    def summary(self) -> dict[str, Any]:
        """`summary.json`."""
        summary: dict[str, Any] = json.loads((self.out / "summary.json").read_text())
        return summary


def let_pass(run: Runner, seconds: float) -> None:
    """As if all requests of a run, whose process has ended, had gone so much sooner."""
    for path in run.out.glob(".pace-*.json"):
        with suppress(ValueError):  # a kill may leave one that is not whole
            pace = json.loads(path.read_text())
            path.write_text(json.dumps({**pace, "at": pace["at"] - seconds}))


def without_times(ndjson: str) -> str:
    """Lines of records without `retrieved_at`, which stands at their ends."""
    return "\n".join(line.partition(',"retrieved_at"')[0] for line in ndjson.splitlines())


def assert_same_result(run: Runner, reference: Runner, endpoints: Sequence[str] = ("totals",)) -> None:
    """The results of two runs are equal but for times and what it took."""
    of_endpoints = (f"{name}{ending}" for name in endpoints for ending in (".ndjson", ".failed.ndjson"))
    for name in ("rejected.ndjson", "top_tweets.csv", *of_endpoints):
        assert run.text(name) == reference.text(name), name
    for name in endpoints:
        ours, theirs = run.summary()["endpoints"][name], reference.summary()["endpoints"][name]
        for part in ("counts", "totals", "top"):
            assert ours[part] == theirs[part], f"{part} of {name}"
    assert run.summary()["input"] == reference.summary()["input"]


def committed_ids(run: Runner) -> set[str]:
    """The tweets that the journal counts: those in the records up to its length."""
    if not (run.out / "journal.db").exists() or not (run.out / "totals.ndjson").exists():
        return set()
    journal = sqlite3.connect(run.out / "journal.db")
    try:
        row = journal.execute("SELECT records_bytes FROM endpoint").fetchone()
    except sqlite3.OperationalError:
        return set()
    finally:
        journal.close()
    content = (run.out / "totals.ndjson").read_bytes()[: row[0] if row else 0]
    return {json.loads(line)["tweet_id"] for line in content.splitlines()}
