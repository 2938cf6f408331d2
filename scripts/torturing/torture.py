"""Harvests amid faults, killed again and again until each is done; every one has to equal an undisturbed one."""

import argparse
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import count
from pathlib import Path

from power import cut_power
from sweep import sweep

from tests.end_to_end.forked import ForkServer
from tests.end_to_end.ordeals import draw_ordeal
from tests.end_to_end.torturing import Tally, Torture

AT_ONCE = 2
FOLDER = Path("build/torture")


def torture(seed: int, size: float) -> Tally:
    """One harvest. Its files are left where something is wrong."""
    folder, now_s = FOLDER / str(seed), time.time()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    ordeal = draw_ordeal(seed, now_s, size=size)
    try:
        with ForkServer() as server:
            tally = Torture(ordeal, folder.absolute(), server, now_s).run()
    except AssertionError as error:
        return Tally(ordeal, violations=[f"seed {seed}: {error}"])
    if not tally.violations:
        shutil.rmtree(folder)
    return tally


def tallies(seed: int, n_kills: int, size: float) -> Iterator[Tally]:
    """Of harvests with this seed and those that follow, as they are done, until there were so many kills."""
    seeds, running, n_done = count(seed), set[Future[Tally]](), 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while running or n_done < n_kills:
            while n_done < n_kills and len(running) < min(AT_ONCE, n_kills):
                running.add(pool.submit(torture, next(seeds), size))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                n_done += future.result().n_kills
                yield future.result()


def row(tally: Tally) -> str:
    """As a row of a Markdown table."""
    return (
        f"| {tally.ordeal.seed} | {tally.ordeal.kind} | {tally.ordeal.n_ids:,} | {tally.n_kills} "
        f"| {tally.n_requests:,} | {tally.n_lost:,} | {tally.most_lost} of {tally.bound} "
        f"| {len(tally.violations)} | {tally.elapsed_s:.0f} s |"
    )


def summary(all_of_them: list[Tally]) -> str:
    """The last row: sums, and the harvest in which a kill cost most of what it may."""
    worst = max(all_of_them, key=lambda tally: tally.most_lost / max(tally.bound, 1))
    sums = [
        sum(values)
        for values in zip(
            *((t.ordeal.n_ids, t.n_kills, t.n_requests, t.n_lost, len(t.violations)) for t in all_of_them),
            strict=True,
        )
    ]
    n_ids, n_kills, n_requests, n_lost, n_violations = sums
    return (
        f"| **all** | {len(all_of_them)} harvests | {n_ids:,} | {n_kills} | {n_requests:,} | {n_lost:,} "
        f"| {worst.most_lost} of {worst.bound} | {n_violations} | |"
    )


def main() -> int:
    """Do what is asked for; 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description="Kill harvests again and again, and compare.")
    parser.add_argument("--kills", type=int, default=100, help="so many at least (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=None, help="of the first harvest; the next one has the next"
    )
    parser.add_argument("--size", type=float, default=1.0, help="1.0 for some 50 thousand IDs (default)")
    parser.add_argument(
        "--sweep", action="store_true", help="instead: fail at each system call of a small run"
    )
    arguments = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    seed = time.time_ns() % 10**6 if arguments.seed is None else arguments.seed
    if arguments.sweep:
        n_wrong = sweep(FOLDER.absolute() / "sweep") + cut_power(FOLDER.absolute() / "power", seed)
    else:
        n_wrong = torture_all(seed, arguments.kills, arguments.size)
    return bool(n_wrong)


def torture_all(seed: int, n_kills: int, size: float) -> int:
    """Print a row for each harvest, and the sums; how much is wrong."""
    print("| seed | kind | IDs | kills | requests | repeated | most at a kill | wrong | |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    all_of_them = []
    for tally in tallies(seed, n_kills, size):
        all_of_them.append(tally)
        print(row(tally), *tally.violations, sep="\n", flush=True)
    print(summary(all_of_them))
    return sum(len(tally.violations) for tally in all_of_them)


if __name__ == "__main__":
    sys.exit(main())
