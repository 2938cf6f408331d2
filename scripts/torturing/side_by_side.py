"""Work done by as many processes at once as there are cores to spare."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from tests.end_to_end.forked import ForkingRunner, ForkServer

AT_ONCE = 2

Item = TypeVar("Item")
Result = TypeVar("Result")


class SideBySide:
    """Runners that share work: each item is done with one that is free."""

    def __init__(self, runs: list[ForkingRunner]) -> None:
        self.first = runs[0]
        self._n = len(runs)
        self._free: SimpleQueue[ForkingRunner] = SimpleQueue()
        for run in runs:
            self._free.put(run)

    def each(self, work: Callable[[ForkingRunner, Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """What comes of all items, in their order."""

        def one(item: Item) -> Result:
            run = self._free.get()
            try:
                return work(run, item)
            finally:
                self._free.put(run)

        with ThreadPoolExecutor(self._n) as pool:
            yield from pool.map(one, items)


@contextmanager
def side_by_side(folder: Path) -> Iterator[SideBySide]:
    """As many as may work at once."""
    with ExitStack() as stack:
        servers = [stack.enter_context(ForkServer()) for _ in range(AT_ONCE)]
        yield SideBySide([ForkingRunner(folder / f"run-{n}", server) for n, server in enumerate(servers)])
