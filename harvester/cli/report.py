"""`harvester report`: a run as a page."""

import os
from pathlib import Path
from typing import Final

import click
import cloup

from harvester.errors import StorageError

EPILOG: Final = """\b
Examples:
  harvester report runs/july
  harvester report runs/july -o july.html"""


@cloup.command("report", epilog=EPILOG)
@cloup.argument("run_dir", type=click.Path(path_type=Path), metavar="RUN_DIR", help="The run directory.")
@cloup.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where it goes.  [default: RUN_DIR/report.html]",
)
def report(*, run_dir: Path, out: Path | None) -> None:
    """Make the page of RUN_DIR: one HTML file that needs no network. Asks nothing.

    At any time: of a run that goes on, was interrupted or has ended, up to what its journal counts.
    """
    # Imported when called: help and completion are quick.
    from harvester.recorded.run import open_run  # noqa: PLC0415
    from harvester.report.run_page import make_page  # noqa: PLC0415
    from harvester.rundir.files import write_derived  # noqa: PLC0415
    from harvester.rundir.names import REPORT  # noqa: PLC0415

    with open_run(run_dir) as run:
        page = make_page(run)
    path = out or run_dir / REPORT
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_derived(path, page, temporary_name=temporary.name)
    except StorageError as exc:
        hint = "-o FILE writes it to another place." if out is None else "Name another place with -o."
        raise StorageError(exc.message, hint) from exc
    finally:
        _remove(temporary)
    click.echo(path)


def _remove(temporary: Path) -> None:
    """Take away what is left of one that could not be written."""
    try:
        temporary.unlink(missing_ok=True)
    except OSError:
        return
