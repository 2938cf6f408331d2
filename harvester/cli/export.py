"""`harvester export`: the records as tables, for whatever reads those."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, Self

import click
import cloup

from harvester.cli.declaring import command
from harvester.cli.kinds import ENDPOINT, METRICS, RunDirectory
from harvester.cli.main import complain, print_json
from harvester.cli.streams import is_output_useless
from harvester.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from rich.status import Status

    from harvester.export.exporting import Exported, ExportedRun
    from harvester.export.layout import Wanted

QUIET_S: Final = 0.5
"""What takes no longer needs no progress."""
EPILOG: Final = """
Examples:
  harvester export runs/july --to july.parquet
  harvester export runs/june runs/july --to summer.duckdb --force
  harvester export runs/july -e totals -m favorites,retweets --to - | head

A spreadsheet that opens a CSV file rounds the tweet IDs in it: give it .xlsx, where they are text.
"""


@command("export", epilog=EPILOG)
@cloup.argument(
    "run_dirs",
    type=RunDirectory(),
    metavar="RUN_DIR...",
    nargs=-1,
    required=True,
    help="What `run` got as --out.",
)
@cloup.option_group(
    "What of the runs",
    cloup.option(
        "-e",
        "--endpoint",
        "endpoints",
        multiple=True,
        type=ENDPOINT,
        help="Only this one; repeatable.  [default: all]",
    ),
    cloup.option(
        "-m",
        "--metrics",
        type=METRICS,
        metavar="LIST",
        help="Columns for these, comma-separated.  [default: all that were asked for]",
    ),
    cloup.option(
        "--with-dead-letters",
        is_flag=True,
        help="Also a row for each tweet that was given up: status `failed`, and why in a column `error`.",
    ),
)
@cloup.option_group(
    "Output",
    cloup.option(
        "--to",
        required=True,
        type=click.Path(allow_dash=True),
        metavar="FILE",
        help="Ends in .parquet, .csv, .csv.gz, .duckdb or .xlsx; - is CSV on standard output.",
    ),
    cloup.option("-f", "--force", is_flag=True, help="Replace files that are there already."),
    cloup.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output."),
)
def export(
    *,
    run_dirs: tuple[Path, ...],
    to: str,
    force: bool,
    as_json: bool,
    endpoints: tuple[str, ...],
    metrics: str | None,
    with_dead_letters: bool,
) -> None:
    """Write the records of each RUN_DIR into a table: a row for each record, a column for each metric.

    Several runs become one table, with the run as a column. Time series become a second, long table: a sheet or a
    table of the same file, and of Parquet and CSV a file of its own, x.series.parquet. Works on runs that were
    interrupted or go on as well, and takes what their journal counts. Nothing is written under the final name
    before all of it is on the disk.
    """
    # Imported when called: help and completion are quick.
    from harvester.config.options import parse_endpoints  # noqa: PLC0415
    from harvester.export.layout import Wanted, choose_columns  # noqa: PLC0415

    wanted = Wanted(parse_endpoints(endpoints), choose_columns(metrics), with_dead_letters)
    exported = _export(run_dirs, to, wanted, replaces=force, as_json=as_json)
    if exported is None:
        return
    for line in _remarks(exported, with_dead_letters=with_dead_letters):
        click.echo(line, err=True)
    if as_json:
        print_json(_document(exported))


def _export(
    run_dirs: tuple[Path, ...], to: str, wanted: "Wanted", *, replaces: bool, as_json: bool
) -> "Exported | None":
    """What went out; None if nobody reads it any more."""
    from harvester.export.exporting import export_to_file, export_to_stream  # noqa: PLC0415  # imported when called
    from harvester.export.target import read_target  # noqa: PLC0415  # the same

    target = read_target(to)
    if target.path is None and as_json:
        raise UsageError(
            "--json and --to - are both for standard output", "Export to a file, or without --json."
        )
    with _stoppable(), Watch(is_for_a_pipe=target.path is None) as watch:
        if target.path is not None:
            return export_to_file(run_dirs, target, wanted, watch.count, replaces=replaces)
        try:
            return export_to_stream(run_dirs, sys.stdout.buffer, wanted, watch.count)
        except _NobodyReads:
            return None


def _remarks(exported: "Exported", *, with_dead_letters: bool) -> Iterator[str]:
    """What a person has to know of it, a line each."""
    rows = f"{exported.rows:,} rows of {_counted(len(exported.runs), 'run')}"
    series = f", {exported.series_rows:,} points of time series" if exported.series_rows else ""
    where = " and ".join(f"{path} ({_size(path)})" for path in exported.files) or "standard output"
    yield f"{rows}{series}: {where}"
    if exported.leaves_series:
        yield "Time series are left out: they need a file."
    if exported.stale:
        yield f"{exported.stale} is of an earlier export: this one has no time series"
    for run in exported.runs:
        if run.state == "unfinished":
            yield f"{run.folder} is not finished: it is what its journal counts so far"
        if run.dead_letters and not with_dead_letters:
            yield (
                f"{run.folder}: {_counted(run.dead_letters, 'tweet')} given up, not in it"
                " (--with-dead-letters adds them)"
            )


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' if n != 1 else ''}"


def _size(path: Path) -> str:
    from harvester.recorded.lines import size_text  # noqa: PLC0415  # imported when called

    return size_text(path.stat().st_size)


def _document(exported: "Exported") -> dict[str, object]:
    from harvester.sources import printable_name  # noqa: PLC0415  # imported when called

    return {
        "schema": 1,
        "files": [printable_name(path) for path in exported.files],
        "rows": exported.rows,
        "series_rows": exported.series_rows,
        "runs": [_of_run(run) for run in exported.runs],
    }


def _of_run(run: "ExportedRun") -> dict[str, object]:
    from harvester.sources import printable_name  # noqa: PLC0415  # imported when called

    return {
        "run": run.name,
        "run_dir": printable_name(run.folder),
        "state": run.state,
        "rows": run.rows,
        "series_rows": run.series_rows,
        "dead_letters": run.dead_letters,
    }


class _NobodyReads(Exception):  # noqa: N818  # nothing is wrong
    """Whoever read the pipe has gone."""


class Watch:
    """Shows on a terminal how far an export is, if it takes long; the line is gone when it is done.

    is_for_a_pipe: it goes to standard output, where somebody may stop reading.
    """

    def __init__(self, *, is_for_a_pipe: bool) -> None:
        self._is_for_a_pipe = is_for_a_pipe
        self._n_rows = 0
        is_seen = sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"
        self._show_at = time.monotonic() + QUIET_S if is_seen else float("inf")
        self._status: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._status:
            self._status.stop()

    def count(self, n_rows: int) -> None:
        """So many rows more. Raises to end an export that nobody reads."""
        if self._is_for_a_pipe and is_output_useless():
            raise _NobodyReads
        self._n_rows += n_rows
        if time.monotonic() >= self._show_at:
            self._show()

    def _show(self) -> None:
        words = f"{self._n_rows:,} rows"
        if self._status:
            self._status.update(words)
            return
        from rich.console import Console  # noqa: PLC0415  # only where it is seen

        self._status = Console(stderr=True, highlight=False).status(words)
        self._status.start()


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM end an export as Ctrl-C does: what is half done is cleared away, and that is said."""

    def leave(*_: object) -> NoReturn:
        raise SystemExit(ExitCode.TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        complain("stopped, no file has changed", None)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
