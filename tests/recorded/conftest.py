"""Run directories of all kinds, as for `verify`, and copies of them to do harm to."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.verify.conftest import IDS, KINDS, RANGES, Kind, make

SHORT = {**KINDS, "ranges": Kind(replace(RANGES, start="3d"), tuple(IDS[:60]))}


@pytest.fixture(scope="session")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The run directory of a kind by its name, made when it is first wanted; nobody changes it."""
    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            made[name] = make(SHORT[name], tmp_path_factory.mktemp("recorded"))
        return made[name]

    return get


@pytest.fixture
def copy_of(run_of: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy of it."""

    def get(name: str) -> Path:
        return Path(shutil.copytree(run_of(name), tmp_path / "run"))

    return get
