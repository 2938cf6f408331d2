"""A small run that fails at one system call after the other, and what has to become of it each time."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final, Literal

from tests.end_to_end.by_hand import Asked, Reply, Service, counts, serving
from tests.end_to_end.forked import ForkingRunner, shared_server
from tests.end_to_end.injecting import How, Injector, Point
from tests.end_to_end.running import Finished, Runner, assert_same_result

Stage = Literal["the first run", "dead letters again", "only finishing"]
FIRST_ID: Final = 2_093_414_906_388_487_168
IDS: Final = tuple(str(FIRST_ID + n * 4096) for n in range(700))
ILL: Final = IDS[5]
PACE: Final = {"at": 0.0, "held_s": 0.0, "limits": [[600_000.0, 60.0]]}
"""As a process leaves it that was told a limit: else a kill before the first answer costs 10 s of waiting."""
RUNS_AT_MOST: Final = 3


def is_harmless(stage: Stage, point: Point) -> bool:
    """Whether an error there may go unnoticed, since nothing depends on the call.

    SQLite syncs the folder for the names of its files, which the harvester does by itself before anything is
    counted. When it closes the journal it folds the log in and removes it: the log stays where that fails. Only
    before `_SUCCESS` has that to be done, and then an error shows.
    """
    match point:
        case Point("fdatasync", "") | Point("unlink", "journal.db-wal" | "journal.db-shm"):
            return True
        case Point(kind, "journal.db", number):
            is_first_page = kind != "ftruncate" and number == 1
            return stage == "the first run" and not is_first_page
        case _:
            return False


def answer(asked: Asked, _n: int) -> Reply:
    """One tweet is counted only when it is asked for alone, so it is a dead letter first and a record later."""
    reply = counts(asked)
    if len(asked["tweet_ids"]) > 1:
        for group in reply.body.values():
            group.update({i: dict.fromkeys(row, "-5") for i, row in group.items() if i == ILL})
    return reply


class Scene:
    """A service, an input of three batches, and its run directory as it is before each stage."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.service = service
        self.arguments = (
            str(folder / "ids.txt"),
            "-m",
            "favorites,retweets",
            "--base-url",
            service.url,
            "-q",
        )
        (folder / "ids.txt").write_text("\n".join([*IDS, IDS[0], "no ID", ""]))
        self.reference = ForkingRunner(folder, shared_server())
        self._before = folder / "before"
        self.reference.out.mkdir()
        (self.reference.out / ".pace-totals.json").write_text(json.dumps(PACE))
        self._keep("the first run")
        assert self.reference(*self.arguments).code == 3
        self._keep("dead letters again")
        assert self.reference(*self.arguments).code == 0
        self._keep("only finishing")
        (self._before / "only finishing" / "_SUCCESS").unlink()

    def _keep(self, stage: Stage) -> None:
        shutil.copytree(self.reference.out, self._before / stage)

    def before(self, stage: Stage) -> Path:
        """The run directory as it is before a stage."""
        return self._before / stage

    def set_up(self, run: Runner, stage: Stage) -> None:
        """Put a runner's directory there."""
        shutil.rmtree(run.out, ignore_errors=True)
        shutil.copytree(self.before(stage), run.out)


@contextmanager
def made_scene(folder: Path) -> Iterator[Scene]:
    """A scene with its service."""
    folder.mkdir(parents=True, exist_ok=True)
    with serving(answer) as service:
        yield Scene(folder, service)


def code_of(stage: Stage) -> int:
    """The exit code of a stage that nothing disturbs."""
    return 3 if stage == "the first run" else 0


@dataclass(frozen=True)
class Outcome:
    """What became of a point. wrong: nothing when all is as it has to be."""

    point: Point
    how: How
    has_fired: bool
    code: int
    wrong: str = ""


class Sweep:
    """Failures at the points of one stage."""

    def __init__(self, scene: Scene, stage: Stage, injector: Injector, run: ForkingRunner) -> None:
        self._scene, self._stage, self._injector, self._run = scene, stage, injector, run

    def points(self) -> list[Point]:
        """All of an undisturbed run, by kind, file and number."""
        self._scene.set_up(self._run, self._stage)
        points = self._injector.points(self._run, self._scene.arguments)
        return sorted(points, key=lambda point: (point.kind, point.name, point.number))

    def try_at(self, point: Point, how: How) -> Outcome:
        """Fail there, and run the same command until it is done."""
        scene, run = self._scene, self._run
        scene.set_up(run, self._stage)
        n_asked = len(scene.service.asked)
        failed, has_fired = self._injector.fail(run, scene.arguments, point, how)
        try:
            self._check_failure(failed, point, how, has_fired=has_fired)
            finish(run, scene.arguments)
            assert_same_result(run, scene.reference)
            if self._stage == "only finishing":
                assert len(scene.service.asked) == n_asked, "something was asked for"
        except (AssertionError, OSError) as error:
            return Outcome(point, how, has_fired, failed.code, f"{error}"[:500])
        return Outcome(point, how, has_fired, failed.code)

    def _check_failure(self, failed: Finished, point: Point, how: How, *, has_fired: bool) -> None:
        assert "Traceback" not in failed.err, failed.err
        if not has_fired or (how != "KILL" and is_harmless(self._stage, point)):
            assert failed.code == code_of(self._stage), f"exit code {failed.code}, undisturbed: {failed.err}"
        else:
            assert failed.code == (-9 if how == "KILL" else 7), f"exit code {failed.code}: {failed.err}"
        is_complete = (self._run.out / "_SUCCESS").exists()
        assert not is_complete or failed.code in (0, -9), (
            f"_SUCCESS, and exit code {failed.code}: {failed.err}"
        )

    def until_no_more(self, points: Sequence[Point], how: How) -> Iterator[Outcome]:
        """At all points of one kind and file, and on behind the last one until nothing happens any more."""
        first, *_ = points
        for number in count(1):
            yield (outcome := self.try_at(replace(first, number=number), how))
            if number >= len(points) and not outcome.has_fired:
                return


def finish(run: Runner, arguments: tuple[str, ...]) -> None:
    """Run the command until it says that it is done: once more where dead letters are left."""
    codes, said = [3], ""
    while codes[-1] == 3 and len(codes) <= RUNS_AT_MOST:
        finished = run(*arguments)
        codes.append(finished.code)
        said = finished.err
    assert codes[-1] == 0, f"then exit codes {codes[1:]}: {said}"
    assert (run.out / "_SUCCESS").exists()
