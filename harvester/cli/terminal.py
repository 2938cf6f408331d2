"""What a run says on standard error: how it begins, goes on and ends, as text or as JSON.

rich, which draws the tables of the end, is imported where it is needed: it takes a tenth of the time to the first
request. The bars do without it, for each of their pictures would take it as long as ten requests.
"""

import logging
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click

from harvester.cli.bar import Bar
from harvester.cli.declaring import Manner
from harvester.cli.events import event_line
from harvester.cli.lines import Lines
from harvester.cli.main import complain, report_error
from harvester.cli.screen import Screen, terminal_size
from harvester.cli.seen import Display
from harvester.cli.streams import allows_color
from harvester.config.options import Options
from harvester.errors import ExitCode
from harvester.job import Outcome
from harvester.rundir.directory import RunDirectory
from harvester.sources import printable_name, shown_argument

if TYPE_CHECKING:
    from rich.console import Console

STDERR: Final = 2


class LogHandler(logging.Handler):
    """Words about single requests: above the bar, or in a line, or in a line of JSON."""

    def __init__(self, terminal: "Terminal") -> None:
        super().__init__()
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        """Show the record."""
        try:
            level, message = record.levelname.lower(), record.getMessage()
            if record.exc_info:
                message += "\n" + logging.Formatter().formatException(record.exc_info)
        except Exception:  # noqa: BLE001  # as logging has it: a word that cannot be shown costs no run
            self.handleError(record)
            return
        self._terminal.tell("log", f"{record.levelname}: {message}", {"level": level, "message": message})


class Terminal:
    """Standard error of a run, and who reads it. wants_bar: None to have one where a person is looking."""

    def __init__(self, *, quiet: bool, wants_bar: bool | None, as_json: bool, verbosity: int) -> None:
        self._quiet = quiet
        self._as_json = as_json
        self._verbosity = verbosity
        self._began = time.monotonic()
        has_bar = is_looked_at(os.environ) if wants_bar is None else wants_bar and can_draw(os.environ)
        self._screen = new_screen() if has_bar and not quiet and not as_json else None
        self.is_watched = not quiet and wants_bar is not False
        level = logging.DEBUG if verbosity > 1 else logging.INFO if verbosity else logging.WARNING
        logging.basicConfig(level=level, handlers=[LogHandler(self)])

    def display(self) -> Display:
        """What shows the progress."""
        return Bar(self._screen) if self._screen else Lines(self._print, as_json=self._as_json)

    def show_start(self, directory: RunDirectory) -> None:
        """One line that says what begins."""
        directory.note_command(this_command(sys.argv[1:]))
        where = {"run_dir": printable_name(directory.path)}
        if directory.is_complete:
            self._say("complete", f"{directory.path} is complete, nothing is left to do", where)
            return
        n_batches = sum(mark.batches for mark in directory.marks.values())
        if n_batches:
            cut = (
                f" (cut {directory.n_cut_bytes:,} bytes of uncommitted records)"
                if directory.n_cut_bytes
                else ""
            )
            text = f"{directory.path}: resuming at batch {n_batches:,}{cut}"
            self._say("resume", text, {**where, "batch": n_batches, "cut_bytes": directory.n_cut_bytes})
        else:
            self._say("start", f"harvesting into {directory.path}", where)

    def show_end(self, options: Options, outcome: Outcome) -> None:
        """The tables for a person, and the hint how to go on."""
        if self._as_json:
            self._tell_end(options, outcome)
            return
        again = this_command(sys.argv[1:])
        if outcome.error:
            report_error(outcome.error, Manner(self._as_json, self._verbosity))
        elif outcome.exit_code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
            complain(f"stopped, all that was answered is kept; to go on: {again}", None)
        elif not self._quiet and not outcome.was_complete:
            from harvester.cli.tables import print_outcome  # noqa: PLC0415  # see above

            print_outcome(new_console(), options, outcome, time.monotonic() - self._began)
        if outcome.exit_code is ExitCode.INCOMPLETE:
            complain(
                f"{options.out} is not complete: dead letters or unreadable input remain",
                f"To ask for dead letters again: {again}",
            )

    def _tell_end(self, options: Options, outcome: Outcome) -> None:
        if outcome.error:
            report_error(outcome.error, Manner(as_json=True, verbosity=self._verbosity))
        fields = {
            "run_dir": printable_name(options.out),
            "exit": int(outcome.exit_code),
            "counts": dict(outcome.counts),
            "elapsed_s": round(time.monotonic() - self._began, 3),
            "requests": sum(snapshot.requests.sent for snapshot in outcome.last),
        }
        self._say("end", "", fields)

    def _say(self, event: str, text: str, fields: Mapping[str, object]) -> None:
        if not self._quiet:
            self.tell(event, text, fields)

    def tell(self, event: str, text: str, fields: Mapping[str, object]) -> None:
        """Say something: as text, or as an event. Also where it is quiet."""
        self._print(event_line(event, time.time(), fields) if self._as_json else text)

    def _print(self, line: str) -> None:
        if self._screen:
            self._screen.say(line)
        else:
            click.echo(line, err=True)


def is_looked_at(environ: Mapping[str, str]) -> bool:
    """Whether a person has a terminal before them that can show a bar."""
    return sys.stderr.isatty() and not environ.get("CI") and can_draw(environ)


def can_draw(environ: Mapping[str, str]) -> bool:
    """Whether a terminal of this kind can be drawn on."""
    return environ.get("TERM", "dumb" if sys.stderr.isatty() else "").lower() not in {"dumb", "unknown"}


def new_screen() -> Screen:
    """Standard error, to be drawn on."""
    return Screen(
        sys.stderr,
        lambda: terminal_size(STDERR),
        has_color=allows_color(os.environ, sys.stderr),
        encoding=sys.stderr.encoding or "ascii",
    )


def new_console() -> "Console":
    """Standard error, for tables: as wide as the terminal, or unfolded where there is none."""
    from rich.console import Console  # noqa: PLC0415  # see above

    is_terminal = sys.stderr.isatty()
    is_colored = allows_color(os.environ, sys.stderr)
    return Console(
        stderr=True,
        highlight=False,
        no_color=not is_colored,
        force_terminal=is_colored or is_terminal,
        width=None if is_terminal or os.environ.get("COLUMNS") else 120,
    )


def this_command(arguments: Sequence[str]) -> str:
    """The command line as it can be typed again, but for what is secret in a URL."""
    shown = [shown_argument(argument) if "://" in argument else argument for argument in arguments]
    command = shlex.join(["harvester", *shown])
    return command if shown == [*arguments] else f"{command} (with the whole URL)"
