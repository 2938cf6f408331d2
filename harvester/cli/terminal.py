"""What a run says on standard error: how it begins, goes on and ends, as text or as JSON.

rich, which draws on terminals, is imported where it is needed: it takes a tenth of the time to the first request.
"""

import logging
import os
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click
import orjson

from harvester.cli.declaring import Manner
from harvester.cli.main import complain, report_error
from harvester.cli.progress import Display, Lines
from harvester.config.options import Options
from harvester.errors import ExitCode
from harvester.job import Outcome
from harvester.rundir.directory import RunDirectory
from harvester.sources import shown_argument

if TYPE_CHECKING:
    from rich.console import Console

TERMINAL_VARIABLES: Final = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""By these, rich takes for a terminal what is none."""


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON, with the fields event, level, message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = {"event": "log", "level": record.levelname.lower(), "message": record.getMessage()}
        return orjson.dumps(fields).decode()


class Terminal:
    """Standard error of a run, and who reads it. wants_bar: None to have one where a person is looking."""

    def __init__(self, *, quiet: bool, wants_bar: bool | None, as_json: bool, verbosity: int) -> None:
        self._quiet = quiet
        self._as_json = as_json
        self._verbosity = verbosity
        self._has_bar = (_is_looked_at() if wants_bar is None else wants_bar) and not quiet and not as_json
        self._console = _new_console() if self._has_bar else None
        self.is_watched = not quiet and wants_bar is not False
        level = logging.DEBUG if verbosity > 1 else logging.INFO if verbosity else logging.WARNING
        logging.basicConfig(level=level, handlers=[self._log_handler()])

    def _log_handler(self) -> logging.Handler:
        """Where words about single requests go: above the bar, or in a line, or in a line of JSON."""
        if self._console:
            from rich.logging import RichHandler  # noqa: PLC0415  # see above

            return RichHandler(console=self._console, show_path=False)
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(
            JsonFormatter() if self._as_json else logging.Formatter("%(levelname)s: %(message)s")
        )
        return handler

    def display(self) -> Display:
        """What shows the progress."""
        if self._console:
            from harvester.cli.bar import Bar  # noqa: PLC0415  # see above

            return Bar(self._console)
        return Lines(_print, as_json=self._as_json)

    def show_start(self, directory: RunDirectory) -> None:
        """One line that says what begins."""
        if directory.is_complete:
            self._say("complete", f"{directory.path} is complete, nothing is left to do", {})
            return
        n_batches = sum(mark.batches for mark in directory.marks.values())
        if n_batches:
            cut = (
                f" (cut {directory.n_cut_bytes:,} bytes of uncommitted records)"
                if directory.n_cut_bytes
                else ""
            )
            text = f"{directory.path}: resuming at batch {n_batches:,}{cut}"
            self._say("resume", text, {"batch": n_batches, "cut_bytes": directory.n_cut_bytes})
        else:
            self._say("start", f"harvesting into {directory.path}", {})

    def show_end(self, options: Options, outcome: Outcome) -> None:
        """The tables for a person, and the hint how to go on."""
        if outcome.error:
            report_error(outcome.error, Manner(self._as_json, self._verbosity))
        elif outcome.exit_code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
            complain(f"stopped, all that was answered is kept; to go on: {this_command(sys.argv[1:])}", None)
        elif not self._quiet and not outcome.was_complete and not self._as_json:
            from harvester.cli.tables import print_outcome  # noqa: PLC0415  # see above

            print_outcome(self._console or _new_console(), outcome)
        if outcome.exit_code is ExitCode.INCOMPLETE:
            complain(
                f"{options.out} is not complete: dead letters or unreadable input remain",
                f"To ask for dead letters again: {this_command(sys.argv[1:])}",
            )

    def _say(self, event: str, text: str, fields: dict[str, object]) -> None:
        if self._quiet:
            return
        if self._as_json:
            text = orjson.dumps({"event": event, **fields}).decode()
        _print(text)


def _is_looked_at() -> bool:
    """Whether a person has a terminal before them that can show a bar."""
    if not sys.stderr.isatty() and not any(map(os.environ.get, TERMINAL_VARIABLES)):
        return False
    console = _new_console()
    return console.is_terminal and not console.is_dumb_terminal and not os.environ.get("CI")


def _new_console() -> "Console":
    from rich.console import Console  # noqa: PLC0415  # see above

    return Console(stderr=True, highlight=False)


def _print(line: str) -> None:
    click.echo(line, err=True)


def this_command(arguments: Sequence[str]) -> str:
    """The command line as it can be typed again, but for what is secret in a URL."""
    shown = [shown_argument(argument) if "://" in argument else argument for argument in arguments]
    command = shlex.join(["harvester", *shown])
    return command if shown == [*arguments] else f"{command} (with the whole URL)"
