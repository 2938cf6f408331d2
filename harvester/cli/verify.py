"""`harvester verify`: check every promise on the files of a run."""

from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harvester.cli.main import print_json
from harvester.errors import ExitCode
from harvester.recorded.run import State
from harvester.verify.report import Report
from harvester.verify.report import verify as verify_directory

IN_WORDS: Final[dict[State | None, str]] = {
    "complete": "complete",
    "incomplete": "finished, with dead letters or unreadable input",
    "unfinished": "unfinished",
    None: "not to be told what it is",
}
EPILOG: Final = """\b
Examples:
  harvester verify runs/july
  harvester verify runs/july --no-input --json"""


@click.command("verify", epilog=EPILOG)
@click.argument("run_dir", type=click.Path(path_type=Path), metavar="RUN_DIR")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
@click.option("--no-input", is_flag=True, help="Leave the input alone, and what only it can tell.")
def verify(*, run_dir: Path, as_json: bool, no_input: bool) -> ExitCode:
    """Check every promise on the files of RUN_DIR, also of a run that goes on. Writes nothing.

    Checksums, each record by itself, sums and top lists from the records, and the input read again: whether each
    of its IDs is once among records and dead letters. Exit code 6 when anything is wrong.
    """
    report = verify_directory(run_dir, reads_input=not no_input)
    if as_json:
        print_json(report.to_dict())
    else:
        _print(Console(highlight=False, soft_wrap=True), report)
    return report.exit_code


def _print(console: Console, report: Report) -> None:
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
