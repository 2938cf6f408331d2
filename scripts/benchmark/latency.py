"""Latency hiding: how much of what is possible a slow service leaves, and what a single slow answer costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from figures import Figure, Goal
from measuring import BATCH, Bench, serving

GOAL = Goal(95, is_least=True)
MOST_WORKERS = 64
"""What the harvester may use where no number is given."""


@dataclass(frozen=True)
class Case:
    """A latency and a number of workers, None for the default; requests of a run, and how often."""

    latency_s: float
    workers: int | None
    n_requests: int
    repeat: int

    @property
    def flags(self) -> tuple[str, ...]:
        """As the command wants them."""
        return ("--concurrency", str(self.workers)) if self.workers else ()

    @property
    def possible_per_s(self) -> float:
        """Requests a second that the latency allows."""
        return (self.workers or MOST_WORKERS) / self.latency_s

    @property
    def name(self) -> str:
        """As it stands in the table."""
        workers = f"{self.workers} workers" if self.workers else "workers by default"
        return f"{1000 * self.latency_s:.0f} ms, {workers}"


@dataclass(frozen=True)
class Straggler:
    """The request that is answered late, how late, and how many there are."""

    hold: int
    hold_s: float
    n_requests: int
    repeat: int


FULL = (
    Case(0.05, 8, 960, 2),
    Case(0.05, 64, 2_560, 3),
    Case(0.05, None, 1_280, 2),
    Case(0.5, 8, 128, 2),
    Case(0.5, 64, 1_280, 2),
    Case(0.5, None, 384, 2),
)
QUICK = (Case(0.05, 64, 128, 1), Case(0.05, None, 24, 1))
N_UNHINDERED = 2_560
STRAGGLER, QUICK_STRAGGLER = Straggler(500, 10, 12_000, 1), Straggler(10, 0.3, 80, 1)


def figures(bench: Bench) -> Iterator[Figure]:
    """All of them."""
    cases = QUICK if bench.is_quick else FULL
    yield from _against_possible(bench, cases)
    yield from _straggler(bench, QUICK_STRAGGLER if bench.is_quick else STRAGGLER)


def _against_possible(bench: Bench, cases: tuple[Case, ...]) -> Iterator[Figure]:
    """Throughput as a share of what the latency or the CPU allows, whichever is less."""
    unhindered: dict[int | None, list[float]] = {}
    for case in cases:
        shares = []
        for _ in range(case.repeat):
            if case.workers not in unhindered or case.possible_per_s > median(unhindered[case.workers]) / 2:
                n = min(case.n_requests, N_UNHINDERED)
                unhindered.setdefault(case.workers, []).append(_run(bench, 0, case, n))
            possible = min(case.possible_per_s, median(unhindered[case.workers]))
            shares.append(100 * _run(bench, case.latency_s, case, case.n_requests) / possible)
        yield Figure(f"throughput of what is possible: {case.name}", shares, "%", GOAL)
    for workers, values in unhindered.items():
        name = f"{workers} workers" if workers else "workers by default"
        yield Figure(f"requests a second without latency: {name}", values, "")


def _run(bench: Bench, latency_s: float, case: Case, n_requests: int) -> float:
    with serving(latency_s) as server:
        bench.harvest(server, n_requests * BATCH, *case.flags)
        return server.stats().per_s


def _straggler(bench: Bench, straggler: Straggler) -> Iterator[Figure]:
    """One answer that comes late at full speed: what is answered meanwhile, and the memory that it takes."""
    n = straggler.n_requests * BATCH
    shares, peaks = [], []
    for _ in range(straggler.repeat):
        with serving() as server:
            without = bench.harvest(server, n)
            per_s = server.stats().per_s
        with serving(0, straggler.hold, straggler.hold_s) as server:
            used = bench.harvest(server, n)
            stats = server.stats()
        assert stats.held
        since_s, until_s = stats.held[0], min(stats.held[1], stats.times[-1])
        n_meanwhile = sum(since_s < time_s <= until_s for time_s in stats.times)
        shares.append(100 * n_meanwhile / (until_s - since_s) / per_s)
        peaks.append(used.peak_mb / without.peak_mb)
    name = f"one answer after {straggler.hold_s:g} s at full speed"
    yield Figure(f"{name}: throughput meanwhile, of that without", shares, "%", GOAL)
    yield Figure(f"{name}: peak memory against that without", peaks, "×")
