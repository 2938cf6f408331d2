"""A run that is killed, or refused by the disk, at any system call: the same command finishes it, and exactly so.

Here a spread of the points, `scripts/torture --sweep` takes all of them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final, get_args

import pytest

from tests.end_to_end.forked import ForkingRunner, ForkServer
from tests.end_to_end.injecting import Calls, How, Injector, Point, Strace, may_trace
from tests.end_to_end.sweeping import Scene, Stage, Sweep, made_scene

BY: Final = Strace if may_trace() else Calls


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with made_scene(tmp_path_factory.mktemp("scene")) as made:
        yield made


@pytest.mark.parametrize(
    ("stage", "injector", "every"),
    [
        ("the first run", BY, 20),
        ("dead letters again", BY, 15),
        ("only finishing", BY, 15),
        ("dead letters again", Calls, 15),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_failure_at_some_calls_changes_nothing_in_the_result(
    scene: Scene,
    server: ForkServer,
    tmp_path: Path,
    stage: Stage,
    injector: Callable[[], Injector],
    every: int,
) -> None:
    random = Random()
    seed = random.randrange(10**6)
    random.seed(seed)
    sweep = Sweep(scene, stage, injector(), ForkingRunner(tmp_path, server))
    points = spread(sweep.points(), every, random)
    outcomes = [sweep.try_at(point, random.choice(get_args(How))) for point in points]
    assert not [outcome for outcome in outcomes if outcome.wrong], f"seed {seed}"
    assert sum(outcome.has_fired for outcome in outcomes) > len(outcomes) / 2


def spread(points: list[Point], every: int, random: Random) -> list[Point]:
    """The first and the last of each kind of call, and of the others as many as are left with that step."""
    by_kind: dict[str, list[Point]] = {}
    for point in points:
        by_kind.setdefault(point.kind, []).append(point)
    ends = {end for found in by_kind.values() for end in (found[0], found[-1])}
    return [*ends, *[point for point in points if point not in ends][random.randrange(every) :: every]]
