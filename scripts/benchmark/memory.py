"""Peak resident memory: how it grows with the IDs, and what a year of hours takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from figures import Figure, Goal
from measuring import OAUTH, Bench, serving

PER_ID = Goal(24, better=18)
PER_ID_OF_MANY = Goal(18)
NOTHING = Goal(4)
"""MB. Two runs of the same size differ by as much."""
STATED = Goal(800)
"""MB, as the README says of time series."""
OVER_A_YEAR_OLD = (366, 500)
"""Days. Such tweets have a count in every hour of the year."""


@dataclass(frozen=True)
class Sizes:
    """IDs of a short, a long and the longest run, and how often the first two; IDs and time of the series."""

    short: int
    long: int
    longest: int
    repeat: int
    with_series: int
    start: str


FULL = Sizes(100_000, 1_000_000, 10_000_000, 3, 100, "365d")
QUICK = Sizes(1_000, 2_500, 5_000, 1, 25, "28d")


def figures(bench: Bench) -> Iterator[Figure]:
    """All of them."""
    sizes = QUICK if bench.is_quick else FULL
    yield from _growth(bench, sizes)
    yield _series(bench, sizes)


def _growth(bench: Bench, sizes: Sizes) -> Iterator[Figure]:
    deduplicated = _peaks(bench, (sizes.short, sizes.long, sizes.longest), sizes)
    for n, peaks in deduplicated.items():
        yield Figure(f"peak memory, {n:,} IDs", peaks, "MB")
    for n, more, goal in (
        (sizes.short, sizes.long, PER_ID),
        (sizes.short, sizes.longest, PER_ID_OF_MANY),
    ):
        values = [1e6 * mb / (more - n) for mb in _growths(deduplicated[n], deduplicated[more])]
        yield Figure(f"memory for each further ID, {n:,} to {more:,}", values, "bytes", goal)
    plain = _peaks(bench, (sizes.short, sizes.longest), sizes, "--no-dedupe")
    values = _growths(plain[sizes.short], plain[sizes.longest])
    yield Figure(
        f"memory from {sizes.short:,} to {sizes.longest:,} IDs, --no-dedupe", values, "MB more", NOTHING
    )


def _peaks(bench: Bench, all_n: tuple[int, ...], sizes: Sizes, *flags: str) -> dict[int, list[float]]:
    peaks: dict[int, list[float]] = {}
    with serving() as server:
        for n in all_n:
            repeat = 1 if n == sizes.longest else sizes.repeat
            peaks[n] = [bench.harvest(server, n, *flags).peak_mb for _ in range(repeat)]
    return peaks


def _growths(before: list[float], after: list[float]) -> list[float]:
    return [mb - median(before) for mb in after]


def _series(bench: Bench, sizes: Sizes) -> Figure:
    """All metrics by hour, and something in every hour: the most that there can be."""
    n = sizes.with_series
    flags = ("--endpoint", "historical", "--series", "hour", "--start", sizes.start)
    with serving() as server:
        used = bench.harvest_file(server, bench.ids(n, OVER_A_YEAR_OLD), n, *flags, keys=OAUTH)
    return Figure(
        f"peak memory, {n:,} tweets by hour over {sizes.start}, all metrics", [used.peak_mb], "MB", STATED
    )
