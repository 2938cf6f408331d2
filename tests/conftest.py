"""A turned clock: an event loop on virtual time, for tests that assert exact instants and take no real time."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes depends on what else the machine does.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

LONGEST = {"test_bench.py", "test_torture.py"}
TURN_S = 1e-9
"""What a turn of the loop takes, as on a real clock: else a timer that rounds to now would never come due."""


class _Selector(selectors.DefaultSelector):
    """Where nothing is ready, moves the clock forward instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen")
        self.now += TURN_S if ready else max(timeout or 0.0, TURN_S)
        return ready


class TurnedLoop(asyncio.SelectorEventLoop):
    """A standard loop on virtual time, which begins at 0. What is meant for a thread runs at once, in place."""

    def __init__(self) -> None:
        self._turned = _Selector()
        super().__init__(self._turned)

    def time(self) -> float:
        return self._turned.now

    def run_in_executor(  # type: ignore[override]  # typeshed's has a type variable for each argument
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as exc:  # noqa: BLE001  # whatever it is, it belongs to whoever awaits it
            done.set_exception(exc)
        return done


def run_turned(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine on virtual time; gives what it returns.

    Not by `Runner.run`: that asks `signal` for the handler that it sets, which writes out all that the coroutine
    returned, for the text of an error that nobody sees.
    """
    with asyncio.Runner(loop_factory=TurnedLoop) as runner:
        return runner.get_loop().run_until_complete(main)


@pytest.fixture
def turned() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine on virtual time and gives what it returns."""
    return run_turned


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests come first, so that no process has one left when all others are done."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
