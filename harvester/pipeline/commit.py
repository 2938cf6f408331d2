"""The commit: settled batches, in their order, become records, totals and a checkpoint in one durable step.

Batches settle in any order and wait here for those before them. So that this does not grow without bound,
only so many batches may be under way between the newest planned and the oldest uncommitted one; and so that a
kill does not cost the answers of all that wait for a slow one, nor memory, what waits longer is kept in the
journal. So is what has come of the windows of a batch while others are open.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from harvester.engagement.settling import Settled
from harvester.pipeline.blocking import to_the_end
from harvester.pipeline.both import Both
from harvester.pipeline.parts import decode_part, encode_part, window_of
from harvester.pipeline.waiting import Ready, Waiting, demand_same, outcome_bytes, to_ahead
from harvester.planning import Batch
from harvester.reduce import Reduction
from harvester.rundir.directory import RunDirectory
from harvester.rundir.marks import Dead, EndpointMark, InputMark, Part, Step

COMMIT_EVERY_S: Final = 0.5
"""What a kill can cost: the answers of this long, those in flight, and half as long of what waits for others."""
COMMIT_BATCHES: Final = 64
"""So many waiting batches are committed at once, however little time has gone. Of totals their records are 3 MB,
and that memory is still in the CPU's caches when the next ones need it."""
WINDOW_BATCHES: Final = 20_000
"""At most so many batches between the oldest uncommitted and the newest planned one: 2,000 requests a second go on
for ten seconds beside one that takes as long. What waits for that is in the journal, some 60 kB a batch of totals,
so 1.2 GB of disk at most."""
WINDOW_BYTES: Final = 64 * 2**20
"""So much memory at most for the outcomes of the batches under way that are not in the journal, if there is more
than one."""
REJECTED_BYTES: Final = 4 * 2**20
"""So many bytes of rejected lines wait at most."""


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

    mark: where the run directory stands. state: gives what else the checkpoint remembers; owes_state: whether that
    is worth a step of its own at the end, though no batch is to be committed. n_settled, n_committed:
    tweets by this process. n_merged: dead letters left out because their tweets had one. disk: how long nothing
    could be taken on because what was there was being written.
    """

    def __init__(
        self,
        directory: RunDirectory,
        endpoint: str,
        mark: EndpointMark,
        reduction: Reduction,
        state: Callable[[], dict[str, Any]],
        owes_state: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__()
        self.reduction = reduction
        self.n_settled = self.n_committed = 0
        self.disk = Both(asyncio.get_running_loop().time)
        self._directory = directory
        self._endpoint = endpoint
        self._mark = mark
        self._state, self._owes_state = state, owes_state
        self._window = asyncio.Semaphore(WINDOW_BATCHES)
        self._bytes_under_way = 0
        self._is_short = False
        self._n_since = 0
        self._keeps_at = 0.0
        self._next = mark.batches
        self._end: int | None = None
        self._waiting = Waiting(directory.journal, endpoint)
        self.n_merged: int = mark.state.get("merged", 0)
        self._dead = {tweet_id for tweet_id, _ in directory.journal.dead_tweets(endpoint)}
        self._parts: dict[int, dict[int, tuple[Batch, Settled]]] = {}
        self._parts_waiting: set[tuple[int, int]] = set()
        self._in_parts = directory.journal.part_numbers(endpoint)

    def parts_before(self, batch: Batch) -> list[Settled]:
        """What an earlier process has of the windows of a batch that it did not settle.

        Raises RunDirectoryError when that was of another input.
        """
        if batch.number not in self._in_parts:
            return []
        parts = self._directory.journal.parts(self._endpoint, batch.number)
        for part in parts:
            demand_same(batch, part.chain)
        return [decode_part(batch, part.outcome) for part in parts]

    def keep(self, batch: Batch, settled: Settled) -> None:
        """Take what came of one window of a batch that is not settled yet, to be kept if that takes long."""
        self._parts.setdefault(batch.number, {})[window_of(settled.request)] = batch, settled

    async def admit(self, batch: Batch, *, is_again: bool = False) -> bool:
        """Wait until one more batch may be under way; False where an earlier process has settled it already.

        Raises RunDirectoryError when that was of another input.
        """
        if self._window.locked():
            with self.disk.during("first"):
                await self._window.acquire()
        else:
            await self._window.acquire()
        if not is_again and self._waiting.has_settled(batch):
            self._count(len(batch.ids))
            return False
        n_bytes = outcome_bytes(batch)
        while self._bytes_under_way and self._bytes_under_way + n_bytes > WINDOW_BYTES:
            self._is_short = True
            self._due.set()
            with self.disk.during("first"):
                await self._committed.wait()
        self._is_short = False
        self._bytes_under_way += n_bytes
        return True

    def add(self, ready: Ready) -> None:
        """Take a settled batch; it is committed when all before it are."""
        self._waiting.add(ready)
        self._parts.pop(ready.number, None)
        self._count(ready.n_tweets)

    def _count(self, n_tweets: int) -> None:
        self.n_settled += n_tweets
        self._n_since += 1
        is_last = self._next + len(self._waiting) == self._end
        is_wanted = self._is_short or self._n_since >= COMMIT_BATCHES
        if is_last or (is_wanted and self._next in self._waiting):
            self._due.set()

    async def until_committed(self, n_batches: int) -> None:
        """Wait until all batches below this number, the end of the input, are on the disk."""
        self._end = n_batches
        self._due.set()
        while self._next < n_batches:
            await self._committed.wait()

    @property
    def n_dead_letters(self) -> int:
        """The endpoint's dead letters, those before this process too."""
        return len(self._dead)

    @property
    def is_at_end(self) -> bool:
        """Whether no more will come, or all of it is settled."""
        return self._is_closing or (self._end is not None and self._next + len(self._waiting) >= self._end)

    async def _commit(self) -> None:
        self._n_since = 0
        is_more = True
        while is_more:
            group, is_more = await to_the_end(self._waiting.take_in_order, self._next)
            await self._commit_step(group)
        await self._commit_step((), *self._to_keep())

    def _to_keep(self) -> tuple[list[Ready], tuple[Part, ...]]:
        """What is to be kept in the journal: what waits for long, or all of it where room is wanted."""
        now = asyncio.get_running_loop().time()
        wants_all = self._is_closing or self._is_short
        if now < self._keeps_at and not wants_all:
            return [], ()
        self._keeps_at = now + COMMIT_EVERY_S / 2
        return self._waiting.take_to_keep(wants_all=wants_all), self._take_parts()

    async def _commit_step(
        self, group: Sequence[Ready], waiting: Sequence[Ready] = (), parts: tuple[Part, ...] = ()
    ) -> None:
        owes_state = self._is_closing and self._owes_state()
        if not group and not waiting and not parts and not owes_state:
            return
        for ready in group:
            self.reduction.add(ready.partial)
            self.n_committed += ready.n_tweets
        fresh = [ready for ready in group if not ready.again]
        settled_again = tuple(tweet_id for ready in group for tweet_id in ready.again)
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
        ahead = map(to_ahead, waiting)
        step = Step(self._endpoint, self._mark, settled_again, dead, ahead, parts)
        records = [piece for ready in group for piece in ready.records]
        with self.disk.during("second"):
            await to_the_end(self._directory.commit, step, records)
        self._next += len(group)
        self._bytes_under_way -= sum(ready.n_bytes for ready in (*group, *waiting))
        for _ in group:
            self._window.release()
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

    def _take_parts(self) -> tuple[Part, ...]:
        """The windows of batches that are not settled, if they wait since the time before: each is kept once."""
        left = {(number, window) for number, windows in self._parts.items() for window in windows}
        waiting = left if self._is_closing else left & self._parts_waiting
        self._parts_waiting = left - waiting
        return tuple(
            Part(number, window, batch.chain, encode_part(settled))
            for number, window in sorted(waiting)
            for batch, settled in (self._parts[number].pop(window),)
        )


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
            await to_the_end(self._directory.commit_rejected, self._mark, lines)
            self._tell()
