"""How long it takes from the command to the first request: of a new run, and of one that goes on."""

import hashlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from figures import Figure, Goal
from measuring import BATCH, N_VERIFIED, Bench, Server, last_line, serving

FIRST_REQUEST = Goal(0.5)
REPLAY = Goal(250)


@dataclass(frozen=True)
class Sizes:
    """IDs of a new run and of one that goes on, how often each is started; IDs of a plan that costs its start."""

    new: int
    resumed: int
    repeat: int
    least: int


FULL = Sizes(1_000_000, 5_000_000, 5, 1_000)
QUICK = Sizes(5_000, 50_000, 1, 1_000)
INTERRUPTED_AT = 0.9


def figures(bench: Bench) -> Iterator[Figure]:
    """All of them."""
    sizes = QUICK if bench.is_quick else FULL
    with serving() as server:
        new = [_new(bench, server, sizes.new).first_s for _ in range(sizes.repeat)]
        name = f"new run of {sizes.new:,} IDs: from the command to the first request"
        yield Figure(name, new, "s", FIRST_REQUEST)
        yield from _resumed(bench, server, sizes)
    yield _plan(bench, sizes)


@dataclass(frozen=True)
class Begun:
    """A run that was stopped at its first request: how long that took, its CPU, and what is done in all."""

    first_s: float
    cpu_s: float
    n_done: int


def _new(bench: Bench, server: Server, n: int) -> Begun:
    shutil.rmtree(bench.run_directory, ignore_errors=True)
    return _begin(bench, server, bench.ids(n))


def _begin(bench: Bench, server: Server, ids: Path, n_requests: int = 0) -> Begun:
    """Start a run, or go on with it, and stop it after so many requests and one more."""
    server.slow_down(n_requests)
    started = bench.start(server, ids)
    server.wait_for(n_requests + 1, started)
    used = started.terminate()
    return Begun(server.stats().times[0] - started.began_s, used.cpu_s, last_line(used)["ok"])


def _resumed(bench: Bench, server: Server, sizes: Sizes) -> Iterator[Figure]:
    """A run that is stopped when most is done, and goes on, several times."""
    ids = bench.ids(sizes.resumed)
    new = [_new(bench, server, sizes.resumed) for _ in range(sizes.repeat)]
    new_s, new_cpu_s = median(begun.first_s for begun in new), median(begun.cpu_s for begun in new)
    shutil.rmtree(bench.run_directory)
    n_done = _begin(bench, server, ids, int(INTERRUPTED_AT * sizes.resumed / BATCH)).n_done
    longer, in_all, hashing = [], [], []
    for _ in range(sizes.repeat):
        hashing.append(_hashing_s(bench.run_directory / "totals.ndjson") * 1e9 / n_done)
        begun = _begin(bench, server, ids)
        longer.append((begun.first_s - new_s) * 1e9 / n_done)
        in_all.append((begun.cpu_s - new_cpu_s) * 1e9 / n_done)
        n_done = begun.n_done
    if sizes.resumed <= N_VERIFIED:
        bench.verify()
    replaying = [both - alone for both, alone in zip(in_all, hashing, strict=True)]
    name = f"going on with {sizes.resumed:,} IDs, for each that is done"
    yield Figure(f"{name}: longer to the first request than a new run", longer, "ns")
    yield Figure(f"{name}: more CPU than a new run", in_all, "ns")
    yield Figure(f"{name}: of that CPU, SHA-256 of its record", hashing, "ns")
    yield Figure(f"{name}: of that CPU, the replay of planning", replaying, "ns", REPLAY)


def _hashing_s(path: Path) -> float:
    """What it takes to hash a file as a run that goes on has to."""
    began_s = time.process_time()
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    return time.process_time() - began_s


def _plan(bench: Bench, sizes: Sizes) -> Figure:
    """Reading, validating, deduplicating and planning without a run around them."""
    values = []
    for _ in range(sizes.repeat):
        least, most = (bench.command("plan", str(bench.ids(n))).end() for n in (sizes.least, sizes.resumed))
        values.append((most.cpu_s - least.cpu_s) * 1e9 / (sizes.resumed - sizes.least))
    return Figure("CPU of `harvester plan` for each ID", values, "ns")
