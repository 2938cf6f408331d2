"""`harvester diff`: what tweets gained between two runs."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import cloup

from harvester.cli.declaring import command
from harvester.cli.kinds import METRICS, RunDirectory
from harvester.cli.main import print_json
from harvester.config.options import parse_list
from harvester.errors import UsageError

if TYPE_CHECKING:
    from harvester.growth.compare import Growth

STANDARD_OUTPUT: Final = Path("-")
EPILOG: Final = """
Examples:
  harvester diff runs/june runs/july
  harvester diff runs/june runs/july -m favorites,retweets --top 50 --html july.html
  harvester diff runs/june runs/july --ndjson gains.ndjson --json

Exit codes:
  0  compared   2  the runs cannot be compared   6  there is no run, or it is damaged
"""


@command("diff", epilog=EPILOG)
@cloup.argument("old_run", type=RunDirectory(), metavar="OLD_RUN", help="The directory of the earlier run.")
@cloup.argument("new_run", type=RunDirectory(), metavar="NEW_RUN", help="The directory of the later one.")
@cloup.option_group(
    "Question",
    cloup.option(
        "-m",
        "--metrics",
        type=METRICS,
        metavar="LIST",
        help="Comma-separated.  [default: all that both runs have]",
    ),
    cloup.option(
        "--top", type=click.IntRange(0), default=10, metavar="N", help="Top tweets per metric, 0 for none."
    ),
)
@cloup.option_group(
    "Output",
    cloup.option(
        "--ndjson",
        type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
        metavar="FILE",
        help="All tweets that can be compared, a line each, by ID upwards; - for standard output.",
    ),
    cloup.option(
        "--html",
        "--report",
        "report",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="A page of HTML that needs no network.",
    ),
    cloup.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output."),
)
def diff(
    *,
    old_run: Path,
    new_run: Path,
    metrics: str | None,
    top: int,
    ndjson: Path | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Say what tweets gained between two runs: per tweet and metric, and per hour between their two records.

    Only totals can be compared, since they only grow. A tweet that is in one of the runs only, not ok in one of
    them, or not counted there is counted as such, and never a zero. Runs that go on or were interrupted are
    compared as far as they are. Nothing is written to the runs' directories.
    """
    # Imported when called: help and completion are quick.
    from harvester.growth.compare import compared  # noqa: PLC0415
    from harvester.growth.files import demand_outside  # noqa: PLC0415

    if as_json and ndjson == STANDARD_OUTPUT:
        raise UsageError("--json and --ndjson - both want standard output", "Give --ndjson a file.")
    for path in (ndjson, report):
        if path not in (None, STANDARD_OUTPUT):
            demand_outside(path)
    chosen = None if metrics is None else parse_list(metrics)
    with compared(old_run, new_run, chosen, top) as growth:
        _take(growth, ndjson)
        if report:
            from harvester.growth.page import write_page  # noqa: PLC0415  # the same

            write_page(growth, report)
        if as_json:
            print_json(growth.to_dict())
        else:
            from rich.console import Console  # noqa: PLC0415  # the same

            from harvester.cli.diff_tables import print_growth  # noqa: PLC0415  # the same

            print_growth(Console(highlight=False, stderr=ndjson == STANDARD_OUTPUT), growth)


def _take(growth: "Growth", ndjson: Path | None) -> None:
    """Take all gains, and write them where they are wanted."""
    from harvester.rundir.files import write_beside_others  # noqa: PLC0415  # the same

    if ndjson is None:
        growth.finish()
    elif ndjson == STANDARD_OUTPUT:
        for lines in _lines(growth):
            sys.stdout.buffer.write(lines)
    else:
        write_beside_others(ndjson, _lines(growth))


def _lines(growth: "Growth") -> Iterator[bytes]:
    from harvester.growth.lines import GainLines  # noqa: PLC0415  # the same

    lines = GainLines(tuple(growth.tally.metrics))
    return map(lines.encode, growth.gains())
