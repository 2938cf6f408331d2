"""One endpoint of a run, put together: planning, gate, pool and commit, and how far it is."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from harvester.config.options import Options
from harvester.engagement.metrics import RATE
from harvester.engagement.redaction import Redact
from harvester.engagement.request import Credential
from harvester.pipeline.commit import Committer
from harvester.pipeline.fanout import Fanout, Feed
from harvester.pipeline.pool import Pool
from harvester.pipeline.stop import Stop
from harvester.planning import Batch
from harvester.questions import Question
from harvester.reduce import Reduction
from harvester.rundir.directory import RunDirectory
from harvester.sources import Source
from harvester.transport.app_limit import AppLimit
from harvester.transport.concurrency import Concurrency
from harvester.transport.gate import Gate, RequestCounts, Wait
from harvester.transport.oauth import Signer
from harvester.transport.outage import Outage
from harvester.transport.pace import Pace
from harvester.transport.refusals import Refusals
from harvester.transport.session import Session


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far an endpoint is at this moment.

    n_total: IDs to settle, None while the input is still being read; fraction_read is how much of it is.
    top: metric, value, tweet ID of the best tweet by the first metric. wait_s: inf if nobody knows. at_once: so
    many requests may be in flight.
    """

    endpoint: str
    n_settled: int
    n_total: int | None
    fraction_read: float | None
    n_planned: int
    requests: RequestCounts
    limit_per_minute: float | None
    at_once: int
    wait: Wait | None
    wait_s: float
    top: tuple[str, int | float, int] | None


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
        started_ms = directory.manifest.started_ms
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
        self.committer = Committer(directory, endpoint.name, mark, reduction, self._state)
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
        await self.pool.run(self.feed, self._again, self._grace_s)

    def elapsed_s(self) -> float:
        """Seconds spent on this endpoint, over all processes of the run."""
        return float(self._earlier.get("elapsed_s", 0.0)) + self._monotonic() - self._began

    def requests(self) -> dict[str, Any]:
        """What it took so far, over all processes of the run."""
        now = {**asdict(self.gate.counts), "unexpected": self.pool.n_unexpected}
        return _added(self._earlier.get("requests", {}), now)

    def snapshot(self) -> Snapshot:
        """How far it is."""
        reading = self._fanout.reading
        counts = reading.counts
        sizes = [source.size_bytes for source in self._sources]
        n_bytes = None if None in sizes else sum(size or 0 for size in sizes)
        wait = self.gate.waits_for()
        metric = self._columns[0]
        best = self.committer.reduction.tops[metric].ranked()[:1]
        return Snapshot(
            self.endpoint.name,
            self._n_before + self.committer.n_settled,
            counts.distinct - counts.too_old if reading.is_done else None,
            counts.bytes / n_bytes if n_bytes else None,
            counts.distinct - counts.too_old,
            self.gate.counts,
            self.gate.pace.limit_per_minute,
            self.gate.concurrency.limit,
            wait,
            wait.until - self._monotonic() if wait else 0.0,
            (metric, *best[0]) if best else None,
        )

    def _state(self) -> dict[str, Any]:
        """What the checkpoint remembers beside the reduction."""
        return {
            "requests": self.requests(),
            "elapsed_s": self.elapsed_s(),
        }


def _plan_again(question: Question, now_ms: int, directory: RunDirectory) -> list[Batch]:
    """Batches of the tweets that have a dead letter: this run asks for them once more."""
    dead = directory.journal.dead_tweets(question.blank.endpoint.name)
    places = {name: place for place, name in enumerate(question.owners)}
    ids = np.array([tweet_id for tweet_id, _ in dead], dtype=np.int64)
    owners = np.array([places.get(account, 0) for _, account in dead], dtype=np.int32)
    planner = question.planner(now_ms)
    return [*planner.plan(ids, owners), *planner.finish()]


def _added(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The sum of two sets of counts, of which either may lack some."""
    return {
        name: _added(earlier.get(name, {}), now.get(name, {}))
        if isinstance(earlier.get(name, now.get(name)), dict)
        else earlier.get(name, 0) + now.get(name, 0)
        for name in {**earlier, **now}
    }
