"""Tells listeners how a run begins, goes on and ends. What they come to grief by is a warning, and no more.

Listeners work for systems of others: a disk that is full, a service that does not answer or a library that is not
there must cost the run neither its result nor its time.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, Protocol, Self

from harvester.errors import ExitCode, HarvesterError
from harvester.job import Harvest, Outcome
from harvester.notices.facts import EndpointFacts, Facts, read_facts
from harvester.pipeline.endpoint_run import Snapshot
from harvester.rundir.directory import RunDirectory

EVERY_S: Final = 15.0
log = logging.getLogger("harvester")


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that was begun, or is gone on with. inputs: as `run.json` names them, without secrets."""

    folder: Path
    run_id: str
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """A run at a moment.

    at_s: seconds since 1970. begun: None before it has a run directory. facts: what is committed of its endpoints.
    snapshots: how far they were when that was looked at last. exit_code: None while the run goes on. error: why it
    has ended early.
    """

    at_s: float
    begun: Begun | None = None
    facts: Facts = field(default_factory=dict)
    snapshots: Sequence[Snapshot] = ()
    exit_code: ExitCode | None = None
    error: str | None = None


class Listener(Protocol):
    """Is told of a run, by one thread at a time. It may take a moment, and raise anything."""

    name: str
    """What a warning calls it."""

    def begin(self, moment: Moment) -> None:
        """The run directory is taken into use, before the first request."""

    def go_on(self, moment: Moment) -> None:
        """The run goes on; told now and then, beside it."""

    def end(self, moment: Moment) -> None:
        """It has ended, however that was."""


class Notices:
    """The listeners of one run, as a context around it. wall: seconds since 1970. every_s: between two notices.

    A context that an error leaves before `end` tells them that the run has ended by it.
    """

    def __init__(
        self, listeners: Sequence[Listener], wall: Callable[[], float] = time.time, every_s: float = EVERY_S
    ) -> None:
        self._listeners = list(listeners)
        self._wall, self._every_s = wall, every_s
        self._telling = Lock()
        self._last = Moment(wall())

    @property
    def has_listeners(self) -> bool:
        """Whether anybody is told."""
        return bool(self._listeners)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exc and self._last.exit_code is None:
            self._end(_exit_code_of(exc), exc)

    def begin(self, directory: RunDirectory) -> None:
        """The run directory is taken into use."""
        if not self._listeners:
            return
        manifest = directory.manifest
        begun = Begun(directory.path, manifest.run_id, tuple(file.name for file in manifest.inputs))
        facts = dict.fromkeys(manifest.options["endpoint"], EndpointFacts())
        with self._telling:
            self._last = self._looked_at(replace(self._last, begun=begun, facts=facts))
            for listener in tuple(self._listeners):
                self._tell(listener, listener.begin)

    async def watch(self, harvest: Harvest) -> None:
        """Tell how the run goes on, until this task is cancelled."""
        try:
            while self._listeners:
                await asyncio.sleep(self._every_s)
                if self._last.begun:
                    await asyncio.to_thread(self._go_on, harvest.snapshots())
        finally:
            with self._telling:
                self._last = replace(self._last, snapshots=harvest.snapshots())

    def _go_on(self, snapshots: Sequence[Snapshot]) -> None:
        with self._telling:
            # The run may have ended while this waited for its thread.
            if self._last.exit_code is None:
                self._last = self._looked_at(replace(self._last, snapshots=snapshots))
                for listener in tuple(self._listeners):
                    self._tell(listener, listener.go_on)

    def end(self, outcome: Outcome) -> None:
        """The run has ended."""
        self._end(outcome.exit_code, outcome.error)

    def _end(self, code: ExitCode, error: BaseException | None) -> None:
        why = error.message if isinstance(error, HarvesterError) else None
        with self._telling:
            self._last = self._looked_at(replace(self._last, exit_code=code, error=why))
            for listener in tuple(self._listeners):
                self._tell(listener, listener.end)

    def _looked_at(self, moment: Moment) -> Moment:
        """The moment as of now, with what the journal counts; with what it counted before if it cannot be read."""
        facts = moment.facts
        if moment.begun and self._listeners:
            try:
                facts = read_facts(moment.begun.folder, moment.facts)
            except HarvesterError as exc:
                log.debug("the journal is not read for a notice: %s", exc.message)
        return replace(moment, at_s=self._wall(), facts=facts)

    def _tell(self, listener: Listener, how: Callable[[Moment], None]) -> None:
        try:
            how(self._last)
        except Exception as exc:  # noqa: BLE001  # whatever it is, it is no reason for a run to end
            log.warning("%s: %s; the run goes on without", listener.name, _in_words(exc))
            self._listeners.remove(listener)


def _in_words(error: Exception) -> str:
    if isinstance(error, HarvesterError):
        return f"{error.message} ({error.hint})" if error.hint else error.message
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}"[:300]


def _exit_code_of(error: BaseException) -> ExitCode:
    match error:
        case HarvesterError():
            return error.exit_code
        case KeyboardInterrupt():
            return ExitCode.INTERRUPTED
        case _:
            return ExitCode.BUG
