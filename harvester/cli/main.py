"""`harvester`: the table of commands, and how an ending becomes an exit code and one clear line."""

import gc
import os
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Final

import click
import cloup

from harvester.cli.declaring import Group, Manner
from harvester.cli.streams import allows_color, open_streams, refused_output
from harvester.errors import ExitCode, HarvesterError, StorageError
from harvester.version import __version__

COMMANDS: Final = {
    "run": "harvest, or go on with it",
    "plan": "what run would ask; asks nothing",
    "inspect": "what is in the files: formats, IDs, damage, ages; asks nothing",
    "status": "how far a run is, from any terminal",
    "verify": "check every promise on the files of a run",
    "export": "the records as Parquet, CSV, DuckDB or Excel, by the file's ending",
    "report": "a run as a page: one file, offline",
    "diff": "what tweets gained between two runs",
    "auth": "get a bearer token or a user's access token, and see what works",
    "simulate": "the embedded Engagement API, as a server",
    "config": "what is in force, and where it comes from",
    "completion": "let the shell complete commands, flags and values",
}
"""By name, what each command does. Its module, of the same name, is imported when it is called."""

SECTIONS: Final = {
    "Harvest": ("run", "plan", "inspect"),
    "Look at a run": ("status", "verify", "report", "export", "diff"),
    "The API": ("auth", "simulate"),
}
"""Under which heading a command stands in the help; the others stand last."""

GC_THRESHOLD: Final = 50_000
FREED_BYTES: Final = 2 * 2**20
PROGRAM: Final = "harvester"

EPILOG: Final = """
Examples:
  harvester run ids.txt -o runs/july            harvest, and the same again to go on
  harvester run ids.txt --simulate -o try       from an embedded API: needs no account
  harvester plan ids.txt --rate 600/min         how many requests, how long

Exit codes:
  0  all accounted for, none failed
  run the same command again:
     3  dead letters or unreadable input remain     5  the service is down
     130, 143  stopped by SIGINT, SIGTERM
  a person is needed:
     2  wrong usage                                 4  credentials refused
     6  the run directory does not fit              7  the disk refused a write
  1  a bug
"""


class _Commands(Group):
    """The commands, each imported only when it is wanted, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(f"harvester.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101  # a slip in the table above, not input
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        assert isinstance(formatter, cloup.HelpFormatter)  # noqa: S101  # cloup's contexts make no other
        others = tuple(name for name in COMMANDS if name not in sum(SECTIONS.values(), ()))
        formatter.write_many_sections(
            [
                cloup.HelpSection(title, [(name, COMMANDS[name]) for name in names if name in COMMANDS])
                for title, names in {**SECTIONS, "This tool": others}.items()
            ]
        )


@cloup.command(PROGRAM, cls=_Commands, epilog=EPILOG)
@click.version_option(__version__, "--version", prog_name=PROGRAM)
def cli() -> None:
    """Harvest the Engagement API metrics of millions of tweet IDs.

    The same command on the same run directory goes on where it stopped. `harvester COMMAND --help` has flags
    and examples. Every flag is also a variable HARVESTER_<FLAG> and a key of harvester.toml.
    """


def main() -> None:
    """The console script. Ends the process with one of the documented exit codes."""
    # numpy brings a thread for each core, for linear algebra that nothing here does.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Modules and answers make thousands of objects and hardly a cycle: looking for cycles may be rarer.
    gc.set_threshold(GC_THRESHOLD)
    # By a block of that size, which is not even touched, glibc learns to keep twice as much at hand. Otherwise it
    # would give back and fetch again what each chunk of the input needs for a moment.
    bytes(FREED_BYTES)
    open_streams()
    sys.exit(run_cli(sys.argv[1:]))


def run_cli(arguments: list[str]) -> int:
    """Run a command line; the exit code. What went wrong is one line on standard error, and maybe a hint."""
    manner = manner_of(arguments, os.environ)
    try:
        # click gives the number of `ctx.exit`, or what the command's function returns.
        code = cli.main(
            arguments,
            prog_name=PROGRAM,
            standalone_mode=False,
            obj=manner,
            color=allows_color(os.environ, sys.stdout),
        )
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as exc:
        click.echo(exc.format_message(), err=True, color=allows_color(os.environ, sys.stderr))
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort) as exc:
        return exit_code_of(exc)
    except Exception as exc:  # noqa: BLE001  # a bug is told in one line, too
        report_error(exc, manner)
        return exit_code_of(exc)
    if isinstance(code, int):
        return code
    # The command has nothing to say for itself but what it printed.
    if refused := refused_output():
        report_error(StorageError(f"standard output: {refused.strerror}"), manner)
        return ExitCode.STORAGE
    return ExitCode.OK


def manner_of(arguments: list[str], environ: Mapping[str, str]) -> Manner:
    """How errors are to be told, as far as that shows before the command line is understood."""
    flags = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if next((flag for flag in flags if not flag.startswith("-")), None) == "run":
        has_flag = "--log-format=json" in flags or ("--log-format", "json") in pairwise(flags)
        as_json = has_flag or environ.get("HARVESTER_LOG_FORMAT") == "json"
    else:
        as_json = "--json" in flags or _is_on(environ.get("HARVESTER_JSON"))
    return Manner(as_json, sum(_verbosity(flag) for flag in flags))


def _is_on(value: str | None) -> bool:
    return (value or "").lower() in ("1", "true", "t", "yes", "y", "on")


def _verbosity(flag: str) -> int:
    if flag == "--verbose":
        return 1
    return len(flag) - 1 if len(flag) > 1 and flag == "-" + "v" * (len(flag) - 1) else 0


def exit_code_of(error: BaseException) -> ExitCode:
    """The code with which a process ends that an error has ended."""
    match error:
        case HarvesterError():
            return error.exit_code
        case click.ClickException():
            return ExitCode.USAGE
        case KeyboardInterrupt() | click.Abort():
            return ExitCode.INTERRUPTED
        case _:
            return ExitCode.BUG


def report_error(error: Exception, manner: Manner) -> None:
    """Say what went wrong: a line and a hint, or a line of JSON. With -vv the traceback comes before it."""
    while isinstance(error, ExceptionGroup):  # a task's, of several
        error = error.exceptions[0]
    message, hint = _in_words(error)
    trace = _traceback(error) if manner.verbosity > 1 else None
    if manner.as_json:
        print_error(exit_code_of(error), message, hint, trace)
        return
    if trace:
        click.echo(trace, err=True, nl=False)
    complain(message, hint)


def print_error(code: int, message: str, hint: str | None, trace: str | None = None) -> None:
    """One line of JSON on standard error, the event `error`."""
    # Imported when called: help and completion are quick.
    from harvester.cli.events import event_line  # noqa: PLC0415

    said = {"code": int(code), "message": _as_text(message), "hint": hint and _as_text(hint)}
    error = said if trace is None else {**said, "traceback": _as_text(trace)}
    click.echo(event_line("error", time.time(), {"error": error}), err=True)


def _as_text(message: str) -> str:
    """A message as JSON can hold it: bytes of a file's name that are no text are escaped."""
    return message.encode("utf-8", "backslashreplace").decode()


def complain(message: str, hint: str | None) -> None:
    """One line on standard error, and a second one that says what to do."""
    click.echo(f"{PROGRAM}: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def print_json(document: dict[str, object]) -> None:
    """One line of JSON on standard output."""
    import orjson  # noqa: PLC0415  # imported when called: help and completion are quick

    click.echo(orjson.dumps(document))


def _in_words(error: Exception) -> tuple[str, str | None]:
    """What went wrong, in one line, and what to do."""
    match error:
        case HarvesterError():
            return error.message, error.hint
        case click.ClickException():
            return _usage_in_words(error)
        case _:
            what = " ".join(str(error).split())[:300]
            return (
                f"a bug in {PROGRAM} {__version__}: {type(error).__name__}" + (f": {what}" if what else ""),
                "The same command with -vv shows where. Please report that, with what led to it.",
            )


def _usage_in_words(error: click.ClickException) -> tuple[str, str | None]:
    ctx = getattr(error, "ctx", None)
    see = f"See: {ctx.command_path} --help" if ctx else None
    match error:
        case click.NoSuchCommand():
            return f"no such command: {error.command_name}", _nearest(error.possibilities) or see
        case click.NoSuchOption():
            return f"no such flag: {error.option_name}", _nearest(error.possibilities) or see
        case _:
            message = " ".join(error.format_message().split())
            return message, getattr(error, "hint", None) or see


def _nearest(names: Sequence[str] | None) -> str | None:
    return f"Did you mean {names[0]!r}?" if names else None


def _traceback(error: Exception) -> str:
    import traceback  # noqa: PLC0415  # only where it is wanted

    return "".join(traceback.format_exception(error))
