"""One reading of the input for several endpoints, each at its own pace.

Whoever is furthest reads on; what the others have not had yet waits in a nameless file of the run directory, 8
bytes an ID (12 with owners), so that a slow endpoint holds up no fast one and takes no memory for it.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from harvester.engagement.tweet_id import Ids
from harvester.errors import HarvesterError
from harvester.pipeline.commit import RejectedLog
from harvester.pipeline.reading import Reading, changed_input
from harvester.planning import Batch, Owners, Planner
from harvester.rundir.files import storage_errors, write_all
from harvester.rundir.marks import EndpointMark


class Part(NamedTuple):
    """Some IDs, and whose they are. is_end: whether the input ended here before it grew."""

    ids: Ids
    owners: Owners | None
    is_end: bool


class _Place(NamedTuple):
    offset: int
    n_ids: int
    has_owners: bool
    is_end: bool


class Fanout:
    """Hands the parts of the input to n endpoints, to each of them all, in order.

    fail: told of an error of the input, which ends the run for everybody.
    """

    def __init__(
        self,
        reading: Reading,
        rejected: RejectedLog,
        folder: Path,
        n: int,
        fail: Callable[[HarvesterError], None],
    ) -> None:
        self.reading = reading
        self._rejected = rejected
        self._folder = folder
        self._n = n
        self._fail = fail
        self._portions = reading.portions()
        self._coming: asyncio.Future[Part | None] | None = None
        self._spool: IO[bytes] | None = None
        self._places: list[_Place] = []

    async def parts(self) -> AsyncIterator[Part]:
        """The input from its beginning. Ends early, without a word, when the reading is told to stop."""
        index = 0
        while True:
            if index < len(self._places):
                part = await asyncio.to_thread(self._read_back, self._places[index])
            else:
                # Whoever asked may be gone before the part has come: the others have it all the same.
                if (found := await asyncio.shield(self._reading_on())) is None:
                    return
                part = found
            index += 1
            yield part

    def _reading_on(self) -> "asyncio.Future[Part | None]":
        """The next part of the input, read once for all who wait for it."""
        if self._coming is None or self._coming.done():
            self._coming = asyncio.ensure_future(self._read_on())
        return self._coming

    async def _read_on(self) -> Part | None:
        try:
            portion = await asyncio.to_thread(next, self._portions, None)
            if portion is None:
                return None
            await self._rejected.add(portion.rejected, portion.mark)
            part = Part(portion.ids, portion.owners, portion.ends_part)
            if self._n > 1:
                self._places.append(await asyncio.to_thread(self._keep, part))
        except HarvesterError as error:
            self.reading.stop.set()
            self._fail(error)
            return None
        return part

    def _keep(self, part: Part) -> _Place:
        """Write a part down for the other endpoints."""
        ids, owners, is_end = part
        with storage_errors(self._folder):
            if self._spool is None:
                self._spool = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115  # see close
            offset = os.lseek(self._spool.fileno(), 0, os.SEEK_END)
            write_all(self._spool.fileno(), (ids.tobytes(), b"" if owners is None else owners.tobytes()))
        return _Place(offset, len(ids), owners is not None, is_end)

    def _read_back(self, place: _Place) -> Part:
        assert self._spool is not None  # noqa: S101  # there is another endpoint, so it was written
        handle = self._spool.fileno()
        ids = np.frombuffer(os.pread(handle, 8 * place.n_ids, place.offset), dtype=np.int64)
        if not place.has_owners:
            return Part(ids, None, place.is_end)
        owners = os.pread(handle, 4 * place.n_ids, place.offset + 8 * place.n_ids)
        return Part(ids, np.frombuffer(owners, dtype=np.int32), place.is_end)

    def close(self) -> None:
        """Let go of the file."""
        self.reading.stop.set()
        if self._coming:
            self._coming.cancel()
        if self._spool is not None:
            self._spool.close()


class Feed:
    """An endpoint's batches, without those that an earlier process has committed.

    mark: what is committed. is_whole: the input came to its end.
    """

    def __init__(self, fanout: Fanout, planner: Planner, mark: EndpointMark) -> None:
        self.is_whole = False
        self._fanout = fanout
        self._planner = planner
        self._done = mark
        planner.pass_over(mark.batches)

    @property
    def n_planned(self) -> int:
        """Batches so far, with those that are committed."""
        return self._planner.n_planned

    @property
    def n_repeated(self) -> int:
        """IDs that came twice in a batch and are asked for once."""
        return self._planner.n_repeated

    async def batches(self) -> AsyncIterator[Sequence[Batch]]:
        """What is to be done, in the input's order; some at a time.

        Raises RunDirectoryError when the input is not the one that was committed, by the rolling hash of IDs.
        """
        async for ids, owners, is_end in self._fanout.parts():
            yield self._to_do(self._planner.plan(ids, owners))
            if is_end:
                yield self._to_do(self._planner.finish())
        if self._fanout.reading.stop.is_set():
            return
        yield self._to_do(self._planner.finish())
        if self.n_planned < self._done.batches:
            n = self._fanout.reading.counts.distinct
            raise changed_input(f"it ends after {n:,} IDs, and more of them are committed")
        self.is_whole = True

    def _to_do(self, planned: Iterable[Batch]) -> Sequence[Batch]:
        """The batches, once the chain of those that were passed over is seen to be that of the committed ones."""
        batches = tuple(planned)
        chain = self._planner.passed_chain
        if chain is not None and chain != self._done.chain:
            raise changed_input(
                f"the IDs of the first {self._done.batches:,} batches are not the committed ones"
            )
        return batches
