"""Run directories of all kinds, as for `verify`; nobody changes them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.verify.conftest import IDS, KINDS, RANGES, Kind, make

SHORT = {**KINDS, "ranges": Kind(replace(RANGES, start="3d"), tuple(IDS[:60]))}
"""A range of 40 days by hour is more than is looked at here."""


@pytest.fixture(scope="session")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The run directory of a kind by its name, made when it is first wanted."""
    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            made[name] = make(SHORT[name], tmp_path_factory.mktemp("exported"))
        return made[name]

    return get


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder without any configuration."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path
