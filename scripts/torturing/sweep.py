"""A small run that is killed and failed at each of its system calls in turn."""

import time
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import get_args

from side_by_side import SideBySide, side_by_side

from tests.end_to_end.forked import ForkingRunner
from tests.end_to_end.injecting import Calls, How, Injector, Point, Strace, may_trace
from tests.end_to_end.sweeping import Outcome, Scene, Stage, Sweep, made_scene


def sweep(folder: Path) -> int:
    """Print a row for each stage and whatever is wrong; how much is."""
    injectors: tuple[Injector, ...] = (Strace(), Calls()) if may_trace() else (Calls(),)
    n_wrong = 0
    print("| stage | by | points | killed | errors, exit 7 | errors, harmless | hidden | wrong | |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    with made_scene(folder / "scene") as scene, side_by_side(folder) as runs:
        for injector in injectors:
            for stage in get_args(Stage):
                begun = time.monotonic()
                outcomes = list(at_all_points(scene, stage, injector, runs))
                wrong = [outcome for outcome in outcomes if outcome.wrong]
                print(row(stage, injector, outcomes), f"{time.monotonic() - begun:.0f} s |")
                print(*wrong, sep="\n", end="\n" if wrong else "", flush=True)
                n_wrong += len(wrong)
    return n_wrong


def at_all_points(scene: Scene, stage: Stage, injector: Injector, runs: SideBySide) -> Iterator[Outcome]:
    """At each point of a stage, killed and with each error."""
    points = Sweep(scene, stage, injector, runs.first).points()
    groups = [list(group) for _, group in groupby(points, lambda point: (point.kind, point.name))]

    def at_group(run: ForkingRunner, what: tuple[How, list[Point]]) -> list[Outcome]:
        how, group = what
        return list(Sweep(scene, stage, injector, run).until_no_more(group, how))

    for outcomes in runs.each(at_group, [(how, group) for how in get_args(How) for group in groups]):
        yield from outcomes


def row(stage: Stage, injector: Injector, outcomes: list[Outcome]) -> str:
    """As a row of a Markdown table, but for the time."""
    fired = [outcome for outcome in outcomes if outcome.has_fired]
    codes = Counter(outcome.code for outcome in fired)
    n_points, n_wrong = len({o.point for o in fired}), sum(bool(o.wrong) for o in outcomes)
    n_harmless = len(fired) - codes[-9] - codes[7]
    return (
        f"| {stage} | {type(injector).__name__.lower()} | {n_points} | {codes[-9]} | {codes[7]} "
        f"| {n_harmless} | {injector.n_hidden} | {n_wrong} |"
    )
