"""Runs of the harvester and of others, measured from outside and checked.

It imports little, since a child begins with its parent's peak memory in the kernel's account.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression
from typing import Any

HERE = Path(__file__).parent
PUBLIC = "favorites,retweets,replies,quote_tweets,video_views"
ALL = f"impressions,engagements,{PUBLIC}"
BEARER = {"HARVESTER_BEARER_TOKEN": "bench"}
KEYS = ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
OAUTH = {f"HARVESTER_{key}": "bench" for key in KEYS}
YOUNG = (0, 80)
"""Days of age at which every metric can be asked for."""
N_VERIFIED = 350_000
"""IDs of a run that is verified, once for each kind of run: that takes longer than the run itself."""
BATCH = 250
STOPPED_BY_SIGTERM = 143


@dataclass(frozen=True)
class Used:
    """What a finished process took, and what it said at last."""

    cpu_s: float
    peak_mb: float
    output: str


class Started:
    """A process under way."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self.began_s = time.monotonic()
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def end(self, code: int = 0) -> Used:
        """Wait for its end; what it took by the kernel's account. It ends the benchmark if it ends otherwise."""
        assert self.process.stdout
        assert self.process.stderr
        errors = self.process.stderr.read().decode()
        output = self.process.stdout.read().decode()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.process.communicate()
        if self.process.returncode != code:
            raise SystemExit(f"{self._command} ended with {self.process.returncode}: {errors[-500:]}")
        return Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, output)

    def terminate(self) -> Used:
        """Ask it to end, as a scheduler does."""
        self.process.terminate()
        return self.end(STOPPED_BY_SIGTERM)


@dataclass(frozen=True)
class Stats:
    """What a server saw: when requests came, and from when to when it held the one that it was to hold."""

    times: list[float]
    held: tuple[float, float] | None

    @property
    def per_s(self) -> float:
        """Requests a second, once a quarter of them has come: what a long run has.

        The slope of a line through them all, since under latency they come in bursts.
        """
        later = self.times[len(self.times) // 4 :]
        return linear_regression(later, range(len(later))).slope


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    url: str

    def stats(self) -> Stats:
        """All since it was asked last."""
        with urllib.request.urlopen(f"{self.url}/stats") as answer:
            return Stats(**json.load(answer))

    def slow_down(self, n: int) -> None:
        """Answer all but the next n requests slowly, so that a run does not end before it is stopped."""
        urllib.request.urlopen(f"{self.url}/slow/{n}").close()

    def wait_for(self, n: int, started: Started) -> None:
        """Until it has seen so many requests."""
        while True:
            with urllib.request.urlopen(f"{self.url}/seen") as answer:
                if int(answer.read()) >= n:
                    return
            if started.process.poll() is not None:
                raise SystemExit(f"the harvester ended before {n:,} requests")
            time.sleep(0.02)


@contextmanager
def serving(latency_s: float = 0, hold: int = -1, hold_s: float = 0) -> Iterator[Server]:
    """A server until the end of the block. hold: the request that is answered after hold_s."""
    command = [sys.executable, str(HERE / "server.py"), str(latency_s), str(hold), str(hold_s)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout
    port = int(process.stdout.readline())
    try:
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


class Bench:
    """What every section needs: a folder, files of IDs, and runs that are checked. is_quick: with small sizes."""

    def __init__(self, folder: Path, *, is_quick: bool) -> None:
        self.folder = folder
        self.is_quick = is_quick
        self.run_directory = folder / "run"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HARVESTER_", "TWITTER_"))}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)
        self._environment = {**kept, "XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
        self._verified: set[tuple[str, ...]] = set()
        # Nobody's first run is to pay for compiling the package.
        compiling = [sys.executable, "-m", "compileall", "-q", str(HERE.parents[1] / "harvester")]
        Started(compiling, self._environment).end()

    def ids(self, n: int, ages: tuple[int, int] = YOUNG) -> Path:
        """A file of n IDs. ages: in days, of the youngest and the oldest tweet."""
        path = self.folder / f"{n}-{ages[0]}-{ages[1]}.txt"
        if not path.exists():
            self.python("ids.py", str(path), str(n), *map(str, ages))
        return path

    def python(self, script: str, *arguments: str) -> Used:
        """A script of this folder, to its end."""
        return Started([sys.executable, str(HERE / script), *arguments], self._environment).end()

    def command(self, *arguments: str, keys: Mapping[str, str] = BEARER) -> Started:
        """A command of the harvester."""
        return Started([sys.executable, "-m", "harvester", *arguments], {**self._environment, **keys})

    def start(self, server: Server, ids: Path, *flags: str, keys: Mapping[str, str] = BEARER) -> Started:
        """A harvest, or its continuation."""
        arguments = [str(ids), "-o", str(self.run_directory), "--base-url", server.url, *flags]
        return self.command("run", *arguments, keys=keys)

    def harvest(self, server: Server, n: int, *flags: str, keys: Mapping[str, str] = BEARER) -> Used:
        """A whole harvest of n IDs of every metric that the keys may read. All IDs are accounted for."""
        return self.harvest_file(server, self.ids(n), n, *flags, keys=keys)

    def harvest_file(
        self, server: Server, ids: Path, n: int, *flags: str, keys: Mapping[str, str] = BEARER
    ) -> Used:
        """The same of a file with n IDs."""
        shutil.rmtree(self.run_directory, ignore_errors=True)
        used = self.start(server, ids, *flags, keys=keys).end()
        counts = last_line(used)
        if counts["ok"] != n or not (self.run_directory / "_SUCCESS").exists():
            raise SystemExit(f"a run of {n:,} IDs ended with {counts}")
        kind = (*flags, *keys)
        if n <= N_VERIFIED and kind not in self._verified:
            self._verified.add(kind)
            self.verify()
        return used

    def verify(self) -> None:
        """Demand that the files of the run directory hold what they promise."""
        self.command("verify", str(self.run_directory)).end()


def last_line(used: Used) -> dict[str, Any]:
    """What a run says at last, for programs."""
    counts: dict[str, Any] = json.loads(used.output.splitlines()[-1])
    return counts
