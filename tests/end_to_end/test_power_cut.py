"""A run that loses power at any moment: nothing that was counted is lost, and the same command finishes it.

Here a spread of what a disk may hold then, `scripts/torture --sweep` takes all of it.
"""

from pathlib import Path
from random import Random, randrange

import pytest

from tests.end_to_end.forked import ForkingRunner
from tests.end_to_end.injecting import may_trace, traced
from tests.end_to_end.power_cuts import cuts, record, what_is_wrong
from tests.end_to_end.sweeping import made_scene

N_CUTS = 30

pytestmark = pytest.mark.skipif(not may_trace(), reason="strace is not here, or may not trace")


def test_power_cut_at_some_moments_changes_nothing_in_the_result(tmp_path: Path) -> None:
    seed = randrange(10**6)
    with made_scene(tmp_path / "scene") as scene, ForkingRunner(tmp_path / "run") as run:
        all_cuts = list(cuts(scene, run, record(scene, run), seed))
        assert len(all_cuts) > 500
        wrong = [what_is_wrong(scene, run, cut) for cut in Random(seed).sample(all_cuts, N_CUTS)]
    assert not any(wrong), f"seed {seed}: {wrong}"


def test_new_run_directory_is_synced_in_the_folder_that_names_it(tmp_path: Path) -> None:
    """Else a power cut may take it along as a whole."""
    with made_scene(tmp_path / "scene") as scene, ForkingRunner(tmp_path / "run") as run:
        _, lines = traced(run, scene.arguments, "-y", "-e", "trace=mkdir,fsync,fdatasync,writev")
    told = "\n".join(lines)
    made, synced = told.index(f'mkdir("{run.out}"'), told.find(f"<{run.out.parent}>) ")
    assert made < synced < told.index("totals.ndjson")
