"""A whole harvest: opens what it needs, runs the pools, writes what is derived, says how it ended."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from random import random as default_random
from typing import Any, Final

import numpy as np

from harvester.config.options import DEFAULT_CONCURRENCY, Options
from harvester.engagement.allowance import Rate
from harvester.engagement.credentials import Credentials
from harvester.engagement.endpoints import ENDPOINTS, Endpoint
from harvester.engagement.metrics import choose_metrics
from harvester.engagement.tweet_id import first_id_at
from harvester.errors import ExitCode, HarvesterError, StorageError, UsageError
from harvester.pipeline.commit import Committer
from harvester.pipeline.pool import Pool, Stop
from harvester.pipeline.reading import Reading, Selection
from harvester.planning import Batch, Planner, age_classes
from harvester.reduce import Reduction
from harvester.report.summary import EndpointResult, make_summary, make_top_tweets_csv
from harvester.rundir.directory import RunDirectory
from harvester.rundir.files import write_derived
from harvester.rundir.manifest import InputFile
from harvester.sources import Source, find_sources
from harvester.transport.gate import Gate, RequestCounts, Wait
from harvester.transport.oauth import Signer, make_signers
from harvester.transport.outage import Outage
from harvester.transport.pace import Pace
from harvester.transport.session import HttpSession, Session
from harvester.version import __version__

SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a harvest ended. error: why it ended early, None when it came to its end or a signal stopped it."""

    exit_code: ExitCode
    results: tuple[EndpointResult, ...] = ()
    input_counts: Mapping[str, Any] = field(default_factory=dict)
    error: HarvesterError | None = None
    was_complete: bool = False

    def counts(self) -> dict[str, int]:
        """Tweets by what became of them, over all endpoints, and rejected lines."""
        total: Counter[str] = Counter()
        for result in self.results:
            total.update(result.counts())
        return {**total, "rejected": int(self.input_counts.get("rejected", 0))}


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


class Harvest:
    """One harvest, from its options to its run directory.

    on_open: called with the run directory when it is taken into use, before the first request. wall: seconds
    since 1970. random: uniform in [0, 1).
    """

    def __init__(
        self,
        options: Options,
        credentials: Credentials,
        *,
        on_open: Callable[[RunDirectory], None] | None = None,
        wall: Callable[[], float] = time.time,
        random: Callable[[], float] = default_random,
    ) -> None:
        self._options = options
        self._credentials = credentials
        self._on_open = on_open
        self._wall, self._random = wall, random
        self._stop = Stop()
        self._run: _EndpointRun | None = None

    def interrupt(self, code: ExitCode) -> None:
        """Stop: the first time what is in flight may finish within the grace, the second time at once."""
        self._stop.interrupt(code)

    def snapshot(self) -> Snapshot | None:
        """How far the harvest is; None before its first request and for a run that was complete."""
        return self._run.snapshot() if self._run else None

    async def run(self) -> Outcome:
        """Harvest until all is accounted for, or until something ends it early.

        Raises HarvesterError for what is wrong before the first request.
        """
        options, credentials = self._options, self._credentials
        if not (credentials.has_user_context or credentials.bearer_token or credentials.fetches_bearer):
            raise UsageError(
                "no credentials are configured",
                "Set HARVESTER_BEARER_TOKEN, or consumer key, consumer secret, access token and its secret.",
            )
        columns = choose_metrics(options.metrics, "totals", user_context=credentials.has_user_context)
        sources = find_sources(options.inputs)
        now_ms = int(self._wall() * 1000)
        directory = RunDirectory(
            options.out,
            _identity(options, credentials, columns),
            [InputFile(_printable(source.name), source.size_bytes) for source in sources],
            options.endpoints,
            now_ms=now_ms,
            version=__version__,
        )
        try:
            if self._on_open:
                self._on_open(directory)
            if directory.is_complete:
                return Outcome(ExitCode.OK, was_complete=True)
            async with HttpSession(_concurrency(options), options.timeout_s) as session:
                return await self._harvest(directory, session, sources, columns)
        finally:
            directory.close()

    async def _harvest(
        self,
        directory: RunDirectory,
        session: Session,
        sources: tuple[Source, ...],
        columns: tuple[str, ...],
    ) -> Outcome:
        signers = await make_signers(self._credentials, session, self._options.auth_url)
        run = self._run = _EndpointRun(
            ENDPOINTS["totals"],
            columns,
            self._options,
            self._credentials,
            directory,
            session,
            signers,
            sources,
            self._stop,
            wall=self._wall,
            random=self._random,
        )
        try:
            await run.pool.run(run.reading, run.again, self._options.grace_s)
        except StorageError as error:
            return Outcome(error.exit_code, error=error)
        return await asyncio.to_thread(self._finish, directory, run)

    def _finish(self, directory: RunDirectory, run: "_EndpointRun") -> Outcome:
        """Write what is derived. A kill in here costs nothing: the next run writes it again."""
        name = run.endpoint.name
        directory.write_dead_letters(name)
        input_counts = asdict(run.reading.counts)
        results = (run.result(len(directory.journal.dead_ids(name))),)
        stopped_by = self._stop.error.exit_code if self._stop.error else self._stop.signal
        if stopped_by is not None:
            return Outcome(stopped_by, results, input_counts, self._stop.error)
        is_whole = not results[0].n_failed and not run.reading.counts.unreadable
        exit_code = ExitCode.OK if is_whole else ExitCode.INCOMPLETE
        finished_at = datetime.fromtimestamp(self._wall(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        about: dict[str, object] = {
            "run_id": directory.manifest.run_id,
            "sample": directory.manifest.is_sample,
            "finished_at": finished_at,
            "elapsed_s": round(run.elapsed_s(), 3),
            "exit": int(exit_code),
        }
        write_derived(directory.path / "top_tweets.csv", make_top_tweets_csv(results))
        directory.write_json("summary.json", make_summary(results, input_counts, **about))
        if exit_code is ExitCode.OK:
            directory.journal.checkpoint()
            names = ("run.json", f"{name}.ndjson", f"{name}.failed.ndjson", "rejected.ndjson")
            counts = {"counts": {result.name: result.counts() for result in results}}
            document = {"schema": SCHEMA, "run_id": directory.manifest.run_id, "finished_at": finished_at}
            directory.write_success({**document, **counts}, (*names, "summary.json", "top_tweets.csv"))
        return Outcome(exit_code, results, input_counts)


class _EndpointRun:
    """Everything that harvests one endpoint, put together."""

    def __init__(
        self,
        endpoint: Endpoint,
        columns: tuple[str, ...],
        options: Options,
        credentials: Credentials,
        directory: RunDirectory,
        session: Session,
        signers: Mapping[Any, Signer],
        sources: tuple[Source, ...],
        stop: Stop,
        *,
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
            concurrency=options.concurrency.get(endpoint.name, DEFAULT_CONCURRENCY),
            wall=wall,
            random=random,
        )

    def elapsed_s(self) -> float:
        """Seconds spent on this endpoint, over all processes of the run."""
        return float(self._earlier.get("elapsed_s", 0.0)) + self._monotonic() - self._began

    def requests(self) -> dict[str, Any]:
        """What it took so far, over all processes of the run."""
        return _added(self._earlier.get("requests", {}), asdict(self.gate.counts)) | {
            "unexpected": self._earlier.get("requests", {}).get("unexpected", 0) + self.pool.n_unexpected
        }

    def result(self, n_failed: int) -> EndpointResult:
        """What came of the endpoint so far."""
        return EndpointResult(self.endpoint.name, self.committer.reduction, n_failed, self.requests())

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


def _identity(options: Options, credentials: Credentials, columns: tuple[str, ...]) -> dict[str, Any]:
    """The options that can change the result, by the names of their flags."""
    access = ["user context"] if credentials.has_user_context else []
    if credentials.bearer_token or credentials.fetches_bearer:
        access.append("bearer token")
    return {
        "endpoint": options.endpoints,
        "metrics": columns,
        "top": options.top,
        "format": options.file_format,
        "column": options.column,
        "dedupe": options.dedupe,
        "limit": options.limit,
        "newer-than": options.newer_than_ms,
        "account": options.account,
        "access": access,
        "base-url": "the simulator" if options.is_simulated else options.base_url,
    }


def _plan_again(planner: Planner, directory: RunDirectory, endpoint: Endpoint) -> list[Batch]:
    """Batches of the tweets that have a dead letter: this run asks for them once more."""
    ids = np.array(directory.journal.dead_ids(endpoint.name), dtype=np.int64)
    return [*planner.plan(ids), *planner.finish()]


def _concurrency(options: Options) -> int:
    return sum(options.concurrency.get(name, DEFAULT_CONCURRENCY) for name in options.endpoints)


def _added(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The sum of two sets of counts, of which one may lack some."""
    return {
        name: _added(earlier.get(name, {}), value)
        | {k: v for k, v in earlier.get(name, {}).items() if k not in value}
        if isinstance(value, dict)
        else earlier.get(name, 0) + value
        for name, value in now.items()
    }


def _printable(name: str) -> str:
    """A file's name as text; bytes that are none are escaped."""
    return name.encode(errors="backslashreplace").decode()


async def harvest(options: Options, credentials: Credentials) -> Outcome:
    """Harvest what the options say into their run directory, going on where an earlier run stopped.

    Raises HarvesterError when it cannot begin or has to end early; what is committed is kept.
    """
    outcome = await Harvest(options, credentials).run()
    if outcome.error:
        raise outcome.error
    return outcome
