"""A whole harvest: opens what it needs, runs the pools, writes what is derived, says how it ended."""

import asyncio
import logging
import os
import resource
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from random import random as default_random
from threading import Event
from typing import Any, Final, TypeVar

from harvester.config.options import Options
from harvester.engagement.credentials import AccessToken, Credentials
from harvester.engagement.metrics import EndpointName
from harvester.engagement.redaction import Redactor
from harvester.engagement.windows import utc_text
from harvester.errors import ExitCode, HarvesterError, RunDirectoryError, ServiceError
from harvester.ledger import Ledger, MonthCount, ledger_path
from harvester.pipeline.blocking import to_the_end
from harvester.pipeline.commit import RejectedLog
from harvester.pipeline.endpoint_run import EndpointRun, Snapshot
from harvester.pipeline.fanout import Fanout
from harvester.pipeline.reading import Reading, input_form, open_reading
from harvester.pipeline.rounding import demand_exact
from harvester.pipeline.stop import Stop, first_error
from harvester.questions import Question, accounts_used, identity_of, make_questions, reach_of
from harvester.report.results import total_of, write_results
from harvester.report.summary import EndpointResult
from harvester.rundir.directory import RunDirectory
from harvester.rundir.files import Stopped
from harvester.rundir.manifest import Manifest, read_manifest
from harvester.rundir.names import MANIFEST
from harvester.sources import Source, find_sources
from harvester.transport.app_limit import AppLimit
from harvester.transport.oauth import make_signers
from harvester.transport.session import HttpSession, Session
from harvester.transport.surroundings import proxy_secrets
from harvester.version import __version__

SPARE_DESCRIPTORS: Final = 32
SILENT_S: Final = 3.0
EDGE_S: Final = 24 * 3600

_T = TypeVar("_T")

log = logging.getLogger("harvester")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a harvest ended.

    counts: tweets by what became of them, over all endpoints, and rejected lines. error: why it ended early,
    None when it came to its end or a signal stopped it. was_complete: there was nothing left to do. last: how far
    the endpoints were then. n_unreadable: parts of the input that could not be read to their ends.
    """

    exit_code: ExitCode
    results: tuple[EndpointResult, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    error: HarvesterError | None = None
    was_complete: bool = False
    last: tuple[Snapshot, ...] = ()
    n_unreadable: int = 0


class Harvest:
    """One harvest, from its options to its run directory.

    source: the input, in place of what the options name. on_open: called with the run directory when it is taken
    into use, before the first request. ledger: where the accounts used are counted, None to count them nowhere.
    wall: seconds since 1970. random: uniform in [0, 1).
    """

    def __init__(
        self,
        options: Options,
        credentials: Credentials,
        *,
        source: Source | None = None,
        ledger: Path | None = None,
        on_open: Callable[[RunDirectory], None] | None = None,
        wall: Callable[[], float] = time.time,
        random: Callable[[], float] = default_random,
    ) -> None:
        self._options = options
        self._credentials = credentials
        self._source = source
        self._redact = Redactor((*credentials.secrets(), *proxy_secrets()))
        self._ledger = Ledger(ledger) if ledger else None
        self._on_open = on_open
        self._wall, self._random = wall, random
        self._stop = Stop()
        self._halt = Event()
        # The first is set at the end of the input as well, the second by who wants an end alone.
        self._is_told = Event()
        self._runs: tuple[EndpointRun, ...] = ()
        self._month: MonthCount | None = None
        self._accounts: set[str] = set()

    def interrupt(self, code: ExitCode) -> None:
        """Stop: the first time what is in flight may finish within the grace, the second time at once."""
        self._halt.set()
        self._is_told.set()
        for stop in self._stops():
            stop.interrupt(code)

    def fail(self, error: HarvesterError) -> None:
        """Stop for a reason that concerns all endpoints."""
        self._halt.set()
        self._is_told.set()
        for stop in self._stops():
            stop.fail(error)

    def _stops(self) -> tuple[Stop, ...]:
        return (self._stop, *(run.stop for run in self._runs))

    def snapshots(self) -> tuple[Snapshot, ...]:
        """How far the endpoints are; nothing before the first request and for a run that was complete."""
        return tuple(run.snapshot() for run in self._runs)

    async def run(self) -> Outcome:
        """Harvest until all is accounted for, or until something ends it early.

        A cancellation ends it at once, with what is committed, and waits until the run directory is closed. Raises
        HarvesterError for what is wrong before the first request.
        """
        options, credentials = self._options, self._credentials
        now_ms = int(self._wall() * 1000)
        reach = reach_of(options, credentials)
        before = read_manifest(options.out / MANIFEST)
        began_ms = _began_before_ms(before, options) or now_ms
        questions = make_questions(options, reach, credentials.accounts, began_ms)
        finding = partial(_find_input, options, self._source, began_ms, self._halt, is_new=before is None)
        try:
            sources = await to_the_end(finding, on_cancel=self._halt.set)
        except HarvesterError:
            if self._halt.is_set():
                return self._stopped()
            raise
        opening = partial(
            RunDirectory,
            options.out,
            identity_of(options, credentials, questions),
            sources,
            options.endpoints,
            input_form(options, began_ms),
            now_ms=now_ms,
            version=__version__,
            may_grow=options.may_grow,
            is_sample=options.limit is not None,
            stop=self._halt,
        )
        try:
            directory = await self._opened(opening)
        except Stopped:
            return self._stopped()
        try:
            if self._on_open:
                self._on_open(directory)
            if directory.is_complete:
                return Outcome(ExitCode.OK, counts=directory.success.total, was_complete=True)
            # A directory that is begun anew has a start of its own.
            began_ms = directory.manifest.started_ms
            questions = make_questions(options, reach, credentials.accounts, began_ms)
            self._options = options = _affordable(options)
            connections = sum(most for _, most in map(options.in_flight, questions))
            async with HttpSession(connections, options.timeout_s, self._redact) as session:
                return await self._harvest(directory, session, questions, is_new=before is None)
        finally:
            directory.close()

    async def _opened(self, opening: Callable[[], RunDirectory]) -> RunDirectory:
        """The directory, opened in a thread: what is there has to be read. Says so when that takes long."""
        opened: list[RunDirectory] = []
        told = asyncio.get_running_loop().call_later(SILENT_S, _tell_of_reading)
        try:
            await to_the_end(lambda: opened.append(opening()), on_cancel=self._halt.set)
        except asyncio.CancelledError:
            for directory in opened:
                directory.close()
            raise
        finally:
            told.cancel()
        return opened[0]

    async def _harvest(
        self,
        directory: RunDirectory,
        session: Session,
        questions: Mapping[EndpointName, Question],
        *,
        is_new: bool,
    ) -> Outcome:
        options, sources = self._options, directory.sources
        accounts = accounts_used(options, self._credentials)
        signing = make_signers(
            self._credentials, accounts, session, options.auth_url, self._use_handle, self._redact.learn
        )
        signers = await self._unless_stopped(signing)
        if signers is None or self._stop.asked.is_set():
            return self._stopped()
        rejected = RejectedLog(directory, directory.input_mark)
        began_ms = directory.manifest.started_ms
        owners = next(iter(questions.values())).owners
        mark = directory.input_mark
        reading = open_reading(options, sources, owners, began_ms, mark, is_new=is_new)
        fanout = Fanout(reading, rejected, directory.path, len(questions), self.fail)
        app_limit = None
        if options.app_rate or len(questions) > 1:
            idle_s = min(spend.last.idle_s(self._wall()) for spend in directory.spends.values())
            monotonic = asyncio.get_running_loop().time
            app_limit = AppLimit(options.app_rate, monotonic=monotonic, idle_s=idle_s)
        for question in questions.values():
            _warn_of_the_edge(question, self._wall())
        self._runs = tuple(
            EndpointRun(
                question,
                options,
                directory,
                session,
                signers,
                sources,
                fanout,
                redact=self._redact,
                app_limit=app_limit,
                wall=self._wall,
                random=self._random,
            )
            for question in questions.values()
        )
        try:
            await self._run_all(rejected)
        except BaseExceptionGroup as errors:
            error = _of_version(first_error(errors), directory.manifest.version)
            return Outcome(error.exit_code, error=error)
        finally:
            fanout.close()
        return await to_the_end(self._finish, directory, questions, reading, on_cancel=self._is_told.set)

    def _stopped(self) -> Outcome:
        """How a harvest ends that was stopped before its first request."""
        error = self._stop.error
        return Outcome(error.exit_code if error else self._stop.signal or ExitCode.SERVICE, error=error)

    async def _run_all(self, rejected: RejectedLog) -> None:
        """Run all endpoints to their ends. Each ends by itself, but for what concerns them all."""
        async with asyncio.TaskGroup() as group:
            committing = group.create_task(rejected.run())
            await asyncio.gather(*(group.create_task(self._run_one(run)) for run in self._runs))
            rejected.close()
            await committing

    async def _run_one(self, run: EndpointRun) -> None:
        """Run one endpoint to its end. What ends it early is told at once: the others may go on for hours."""
        await run.run()
        if run.stop.error and not self._stop.error and len(self._runs) > 1:
            log.warning("%s has ended early: %s", run.endpoint.name, run.stop.error.message)

    def _use_handle(self, account: str, access_token: AccessToken) -> None:
        """Count an account's handle, before its first request. Raises UsageError over the ceiling."""
        self._accounts.add(account)
        if self._ledger and self._credentials.app_key:
            self._month = self._ledger.use(
                self._credentials.app_key, {account: access_token}, self._wall(), self._options.max_handles
            )

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

    def _finish(
        self, directory: RunDirectory, questions: Mapping[EndpointName, Question], reading: Reading
    ) -> Outcome:
        """How the harvest ended; writes what is derived if it came to its end."""
        results = tuple(_result(run, directory, questions[run.endpoint.name]) for run in self._runs)
        total = total_of(results, reading.counts.rejected)
        for result in results:
            directory.write_dead_letters(result.name)
        error = self._stop.error or _joint_error(self._runs)
        stopped_by = error.exit_code if error else self._stop.signal
        if stopped_by is not None:
            for name in directory.cut_streams if self._source is None else ():
                log.warning("%s had not come to its end: to go on, give all of it again", name)
            return Outcome(stopped_by, results, total, error, last=self.snapshots())
        about: dict[str, object] = {"elapsed_s": round(max(run.elapsed_s() for run in self._runs), 3)}
        if self._accounts:
            month = self._month
            in_month = {"month": month.month, "in_month": month.handles} if month else {}
            about["handles"] = {"used": len(self._accounts), **in_month}
        try:
            exit_code = write_results(
                directory,
                results,
                asdict(reading.counts),
                self._wall(),
                about,
                has_report=self._options.has_report,
                stop=self._is_told,
            )
        except Stopped:
            return replace(self._stopped(), results=results, counts=total)
        n_unreadable = reading.counts.unreadable
        return Outcome(exit_code, results, total, last=self.snapshots(), n_unreadable=n_unreadable)


def _find_input(
    options: Options, source: Source | None, began_ms: int, stop: Event, *, is_new: bool
) -> tuple[Source, ...]:
    """The input that is given, or the files that the options mean. What cannot be read, or should not be asked
    for, is refused here, before a directory is begun.
    """
    form = input_form(options, began_ms)
    sources = (source,) if source else find_sources(options.inputs, os.fspath(options.out), stop)
    if is_new:
        demand_exact(sources, form, stop)
    return sources


def _tell_of_reading() -> None:
    log.warning("still reading what is there: the files of the run and the input, a stream to its end")


def _began_before_ms(before: Manifest | None, options: Options) -> int | None:
    """When the run in the directory began, from which its range counts; None if another range was asked then."""
    if before and (before.options.get("start"), before.options.get("end")) == (options.start, options.end):
        return before.started_ms
    return None


def _of_version(error: HarvesterError, begun_by: str) -> HarvesterError:
    """The error, and what may be its cause if another version began the run, which may have read otherwise."""
    if not isinstance(error, RunDirectoryError) or begun_by == __version__:
        return error
    hint = f"harvester {begun_by} began this run, and may have read lines otherwise than {__version__} does."
    return RunDirectoryError(error.message, f"{hint} Go on with that one, or use another run directory.")


def _warn_of_the_edge(question: Question, now_s: float) -> None:
    """Say so when the API will not serve the whole range for as long as the run may take."""
    if question.range and question.range.served_until_s < now_s + EDGE_S:
        log.warning(
            "the API serves no more than 365 days back from each request: at %s the start of the range, %s, is"
            " out of reach, and tweets that were not asked for by then fail; a later --start leaves more time",
            utc_text(question.range.served_until_s),
            question.range.start,
        )


def _joint_error(runs: Sequence[EndpointRun]) -> HarvesterError | None:
    """Why endpoints ended early, in one error that names them; None if none did.

    Its kind is that of an error that needs a person, if there is one: an outage passes by itself, and running
    again would be no help.
    """
    ended = [(run.endpoint.name, run.stop.error) for run in runs if run.stop.error]
    if not ended or len(runs) == 1:
        return ended[0][1] if ended else None
    ended.sort(key=lambda pair: isinstance(pair[1], ServiceError))
    decisive = ended[0][1]
    return type(decisive)("; ".join(f"{name}: {error.message}" for name, error in ended), decisive.hint)


def _result(run: EndpointRun, directory: RunDirectory, question: Question) -> EndpointResult:
    name = run.endpoint.name
    return EndpointResult(
        name,
        run.committer.reduction,
        len(directory.journal.dead_tweets(name)),
        run.requests(),
        (question.range.start, question.range.end) if question.range else None,
        run.feed.n_repeated + run.committer.n_merged,
    )


def _affordable(options: Options) -> Options:
    """With as many requests in flight as the process may have open connections, beside the files that it needs."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = {name: options.in_flight(name)[1] for name in options.endpoints}
    if allowed == resource.RLIM_INFINITY or sum(wanted.values()) + SPARE_DESCRIPTORS <= allowed:
        return options
    share = max(1, (allowed - SPARE_DESCRIPTORS) // len(options.endpoints))
    fewer = {name: min(asked, share) for name, asked in options.concurrency.items()}
    log.log(
        logging.WARNING if fewer != options.concurrency else logging.INFO,
        "only %d files may be open (ulimit -n): at most %d requests in flight instead of %d",
        allowed,
        sum(min(most, share) for most in wanted.values()),
        sum(wanted.values()),
    )
    return replace(options, concurrency=fewer, most_in_flight=min(options.most_in_flight, share))


async def run(options: Options, credentials: Credentials) -> Outcome:
    """Harvest what the options say into their run directory, going on where an earlier run stopped.

    The accounts used are counted where the command counts them. Raises HarvesterError when it cannot begin or has
    to end early; what is committed is kept.
    """
    outcome = await Harvest(options, credentials, ledger=ledger_path(os.environ)).run()
    if outcome.error:
        raise outcome.error
    return outcome
