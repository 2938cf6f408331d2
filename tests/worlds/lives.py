"""One life of a run directory: a process over it, amid trouble, and how that ended."""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final

import pytest

from harvester.config.options import Options
from harvester.errors import ExitCode, HarvesterError
from harvester.job import Harvest, Outcome
from harvester.verify.report import verify
from tests.conftest import run_turned
from tests.worlds.disk import Disk, DiskFault, End, Ending
from tests.worlds.harvesting import Sent, credentials_of
from tests.worlds.scene import Scene
from tests.worlds.troubles import Spoiling, Troubled, TroubledService


@dataclass(frozen=True)
class Life:
    """What happens in one life.

    off_s: by so much the wall's clock is fast, or slow. beside: with this
    request the same command is given once more, and the directory is verified.
    """

    end: End | None = None
    trouble: Troubled | None = None
    disk: DiskFault | None = None
    spoiling: Spoiling = field(default_factory=dict)
    off_s: int = 0
    concurrency: int = 3
    grace_s: float = 5.0
    beside: int | None = None


CALM: Final = Life()


@dataclass(frozen=True)
class Lived:
    """How a life went. code: None where it was killed. had: what went wrong, by name."""

    code: ExitCode | None
    sent: list[Sent]
    had: frozenset[str]
    elapsed_s: float
    was_complete: bool = False
    error: HarvesterError | None = None


def live(
    life: Life, scene: Scene, options: Options, wall_s: float, left_out: set[str], stdin: bytes = b""
) -> Lived:
    """One life. left_out: see `TroubledService`."""
    options = replace(
        options, concurrency=dict.fromkeys(options.endpoints, life.concurrency), grace_s=life.grace_s
    )
    clock = _Clock(wall_s)
    one = Harvest(options, credentials_of(scene), wall=clock, random=lambda: 0.5)
    ending = Ending(life.end, options.out, one.interrupt)
    disk = Disk(life.disk, ending)
    service = TroubledService(scene, trouble=life.trouble, spoiling=life.spoiling, left_out=left_out)
    service.interrupt = lambda number: ending.come() if ending.is_due("request", number) else None
    service.beside = _beside(life.beside, options, scene, disk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harvester.job.HttpSession", service)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        disk.patch(patch)
        outcome = _outcome(one, ending)
    ending.revive()
    had = service.had | ({"disk"} if disk.has_failed else set()) | ({"end"} if ending.has_come else set())
    code = None if ending.was_killed or outcome is None else outcome.exit_code
    was_complete = outcome is not None and outcome.was_complete
    error = outcome.error if outcome else None
    return Lived(code, service.sent, frozenset(had), clock.elapsed_s, was_complete, error)


class _Clock:
    """The wall's clock; it goes with the loop's."""

    def __init__(self, began_s: float) -> None:
        self._began_s, self.elapsed_s = began_s, 0.0

    def __call__(self) -> float:
        self.elapsed_s = asyncio.get_running_loop().time()
        return self._began_s + self.elapsed_s


def _outcome(one: Harvest, ending: Ending) -> Outcome | None:
    """How the process ended; None where it was killed, whatever it says on its way out."""
    try:
        outcome: Outcome = run_turned(one.run())
    except HarvesterError as error:
        return Outcome(error.exit_code, error=error)
    except Exception:
        if ending.was_killed:
            return None
        raise
    return outcome


def _beside(at: int | None, options: Options, scene: Scene, disk: Disk) -> Callable[[int], Awaitable[None]]:
    async def look(number: int) -> None:
        if number != at:
            return
        disk.is_away = True
        with pytest.raises(HarvesterError, match="is in use") as refused:
            await Harvest(options, credentials_of(scene)).run()
        assert refused.value.exit_code is ExitCode.RUN_DIRECTORY
        problems = verify(options.out, reads_input=False).findings.problems()
        assert not problems, problems
        disk.is_away = False

    return look


def expected_codes(life: Life, had: frozenset[str], n_dead: int) -> set[ExitCode]:
    """With what a life over the right directory and input may end. n_dead: dead letters that it has left."""
    if "disk" in had:
        return {ExitCode.STORAGE}
    codes = {ExitCode.INCOMPLETE if n_dead else ExitCode.OK}
    lasts = life.trouble is not None and life.trouble.n is None
    if "401" in had:
        codes = {ExitCode.CREDENTIALS} if lasts else {*codes, ExitCode.CREDENTIALS}
    if had & {"503", "reset", "cut", "page"}:
        codes = {ExitCode.SERVICE} if lasts else {*codes, ExitCode.SERVICE}
    if "spoilt" in had:
        codes |= {ExitCode.SERVICE}
    if "end" in had:
        codes |= {ExitCode.INTERRUPTED}
        if life.end and life.end.of == "request":  # a signal may also come when all is done
            codes -= {ExitCode.OK, ExitCode.INCOMPLETE}
    return codes
