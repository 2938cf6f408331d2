"""The commit: settled batches, in their order, become records, totals and a checkpoint in one durable step.

Batches settle in any order and wait here for those before them. So that this does not grow without bound,
only so many batches may be under way between the newest planned and the oldest uncommitted one.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harvester.planning import Batch
from harvester.reduce import Partial, Reduction
from harvester.rundir.directory import RunDirectory
from harvester.rundir.journal import EndpointMark, InputMark, Step

COMMIT_EVERY_S: Final = 0.5
"""What a kill can cost: the answers of this long, and those in flight."""
COMMIT_BATCHES: Final = 256
"""So many waiting batches are committed at once, however little time has gone."""
WINDOW_BATCHES: Final = 1024
"""At most so many batches between the oldest uncommitted and the newest planned one. Settled batches of
totals hold about 60 kB each: 60 MB at most, and 1,023 batches go on beside one that takes its time."""
REJECTED_BYTES: Final = 4 * 2**20
"""So many bytes of rejected lines wait at most."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A settled batch, boiled down to what is written. is_again: its tweets had dead letters before."""

    batch: Batch
    records: bytes
    partial: Partial
    dead: Sequence[tuple[int, bytes]]
    is_again: bool


class Committer:
    """Commits an endpoint's settled batches in groups.

    mark, input_mark: where the run directory stands. state: gives what else the checkpoint remembers.
    """

    def __init__(
        self,
        directory: RunDirectory,
        endpoint: str,
        mark: EndpointMark,
        input_mark: InputMark,
        reduction: Reduction,
        state: Callable[[], dict[str, Any]],
    ) -> None:
        self.reduction = reduction
        self.n_settled = 0
        self._directory = directory
        self._endpoint = endpoint
        self._mark = mark
        self._input_mark = input_mark
        self._state = state
        self._window = asyncio.Semaphore(WINDOW_BATCHES)
        self._next = mark.batches
        self._end: int | None = None
        self._ready: dict[int, Ready] = {}
        self._rejected: list[bytes] = []
        self._rejected_bytes = 0
        self._due = asyncio.Event()
        self._committed = asyncio.Event()
        self._is_closing = False
        self._has_changed = False

    async def admit(self) -> None:
        """Wait until one more batch may be under way."""
        await self._window.acquire()

    def add(self, ready: Ready) -> None:
        """Take a settled batch; it is committed when all before it are."""
        self._ready[ready.batch.number] = ready
        self.n_settled += len(ready.batch.ids)
        is_last = self._next + len(self._ready) == self._end
        if is_last or (len(self._ready) >= COMMIT_BATCHES and self._next in self._ready):
            self._due.set()

    async def reject(self, lines: bytes, mark: InputMark) -> None:
        """Take rejected lines, and wait while too many of them are not committed."""
        self._rejected.append(lines)
        self._rejected_bytes += len(lines)
        self._input_mark = mark
        self._has_changed |= bool(lines)
        while self._rejected_bytes > REJECTED_BYTES:
            self._due.set()
            await self._committed.wait()

    async def until_committed(self, n_batches: int) -> None:
        """Wait until all batches below this number, the end of the input, are on the disk."""
        self._end = n_batches
        self._due.set()
        while self._next < n_batches:
            await self._committed.wait()

    async def run(self) -> None:
        """Commit now and then, until `close`; what is ready then is committed at last."""
        while not self._is_closing:
            try:
                async with asyncio.timeout(COMMIT_EVERY_S):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            await self._commit()
        await self._commit()

    def close(self) -> None:
        """Tell `run` to commit what is ready and to end."""
        self._is_closing = True
        self._due.set()

    async def _commit(self) -> None:
        group = self._take_in_order()
        if not group and not self._has_changed:
            return
        for ready in group:
            self.reduction.add(ready.partial)
        records, rejected = [ready.records for ready in group], self._rejected
        self._rejected, self._rejected_bytes, self._has_changed = [], 0, False
        fresh = [ready.batch for ready in group if not ready.is_again]
        self._mark = EndpointMark(
            self._mark.batches + len(fresh),
            fresh[-1].chain if fresh else self._mark.chain,
            self._mark.records_bytes + sum(map(len, records)),
            {"reduction": self.reduction.to_dict(), **self._state()},
        )
        step = Step(
            self._input_mark,
            self._endpoint,
            self._mark,
            tuple(i for ready in group if ready.is_again for i in ready.batch.ids.tolist()),
            tuple(letter for ready in group for letter in ready.dead),
        )
        await _to_the_end(self._directory.commit, step, records, rejected)
        self._next += len(group)
        for _ in group:
            self._window.release()
        self._committed.set()
        self._committed.clear()

    def _take_in_order(self) -> list[Ready]:
        group: list[Ready] = []
        while (ready := self._ready.pop(self._next + len(group), None)) is not None:
            group.append(ready)
        return group


async def _to_the_end(work: Callable[..., None], *arguments: object) -> None:
    """Run blocking work in a thread. A cancellation waits for it: nobody else may touch the files meanwhile."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await running
        raise
