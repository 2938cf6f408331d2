"""A harvest at work in a thread of its own, watched and stopped from others."""

import asyncio
import concurrent.futures.thread  # noqa: F401  # what ends with the interpreter ends in the reverse order of this
import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from harvester.config.credentials import load_credentials
from harvester.config.options import Options
from harvester.config.places import credentials_path
from harvester.engagement.credentials import Credentials
from harvester.errors import ExitCode, HarvesterError, IncompleteError
from harvester.job import Harvest, Outcome
from harvester.ledger import ledger_path
from harvester.library.id_stream import IdStream
from harvester.rundir.directory import RunDirectory

_at_work: Final[set["Work"]] = set()


class Work:
    """One harvest, not yet begun. Any thread may use it.

    credentials: None for those that are configured, as the command has them. outcome: how it ended, once it has.
    committed_bytes: of each endpoint's records, once the run directory is open. n_changes: grows with all that can
    be seen from outside.
    """

    def __init__(self, options: Options, credentials: Credentials | None, stream: IdStream | None) -> None:
        self.options = options
        self.stream = stream
        self.outcome: Outcome | None = None
        self.committed_bytes: Mapping[str, int] = {}
        self.n_changes = 0
        self.is_done = self.is_stopped = False
        self._credentials = credentials
        self._bug: BaseException | None = None
        self._listen: Callable[[], None] | None = None
        self._interrupt: Callable[[], object] | None = None
        self._n_stops = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name=f"harvester {options.out}", daemon=True)

    def begin(self, listen: Callable[[], None] | None = None) -> None:
        """Begin it. listen: called in its thread after each change."""
        self._listen = listen
        with self._changed:
            if self.is_stopped:
                self.is_done = True
                return
            _at_work.add(self)
            self._thread.start()

    def stop(self, *, at_once: bool = False) -> None:
        """Tell it to stop, which it does by itself: it drains, or not even that.

        Waits for nothing, so a finalizer may call it.
        """
        with self._changed:
            if self.is_stopped and not at_once:
                return
            self.is_stopped = True
            self._n_stops += 1
            if self._interrupt:
                with contextlib.suppress(RuntimeError):  # its loop is closed: it is at its end
                    self._interrupt()

    def wait(self, n_changes: int) -> None:
        """Wait until there were more changes than that, or it is done."""
        with self._changed:
            self._changed.wait_for(lambda: self.n_changes > n_changes or self.is_done)

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until nothing is left of it."""
        if self._thread.ident is None:
            return
        # To be interrupted in a thread's own `join` makes Python 3.11 take the thread for ended.
        with self._changed:
            self._changed.wait_for(lambda: self.is_done, timeout_s)
        self._thread.join(timeout_s)

    def close(self) -> None:
        """Stop it and wait for its end. An interruption makes that end at once, and is raised when it is over."""
        interrupted: BaseException | None = None
        while not self.is_done:
            self.stop(at_once=interrupted is not None)
            try:
                self.join()
                break
            except BaseException as exc:  # noqa: BLE001  # it is raised below
                interrupted = exc
        if interrupted:
            raise interrupted

    def demand_end(self, *, accept_incomplete: bool) -> None:
        """Raise what ended it early: what the caller's own iterable raised, or the HarvesterError.

        Raises IncompleteError if something is left and that is not accepted. Nothing if it was told to stop.
        """
        if self._bug:
            raise self._bug
        outcome = self.outcome
        if outcome is None or self.is_stopped:
            return
        if self.stream and self.stream.error:
            raise self.stream.error
        if outcome.error:
            raise outcome.error
        if outcome.exit_code is ExitCode.INCOMPLETE and not accept_incomplete:
            raise _incomplete(self.options.out, outcome)

    def _work(self) -> None:
        try:
            for other in [work for work in _at_work if work is not self and self._waits_for(work)]:
                other.join()
            account = self.options.account
            credentials = self._credentials or load_credentials(
                os.environ, credentials_path(os.environ), account
            )
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                self.outcome = runner.run(self._harvest(credentials))
        except HarvesterError as error:
            self.outcome = Outcome(error.exit_code, error=error)
        except BaseException as exc:  # noqa: BLE001  # it is raised where the records are read
            self._bug = exc
        finally:
            if self.stream:
                self.stream.close()
            _at_work.discard(self)
            self._change(is_done=True)

    def _waits_for(self, other: "Work") -> bool:
        """Whether another one is on its way out of the same directory."""
        return other.is_stopped and other.options.out.resolve() == self.options.out.resolve()

    async def _harvest(self, credentials: Credentials) -> Outcome:
        harvest = Harvest(
            self.options,
            credentials,
            source=self.stream.source if self.stream else None,
            ledger=ledger_path(os.environ),
            on_open=self._take_up,
        )
        loop = asyncio.get_running_loop()
        with self._changed:
            self._interrupt = partial(loop.call_soon_threadsafe, harvest.interrupt, ExitCode.INTERRUPTED)
            for _ in range(self._n_stops):
                self._interrupt()
        return await harvest.run()

    def _take_up(self, directory: RunDirectory) -> None:
        names = self.options.endpoints
        self.committed_bytes = {name: directory.records_bytes(name) for name in names}
        directory.on_commit = self._commit
        self._change()

    def _commit(self, endpoint: str, n_bytes: int) -> None:
        self.committed_bytes = {**self.committed_bytes, endpoint: n_bytes}
        self._change()

    def _change(self, *, is_done: bool = False) -> None:
        with self._changed:
            self.n_changes += 1
            self.is_done |= is_done
            self._changed.notify_all()
        if self._listen:
            with contextlib.suppress(RuntimeError):  # the loop that listened is closed
                self._listen()


def _incomplete(out: Path, outcome: Outcome) -> IncompleteError:
    n_dead, n_unreadable = outcome.counts.get("failed", 0), outcome.n_unreadable
    left = [
        f"{n:,} {one if n == 1 else more}"
        for n, one, more in (
            (n_dead, "dead letter", "dead letters"),
            (n_unreadable, "unreadable part of the input", "unreadable parts of the input"),
        )
        if n
    ]
    return IncompleteError(
        f"{out} is incomplete: {' and '.join(left)}",
        "The same call asks for dead letters once more; accept_incomplete=True takes it as it is.",
    )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415  # not on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop


def _end_all() -> None:
    """What was not read to its end drains and commits before the interpreter goes."""
    for work in tuple(_at_work):
        work.stop()
    for work in tuple(_at_work):
        work.join(work.options.grace_s + 60)


# Handlers of atexit come too late: threads for blocking work are refused by then. asyncio's own do this, too.
threading._register_atexit(_end_all)  # type: ignore[attr-defined]  # noqa: SLF001
