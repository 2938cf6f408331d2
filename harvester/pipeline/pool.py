"""The pool of an endpoint: bounded workers that settle batches, whatever that takes."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from harvester.engagement.answer import Answer, Counted, Trouble
from harvester.engagement.request import Access, Request, encode_request
from harvester.engagement.response import read_answer
from harvester.engagement.settling import Settled, Settlement
from harvester.errors import ExitCode, HarvesterError
from harvester.pipeline.commit import Committer, Ready
from harvester.pipeline.reading import Reading
from harvester.pipeline.second_asks import SecondAsk, SecondAsks
from harvester.planning import Batch
from harvester.rundir.records import encode_dead_letters, encode_records
from harvester.transport.gate import Gate
from harvester.transport.oauth import Signer
from harvester.transport.session import Session

QUEUED_PER_WORKER: Final = 2
NO_HEADERS: Final[Mapping[str, str]] = {}
_SOONER, _LATER = 0, 1

log = logging.getLogger("harvester")


class Stop:
    """The wish to end before all is done: of a signal, or of an error that makes going on senseless."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.at_once = asyncio.Event()
        self.error: HarvesterError | None = None
        self.signal: ExitCode | None = None

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


@dataclass(order=True, slots=True)
class _Job:
    """A request for the workers; second asks go first, since batches wait for them."""

    urgency: int
    order: int
    request: Request = field(compare=False)
    batch: Batch | None = field(compare=False, default=None)
    is_again: bool = field(compare=False, default=False)
    outcome: asyncio.Future[Settled] | None = field(compare=False, default=None)


class Pool:
    """Settles an endpoint's batches with a bounded number of workers.

    again: batches of tweets whose dead letters stood here before; they come after the input's.
    """

    def __init__(
        self,
        url: str,
        session: Session,
        signers: Mapping[Access, Signer],
        gate: Gate,
        committer: Committer,
        stop: Stop,
        *,
        concurrency: int,
        wall: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.n_unexpected = 0
        self._url, self._session, self._signers = url, session, signers
        self._gate, self._committer, self._stop = gate, committer, stop
        self._concurrency = concurrency
        self._wall, self._random = wall, random
        self._queue: asyncio.PriorityQueue[_Job] = asyncio.PriorityQueue()
        self._room = asyncio.Semaphore(QUEUED_PER_WORKER * concurrency)
        self._n_jobs = 0
        self._second_asks = SecondAsks(self._put_second)
        self._done: asyncio.Queue[tuple[Batch, Settled, bool]] = asyncio.Queue()
        self._denied: set[tuple[Access, str]] = set()
        self._late: set[asyncio.Task[None]] = set()

    async def run(self, reading: Reading, again: Sequence[Batch], grace_s: float) -> None:
        """Settle and commit everything, or as much as goes until `stop` is asked for.

        Raises what ended it: HarvesterError for a reason that has a name.
        """
        try:
            async with asyncio.TaskGroup() as group:
                committing = group.create_task(self._committer.run())
                workers = [group.create_task(self._work(group)) for _ in range(self._concurrency)]
                boiling = group.create_task(self._boil_down())
                feeding = group.create_task(self._feed(reading, again))
                asked = group.create_task(self._stop.asked.wait())
                await asyncio.wait((feeding, asked), return_when=asyncio.FIRST_COMPLETED)
                if self._stop.asked.is_set():
                    reading.stop.set()
                    await self._drain(grace_s)
                for task in (*workers, *self._late, feeding, asked):
                    task.cancel()
                await self._done.join()
                boiling.cancel()
                self._committer.close()
                await committing
        except* HarvesterError as errors:
            raise _first(errors) from None
        finally:
            reading.stop.set()

    async def _feed(self, reading: Reading, again: Sequence[Batch]) -> None:
        """Hand all batches to the workers, as fast as the bounds allow, and wait until they are committed."""
        try:
            portions = reading.portions()
            while (portion := await asyncio.to_thread(next, portions, None)) is not None:
                await self._committer.reject(portion.rejected, portion.mark)
                for batch in portion.batches:
                    await self._put(batch)
        except HarvesterError as error:
            self._stop.fail(error)
            return
        if reading.stop.is_set():
            return
        n_batches = reading.n_planned
        for batch in again:
            await self._put(replace(batch, number=n_batches), is_again=True)
            n_batches += 1
        await self._committer.until_committed(n_batches)

    async def _put(self, batch: Batch, *, is_again: bool = False) -> None:
        await self._committer.admit()
        await self._room.acquire()
        self._n_jobs += 1
        self._queue.put_nowait(_Job(_LATER, self._n_jobs, batch.request(), batch, is_again))

    def _put_second(self, ask: SecondAsk) -> None:
        self._n_jobs += 1
        self._queue.put_nowait(_Job(_SOONER, self._n_jobs, ask.request, outcome=ask.outcome))

    async def _work(self, group: asyncio.TaskGroup) -> None:
        while True:
            job = await self._queue.get()
            if job.batch:
                self._room.release()
            try:
                settled = await self._settle(job)
            except HarvesterError as error:
                self._stop.fail(error)
                return
            if settled.n_unexpected:
                self._note_unexpected(settled.n_unexpected)
            if job.batch and settled.missing:
                task = group.create_task(self._finish_later(job.batch, settled, is_again=job.is_again))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
            elif job.batch:
                self._done.put_nowait((job.batch, settled, job.is_again))
            elif job.outcome and not job.outcome.done():
                job.outcome.set_result(settled)

    def _note_unexpected(self, n: int) -> None:
        if not self.n_unexpected:
            log.warning("the service answers with tweets that were not asked for; they are left out")
        self.n_unexpected += n

    async def _settle(self, job: _Job) -> Settled:
        """Send what the settlement of a job wants sent, until it wants no more."""
        denied = [metric for access, metric in self._denied if access is job.request.access]
        settlement = Settlement(
            job.request.without_metrics(denied) if denied else job.request,
            has_bearer=Access.APP_ONLY in self._signers,
            is_second=job.outcome is not None,
        )
        while request := settlement.next_request:
            answer = await self._exchange(request)
            n_answered = self._gate.outage.n_answered
            wait_s = settlement.receive(answer, n_answered=n_answered, random=self._random())
            if wait_s:
                await asyncio.sleep(wait_s)
        self._denied |= settlement.denied
        return settlement.settled

    async def _exchange(self, request: Request) -> Answer:
        """Send one request when its turn has come; what the answer means."""
        turn = await self._gate.turn()
        log.debug("request %d for %d tweets, %s", turn.number, len(request.tweet_ids), request.access.value)
        answer: Answer
        headers: Mapping[str, str]
        try:
            authorization = self._signers[request.access](self._url)
            reply = await self._session.post(self._url, encode_request(request), authorization)
        except BaseException:
            self._gate.abandoned(turn)
            raise
        if isinstance(reply, Trouble):
            answer, headers = reply, NO_HEADERS
        else:
            answer, headers = read_answer(request, reply.status, reply.body), reply.headers
        if not isinstance(answer, Counted):
            log.info("request %d for %d tweets: %r", turn.number, len(request.tweet_ids), answer)
        self._gate.answered(turn, headers, answer)
        return answer

    async def _finish_later(self, batch: Batch, settled: Settled, *, is_again: bool) -> None:
        second = await self._second_asks.ask(settled.request.of(settled.missing))
        settled.take(second)
        self._done.put_nowait((batch, settled, is_again))

    async def _boil_down(self) -> None:
        """Turn settled batches into what is written; in a task of its own, so that a worker sends on first."""
        while True:
            batch, settled, is_again = await self._done.get()
            retrieved_at = datetime.fromtimestamp(self._wall(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            records = encode_records(batch.ids, settled, retrieved_at)
            partial = self._committer.reduction.reduce_batch(settled)
            self._committer.add(Ready(batch, records, partial, encode_dead_letters(settled), is_again))
            self._done.task_done()

    async def _drain(self, grace_s: float) -> None:
        """Start nothing, and wait for what is in flight: up to the grace, or a second signal."""
        self._gate.close()
        waiting = [
            asyncio.ensure_future(self._gate.drained()),
            asyncio.ensure_future(self._stop.at_once.wait()),
        ]
        await asyncio.wait(waiting, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()


def _first(errors: BaseExceptionGroup[HarvesterError]) -> HarvesterError:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, HarvesterError) else HarvesterError(repr(error))
