"""No run of any world, input and options is found fault with, at its end and wherever it was interrupted."""

from pathlib import Path
from typing import Final

from hypothesis import given, settings

from harvester.verify.report import verify
from tests.worlds.drawing import interruptions, scenes
from tests.worlds.harvesting import Interruption, harvest
from tests.worlds.scene import Scene
from tests.worlds.test_worlds import TIMES, stable

STATES: Final = {"complete", "unfinished"}


def demand_sound(run_dir: Path) -> None:
    report = verify(run_dir)
    assert not report.findings.problems()
    assert report.state in STATES
    assert all(check.holds for check in report.findings.checks)
    assert not verify(run_dir, reads_input=False).findings.problems()


@settings(stable, max_examples=40 * TIMES)
@given(scenes())
def test_sound_run_has_no_problems(scene: Scene) -> None:
    harvest(scene, look=demand_sound)


@settings(stable, max_examples=30 * TIMES)
@given(scenes(), interruptions)
def test_interrupted_run_has_no_problems(scene: Scene, stops: tuple[Interruption, ...]) -> None:
    harvest(scene, stops, look=demand_sound)
