"""A whole harvest: opens what it needs, runs the pools, writes what is derived, says how it ended."""

import asyncio
import logging
import resource
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from random import random as default_random
from typing import Any, Final, TypeVar

from harvester.config.options import DEFAULT_CONCURRENCY, Options
from harvester.engagement.credentials import Credentials
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import choose_metrics
from harvester.errors import ExitCode, HarvesterError, StorageError, UsageError
from harvester.pipeline.endpoint_run import EndpointRun, Snapshot
from harvester.pipeline.pool import Stop
from harvester.report.summary import EndpointResult, make_summary, make_top_tweets_csv
from harvester.rundir.directory import RunDirectory
from harvester.rundir.files import write_derived
from harvester.rundir.manifest import InputFile
from harvester.sources import Source, find_sources
from harvester.transport.oauth import make_signers
from harvester.transport.session import HttpSession, Session
from harvester.version import __version__

SCHEMA: Final = 1
SPARE_DESCRIPTORS: Final = 32

_T = TypeVar("_T")

log = logging.getLogger("harvester")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a harvest ended.

    counts: tweets by what became of them, over all endpoints, and rejected lines. error: why it ended early,
    None when it came to its end or a signal stopped it. was_complete: there was nothing left to do.
    """

    exit_code: ExitCode
    results: tuple[EndpointResult, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    error: HarvesterError | None = None
    was_complete: bool = False


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
        self._run: EndpointRun | None = None

    def interrupt(self, code: ExitCode) -> None:
        """Stop: the first time what is in flight may finish within the grace, the second time at once."""
        self._stop.interrupt(code)

    def fail(self, error: HarvesterError) -> None:
        """Stop for a reason that shows itself outside of the harvest."""
        self._stop.fail(error)

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
                return Outcome(ExitCode.OK, counts=directory.read_success()["total"], was_complete=True)
            workers = _affordable_workers(options.concurrency.get("totals", DEFAULT_CONCURRENCY))
            async with HttpSession(workers, options.timeout_s) as session:
                return await self._harvest(directory, session, sources, columns, workers)
        finally:
            directory.close()

    async def _harvest(
        self,
        directory: RunDirectory,
        session: Session,
        sources: tuple[Source, ...],
        columns: tuple[str, ...],
        workers: int,
    ) -> Outcome:
        signers = await self._unless_stopped(make_signers(self._credentials, session, self._options.auth_url))
        if signers is None:
            return Outcome(self._stop.signal or ExitCode.SERVICE, error=self._stop.error)
        run = self._run = EndpointRun(
            ENDPOINTS["totals"],
            columns,
            self._options,
            self._credentials,
            directory,
            session,
            signers,
            sources,
            self._stop,
            workers=workers,
            wall=self._wall,
            random=self._random,
        )
        try:
            await run.pool.run(run.reading, run.again, self._options.grace_s)
        except StorageError as error:
            return Outcome(error.exit_code, error=error)
        return await asyncio.to_thread(self._finish, directory, run)

    async def _unless_stopped(self, work: Coroutine[Any, Any, _T]) -> _T | None:
        """The outcome of some work; None when the run is to stop before it has one."""
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stop.asked.wait())
        try:
            await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            working.cancel()
            stopping.cancel()

    def _finish(self, directory: RunDirectory, run: EndpointRun) -> Outcome:
        """Write what is derived. A kill in here costs nothing: the next run writes it again."""
        name = run.endpoint.name
        directory.write_dead_letters(name)
        input_counts = asdict(run.reading.counts)
        n_failed = len(directory.journal.dead_ids(name))
        results = (EndpointResult(name, run.committer.reduction, n_failed, run.requests()),)
        total: Counter[str] = Counter()
        for result in results:
            total.update(result.counts())
        total["rejected"] = input_counts["rejected"]
        stopped_by = self._stop.error.exit_code if self._stop.error else self._stop.signal
        if stopped_by is not None:
            return Outcome(stopped_by, results, total, self._stop.error)
        is_whole = not n_failed and not run.reading.counts.unreadable
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
            document = {
                "schema": SCHEMA,
                "run_id": directory.manifest.run_id,
                "finished_at": finished_at,
                "counts": {result.name: result.counts() for result in results},
                "total": total,
            }
            directory.write_success(document, (*names, "summary.json", "top_tweets.csv"))
        return Outcome(exit_code, results, total)


def _identity(options: Options, credentials: Credentials, columns: tuple[str, ...]) -> dict[str, Any]:
    """The options that can change the result, by the names of their flags.

    The address of the API is not among them: a proxy or another port gives the same answers.
    """
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
        "simulate": options.is_simulated,
    }


def _affordable_workers(wanted: int) -> int:
    """As many workers as the process may have open connections, beside the files that it needs."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY or wanted + SPARE_DESCRIPTORS <= allowed:
        return wanted
    workers = max(1, allowed - SPARE_DESCRIPTORS)
    log.warning("only %d files may be open (ulimit -n): %d workers instead of %d", allowed, workers, wanted)
    return workers


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
