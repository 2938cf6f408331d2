"""The commit: settled batches, in their order, become records, totals and a checkpoint in one durable step.

Batches settle in any order and wait here for those before them. So that this does not grow without bound,
only so many batches may be under way between the newest planned and the oldest uncommitted one; and so that a
kill does not cost the answers of all that wait for a slow one, what waits longer is kept in the journal. So is
what has come of the windows of a batch while others are open.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harvester.engagement.settling import Settled
from harvester.pipeline.parts import decode_part, encode_part, window_of
from harvester.pipeline.reading import changed_input
from harvester.planning import Batch
from harvester.reduce import Partial, Reduction
from harvester.rundir.directory import RunDirectory
from harvester.rundir.marks import Ahead, Dead, EndpointMark, InputMark, Part, Step

COMMIT_EVERY_S: Final = 0.5
"""What a kill can cost: the answers of this long, and those in flight."""
COMMIT_BATCHES: Final = 256
"""So many waiting batches are committed at once, however little time has gone."""
WINDOW_BATCHES: Final = 1024
"""At most so many batches between the oldest uncommitted and the newest planned one. Settled batches of
totals hold about 60 kB each: 60 MB at most, and 1,023 batches go on beside one that takes its time."""
WINDOW_BYTES: Final = 128 * 2**20
"""So much memory at most for the outcomes of the batches under way, if there is more than one."""
TWEET_BYTES: Final = 250
POINT_BYTES: Final = 34
"""Of a time series: 12 while it is collected, and 22 as it is written."""
REJECTED_BYTES: Final = 4 * 2**20
"""So many bytes of rejected lines wait at most."""


def outcome_bytes(batch: Batch) -> int:
    """How much memory the outcomes of a batch can take: every point of its time series, if there are any."""
    request, n_points = batch.blank, 0
    if request.series:
        n_hours = sum(window.n_hours for window in batch.windows if window) or 30
        n_points = n_hours if request.series == "hour" else n_hours // 24 + 2
    return len(batch.ids) * (TWEET_BYTES + POINT_BYTES * len(request.metrics) * n_points)


@dataclass(frozen=True, slots=True)
class Ready:
    """A settled batch, boiled down to what is written. is_again: its tweets had dead letters before."""

    batch: Batch
    records: bytes
    partial: Partial
    dead: Sequence[Dead]
    is_again: bool


def _to_ahead(ready: Ready) -> Ahead:
    """A settled batch as the journal keeps it: its records, and what it adds as JSON."""
    dead = [(dead.tweet_id, dead.account, dead.letter.decode()) for dead in ready.dead]
    added = {**ready.partial.to_dict(), "dead": dead}
    return Ahead(
        ready.batch.number, ready.batch.chain, b"\n".join((json.dumps(added).encode(), ready.records))
    )


def _from_ahead(batch: Batch, ahead: Ahead) -> Ready:
    head, _, records = ahead.outcome.partition(b"\n")
    added = json.loads(head)
    dead = [Dead(tweet_id, account, letter.encode()) for tweet_id, account, letter in added["dead"]]
    return Ready(batch, records, Partial.from_dict(added), dead, is_again=False)


class _Committing(ABC):
    """Commits what is there now and then, or when it is due."""

    def __init__(self) -> None:
        self._due = asyncio.Event()
        self._committed = asyncio.Event()
        self._is_closing = False

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

    @abstractmethod
    async def _commit(self) -> None:
        """Make what is there durable, and tell those who wait for that."""

    def _tell(self) -> None:
        self._committed.set()
        self._committed.clear()


class Committer(_Committing):
    """Commits an endpoint's settled batches in groups.

    mark: where the run directory stands. state: gives what else the checkpoint remembers. n_merged: dead letters
    left out because their tweets had one.
    """

    def __init__(
        self,
        directory: RunDirectory,
        endpoint: str,
        mark: EndpointMark,
        reduction: Reduction,
        state: Callable[[], dict[str, Any]],
    ) -> None:
        super().__init__()
        self.reduction = reduction
        self.n_settled = 0
        self._directory = directory
        self._endpoint = endpoint
        self._mark = mark
        self._state = state
        self._window = asyncio.Semaphore(WINDOW_BATCHES)
        self._bytes_under_way = 0
        self._is_short = False
        self._next = mark.batches
        self._end: int | None = None
        self._ready: dict[int, Ready] = {}
        self._waiting: set[int] = set()
        self.n_merged: int = mark.state.get("merged", 0)
        self._dead = {tweet_id for tweet_id, _ in directory.journal.dead_tweets(endpoint)}
        self._kept = directory.journal.ahead_numbers(endpoint)
        self._parts: dict[int, dict[int, tuple[Batch, Settled]]] = {}
        self._parts_waiting: set[tuple[int, int]] = set()
        self._in_parts = directory.journal.part_numbers(endpoint)

    def settled_before(self, batch: Batch) -> Ready | None:
        """What an earlier process has settled of a batch, but could not commit; None if it has to be asked for.

        Raises RunDirectoryError when that was of another input.
        """
        if batch.number not in self._kept:
            return None
        ahead = self._directory.journal.ahead(self._endpoint, batch.number)
        _demand_same(batch, ahead.chain)
        return _from_ahead(batch, ahead)

    def parts_before(self, batch: Batch) -> list[Settled]:
        """What an earlier process has of the windows of a batch that it did not settle.

        Raises RunDirectoryError when that was of another input.
        """
        if batch.number not in self._in_parts:
            return []
        parts = self._directory.journal.parts(self._endpoint, batch.number)
        for part in parts:
            _demand_same(batch, part.chain)
        return [decode_part(batch, part.outcome) for part in parts]

    def keep(self, batch: Batch, settled: Settled) -> None:
        """Take what came of one window of a batch that is not settled yet, to be kept if that takes long."""
        self._parts.setdefault(batch.number, {})[window_of(settled.request)] = batch, settled

    async def admit(self, batch: Batch) -> None:
        """Wait until one more batch may be under way."""
        await self._window.acquire()
        n_bytes = outcome_bytes(batch)
        while self._bytes_under_way and self._bytes_under_way + n_bytes > WINDOW_BYTES:
            self._is_short = True
            self._due.set()
            await self._committed.wait()
        self._is_short = False
        self._bytes_under_way += n_bytes

    def add(self, ready: Ready) -> None:
        """Take a settled batch; it is committed when all before it are."""
        self._ready[ready.batch.number] = ready
        self._parts.pop(ready.batch.number, None)
        self.n_settled += len(ready.batch.ids)
        is_last = self._next + len(self._ready) == self._end
        is_wanted = self._is_short or len(self._ready) >= COMMIT_BATCHES
        if is_last or (is_wanted and self._next in self._ready):
            self._due.set()

    async def until_committed(self, n_batches: int) -> None:
        """Wait until all batches below this number, the end of the input, are on the disk."""
        self._end = n_batches
        self._due.set()
        while self._next < n_batches:
            await self._committed.wait()

    async def _commit(self) -> None:
        group = self._take_in_order()
        ahead, parts = self._take_waiting(), self._take_parts()
        if not group and not ahead and not parts:
            return
        for ready in group:
            self.reduction.add(ready.partial)
        records = [ready.records for ready in group]
        fresh = [ready.batch for ready in group if not ready.is_again]
        settled_again = tuple(i for ready in group if ready.is_again for i in ready.batch.ids.tolist())
        dead = self._merged(settled_again, [letter for ready in group for letter in ready.dead])
        n_dead = self._mark.state.get("dead_letters", 0) + len(dead) - len(settled_again)
        self._mark = EndpointMark(
            self._mark.batches + len(fresh),
            fresh[-1].chain if fresh else self._mark.chain,
            state={
                "reduction": self.reduction.to_dict(),
                "dead_letters": n_dead,
                "merged": self.n_merged,
                **self._state(),
            },
        )
        step = Step(self._endpoint, self._mark, settled_again, dead, ahead, parts)
        await _to_the_end(self._directory.commit, step, records)
        self._next += len(group)
        for ready in group:
            self._window.release()
            self._bytes_under_way -= outcome_bytes(ready.batch)
        self._tell()

    def _merged(self, settled_again: Iterable[int], dead: Iterable[Dead]) -> tuple[Dead, ...]:
        """Those whose tweets have no dead letter yet: where duplicates are let through, it may die twice."""
        self._dead.difference_update(settled_again)
        kept = []
        for letter in dead:
            if letter.tweet_id in self._dead:
                self.n_merged += 1
            else:
                self._dead.add(letter.tweet_id)
                kept.append(letter)
        return tuple(kept)

    def _take_waiting(self) -> tuple[Ahead, ...]:
        """Those of the batches left that wait since the commit before this one, or all of them at the end."""
        left = {number for number, ready in self._ready.items() if not ready.is_again} - self._kept
        waiting = left if self._is_closing else left & self._waiting
        self._waiting = left - waiting
        self._kept |= waiting
        return tuple(_to_ahead(self._ready[number]) for number in sorted(waiting))

    def _take_parts(self) -> tuple[Part, ...]:
        """The same for windows of batches that are not settled: each is kept once."""
        left = {(number, window) for number, windows in self._parts.items() for window in windows}
        waiting = left if self._is_closing else left & self._parts_waiting
        self._parts_waiting = left - waiting
        return tuple(
            Part(number, window, batch.chain, encode_part(settled))
            for number, window in sorted(waiting)
            for batch, settled in (self._parts[number].pop(window),)
        )

    def _take_in_order(self) -> list[Ready]:
        group: list[Ready] = []
        while (ready := self._ready.pop(self._next + len(group), None)) is not None:
            group.append(ready)
            self._kept.discard(ready.batch.number)
        return group


class RejectedLog(_Committing):
    """Commits the input's rejected lines. mark: where the run directory stands."""

    def __init__(self, directory: RunDirectory, mark: InputMark) -> None:
        super().__init__()
        self._directory = directory
        self._mark = mark
        self._lines: list[bytes] = []
        self._n_bytes = 0

    async def add(self, lines: bytes, mark: InputMark) -> None:
        """Take rejected lines, and wait while too many of them are not committed."""
        if lines:
            self._lines.append(lines)
            self._n_bytes += len(lines)
            self._mark = mark
        while self._n_bytes > REJECTED_BYTES:
            self._due.set()
            await self._committed.wait()

    async def _commit(self) -> None:
        if self._lines:
            lines, self._lines, self._n_bytes = self._lines, [], 0
            await _to_the_end(self._directory.commit_rejected, self._mark, lines)
            self._tell()


def _demand_same(batch: Batch, chain: bytes) -> None:
    if chain != batch.chain:
        raise changed_input(f"the IDs up to batch {batch.number:,} are not those that were answered")


async def _to_the_end(work: Callable[..., None], *arguments: object) -> None:
    """Run blocking work in a thread. A cancellation waits for it: nobody else may touch the files meanwhile."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await running
        raise
