"""The real command in a process of its own, against the simulator in another one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from harvester.simulator.population import make_ids

if TYPE_CHECKING:
    from tests.end_to_end.forked import ForkServer

DEADLINE_S = 60.0
USER_KEYS = {
    "HARVESTER_CONSUMER_KEY": "key-4f1c",
    "HARVESTER_CONSUMER_SECRET": "secret-a/b+c=",
    "HARVESTER_ACCESS_TOKEN": "token-77aa",
    "HARVESTER_ACCESS_TOKEN_SECRET": "token-secret-99",
}
BEARER = {"HARVESTER_BEARER_TOKEN": "bearer-canary-31"}


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that the harvester would listen to."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("HARVESTER_", "TWITTER_"))}


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

    def requests(self, endpoint: str = "totals") -> list[dict[str, Any]]:
        """The requests to an endpoint that it saw, each as its log has it; no line that is still being written."""
        *lines, _ = self.log.read_bytes().split(b"\n") if self.log.exists() else [b""]
        entries = [json.loads(line) for line in lines]
        return [entry for entry in entries if entry["endpoint"] == endpoint]


@contextmanager
def running_simulator(folder: Path, *flags: str) -> Iterator[Simulator]:
    """A simulator that accepts BEARER and USER_KEYS."""
    log = folder / "requests.ndjson"
    process = subprocess.Popen(
        [sys.executable, "-m", "harvester", "simulate", "--exit-with-parent", "--log", str(log), *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**clean_environment(), **BEARER, **USER_KEYS},
    )
    assert process.stdin
    assert process.stdout
    try:
        yield Simulator(json.loads(process.stdout.readline())["base_url"], log)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.terminate()
        process.wait(DEADLINE_S)


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


def without_times(ndjson: str) -> str:
    """Lines of records without `retrieved_at`, which stands at their ends."""
    return "\n".join(line.partition(',"retrieved_at"')[0] for line in ndjson.splitlines())


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    """Runs the harvester in a folder of the test's own."""
    return Runner(tmp_path)


@pytest.fixture(scope="session")
def server() -> Iterator["ForkServer"]:
    """Forks harvesters that need not import themselves; for a `ForkingRunner`."""
    from tests.end_to_end.forked import ForkServer  # noqa: PLC0415  # it is built on what is here

    with ForkServer() as one:
        yield one


@pytest.fixture(scope="session")
def ids() -> list[int]:
    """6,000 IDs of real shape and spread of ages: 24 batches and more, by age."""
    found: list[int] = make_ids(6_000, 5, int(time.time() * 1000)).tolist()
    return found


@pytest.fixture(scope="session")
def id_file(ids: list[int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The IDs in a text file, with a header, duplicates and two lines that are none."""
    path = tmp_path_factory.mktemp("ids") / "ids.txt"
    lines = ["tweet_id", *map(str, ids), "", "no id", *map(str, ids[:30]), "1.12E+18"]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A simulator without faults and latency, for all tests that do not count its requests."""
    with running_simulator(tmp_path_factory.mktemp("calm")) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def undisturbed(id_file: Path, calm: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A harvest of id_file that nothing came between: what all others have to equal."""
    runner = Runner(tmp_path_factory.mktemp("undisturbed"))
    finished = runner(str(id_file), "--base-url", calm.url)
    assert finished.code == 0, finished.err
    return runner


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
