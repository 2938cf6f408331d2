"""The pool of an endpoint: bounded workers that settle batches, whatever that takes."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from harvester.engagement.answer import Answer, Counted, Exchange, Expired, RateLimited, Trouble, Unauthorized
from harvester.engagement.joining import STRONGEST, join_windows
from harvester.engagement.redaction import Redact
from harvester.engagement.request import Access, Credential, Request, encode_request
from harvester.engagement.response import read_answer
from harvester.engagement.settling import Settled, Settlement
from harvester.engagement.windows import Window, utc_text
from harvester.errors import HarvesterError
from harvester.pipeline.commit import Committer
from harvester.pipeline.fanout import Feed
from harvester.pipeline.parts import key_of, window_of
from harvester.pipeline.second_asks import SecondAsk, SecondAsks
from harvester.pipeline.stop import Stop, first_error
from harvester.pipeline.waiting import Ready
from harvester.planning import NO_WINDOWS, Batch
from harvester.rundir.records import Span, encode_dead_letters, encode_records
from harvester.transport.gate import Gate
from harvester.transport.oauth import FetchedBearer, Signer
from harvester.transport.refusals import Refusals
from harvester.transport.session import Reply, Session

QUEUED_PER_WORKER: Final = 2
NO_HEADERS: Final[Mapping[str, str]] = {}
READ_BESIDE_BYTES: Final = 256 * 1024
APP_ONLY: Final[Credential] = (Access.APP_ONLY, "")
_SOONER, _BETWEEN, _LATER = range(3)

log = logging.getLogger("harvester")


@dataclass(slots=True)
class _Progress:
    """A batch on its way: what came of its windows so far.

    left: its other windows, until the first one is settled. n_open: requests on their way.
    """

    batch: Batch
    is_again: bool
    left: Sequence[Window | None]
    n_open: int = 1
    parts: list[Settled] = field(default_factory=list)


@dataclass(slots=True)
class _Job:
    """A request for the workers: of a batch, or a second ask.

    made: None where the request is to be made when its turn comes, of all that the batch has in a window. So what
    is in it need not be fetched from memory again when it is sent.
    """

    made: Request | None
    progress: _Progress | None = None
    window: Window | None = None
    outcome: asyncio.Future[Settled] | None = None

    def request(self) -> Request:
        """What to send."""
        if self.made:
            return self.made
        assert self.progress  # noqa: S101  # a second ask is made
        return self.progress.batch.request_in(self.window)


_Queued = tuple[int, int, _Job]
"""A job with its urgency and its number. Second asks go first, since batches wait for them; then the further
windows of a batch that is begun."""


class Pool:
    """Settles an endpoint's batches with as many workers as the gate lets send at once.

    again: batches of tweets whose dead letters stood here before; they come after the input's. span: the time
    that all records count, None where their answers tell. redact: takes secrets out of what the API says.
    """

    def __init__(
        self,
        url: str,
        session: Session,
        signers: Mapping[Credential, Signer],
        gate: Gate,
        committer: Committer,
        stop: Stop,
        *,
        refusals: Refusals,
        redact: Redact,
        wall: Callable[[], float],
        random: Callable[[], float],
        span: Span | None = None,
    ) -> None:
        self.n_unexpected = 0
        self._url, self._session, self._signers = url, session, signers
        self._gate, self._committer, self._stop = gate, committer, stop
        self._refusals, self._redact = refusals, redact
        self._wall, self._random = wall, random
        self._span = span
        self._queue: asyncio.PriorityQueue[_Queued] = asyncio.PriorityQueue()
        self._room = asyncio.Semaphore(QUEUED_PER_WORKER * gate.concurrency.bound)
        self._n_jobs = 0
        self._second_asks = SecondAsks(self._put_second)
        self._done: asyncio.Queue[_Progress] = asyncio.Queue()
        self._denied: set[tuple[Credential, str]] = set()
        self._late: set[asyncio.Task[None]] = set()
        self._workers: set[asyncio.Task[None]] = set()
        self._n_workers = 0
        self._group: asyncio.TaskGroup | None = None
        self._reading_a_large_one = asyncio.Lock()

    async def run(self, feed: Feed, again: Sequence[Batch], grace_s: float) -> None:
        """Settle and commit everything, or as much as goes until `stop` is asked for.

        Raises what ended it: HarvesterError for a reason that has a name.
        """
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                committing = group.create_task(self._committer.run())
                self._hire()
                boiling = group.create_task(self._boil_down())
                feeding = group.create_task(self._feed(feed, again))
                asked = group.create_task(self._stop.asked.wait())
                await asyncio.wait((feeding, asked), return_when=asyncio.FIRST_COMPLETED)
                if self._stop.asked.is_set():
                    await self._drain(grace_s)
                for task in (*self._workers, *self._late, feeding, asked):
                    task.cancel()
                await self._done.join()
                boiling.cancel()
                self._committer.close()
                await committing
        except* HarvesterError as errors:
            raise first_error(errors) from None

    async def _feed(self, feed: Feed, again: Sequence[Batch]) -> None:
        """Hand all batches to the workers, as fast as the bounds allow, and wait until they are committed."""
        try:
            async for batches in feed.batches():
                for batch in batches:
                    await self._put(batch)
        except HarvesterError as error:
            self._stop.fail(error)
            return
        if not feed.is_whole:
            # The input is told to stop, and so is everybody.
            await self._stop.asked.wait()
            return
        n_batches = feed.n_planned
        for batch in again:
            await self._put(replace(batch, number=n_batches), is_again=True)
            n_batches += 1
        await self._committer.until_committed(n_batches)
        if verdict := self._refusals.verdict():
            self._stop.fail(verdict)

    async def _put(self, batch: Batch, *, is_again: bool = False) -> None:
        if not await self._committer.admit(batch, is_again=is_again):
            return
        await self._room.acquire()
        kept = [] if is_again else self._committer.parts_before(batch)
        if batch.windows and not kept:
            first, *left = batch.windows
            self._put_job(_LATER, _Job(None, _Progress(batch, is_again, left), first))
            return
        self._room.release()
        done = {window_of(settled.request) for settled in kept}
        left = [window for window in batch.windows if key_of(window) not in done]
        self._go_on(_Progress(batch, is_again, left, n_open=1 + len(kept)), kept)

    def _go_on(self, progress: _Progress, kept: Sequence[Settled]) -> None:
        """Go on with a batch of which an earlier process has settled some windows, or that needs no request.

        It is open by one more than its requests until all of those are on their way.
        """
        for settled in kept:
            if settled.missing:
                self._finish_in_time(progress, settled)
            else:
                self._take(progress, settled)
        if progress.left:
            self._send_left(progress, ())
        self._close_one(progress)

    def _put_job(self, urgency: int, job: _Job) -> None:
        self._n_jobs += 1
        self._queue.put_nowait((urgency, self._n_jobs, job))

    def _put_second(self, ask: SecondAsk) -> None:
        self._put_job(_SOONER, _Job(ask.request, outcome=ask.outcome))

    def _hire(self) -> None:
        """Have a worker for each request that may be in flight."""
        assert self._group is not None  # noqa: S101  # only what it runs comes here
        while self._n_workers < self._gate.concurrency.limit:
            self._n_workers += 1
            task = self._group.create_task(self._work())
            self._workers.add(task)
            task.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        """Settle one job after the other, until there are more workers than may send."""
        while self._n_workers <= self._gate.concurrency.limit:
            urgency, _, job = await self._queue.get()
            if urgency == _LATER:
                self._room.release()
            try:
                settled = await self._settle(job)
            except HarvesterError as error:
                self._stop.fail(error)
                return
            if settled.n_unexpected:
                self._note_unexpected(settled.n_unexpected)
            if job.progress:
                if settled.missing or len(job.progress.batch.windows) > 1:
                    self._keep(job.progress, settled)
                if settled.missing:
                    self._finish_in_time(job.progress, settled)
                else:
                    self._take(job.progress, settled)
            elif job.outcome and not job.outcome.done():
                job.outcome.set_result(settled)
        self._n_workers -= 1

    def _take(self, progress: _Progress, settled: Settled) -> None:
        """Take what came of one window of a batch; the first one tells which tweets the others can leave out."""
        progress.parts.append(settled)
        if progress.left:
            self._send_left(progress, {i for i, fate in settled.fates.items() if fate.status in STRONGEST})
        self._close_one(progress)

    def _send_left(self, progress: _Progress, gone: Collection[str]) -> None:
        left, progress.left = progress.left, ()
        for window in left:
            request = progress.batch.request_in(window)
            rest = request.without_tweets(gone) if gone else request
            if rest.tweet_ids:
                progress.n_open += 1
                self._put_job(_BETWEEN, _Job(rest, progress))

    def _close_one(self, progress: _Progress) -> None:
        progress.n_open -= 1
        if not progress.n_open:
            self._done.put_nowait(progress)

    def _keep(self, progress: _Progress, settled: Settled) -> None:
        if not progress.is_again:
            self._committer.keep(progress.batch, settled)

    def _finish_in_time(self, progress: _Progress, settled: Settled) -> None:
        """Ask for the tweets that an answer left out, in a task of its own: that waits for company."""
        assert self._group is not None  # noqa: S101  # batches come from a task of it
        task = self._group.create_task(self._finish_later(progress, settled))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def _note_unexpected(self, n: int) -> None:
        if not self.n_unexpected:
            log.warning("the service answers with tweets that were not asked for; they are left out")
        self.n_unexpected += n

    async def _settle(self, job: _Job) -> Settled:
        """Send what the settlement of a job wants sent, until it wants no more."""
        asked = job.request()
        denied = [metric for credential, metric in self._denied if credential == asked.credential]
        settlement = Settlement(
            asked,
            has_bearer=APP_ONLY in self._signers,
            is_second=job.outcome is not None,
            denied=denied,
            is_again=job.progress is not None and job.progress.is_again,
        )
        while request := settlement.next_request:
            answer = await self._exchange(request)
            if error := self._refusals.judge(asked, request, answer):
                raise error
            n_answered = self._gate.outage.n_answered
            wait_s = settlement.receive(answer, n_answered=n_answered, random=self._random())
            # While the service is probed, the gate spaces all requests of the endpoint.
            if wait_s and not self._gate.outage.is_probing:
                await asyncio.sleep(wait_s)
        self._denied |= settlement.denied
        return settlement.settled

    async def _exchange(self, request: Request) -> Exchange:
        """Send one request when its turn has come; what the answer means."""
        turn = await self._gate.turn()
        log.debug("request %d for %d tweets, %s", turn.number, len(request.tweet_ids), request.access.value)
        answer: Exchange
        headers: Mapping[str, str]
        try:
            signer = self._signers[request.credential]
            authorization = signer(self._url)
            reply = await self._session.post(self._url, encode_request(request), authorization)
            if isinstance(reply, Trouble):
                answer, headers = reply, NO_HEADERS
            else:
                read, headers = await self._read(request, reply), reply.headers
                answer = await self._judge_token(request, signer, authorization, read)
        except BaseException:
            self._gate.abandoned(turn)
            raise
        if not isinstance(answer, Counted):
            log.info("request %d for %d tweets: %r", turn.number, len(request.tweet_ids), answer)
        self._gate.answered(turn, headers, answer)
        self._hire()
        return answer

    @staticmethod
    async def _judge_token(
        request: Request, signer: Signer, authorization: Mapping[str, str], answer: Answer
    ) -> Exchange:
        """What an answer means for the token: a fetched one that is refused after it was good is fetched anew."""
        if isinstance(signer, FetchedBearer):
            if isinstance(answer, Unauthorized) and await signer.renew(authorization):
                return Expired()
            if not isinstance(answer, Unauthorized | RateLimited | Trouble):
                signer.was_accepted(authorization)
        if isinstance(answer, Unauthorized) and request.account:
            return Unauthorized(f"account {request.account!r}: {answer.message}")
        return answer

    async def _read(self, request: Request, reply: Reply) -> Answer:
        """What an answer means. A long one (time series) is read beside the loop, one of them at a time."""
        if len(reply.body) < READ_BESIDE_BYTES:
            return read_answer(request, reply.status, reply.body, self._redact)
        async with self._reading_a_large_one:
            return await asyncio.to_thread(read_answer, request, reply.status, reply.body, self._redact)

    async def _finish_later(self, progress: _Progress, settled: Settled) -> None:
        second = await self._second_asks.ask(settled.request.of(settled.missing).of_tweets_alone())
        settled.take(second)
        if len(progress.batch.windows) > 1:
            self._keep(progress, settled)
        self._take(progress, settled)

    async def _boil_down(self) -> None:
        """Turn settled batches into what is written; in a task of its own, so that a worker sends on first."""
        while True:
            progress = await self._done.get()
            batch = progress.batch
            settled = _joined(progress)
            retrieved_at = utc_text(int(self._wall()))
            if batch.blank.series:
                records = await asyncio.to_thread(
                    encode_records, batch.ids, settled, retrieved_at, self._span
                )
            else:
                records = encode_records(batch.ids, settled, retrieved_at, self._span)
            partial = self._committer.reduction.reduce_batch(settled)
            dead = encode_dead_letters(settled)
            self._committer.add(Ready.of(batch, records, partial, dead, is_again=progress.is_again))
            self._done.task_done()

    async def _drain(self, grace_s: float) -> None:
        """Start nothing, and wait for what is in flight: up to the grace, or a second signal."""
        self._gate.close()
        self._stop.drains_until = asyncio.get_running_loop().time() + grace_s
        waiting = [
            asyncio.ensure_future(self._gate.drained()),
            asyncio.ensure_future(self._stop.at_once.wait()),
        ]
        await asyncio.wait(waiting, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()


def _joined(progress: _Progress) -> Settled:
    if progress.batch.windows == NO_WINDOWS:
        return progress.parts[0]
    # In the order of time, in which the windows need not have been answered.
    parts = sorted(progress.parts, key=lambda part: window_of(part.request))
    return join_windows(progress.batch.request(), parts)
