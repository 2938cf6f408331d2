"""A run that loses power at any moment: nothing that was counted is lost, and the same command finishes it.

Here a spread of what a disk may hold then, `scripts/torture --sweep` takes all of it.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random, randrange

import pytest

from tests.end_to_end.forked import ForkingRunner, ForkServer
from tests.end_to_end.injecting import may_trace, traced
from tests.end_to_end.power_cuts import Cut, cuts, record, what_is_wrong
from tests.end_to_end.sweeping import Scene, made_scene

N_CUTS = 20

pytestmark = pytest.mark.skipif(not may_trace(), reason="strace is not here, or may not trace")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with made_scene(tmp_path_factory.mktemp("scene")) as made:
        yield made


def test_power_cut_at_some_moments_changes_nothing_in_the_result(
    scene: Scene, server: ForkServer, tmp_path: Path
) -> None:
    seed = randrange(10**6)
    run = ForkingRunner(tmp_path, server)
    all_cuts = list(cuts(scene, run, record(scene, run), seed))
    assert len(all_cuts) > 500
    wrong = [what_is_wrong(scene, run, cut) for cut in Random(seed).sample(all_cuts, N_CUTS)]
    assert not any(wrong), f"seed {seed}: {wrong}"


def test_disk_that_lost_what_it_called_synced_is_noticed(
    scene: Scene, server: ForkServer, tmp_path: Path
) -> None:
    run = ForkingRunner(tmp_path, server)
    scene.set_up(run, "dead letters again")
    disk = {path.name: path.read_bytes() for path in run.out.iterdir()}
    lost = {**disk, "totals.ndjson": disk["totals.ndjson"][:-1]}
    assert not what_is_wrong(scene, run, Cut("as it was", disk))
    assert "totals.ndjson is damaged" in what_is_wrong(scene, run, Cut("shorter", lost))


def test_new_run_directory_is_synced_in_the_folder_that_names_it(
    scene: Scene, server: ForkServer, tmp_path: Path
) -> None:
    """Else a power cut may take it along as a whole."""
    run = ForkingRunner(tmp_path, server)
    run.out = tmp_path / "runs" / "july"
    _, lines = traced(run, scene.arguments, "-y", "-e", "trace=mkdir,fsync,fdatasync,writev")
    first_records = next(n for n, line in enumerate(lines) if "totals.ndjson>" in line)
    for folder in (run.out, run.out.parent):
        made = [n for n, line in enumerate(lines) if f'mkdir("{folder}"' in line and line.endswith("= 0")]
        synced = [n for n, line in enumerate(lines) if "sync(" in line and f"<{folder.parent}>" in line]
        assert any(made[0] < n < first_records for n in synced), folder
