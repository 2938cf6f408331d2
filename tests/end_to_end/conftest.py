"""What most tests of the real command start from."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harvester.simulator.population import make_ids
from tests.end_to_end.forked import ForkingRunner, ForkServer, running_simulator, shared_server
from tests.end_to_end.running import Runner, Simulator


@pytest.fixture(scope="session")
def server() -> ForkServer:
    """Forks harvesters that need not import themselves; for a `ForkingRunner`."""
    return shared_server()


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    """Runs the harvester in a folder of the test's own."""
    return ForkingRunner(tmp_path, shared_server())


@pytest.fixture(scope="session")
def ids() -> list[int]:
    """6,000 IDs of real shape and spread of ages: 24 batches and more, by age."""
    found: list[int] = make_ids(6_000, 5, int(time.time() * 1000)).tolist()
    return found


@pytest.fixture(scope="session")
def id_file(ids: list[int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The IDs in a text file, with a header, duplicates and two lines that are none."""
    path = tmp_path_factory.mktemp("ids") / "ids.txt"
    lines = ["tweet_id", *map(str, ids), "", "no id", *map(str, ids[:30]), "1.12E+18"]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A simulator without faults and latency, for all tests that do not count its requests."""
    with running_simulator(tmp_path_factory.mktemp("calm")) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def undisturbed(id_file: Path, calm: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A harvest of id_file that nothing came between: what all others have to equal."""
    runner = ForkingRunner(tmp_path_factory.mktemp("undisturbed"), shared_server())
    finished = runner(str(id_file), "--base-url", calm.url)
    assert finished.code == 0, finished.err
    return runner
