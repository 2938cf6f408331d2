"""The benchmark: the harvester against a bare loop and against the style of the sample clients.

Every figure is a ratio of things measured in this one run, since machines differ and are noisy. CPU for each
request is that of the whole process, the difference of a long and a short run, so that starting costs cancel.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harvester.engagement.metrics import metrics_of

HERE = Path(__file__).parent
LATENCY_S = 0.05
MAKE_IDS = """
import sys, time
from harvester.engagement.tweet_id import DAY_MS, first_id_at
from harvester.simulator.population import make_ids
path, n = sys.argv[1], int(sys.argv[2])
now_ms = int(time.time() * 1000)
found = make_ids(3 * n, 1, now_ms)
young = found[found >= first_id_at(now_ms - 80 * DAY_MS)][:n]
open(path, "w").writelines(f"{i}\\n" for i in young.tolist())
"""
"""In a process of its own: a child begins with its parent's peak memory in the kernel's account."""
USER_KEYS = ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
PUBLIC = ",".join(metrics_of("totals", user_context=False))
ALL = ",".join(metrics_of("totals", user_context=True))


@dataclass(frozen=True)
class Sizes:
    """How much is measured. IDs of a long and of a short run, repetitions, IDs with latency."""

    long: int
    short: int
    repeat: int
    with_latency: int
    one_at_a_time: int


FULL = Sizes(1_000_000, 100_000, 3, 1_000_000, 50_000)
QUICK = Sizes(20_000, 5_000, 1, 40_000, 2_500)


@dataclass(frozen=True)
class Used:
    """What a finished process took."""

    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class Figure:
    """One line of the table: the median of several measurements, their spread, and what was aimed at."""

    name: str
    values: list[float]
    unit: str
    goal: str

    def line(self) -> str:
        """As a row of a Markdown table."""
        low, high = min(self.values), max(self.values)
        spread = f"{low:,.2f} to {high:,.2f}" if len(self.values) > 1 else ""
        return f"| {self.name} | {statistics.median(self.values):,.2f} {self.unit} | {spread} | {self.goal} |"


class Bench:
    """The measurements, in a temporary folder."""

    def __init__(self, folder: Path, sizes: Sizes) -> None:
        self._folder = folder
        self._sizes = sizes

    def figures(self) -> Iterator[Figure]:
        """All of them, one after the other."""
        yield from self._cpu("bearer, 5 metrics", PUBLIC, {"BEARER_TOKEN": "bench"})
        yield from self._cpu("OAuth 1.0a, 7 metrics", ALL, dict.fromkeys(USER_KEYS, "bench"))
        yield from self._memory()
        yield from self._latency()

    def _cpu(self, name: str, metrics: str, keys: dict[str, str]) -> Iterator[Figure]:
        n = self._sizes.one_at_a_time
        bare, ours, sample = [], [], []
        with server(0) as url:
            for _ in range(self._sizes.repeat):
                bare.append(self._per_request(lambda n: self._client("bare", url, n, metrics)))
                ours.append(self._per_request(lambda n: self._harvest(url, n, keys, 8)))
                start_s = self._client("sample", url, 250, metrics).cpu_s
                sample.append((self._client("sample", url, n, metrics).cpu_s - start_s) / (n / 250 - 1))
        yield Figure(f"CPU a request against the bare loop ({name})", against(ours, bare), "×", "at most 3.5")
        yield Figure(f"CPU a request against one at a time ({name})", against(ours, sample), "×", "")
        yield Figure(f"CPU a request ({name})", [1000 * value for value in ours], "ms", "")

    def _memory(self) -> Iterator[Figure]:
        peaks: dict[int, list[float]] = {self._sizes.short: [], self._sizes.long: []}
        with server(0) as url:
            for n, found in peaks.items():
                found.extend(self._harvest(url, n, {"BEARER_TOKEN": "bench"}, 8).peak_mb for _ in range(3))
        for n, found in peaks.items():
            yield Figure(f"peak memory, {n:,} IDs", found, "MB", "")
        growth = statistics.median(peaks[self._sizes.long]) - statistics.median(peaks[self._sizes.short])
        n_more = self._sizes.long - self._sizes.short
        yield Figure("memory for each further ID", [growth * 1e6 / n_more], "bytes", "the dedupe set's")

    def _latency(self) -> Iterator[Figure]:
        with server(LATENCY_S) as url:
            self._client("sample", url, self._sizes.one_at_a_time, PUBLIC)
            one = throughput(url)
            found: dict[int, list[float]] = {8: [], 64: []}
            for workers, values in found.items():
                for _ in range(min(3, self._sizes.repeat)):
                    n = self._sizes.with_latency // (4 if workers == 8 else 1)
                    self._harvest(url, n, {"BEARER_TOKEN": "bench"}, workers)
                    values.append(throughput(url))
        of_ideal = [100 * value * LATENCY_S / 8 for value in found[8]]
        yield Figure("throughput at 50 ms, 8 workers, of 8 / latency", of_ideal, "%", "at least 93")
        ratios = against(found[64], [one])
        yield Figure("throughput at 50 ms, 64 workers, against one at a time", ratios, "×", "at least 40")

    def _per_request(self, run: Callable[[int], Used]) -> float:
        sizes = self._sizes
        return (run(sizes.long).cpu_s - run(sizes.short).cpu_s) / ((sizes.long - sizes.short) / 250)

    def _client(self, style: str, url: str, n: int, metrics: str) -> Used:
        command = [sys.executable, str(HERE / "clients.py"), style, url, str(self._ids(n)), metrics, "8"]
        return measured(command, dict(os.environ))

    def _harvest(self, url: str, n: int, keys: dict[str, str], workers: int) -> Used:
        out = self._folder / "run"
        shutil.rmtree(out, ignore_errors=True)
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("HARVESTER_", "TWITTER_"))}
        environment = {**clean, **{f"HARVESTER_{name}": value for name, value in keys.items()}}
        arguments = [str(self._ids(n)), "-o", str(out), "--base-url", url, "--concurrency", str(workers)]
        return measured([sys.executable, "-m", "harvester", "run", *arguments], environment)

    def _ids(self, n: int) -> Path:
        """A file of n IDs that are young enough for every metric."""
        path = self._folder / f"{n}.txt"
        if not path.exists():
            subprocess.run([sys.executable, "-c", MAKE_IDS, str(path), str(n)], check=True)
        return path


@contextmanager
def server(latency_s: float) -> Iterator[str]:
    """A server in a process of its own; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(HERE / "server.py"), str(port), str(latency_s)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def against(ours: list[float], theirs: list[float]) -> list[float]:
    """Ours against the median of theirs: the other side's noise does not add to ours."""
    return [value / statistics.median(theirs) for value in ours]


def throughput(url: str) -> float:
    """Requests a second that the server saw since it was asked last."""
    with urllib.request.urlopen(f"{url}/stats") as answer:
        stats = json.load(answer)
    return float((stats["n"] - 1) / (stats["last"] - stats["first"]))


def measured(command: list[str], environment: dict[str, str]) -> Used:
    """Run a process to its end; what it took by the kernel's account."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.communicate()
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}: {errors[-500:]}")
    return Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def main() -> None:
    """Print the table as it is measured."""
    parser = argparse.ArgumentParser(description="Measure the harvester against simpler clients.")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    arguments = parser.parse_args()
    figures = []
    print("| figure | median | spread | goal |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for figure in Bench(Path(folder), QUICK if arguments.quick else FULL).figures():
            figures.append(figure)
            print(figure.line(), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps([vars(figure) for figure in figures], indent=2) + "\n")


if __name__ == "__main__":
    main()
