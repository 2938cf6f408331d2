"""A small run that is killed and failed at each of its system calls in turn."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from pathlib import Path
from queue import SimpleQueue
from typing import get_args

from tests.end_to_end.forked import ForkingRunner
from tests.end_to_end.injecting import Calls, How, Injector, Point, Strace, may_trace
from tests.end_to_end.sweeping import Outcome, Scene, Stage, Sweep, made_scene

AT_ONCE = 2


class Sweeps:
    """All points of all stages, by several processes at once."""

    def __init__(self, scene: Scene, injector: Injector, runs: list[ForkingRunner]) -> None:
        self._scene, self._injector, self._runs = scene, injector, runs

    def outcomes(self, stage: Stage) -> Iterator[Outcome]:
        """At each point of a stage, killed and with each error."""
        points = Sweep(self._scene, stage, self._injector, self._runs[0]).points()
        groups = [list(group) for _, group in groupby(points, lambda point: (point.kind, point.name))]
        free: SimpleQueue[ForkingRunner] = SimpleQueue()
        for run in self._runs:
            free.put(run)
        with ThreadPoolExecutor(len(self._runs)) as pool:
            for how in get_args(How):
                for outcomes in pool.map(partial(self._group, stage, free, how), groups):
                    yield from outcomes

    def _group(
        self, stage: Stage, free: SimpleQueue[ForkingRunner], how: How, points: list[Point]
    ) -> list[Outcome]:
        run = free.get()
        try:
            return list(Sweep(self._scene, stage, self._injector, run).until_no_more(points, how))
        finally:
            free.put(run)


def sweep(folder: Path) -> int:
    """Print a row for each stage and whatever is wrong; how much is."""
    injectors: list[Injector] = [Calls()]
    if may_trace():
        injectors.insert(0, Strace())
    n_wrong = 0
    print("| stage | by | points | killed | errors, exit 7 | errors, harmless | hidden | wrong | |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    with ExitStack() as stack:
        scene = stack.enter_context(made_scene(folder / "scene"))
        runs = [stack.enter_context(ForkingRunner(folder / f"run-{n}")) for n in range(AT_ONCE)]
        for injector in injectors:
            for stage in get_args(Stage):
                begun = time.monotonic()
                outcomes = list(Sweeps(scene, injector, runs).outcomes(stage))
                wrong = [outcome for outcome in outcomes if outcome.wrong]
                print(row(stage, injector, outcomes), f"{time.monotonic() - begun:.0f} s |", flush=True)
                print(*wrong, sep="\n", end="\n" if wrong else "", flush=True)
                n_wrong += len(wrong)
    return n_wrong


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
