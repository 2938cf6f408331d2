"""`harvester verify`: check every promise on the files of a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import cloup

from harvester.cli.declaring import command
from harvester.cli.kinds import RunDirectory
from harvester.cli.main import print_json
from harvester.errors import ExitCode

if TYPE_CHECKING:
    from harvester.recorded.run import State
    from harvester.verify.report import Report

IN_WORDS: "Final[dict[State | None, str]]" = {
    "complete": "complete",
    "incomplete": "finished, with dead letters or unreadable input",
    "unfinished": "unfinished",
    None: "not to be told what it is",
}
EPILOG: Final = """
Examples:
  harvester verify runs/july
  harvester verify runs/july --no-input --json

Exit codes:
  0  all of it holds   6  something is wrong, or there is no run
"""


@command("verify", epilog=EPILOG)
@cloup.argument("run_dir", type=RunDirectory(), metavar="RUN_DIR", help="What `run` got as --out.")
@cloup.option_group(
    "Input",
    cloup.option("--no-input", is_flag=True, help="Leave the input alone, and what only it can tell."),
)
@cloup.option_group(
    "Output", cloup.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
)
def verify(*, run_dir: Path, as_json: bool, no_input: bool) -> ExitCode:
    """Check every promise on the files of RUN_DIR, also of a run that goes on. Writes nothing.

    Checksums, each record by itself, sums and top lists from the records, and the input read again: whether each
    of its IDs is once among records and dead letters.
    """
    from harvester.verify.report import verify as verify_directory  # noqa: PLC0415  # imported when called

    report = verify_directory(run_dir, reads_input=not no_input)
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report)
    return report.exit_code


def _print(report: "Report") -> None:
    from rich.console import Console  # noqa: PLC0415  # only for people
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{report.name}: {IN_WORDS[report.state]}", markup=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    for check in report.findings.checks:
        mark = Text("ok") if check.holds else Text("wrong", style="red")
        table.add_row(mark, Text(check.subject), Text("\n".join(check.says)))
    console.print(table)
    for note in report.findings.notes:
        console.print(f"note: {note}", markup=False)
    for problem in report.findings.problems():
        console.print(str(problem), markup=False)
    n = report.findings.n_problems
    console.print(f"{n:,} problems." if n else "All of it holds.")
