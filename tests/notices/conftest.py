"""A harvest in this process, with listeners."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from harvester.errors import ExitCode, HarvesterError
from harvester.job import Harvest, Outcome
from harvester.notices.notices import Listener, Moment, Notices
from tests.conftest import TurnedLoop
from tests.growth.conftest import IDS, SCENE
from tests.verify.conftest import Ill
from tests.worlds.harvesting import credentials_of, options_of
from tests.worlds.scene import Scene


@dataclass
class Heard(Listener):
    """Remembers what it was told. fails_at: it raises there."""

    name: str = "the listener"
    fails_at: str = ""
    told: list[tuple[str, Moment]] = field(default_factory=list)

    def _hear(self, how: str, moment: Moment) -> None:
        self.told.append((how, moment))
        if how == self.fails_at:
            raise OSError(28, "No space left on device", "/somewhere")

    def begin(self, moment: Moment) -> None:
        self._hear("begin", moment)

    def go_on(self, moment: Moment) -> None:
        self._hear("go on", moment)

    def end(self, moment: Moment) -> None:
        self._hear("end", moment)


Tell = Callable[..., Outcome]


def tell(
    listeners: Sequence[Listener],
    out: Path,
    *,
    stop_after: int = 0,
    raises: BaseException | None = None,
    ill: str = "none",
    every_s: float = 0.2,
    **asked: Any,
) -> Outcome:
    """Harvest with listeners. stop_after: a signal comes with that request; raises: the loop ends by that then."""
    scene: Scene = replace(SCENE, lines=tuple((i, "") for i in IDS), **asked)
    path = out.with_suffix(".txt")
    path.write_text("".join(f"{i}\n" for i in IDS))
    service = type("Serve", (Ill,), {"ending": ill})(scene)
    notices = Notices(listeners, wall=lambda: scene.now_ms / 1000, every_s=every_s)
    harvest = Harvest(
        options_of(scene, (str(path),), out),
        credentials_of(scene),
        on_open=notices.begin,
        wall=lambda: scene.now_ms / 1000,
        random=lambda: 0.5,
    )

    def interrupt(number: int) -> None:
        if number == stop_after:
            if raises:
                raise raises
            harvest.interrupt(ExitCode.TERMINATED)

    service.interrupt = interrupt

    async def run() -> Outcome:
        watching = asyncio.ensure_future(notices.watch(harvest))
        try:
            return await harvest.run()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    with pytest.MonkeyPatch.context() as patch, notices:
        patch.setattr("os.fsync", lambda _: None)
        patch.setattr("harvester.job.HttpSession", service)
        with asyncio.Runner(loop_factory=TurnedLoop) as runner:
            try:
                outcome = runner.run(run())
            except HarvesterError as error:
                outcome = Outcome(error.exit_code, error=error)
        notices.end(outcome)
    return outcome
