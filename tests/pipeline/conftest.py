"""A pool whose service, input and run directory are a few lines each."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import orjson
import pytest

from harvester.engagement.answer import Trouble
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.redaction import redact_forms
from harvester.engagement.request import Access, Request
from harvester.pipeline.commit import Committer, RejectedLog
from harvester.pipeline.fanout import Feed
from harvester.pipeline.pool import Pool
from harvester.pipeline.stop import Stop
from harvester.pipeline.waiting import Ready
from harvester.planning import NO_WINDOWS, Batch
from harvester.reduce import Partial, Reduction
from harvester.rundir.directory import RunDirectory
from harvester.rundir.marks import Ahead, Dead, EndpointMark, InputMark, Part, Step
from harvester.transport.concurrency import Concurrency
from harvester.transport.gate import Gate
from harvester.transport.outage import Outage
from harvester.transport.pace import Pace
from harvester.transport.refusals import Refusals
from harvester.transport.session import Reply

METRICS = ("favorites",)


def batch(number: int, *ids: int, access: Access = Access.APP_ONLY) -> Batch:
    blank = Request(ENDPOINTS["totals"], (), METRICS, METRICS, access)
    return Batch(number, np.array(ids, dtype=np.int64), blank, NO_WINDOWS, bytes([number % 256]) * 16)


@dataclass
class Directory:
    """A run directory in memory. refuses: raises this at the commit of that number, from 0."""

    steps: list[tuple[Step, list[dict[str, Any]]]] = field(default_factory=list)
    rejected: list[tuple[InputMark, bytes]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    refuses: dict[int, Exception] = field(default_factory=dict)
    kept: dict[int, Ahead] = field(default_factory=dict)
    parts_kept: dict[tuple[int, int], Part] = field(default_factory=dict)

    @property
    def journal(self) -> "Directory":
        return self

    def dead_tweets(self, _endpoint: str) -> list[tuple[int, str]]:
        return []

    def ahead_chains(self, _endpoint: str) -> dict[int, bytes]:
        return {number: ahead.chain for number, ahead in self.kept.items()}

    def ahead(self, _endpoint: str, number: int) -> Ahead:
        return self.kept[number]

    def part_numbers(self, _endpoint: str) -> set[int]:
        return {number for number, _ in self.parts_kept}

    def parts(self, _endpoint: str, number: int) -> list[Part]:
        return [part for (of, _), part in sorted(self.parts_kept.items()) if of == number]

    def commit(self, step: Step, records: Sequence[bytes]) -> None:
        if error := self.refuses.get(len(self.steps)):
            raise error
        self.times.append(round(asyncio.get_running_loop().time(), 2))
        step = replace(step, ahead=tuple(step.ahead))
        self.kept |= {ahead.number: ahead for ahead in step.ahead}
        for number in [number for number in self.kept if number < step.mark.batches]:
            del self.kept[number]
        self.parts_kept |= {(part.number, part.window): part for part in step.parts}
        self.steps.append((step, [orjson.loads(line) for line in b"".join(records).splitlines()]))

    def commit_rejected(self, mark: InputMark, rejected: Sequence[bytes]) -> None:
        self.rejected.append((mark, b"".join(rejected)))

    @property
    def groups(self) -> list[tuple[float, Step, list[dict[str, Any]]]]:
        """The steps that brought records, and when: not those that only kept what waits."""
        return [(at, *step) for at, step in zip(self.times, self.steps, strict=True) if step[1]]

    @property
    def records(self) -> list[tuple[int, str]]:
        return [(int(r["tweet_id"]), r["status"]) for _, records in self.steps for r in records]

    @property
    def ids(self) -> list[int]:
        return [tweet_id for tweet_id, _ in self.records]


def counts(ids: Sequence[int], **lists: Any) -> Reply:
    """An answer that counts these tweets, each as often as its ID says."""
    body = {"harvester": {str(i): {"favorites": str(i)} for i in ids}, **lists}
    return Reply(200, {}, orjson.dumps(body))


@dataclass
class Service:
    """Answers by a rule: from the tweets asked and the request's number, to seconds and answer."""

    answer: Callable[[list[int], int], tuple[float, Reply | Trouble]]
    asked: list[tuple[float, list[int]]] = field(default_factory=list)
    n_open: int = 0

    async def post(self, url: str, body: bytes, headers: Any) -> Reply | Trouble:
        ids = [int(i) for i in orjson.loads(body)["tweet_ids"]]
        self.asked.append((round(asyncio.get_running_loop().time(), 2), ids))
        latency_s, reply = self.answer(ids, len(self.asked))
        self.n_open += 1
        try:
            await asyncio.sleep(latency_s)
        finally:
            self.n_open -= 1
        return reply


@dataclass
class Input:
    """The feed of an input that is planned already. n_planned: batches handed out so far."""

    batches_: Sequence[Batch]
    n_planned: int = 0
    is_whole: bool = False

    async def batches(self) -> AsyncIterator[Sequence[Batch]]:
        for one in self.batches_:
            self.n_planned += 1
            yield [one]
        self.is_whole = True


@dataclass
class Harvest:
    """A pool with everything around it. Made inside a running loop.

    concurrency: how many may be in flight at first; at most that, or most.
    """

    service: Service
    batches: Sequence[Batch]
    concurrency: int = 4
    most: int | None = None
    directory: Directory = field(default_factory=Directory)
    stop: Stop = field(default_factory=Stop)
    patience_s: float = 900.0
    refusals: Refusals = field(default_factory=Refusals)

    def __post_init__(self) -> None:
        monotonic = asyncio.get_running_loop().time
        self.feed = Input(self.batches)
        self.gate = Gate(
            Pace(),
            Outage("http://host/totals", self.patience_s, monotonic()),
            Concurrency(self.concurrency, self.most),
            monotonic=monotonic,
            wall=lambda: 1_795_000_037.0 + monotonic(),
            random=lambda: 0.5,
        )
        self.committer = new_committer(self.directory)
        self.pool = Pool(
            "http://host/totals",
            self.service,
            {(access, ""): lambda _url: {} for access in Access},
            self.gate,
            self.committer,
            self.stop,
            refusals=self.refusals,
            redact=redact_forms,
            wall=lambda: 1_795_000_037.0,
            random=lambda: 0.5,
        )

    async def run(self, again: Sequence[Batch] = (), grace_s: float = 5.0) -> float:
        """Harvest; gives how many seconds that took. Nothing may be left running."""
        try:
            await self.pool.run(cast("Feed", self.feed), again, grace_s)
        finally:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            left = [
                task
                for task in others
                if not task.cancelling() and getattr(task.get_coro(), "__qualname__", "") in ENGINE
            ]
            assert not left
        return round(asyncio.get_running_loop().time(), 2)


ENGINE = {
    "Pool._work",
    "Pool._feed",
    "Pool._finish_later",
    "Pool._boil_down",
    "Committer.run",
    "Service.post",
}


def new_committer(
    directory: Directory,
    mark: EndpointMark | None = None,
    owes_state: Callable[[], bool] = lambda: False,
) -> Committer:
    return Committer(
        cast("RunDirectory", directory),
        "totals",
        mark or EndpointMark(),
        Reduction(METRICS, 3),
        dict,
        owes_state,
    )


def new_rejected_log(directory: Directory) -> RejectedLog:
    return RejectedLog(cast("RunDirectory", directory), InputMark())


def new_ready(one: Batch, dead: Sequence[Dead] = (), *, is_again: bool = False) -> Ready:
    records = [orjson.dumps({"tweet_id": str(i), "status": "ok"}) + b"\n" for i in one.ids.tolist()]
    return Ready.of(one, records, Partial(Counter()), dead, is_again=is_again)


@pytest.fixture
def make() -> Any:
    """What the tests build: batch, counts, Service, Directory, Harvest, new_committer, new_ready."""
    return SimpleNamespace(
        batch=batch,
        counts=counts,
        service=Service,
        directory=Directory,
        harvest=Harvest,
        committer=new_committer,
        ready=new_ready,
        rejected_log=new_rejected_log,
    )
