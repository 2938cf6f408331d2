"""`harvest` and `harvest_sync`: the records of a harvest, for `async for` and for `for`."""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterable, Callable, Generator, Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import Self, Unpack

from harvester.engagement.credentials import Credentials
from harvester.errors import UsageError
from harvester.job import Outcome
from harvester.library.asking import HarvestOptions, options_of
from harvester.library.committed import Backlog
from harvester.library.given import Paths, read_given
from harvester.library.id_stream import TweetId
from harvester.library.record import Record
from harvester.library.work import Work
from harvester.pipeline.blocking import to_the_end


def harvest(
    ids: Paths | Iterable[TweetId] | AsyncIterable[TweetId],
    *,
    out: str | os.PathLike[str],
    credentials: Credentials | None = None,
    accept_incomplete: bool = False,
    **options: Unpack[HarvestOptions],
) -> "Records":
    """The records of a harvest, as they are committed.

        async for record in harvester.harvest(ids, out="runs/july"):
            print(record.tweet_id, record.metrics)

    ids: tweet IDs, as int or str, from anything that yields them, also without end: they are taken only as fast
    as they are asked for. Or files: a path or a text is what the command takes as INPUT, a list of paths several
    of them. out: the run directory. credentials: None for those of the environment and the credentials file.

    It is a run as the command makes it: the same call goes on where it stopped, whatever stopped it, and yields
    each record once, in the order of the files, the endpoints in turns; on a directory that is complete without
    a request. The IDs have to be the same again, in the same order; they are compared. A record is yielded when
    it is committed, and read from its file then, so a consumer may be slow.

    The harvest runs in a thread of its own, and so does an iterable of IDs. Where the loop over the records is
    left, in whatever way, it stops: requests in flight are finished, for grace_s at most, their answers
    committed, and the directory is free. To wait for that, use it as a context manager:

        async with harvester.harvest(ids, out="runs/july") as records:
            async for record in records: …

    Raises UsageError for what cannot be asked. While it is iterated: the HarvesterError that ended the run
    early, or what `ids` raised, after all that is committed was yielded; IncompleteError at the end, if dead
    letters or unreadable parts of the input remain and accept_incomplete is not set.
    """
    return Records(_work(ids, out, credentials, options), accept_incomplete=accept_incomplete)


def harvest_sync(
    ids: Paths | Iterable[TweetId],
    *,
    out: str | os.PathLike[str],
    credentials: Credentials | None = None,
    accept_incomplete: bool = False,
    **options: Unpack[HarvestOptions],
) -> "SyncRecords":
    """The same for `for`, with or without a running loop. Leaving the loop over it waits until all is closed."""
    work = _work(ids, out, credentials, options)
    if work.stream and work.stream.is_asynchronous:
        raise UsageError("ids: they come asynchronously", "Iterate harvester.harvest with async for.")
    return SyncRecords(work, accept_incomplete=accept_incomplete)


def _work(
    ids: Paths | Iterable[TweetId] | AsyncIterable[TweetId],
    out: str | os.PathLike[str],
    credentials: Credentials | None,
    options: HarvestOptions,
) -> Work:
    inputs, stream = read_given(ids)
    return Work(options_of(inputs, out, options), credentials, stream)


class _Harvested:
    """What both forms share. To be iterated once."""

    def __init__(self, work: Work, *, accept_incomplete: bool) -> None:
        self._work = work
        self._accept_incomplete = accept_incomplete
        self._is_begun = False

    @property
    def outcome(self) -> Outcome | None:
        """How the harvest ended; None while it goes on."""
        return self._work.outcome

    def _begin(self) -> None:
        if self._is_begun:
            raise UsageError("a harvest is iterated once", "Call again: what is there is not asked again.")
        self._is_begun = True


class SyncRecords(_Harvested):
    """The records of a harvest. Iterate it once; as a context manager it is closed at the end."""

    def __iter__(self) -> Iterator[Record]:
        self._begin()
        return _read(self._work, accept_incomplete=self._accept_incomplete)

    def close(self) -> None:
        """Stop the harvest and wait until its directory is free."""
        self._work.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(work: Work, *, accept_incomplete: bool) -> Generator[Record, None, None]:
    backlog, reader = Backlog(work.options.out), threading.get_ident()
    work.begin()
    try:
        while not work.is_stopped:
            n_changes, is_done = work.n_changes, work.is_done
            if block := backlog.take(work.committed_bytes):
                yield from block
            elif is_done:
                break
            else:
                work.wait(n_changes)
    finally:
        backlog.close()
        if threading.get_ident() == reader:
            work.close()
        else:
            # The garbage collector ends it in any thread, maybe in one that the harvest waits for.
            work.stop()
    work.demand_end(accept_incomplete=accept_incomplete)


class Records(_Harvested):
    """The records of a harvest. Iterate it once; as an asynchronous context manager it is closed at the end."""

    def __aiter__(self) -> "RecordIterator":
        self._begin()
        loop = asyncio.get_running_loop()
        return RecordIterator(self._work, loop, accept_incomplete=self._accept_incomplete)

    async def aclose(self) -> None:
        """Stop the harvest and wait until its directory is free."""
        await _close(self._work)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class RecordIterator:
    """Iterates the records. When nobody holds it any more, the harvest is told to stop.

    That is why it is no asynchronous generator: one that is left is closed by its loop at some later time, or
    never if the loop ends before. To tell a thread to stop takes no loop.
    """

    def __init__(self, work: Work, loop: asyncio.AbstractEventLoop, *, accept_incomplete: bool) -> None:
        self._work, self._loop = work, loop
        self._accept_incomplete = accept_incomplete
        self._backlog = Backlog(work.options.out)
        self._block: Iterator[Record] = iter(())
        self._has_changed = asyncio.Event()
        self._is_over = False
        self._feeding: asyncio.Task[None] | None = None
        if work.stream and work.stream.is_asynchronous:
            self._feeding = loop.create_task(work.stream.feed())
        work.begin(_listener(self._loop, self._has_changed))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Record:
        for record in self._block:
            return record
        return await self._next_of_more()

    async def _next_of_more(self) -> Record:
        """The first record of the next block. Other tasks have their turn after each."""
        work = self._work
        await asyncio.sleep(0)
        while not (self._is_over or work.is_stopped):
            self._has_changed.clear()
            is_done = work.is_done
            self._block = iter(self._backlog.take(work.committed_bytes))
            for record in self._block:
                return record
            if is_done:
                break
            await self._has_changed.wait()
        await self._end()
        raise StopAsyncIteration

    async def _end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._backlog.close()
        await self.aclose()
        self._work.demand_end(accept_incomplete=self._accept_incomplete)

    async def aclose(self) -> None:
        """Stop the harvest and wait until its directory is free."""
        self._is_over = True
        self._block = iter(())
        if self._feeding:
            self._feeding.cancel()
            await asyncio.wait((self._feeding,))
        await _close(self._work)

    def __del__(self) -> None:
        self._backlog.close()
        if not self._work.is_done:
            self._work.stop()
        if self._feeding and not self._feeding.done():
            with contextlib.suppress(RuntimeError):  # the loop is closed, and its tasks are
                self._loop.call_soon_threadsafe(self._feeding.cancel)


def _listener(loop: asyncio.AbstractEventLoop, has_changed: asyncio.Event) -> Callable[[], None]:
    """Sets the event in its loop. It does not hold the iterator, which is to go when nobody reads."""

    def listen() -> None:
        loop.call_soon_threadsafe(has_changed.set)

    return listen


async def _close(work: Work) -> None:
    """Stop the harvest and wait for its end. A cancellation makes that end at once, and is passed on then."""
    if not work.is_done:
        work.stop()
        await to_the_end(work.join, on_cancel=partial(work.stop, at_once=True))
