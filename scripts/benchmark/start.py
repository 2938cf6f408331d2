"""How long it takes from the command to the first request: of a new run, and of one that goes on."""

import hashlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from figures import Figure, Goal
from measuring import BATCH, N_VERIFIED, Bench, Server, Used, last_line, serving

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
        new = [_new(bench, server, sizes.new) for _ in range(sizes.repeat)]
        yield Figure(
            f"new run of {sizes.new:,} IDs: from the command to the first request", new, "s", FIRST_REQUEST
        )
        yield from _resumed(bench, server, sizes)
    yield _plan(bench, sizes)


def _new(bench: Bench, server: Server, n: int) -> float:
    shutil.rmtree(bench.run_directory, ignore_errors=True)
    return _first_request(bench, server, bench.ids(n))[0]


def _first_request(bench: Bench, server: Server, ids: Path) -> tuple[float, Used]:
    """How long it took. The run is stopped then."""
    server.slow_down(0)
    started = bench.start(server, ids)
    server.wait_for(1, started)
    used = started.terminate()
    return server.stats().times[0] - started.began_s, used


def _resumed(bench: Bench, server: Server, sizes: Sizes) -> Iterator[Figure]:
    """A run that is stopped when most is done, and goes on, several times."""
    ids = bench.ids(sizes.resumed)
    new_s = median(_new(bench, server, sizes.resumed) for _ in range(sizes.repeat))
    shutil.rmtree(bench.run_directory)
    n_requests = int(INTERRUPTED_AT * sizes.resumed / BATCH)
    server.slow_down(n_requests)
    started = bench.start(server, ids)
    server.wait_for(n_requests + 1, started)
    used = started.terminate()
    in_all, hashing = [], []
    for _ in range(sizes.repeat):
        n_done = last_line(used)["ok"]
        hashing.append(_hashing_s(bench.run_directory / "totals.ndjson") * 1e9 / n_done)
        first_s, used = _first_request(bench, server, ids)
        in_all.append((first_s - new_s) * 1e9 / n_done)
    if sizes.resumed <= N_VERIFIED:
        bench.verify()
    replaying = [both - alone for both, alone in zip(in_all, hashing, strict=True)]
    name = f"going on with {sizes.resumed:,} IDs, for each ID that is done"
    yield Figure(f"{name}: longer to the first request than a new run", in_all, "ns")
    yield Figure(f"{name}: of that, SHA-256 of its record", hashing, "ns")
    yield Figure(f"{name}: of that, the replay of planning", replaying, "ns", REPLAY)


def _hashing_s(path: Path) -> float:
    """How long it takes to hash a file as a run that goes on has to."""
    began_s = time.monotonic()
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    return time.monotonic() - began_s


def _plan(bench: Bench, sizes: Sizes) -> Figure:
    """Reading, validating, deduplicating and planning without a run around them."""
    values = []
    for _ in range(sizes.repeat):
        least, most = (bench.command("plan", str(bench.ids(n))).end() for n in (sizes.least, sizes.resumed))
        values.append((most.cpu_s - least.cpu_s) * 1e9 / (sizes.resumed - sizes.least))
    return Figure("CPU of `harvester plan` for each ID", values, "ns")
