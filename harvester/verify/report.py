"""A run directory checked as a whole: every promise recomputed from its files."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from harvester.errors import ExitCode
from harvester.pipeline.reading import InputCounts
from harvester.recorded.run import RecordedRun, State
from harvester.rundir.inputs import printable
from harvester.verify.conservation import Balance, balance_of, input_equations
from harvester.verify.derived import judge_dead_letters, judge_success, judge_summary, judge_top_tweets
from harvester.verify.endpoint import Seen, read_endpoint
from harvester.verify.findings import Findings
from harvester.verify.input import InputSeen, read_input, read_rejected, read_streams
from harvester.verify.matching import match
from harvester.verify.told import read_told

SCHEMA: Final = 1


@dataclass(slots=True)
class Report:
    """What was found. state: None where that cannot be known. input: None where it was not read again."""

    folder: Path
    findings: Findings
    state: State | None = None
    input: InputCounts | None = None
    balances: dict[str, Balance] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The run directory's, as text."""
        return printable(str(self.folder))

    @property
    def exit_code(self) -> ExitCode:
        """With what the command ends."""
        return ExitCode.RUN_DIRECTORY if self.findings.n_problems else ExitCode.OK

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "schema": SCHEMA,
            "run_dir": self.name,
            "state": self.state,
            "ok": not self.findings.n_problems,
            "problems": [problem.to_dict() for problem in self.findings.problems()],
            "notes": self.findings.notes,
            "input": None if self.input is None else asdict(self.input),
            "endpoints": {name: balance.to_dict() for name, balance in self.balances.items()},
            "exit": int(self.exit_code),
        }


def verify(folder: Path, *, reads_input: bool = True) -> Report:
    """Check a run directory, also beside a live run. Nothing is written to it.

    reads_input: whether the input is read again and compared. Raises NoRoomError when there is no room for the
    temporary files: 8 bytes for each ID of the input, and for each record.
    """
    report = Report(folder, Findings(folder))
    with ExitStack() as stack:
        report.state, told = read_told(folder, report.findings, stack)
        if told:
            _judge(report, told, stack, reads_input=reads_input)
    return report


def _judge(report: Report, told: RecordedRun, stack: ExitStack, *, reads_input: bool) -> None:
    findings = report.findings
    read_rejected(told, findings)
    read_streams(told, findings)
    endpoints = [read_endpoint(told, name, findings, stack) for name in told.marks]
    read = read_input(told, findings, stack) if reads_input else None
    with findings.check("IDs") as check:
        n_left = match(told, endpoints, read, findings)
        if read:
            report.input = read.counts
            check.says += input_equations(read.counts)
        for seen in endpoints:
            balance = report.balances[seen.name] = balance_of(told, seen, read, n_left[seen.name])
            check.says.append(f"{seen.name}: {balance.equation()}")
    if told.is_finished:
        _judge_derived(report, told, endpoints, read)


def _judge_derived(
    report: Report, told: RecordedRun, endpoints: Sequence[Seen], read: InputSeen | None
) -> None:
    """Check the files that are made at the end, unless a run that goes on makes them anew meanwhile."""
    found = Findings(told.folder)
    results = [seen.result(report.balances[seen.name].repeated) for seen in endpoints]
    judge_dead_letters(told, endpoints, found)
    judge_summary(told, results, read.counts if read and read.is_exact else None, found)
    judge_top_tweets(told, results, found)
    if told.is_complete:
        judge_success(told, results, found)
    if told.has_moved():
        report.findings.notes.append("a run goes on: what is made at its end is not looked at")
    else:
        report.findings.take(found)
