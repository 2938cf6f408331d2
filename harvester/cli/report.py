"""`harvester report`: a run as a page."""

from pathlib import Path
from typing import Final

import click
import cloup

from harvester.cli.declaring import command
from harvester.cli.kinds import RunDirectory
from harvester.errors import StorageError

EPILOG: Final = """
Examples:
  harvester report runs/july
  harvester report runs/july -o july.html

Exit codes:
  0  made   6  there is no run, or it is damaged   7  the page cannot be written there
"""


@command("report", epilog=EPILOG)
@cloup.argument("run_dir", type=RunDirectory(), metavar="RUN_DIR", help="What `run` got as --out.")
@cloup.option_group(
    "Output",
    cloup.option(
        "-o",
        "--html",
        "out",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Where it goes.  [default: RUN_DIR/report.html]",
    ),
)
def report(*, run_dir: Path, out: Path | None) -> None:
    """Make the page of RUN_DIR: one HTML file that needs no network. Asks nothing.

    At any time: of a run that goes on, was interrupted or has ended, up to what its journal counts.
    """
    # Imported when called: help and completion are quick.
    from harvester.recorded.run import open_run  # noqa: PLC0415
    from harvester.report.run_page import make_page  # noqa: PLC0415
    from harvester.rundir.names import REPORT  # noqa: PLC0415

    with open_run(run_dir) as run:
        page = make_page(run)
    path = out or run_dir / REPORT
    _write(path, page, "Name another place with -o." if out else "-o FILE writes it to another place.")
    click.echo(path)


def _write(path: Path, page: bytes, hint: str) -> None:
    from harvester.rundir.files import write_beside_others  # noqa: PLC0415  # see above

    try:
        write_beside_others(path, page)  # a run that goes on may write its own
    except StorageError as exc:
        raise StorageError(exc.message, hint) from exc
