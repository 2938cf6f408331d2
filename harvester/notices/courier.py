"""Work that is done one after the other in a thread, so that nobody waits for it."""

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Final

AFTER_FAILURE_S: Final = 1.0
log = logging.getLogger("harvester")


class Courier:
    """Delivers in a thread that does not keep the process alive. The first failure is told, and the last delivery.

    name: what a warning calls it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = Thread(target=self._deliver, name=name, daemon=True)
        self._has_warned = False
        self._thread.start()

    def send(self, work: Callable[[], None]) -> None:
        """Do this when what was sent before is done."""
        self._work.put(work)

    def finish(self, within_s: float) -> None:
        """Wait until all is done, but not for longer, and for a moment only where something has failed before."""
        self._work.put(None)
        self._thread.join(AFTER_FAILURE_S if self._has_warned else within_s)
        if self._thread.is_alive():
            self._warn(f"not delivered within {within_s:g} s")

    def _deliver(self) -> None:
        while work := self._work.get():
            try:
                work()
            except Exception as exc:  # noqa: BLE001  # a notice that is lost is no reason for a run to end
                self._warn(f"{type(exc).__name__}: {exc}"[:300])

    def _warn(self, what: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            log.warning("%s: %s; the run goes on without", self._name, what)
