"""One endpoint of a run, put together: reading, gate, pool and commit, and how far it is."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from harvester.config.options import Options
from harvester.engagement.allowance import Rate
from harvester.engagement.credentials import Credentials
from harvester.engagement.endpoints import Endpoint
from harvester.engagement.request import Access
from harvester.engagement.tweet_id import first_id_at
from harvester.pipeline.commit import Committer
from harvester.pipeline.pool import Pool, Stop
from harvester.pipeline.reading import Reading, Selection
from harvester.planning import Batch, Planner, age_classes
from harvester.reduce import Reduction
from harvester.rundir.directory import RunDirectory
from harvester.sources import Source
from harvester.transport.gate import Gate, RequestCounts, Wait
from harvester.transport.oauth import Signer
from harvester.transport.outage import Outage
from harvester.transport.pace import Pace
from harvester.transport.session import Session


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a harvest is at this moment.

    n_total: IDs to settle, None while the input is still being read; fraction_read is how much of it is.
    top: metric, value, tweet ID of the best tweet by the first metric. wait_s: inf if nobody knows.
    """

    n_settled: int
    n_total: int | None
    fraction_read: float | None
    n_planned: int
    requests: RequestCounts
    n_in_flight: int
    limit_per_minute: float | None
    wait: Wait | None
    wait_s: float
    top: tuple[str, int, int] | None


class EndpointRun:
    """Everything that harvests one endpoint, put together."""

    def __init__(
        self,
        endpoint: Endpoint,
        columns: tuple[str, ...],
        options: Options,
        credentials: Credentials,
        directory: RunDirectory,
        session: Session,
        signers: Mapping[Access, Signer],
        sources: tuple[Source, ...],
        stop: Stop,
        *,
        workers: int,
        wall: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.endpoint = endpoint
        self._sources = sources
        self._columns = columns
        mark = directory.marks[endpoint.name]
        self._earlier = mark.state
        self._monotonic = asyncio.get_running_loop().time
        self._began = self._monotonic()
        started_ms = directory.manifest.started_ms
        classes = age_classes(
            endpoint,
            columns,
            started_ms,
            has_user_context=credentials.has_user_context,
            has_bearer=credentials.bearer_token is not None or credentials.fetches_bearer,
        )
        first_id = None
        if options.newer_than_ms is not None:
            first_id = first_id_at(started_ms - options.newer_than_ms)
        self.reading = Reading(
            sources,
            Planner(endpoint, columns, classes),
            mark,
            directory.input_mark,
            Selection(options.dedupe, options.limit, first_id),
            file_format=options.file_format,
            column=options.column,
        )
        self.again = _plan_again(Planner(endpoint, columns, classes), directory, endpoint)
        url = f"{options.base_url}{endpoint.path}"
        learnt = [Rate(*pair) for pair in mark.state.get("limits", [])]
        self.gate = Gate(
            Pace(options.rates.get(endpoint.name), learnt),
            Outage(url, options.patience_s, self._began),
            monotonic=self._monotonic,
            wall=wall,
            random=random,
            starts_empty=bool(mark.state),
        )
        reduction = Reduction(columns, options.top)
        if mark.state:
            reduction = Reduction.from_dict(columns, options.top, mark.state["reduction"])
        self._n_before = sum(reduction.n_by_status.values())
        self.committer = Committer(
            directory, endpoint.name, mark, directory.input_mark, reduction, self._state
        )
        self.pool = Pool(
            url,
            session,
            signers,
            self.gate,
            self.committer,
            stop,
            concurrency=workers,
            wall=wall,
            random=random,
        )

    def elapsed_s(self) -> float:
        """Seconds spent on this endpoint, over all processes of the run."""
        return float(self._earlier.get("elapsed_s", 0.0)) + self._monotonic() - self._began

    def requests(self) -> dict[str, Any]:
        """What it took so far, over all processes of the run."""
        now = {**asdict(self.gate.counts), "unexpected": self.pool.n_unexpected}
        return _added(self._earlier.get("requests", {}), now)

    def snapshot(self) -> Snapshot:
        """How far it is."""
        counts = self.reading.counts
        sizes = [source.size_bytes for source in self._sources]
        n_bytes = None if None in sizes else sum(size or 0 for size in sizes)
        wait = self.gate.waits_for()
        metric = self._columns[0]
        best = self.committer.reduction.tops[metric].ranked()[:1]
        return Snapshot(
            self._n_before + self.committer.n_settled,
            counts.distinct - counts.too_old if self.reading.is_done else None,
            counts.bytes / n_bytes if n_bytes else None,
            counts.distinct - counts.too_old,
            self.gate.counts,
            len(self.gate.in_flight),
            self.gate.pace.limit_per_minute,
            wait,
            wait.until - self._monotonic() if wait else 0.0,
            (metric, *best[0]) if best else None,
        )

    def _state(self) -> dict[str, Any]:
        """What the checkpoint remembers beside the reduction."""
        return {
            "requests": self.requests(),
            "limits": [(rate.requests, rate.window_s) for rate in self.gate.pace.told],
            "elapsed_s": self.elapsed_s(),
        }


def _plan_again(planner: Planner, directory: RunDirectory, endpoint: Endpoint) -> list[Batch]:
    """Batches of the tweets that have a dead letter: this run asks for them once more."""
    ids = np.array(directory.journal.dead_ids(endpoint.name), dtype=np.int64)
    return [*planner.plan(ids), *planner.finish()]


def _added(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The sum of two sets of counts, of which either may lack some."""
    return {
        name: _added(earlier.get(name, {}), now.get(name, {}))
        if isinstance(earlier.get(name, now.get(name)), dict)
        else earlier.get(name, 0) + now.get(name, 0)
        for name in {**earlier, **now}
    }
