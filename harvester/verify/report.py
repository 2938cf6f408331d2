"""A run directory checked as a whole: what kind of run it is, and every promise recomputed from its files."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from harvester.engagement.metrics import EndpointName
from harvester.engagement.windows import utc_text
from harvester.errors import ExitCode, HarvesterError, RunDirectoryError
from harvester.pipeline.reading import InputCounts
from harvester.questions import Recalled, recall
from harvester.report.results import SUMMARY
from harvester.rundir.directory import JOURNAL, MANIFEST, SUCCESS
from harvester.rundir.journal_reads import JournalView
from harvester.rundir.kept import kept_name
from harvester.rundir.manifest import Manifest, read_manifest
from harvester.rundir.marks import EndpointMark, FileMark, InputMark, StreamMark
from harvester.verify.conservation import Balance, balance_of, input_equations
from harvester.verify.derived import (
    judge_dead_letters,
    judge_success,
    judge_summary,
    judge_top_tweets,
)
from harvester.verify.endpoint import Seen, read_endpoint
from harvester.verify.files import readable
from harvester.verify.findings import Findings
from harvester.verify.input import REJECTED, InputSeen, read_input, read_rejected, read_streams
from harvester.verify.matching import match

SCHEMA: Final = 1
BLANK_BYTES: Final = 4096
"""A journal of that size has not got its tables yet."""
State = Literal["complete", "incomplete", "unfinished"]
"""Incomplete: it came to its end, and dead letters or unreadable parts of the input remain."""


@dataclass(slots=True)
class Report:
    """What was found. state: None where that cannot be told. input: None where it was not read again."""

    folder: Path
    findings: Findings
    state: State | None = None
    input: InputCounts | None = None
    balances: dict[str, Balance] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """With what the command ends."""
        return ExitCode.RUN_DIRECTORY if self.findings.n_problems else ExitCode.OK

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "schema": SCHEMA,
            "run_dir": str(self.folder),
            "state": self.state,
            "ok": not self.findings.n_problems,
            "problems": [problem.to_dict() for problem in self.findings.problems()],
            "notes": self.findings.notes,
            "input": None if self.input is None else asdict(self.input),
            "endpoints": {name: balance.to_dict() for name, balance in self.balances.items()},
            "exit": int(self.exit_code),
        }


@dataclass(frozen=True, slots=True)
class _Told:
    """What a run directory says of itself: what was asked, and what the journal vouches for at one moment."""

    manifest: Manifest
    recalled: Recalled
    journal: JournalView
    marks: Mapping[EndpointName, EndpointMark]
    input_mark: InputMark
    streams: Mapping[int, StreamMark]
    derived: Mapping[str, FileMark]


def verify(folder: Path, *, reads_input: bool = True) -> Report:
    """Check a run directory, also beside a live run. Nothing is written to it.

    reads_input: whether the input is read again and compared. Raises NoRoomError when there is no room for the
    temporary files: 8 bytes for each ID of the input, and for each record.
    """
    report = Report(folder, Findings(folder))
    with ExitStack() as stack:
        asked = _read_manifest(report)
        if asked and report.state and (told := _read_journal(report, *asked, stack)):
            _judge(report, told, stack, reads_input=reads_input)
    return report


def _read_manifest(report: Report) -> tuple[Manifest, Recalled] | None:
    """What was asked; None where that is not to be known. Finds out as well whether the run is complete."""
    folder, findings = report.folder, report.findings
    with findings.check(MANIFEST) as check:
        manifest = read_manifest(folder / MANIFEST)
        if manifest is None:
            raise RunDirectoryError("is not there, so this is no run directory")
        recalled = recall(manifest.options, manifest.started_ms, folder)
        began = utc_text(manifest.started_ms // 1000)
        check.says.append(f"{', '.join(recalled.blanks)}, begun {began} by version {manifest.version}")
        # Before the journal is looked at: a run that ends meanwhile is taken for one that goes on.
        report.state = "complete" if (folder / SUCCESS).exists() else "unfinished"
        return manifest, recalled
    return None


def _read_journal(report: Report, manifest: Manifest, recalled: Recalled, stack: ExitStack) -> _Told | None:
    """What the journal says; None where nothing is to be made of it."""
    folder, findings = report.folder, report.findings
    if _is_barely_begun(folder):
        findings.notes.append("nothing is committed yet")
        return None
    with findings.check(JOURNAL) as check:
        journal = stack.enter_context(_view(folder))
        if journal.run_id() != manifest.run_id:
            raise RunDirectoryError("belongs to another run than run.json beside it")
        journal.demand_sound()
        marks = {name: journal.endpoint_mark(name) for name in recalled.blanks}
        derived = journal.derived()
        if report.state == "unfinished" and SUMMARY in derived:
            report.state = "incomplete"
        check.says.append(", ".join(f"{mark.batches:,} batches of {name}" for name, mark in marks.items()))
        return _Told(manifest, recalled, journal, marks, journal.input_mark(), journal.streams(), derived)
    return None


def _view(folder: Path) -> JournalView:
    """The journal of this moment. Raises RunDirectoryError and StorageError."""
    try:
        return JournalView(folder / JOURNAL)
    except UnicodeDecodeError as exc:  # of SQLite's words about a damaged name
        raise RunDirectoryError(f"is damaged: {exc}") from exc


def _is_barely_begun(folder: Path) -> bool:
    """Whether the run was begun a moment ago, or killed then: nothing is there but a journal without tables."""
    with readable():
        sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    journal_bytes = sizes.get(JOURNAL, 0) + sizes.get(f"{JOURNAL}-wal", 0)
    has_records = any(size for name, size in sizes.items() if name.endswith(".ndjson"))
    return journal_bytes <= BLANK_BYTES and not has_records and SUCCESS not in sizes


def _judge(report: Report, told: _Told, stack: ExitStack, *, reads_input: bool) -> None:
    folder, findings, options = report.folder, report.findings, told.recalled.options
    is_complete, is_finished = report.state == "complete", report.state != "unfinished"
    read_rejected(folder, told.input_mark, findings, is_complete=is_complete)
    read_streams(folder, told.streams, findings, is_complete=is_complete)
    endpoints = [
        read_endpoint(
            folder, told.journal, mark, told.recalled, name, findings, stack, is_complete=is_complete
        )
        for name, mark in told.marks.items()
    ]
    read = None
    if reads_input:
        read = read_input(
            folder,
            told.manifest,
            told.streams,
            told.input_mark,
            options,
            findings,
            stack,
            is_finished=is_finished,
        )
    with findings.check("IDs", REJECTED) as check:
        n_left = match(endpoints, read, findings, is_distinct=options.dedupe, is_finished=is_finished)
        if read:
            report.input = read.counts
            check.says += input_equations(read.counts)
        for seen in endpoints:
            balance = balance_of(
                seen.counts(), read, n_left[seen.name], is_distinct=options.dedupe, is_finished=is_finished
            )
            report.balances[seen.name] = balance
            check.says.append(f"{seen.name}: {balance.equation()}")
    if is_finished:
        _judge_derived(report, told, endpoints, read)


def _judge_derived(report: Report, told: _Told, endpoints: Sequence[Seen], read: InputSeen | None) -> None:
    """Check the files that are made at the end, unless a run that goes on makes them anew meanwhile."""
    folder, found = report.folder, Findings(report.folder)
    results = [seen.result(report.balances[seen.name].repeated) for seen in endpoints]
    counts = read.counts if read and read.is_exact else None
    judge_dead_letters(folder, endpoints, told.derived, found)
    judge_summary(folder, told.manifest, results, counts, told.derived, found)
    judge_top_tweets(folder, results, told.derived, found)
    if report.state == "complete":
        names = [MANIFEST, REJECTED, *told.derived, *map(kept_name, told.streams)]
        names += [f"{seen.name}.ndjson" for seen in endpoints]
        judge_success(folder, told.manifest, results, told.input_mark.rejected_lines, names, found)
    elif _derived_now(folder) != told.derived:
        report.findings.notes.append("a run goes on: what it makes at its end is not looked at")
        return
    report.findings.take(found)


def _derived_now(folder: Path) -> Mapping[str, FileMark] | None:
    try:
        with _view(folder) as journal:
            return journal.derived()
    except HarvesterError:
        return None
