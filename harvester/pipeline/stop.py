"""How a run, or one endpoint of it, is told to end before all is done, and why it ended."""

import asyncio

from harvester.errors import ExitCode, HarvesterError


class Stop:
    """The wish to end before all is done: of a signal, or of an error that makes going on senseless.

    drains_until: when what is in flight has to be finished, in the loop's time; None before it is waited for.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.at_once = asyncio.Event()
        self.error: HarvesterError | None = None
        self.signal: ExitCode | None = None
        self.drains_until: float | None = None

    def interrupt(self, code: ExitCode) -> None:
        """A signal: the first lets what is in flight finish, the second does not wait for it."""
        if self.signal is not None:
            self.at_once.set()
        self.signal = self.signal or code
        self.asked.set()

    def fail(self, error: HarvesterError) -> None:
        """An error that ends the run. The first one is the reason."""
        self.error = self.error or error
        self.asked.set()


def first_error(errors: BaseExceptionGroup[BaseException]) -> HarvesterError:
    """The first of some errors that ended tasks together. Raises it if it has no class of ours: a bug."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, HarvesterError):
        return error
    raise error
