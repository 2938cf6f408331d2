"""What the examples run with: the command on the path, and a service that counts."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.forked import ROOT, running_simulator
from tests.end_to_end.running import BEARER, Simulator, clean_environment

TWEETS = 30


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One for all examples."""
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with some IDs."""
    (tmp_path / "ids.txt").write_text("".join(f"{10**18 + 7 * number}\n" for number in range(TWEETS)))
    return tmp_path


@pytest.fixture
def environment(data: Path, simulator: Simulator) -> dict[str, str]:
    """With the `harvester` of this checkout on the path, told to ask the simulator."""
    command(data, f'exec "{sys.executable}" -m harvester "$@"')
    return {
        **clean_environment(),
        **BEARER,
        "PATH": f"{data / 'bin'}:/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "HARVESTER_BASE_URL": simulator.url,
        "HARVESTER_REPORT": "false",  # it takes as long as all else
        "XDG_STATE_HOME": str(data / "state"),
        "XDG_CONFIG_HOME": str(data / "config"),
    }


def command(folder: Path, script: str) -> None:
    """Let `harvester` be this."""
    path = folder / "bin/harvester"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
