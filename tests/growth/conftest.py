"""Runs over the same tweets at different times, harvested in this process."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from harvester.simulator.options import Shares
from harvester.simulator.population import make_ids
from harvester.simulator.world import World
from tests.worlds.harvesting import Interruption, Service, options_of, run_once
from tests.worlds.scene import HOUR_MS, Scene

NOW_MS: Final = 1_795_000_000_000
IDS: Final[list[int]] = make_ids(700, 5, NOW_MS).tolist()
SCENE: Final = Scene(now_ms=NOW_MS, bearer="given")


def world(growth: float, deleted: float = 0.05) -> World:
    """A world with counts so many times as large."""
    return World(3, Shares(deleted=deleted, untouched=0.1, owned=0.9, growth=growth))


Harvest = Callable[..., Path]


def harvest(
    out: Path,
    ids: Sequence[int],
    hours: float,
    growth: float,
    *,
    stop: Interruption | None = None,
    serve: type[Service] = Service,
    deleted: float = 0.05,
    **asked: Any,
) -> Path:
    """A run so many hours after the first moment, over a world that has grown; its directory."""
    scene = replace(
        SCENE,
        now_ms=NOW_MS + round(hours * HOUR_MS),
        world=world(growth, deleted),
        lines=tuple((i, "") for i in ids),
        **asked,
    )
    path = out.with_suffix(".txt")
    path.write_text("".join(f"{i}\n" for i in ids))
    options = options_of(scene, (str(path),), out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        run_once(scene, options, scene.now_ms / 1000, stop, patch, [], serve)
    return out


@pytest.fixture(scope="session")
def june(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over most of the tweets."""
    return harvest(tmp_path_factory.mktemp("runs") / "june", IDS[:600], 0, 20)


@pytest.fixture(scope="session")
def july(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One a day later over most of them, by which time more of them are gone."""
    return harvest(tmp_path_factory.mktemp("runs") / "july", IDS[50:], 24, 35, deleted=0.1)
