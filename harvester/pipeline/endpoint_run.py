"""One endpoint of a run, put together: planning, gate, pool and commit, and how far it is."""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from harvester.config.options import Options
from harvester.engagement.metrics import RATE
from harvester.engagement.redaction import Redact
from harvester.engagement.request import Credential
from harvester.pipeline.commit import Committer
from harvester.pipeline.fanout import Fanout, Feed
from harvester.pipeline.kept_state import History, InputSeen, added, input_seen, size_of
from harvester.pipeline.pool import Pool
from harvester.pipeline.stop import Stop
from harvester.planning import Batch
from harvester.questions import Question
from harvester.reduce import Reduction
from harvester.rundir.directory import RunDirectory
from harvester.sources import Source
from harvester.timeline import Happened
from harvester.transport.app_limit import AppLimit
from harvester.transport.concurrency import Concurrency
from harvester.transport.gate import Gate, RequestCounts, Wait
from harvester.transport.oauth import Signer
from harvester.transport.outage import Outage
from harvester.transport.pace import Pace
from harvester.transport.refusals import Refusals
from harvester.transport.session import Session

SHOWN_TOP: Final = 5
WORTH_KEEPING_S: Final = 1.0
SILENT_INPUT_S: Final = 1.0
"""Nothing in flight for so long, and the input is what is waited for."""


@dataclass(frozen=True, slots=True)
class Top:
    """The best tweets by a metric: value and tweet ID, the best first."""

    metric: str
    tweets: tuple[tuple[int | float, int], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """The allowance as the headers tell it. is_shared: whether it turned out to be one for all endpoints."""

    per_minute: float
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far an endpoint is at this moment.

    n_total: IDs to settle, None while the input is still being read; fraction_read is how much of it is.
    n_planned: IDs found so far. requests: of this process. at_once: so many requests may be in flight.
    wait_s: how long the wait is still to take, inf if nobody knows; waited_s: for how long it has gone on, and
    gives_up_s: how long the run still bears that, where that is known.
    top: of the first metric, None where nothing is ranked. n_dead: dead letters. is_done: whether it does nothing
    any more. drain_s: when it was told to stop, how long what is in flight may still take.
    held_s: seconds for which this process sent nothing because of the allowance, the service, the disk.
    told: the allowance as headers have named it to this process, whatever ceiling the user sets.
    """

    endpoint: str
    n_settled: int
    n_total: int | None
    fraction_read: float | None
    n_planned: int
    requests: RequestCounts
    limit_per_minute: float | None
    at_once: int
    wait: Wait | None = None
    wait_s: float = 0.0
    waited_s: float | None = None
    gives_up_s: float | None = None
    top: Top | None = None
    n_dead: int = 0
    drain_s: float | None = None
    is_done: bool = False
    held_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    told: Told | None = None

    @property
    def n_errors(self) -> int:
        """Requests of this process that came to nothing."""
        return sum(self.requests.errors.values())


class EndpointRun:
    """Everything that harvests one endpoint, put together."""

    def __init__(
        self,
        question: Question,
        options: Options,
        directory: RunDirectory,
        session: Session,
        signers: Mapping[Credential, Signer],
        sources: tuple[Source, ...],
        fanout: Fanout,
        *,
        redact: Redact,
        app_limit: AppLimit | None,
        wall: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.endpoint = endpoint = question.blank.endpoint
        self.stop = Stop()
        self._sources = sources
        self._fanout = fanout
        self._columns = question.blank.columns
        self._grace_s = options.grace_s
        mark = directory.marks[endpoint.name]
        self._earlier = mark.state
        self._monotonic = asyncio.get_running_loop().time
        self._began = self._monotonic()
        self._wall = wall
        started_ms = directory.manifest.started_ms
        self._started_s = started_ms / 1000
        self._history = History(self._earlier, wall() - self._started_s)
        self._held_before = (0.0, 0.0, 0.0)
        self._input_before = input_seen(self._earlier)
        self.is_done = False
        self.feed = Feed(fanout, question.planner(started_ms), mark)
        self._again = _plan_again(question, started_ms, directory)
        url = f"{options.base_url}{endpoint.path}"
        spend = directory.spends[endpoint.name]
        self.gate = Gate(
            Pace(options.rates.get(endpoint.name), spend.last.limits, spend.last.guess),
            Outage(url, options.patience_s, self._began),
            Concurrency(*options.in_flight(endpoint.name)),
            monotonic=self._monotonic,
            wall=wall,
            random=random,
            last_spend=spend.last,
            remember=spend.write,
            app_limit=app_limit,
        )
        ranks_rate = RATE in (options.metrics or ())
        reduction = Reduction(self._columns, options.top, options.min_impressions if ranks_rate else None)
        if mark.state:
            reduction.restore(mark.state["reduction"])
        self._n_before = sum(reduction.n_by_status.values())
        self.committer = Committer(directory, endpoint.name, mark, reduction, self._state, self._owes_state)
        self.pool = Pool(
            url,
            session,
            signers,
            self.gate,
            self.committer,
            self.stop,
            redact=redact,
            refusals=Refusals(was_accepted=self._earlier.get("requests", {}).get("answered", 0) > 0),
            wall=wall,
            random=random,
            span=(question.range.start, question.range.end) if question.range else None,
        )

    async def run(self) -> None:
        """Harvest to the end, or until `stop` is asked for; why, it knows then. Raises for what ends the run."""
        try:
            await self.pool.run(self.feed, self._again, self._grace_s)
        finally:
            self.is_done = True

    def elapsed_s(self) -> float:
        """Seconds spent on this endpoint, over all processes of the run."""
        return float(self._earlier.get("elapsed_s", 0.0)) + self._monotonic() - self._began

    def requests(self) -> dict[str, Any]:
        """What it took so far, over all processes of the run."""
        now = {**asdict(self.gate.counts), "unexpected": self.pool.n_unexpected}
        return added(self._earlier.get("requests", {}), now)

    def snapshot(self) -> Snapshot:
        """How far it is."""
        seen, now = self._input(), self._monotonic()
        wait = None if self.is_done else self._waits_for()
        drains_until = self.stop.drains_until
        return Snapshot(
            self.endpoint.name,
            self._n_before + self.committer.n_settled,
            seen.distinct - self.feed.n_repeated if seen.is_done else None,
            seen.fraction,
            seen.distinct,
            self.gate.counts,
            self.gate.pace.limit_per_minute,
            self.gate.concurrency.limit,
            wait,
            wait.until - now if wait else 0.0,
            now - wait.since if wait and wait.since is not None else None,
            wait.gives_up_at - now if wait and wait.gives_up_at is not None else None,
            self._top(),
            self.committer.n_dead_letters,
            None if drains_until is None or self.is_done else max(drains_until - now, 0.0),
            self.is_done,
            self._held_s(),
            self._told(),
        )

    def _told(self) -> Told | None:
        per_minute = self.gate.pace.stated_per_minute
        return Told(per_minute, is_shared=self.gate.shares_limit) if per_minute else None

    def _input(self) -> InputSeen:
        reading = self._fanout.reading
        n_bytes = size_of([source.size_bytes for source in self._sources])
        return InputSeen.of(reading.counts, n_bytes, is_done=reading.is_done).or_earlier(self._input_before)

    def _waits_for(self) -> Wait | None:
        """What holds it up: the allowance or the service, the disk, or the input."""
        if wait := self.gate.waits_for():
            return wait
        if (since := self.committer.disk.since) is not None:
            return Wait("disk", math.inf, since)
        idle_s = self.gate.idle_s
        if not self._fanout.reading.is_done and idle_s > SILENT_INPUT_S:
            return Wait("input", math.inf, max(self._monotonic() - idle_s, self._began))
        return None

    def _top(self) -> Top | None:
        metric = self._columns[0]
        best = self.committer.reduction.tops[metric].ranked()[:SHOWN_TOP]
        return Top(metric, tuple(best)) if best else None

    def _state(self) -> dict[str, Any]:
        """What the checkpoint remembers beside the reduction."""
        at = self._wall()
        self._held_before = self._held_s()
        self._history.add(at - self._started_s, self._happened())
        return {
            "requests": self.requests(),
            "elapsed_s": self.elapsed_s(),
            "timeline": self._history.to_dict(),
            "input": asdict(self._input()),
            "limit_per_minute": self.gate.pace.limit_per_minute,
            "committed_at": at,
        }

    def _owes_state(self) -> bool:
        """Whether it has waited for long since the last checkpoint, as before it gives up in an outage."""
        return sum(self._held_s()) - sum(self._held_before) >= WORTH_KEEPING_S

    def _happened(self) -> Happened:
        """In this process so far."""
        counts = self.gate.counts
        return Happened(
            self.committer.n_committed,
            counts.sent,
            counts.rate_limited,
            sum(counts.errors.values()),
            *self._held_s(),
        )

    def _held_s(self) -> tuple[float, float, float]:
        return (*self.gate.held_s(), self.committer.disk.seconds)


def _plan_again(question: Question, now_ms: int, directory: RunDirectory) -> list[Batch]:
    """Batches of the tweets that have a dead letter: this run asks for them once more."""
    dead = directory.journal.dead_tweets(question.blank.endpoint.name)
    places = {name: place for place, name in enumerate(question.owners)}
    ids = np.array([tweet_id for tweet_id, _ in dead], dtype=np.int64)
    owners = np.array([places.get(account, 0) for _, account in dead], dtype=np.int32)
    planner = question.planner(now_ms)
    return [*planner.plan(ids, owners), *planner.finish()]
