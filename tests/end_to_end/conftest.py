"""The real command in a process of its own, against the simulator in another one."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harvester.simulator.population import make_ids

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

    def requests(self) -> list[dict[str, Any]]:
        """The requests to totals that it saw, each as its log has it. A line still being written is left out."""
        *lines, _ = self.log.read_bytes().split(b"\n") if self.log.exists() else [b""]
        entries = [json.loads(line) for line in lines]
        return [entry for entry in entries if entry["endpoint"] == "totals"]


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


class Runner:
    """Starts `harvester run` on a run directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "run"

    def start(
        self, *arguments: str, keys: dict[str, str] | None = None, stdin: int | None = None
    ) -> subprocess.Popen[bytes]:
        """Start it in the background."""
        return subprocess.Popen(
            [sys.executable, "-m", "harvester", "run", *arguments, "-o", str(self.out)],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env={**clean_environment(), **(BEARER if keys is None else keys)},
        )

    def finish(self, process: subprocess.Popen[bytes], stdin: bytes | None = None) -> Finished:
        """Wait for its end."""
        out, err = process.communicate(stdin, timeout=DEADLINE_S)
        return Finished(process.returncode, out.decode(), err.decode())

    def __call__(self, *arguments: str, keys: dict[str, str] | None = None) -> Finished:
        """Run it to its end."""
        return self.finish(self.start(*arguments, keys=keys))

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9, and wait until it is gone."""
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=DEADLINE_S)

    def text(self, name: str) -> str:
        """A file of the run directory without what may differ from run to run."""
        return without_times((self.out / name).read_text())

    def records(self) -> list[dict[str, Any]]:
        """The records of totals."""
        return [json.loads(line) for line in (self.out / "totals.ndjson").read_text().splitlines()]

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


class FakeService(ThreadingHTTPServer):
    """An API by a rule of the test's own: from an endpoint and what it is asked to a status and a body."""

    rule: Callable[[str, dict[str, Any]], tuple[int, dict[str, Any]]]
    asked: list[tuple[str, list[str]]]

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: FakeService
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one request, with a part that nobody knows."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        endpoint = self.path.rpartition("/")[2]
        self.server.asked.append((endpoint, asked["tweet_ids"]))
        status, answer = self.server.rule(endpoint, asked)
        body = json.dumps({**answer, "request_id": "unknown"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Keep quiet."""


@pytest.fixture
def fake() -> Iterator[FakeService]:
    """A service that gets its rule from the test."""
    server = FakeService(("127.0.0.1", 0), _Answers)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def counted(asked: dict[str, Any], count: Callable[[str], str]) -> tuple[int, dict[str, Any]]:
    """An answer that counts every metric of a tweet alike, by its ID."""
    counts = {i: dict.fromkeys(asked["engagement_types"], count(i)) for i in asked["tweet_ids"]}
    return 200, {next(iter(asked["groupings"])): counts}


def assert_same_result(run: Runner, reference: Runner) -> None:
    """The results of two runs are equal but for times and what it took."""
    for name in ("totals.ndjson", "rejected.ndjson", "top_tweets.csv", "totals.failed.ndjson"):
        assert run.text(name) == reference.text(name), name
    for part in ("counts", "totals", "top"):
        ours, theirs = run.summary()["endpoints"]["totals"], reference.summary()["endpoints"]["totals"]
        assert ours[part] == theirs[part], part
    assert run.summary()["input"] == reference.summary()["input"]
