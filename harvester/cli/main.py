"""`harvester`: the table of commands, and how an ending becomes an exit code and one clear line."""

import gc
import os
import sys
from importlib import import_module
from typing import Final

import click
import orjson

from harvester.cli.streams import open_streams, refused_output
from harvester.errors import ExitCode, HarvesterError
from harvester.version import __version__

COMMANDS: Final = {
    "run": "harvest, or go on with it",
    "auth": "get a bearer token or a user's access token, and see what works",
    "plan": "what run would ask; asks nothing",
    "inspect": "what is in the files: formats, IDs, damage, ages; asks nothing",
    "verify": "check every promise on the files of a run",
    "diff": "what tweets gained between two runs",
    "simulate": "the embedded Engagement API, as a server",
}
"""By name, what each command does. Its module, of the same name, is imported when it is called."""

GC_THRESHOLD: Final = 50_000
FREED_BYTES: Final = 2 * 2**20

EXIT_CODES: Final = """\b
Exit codes: 0 all accounted for, none failed
  run the same command again:
    3 dead letters or unreadable input remain   5 the service is down
    130, 143 stopped by SIGINT, SIGTERM
  a person is needed:
    2 wrong usage        4 credentials refused
    6 the run directory does not fit            7 the disk refused a write
  1 a bug"""


class _Commands(click.Group):
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
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command("harvester", cls=_Commands, epilog=EXIT_CODES)
@click.version_option(__version__, "--version", prog_name="harvester")
def cli() -> None:
    """Harvest the Engagement API metrics of millions of tweet IDs.

    The same command on the same run directory goes on where it stopped.
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
    try:
        # click gives the number of `ctx.exit`, or what the command's function returns.
        code = cli.main(arguments, prog_name="harvester", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as exc:
        complain(" ".join(exc.format_message().split()), None)
        return exit_code_of(exc)
    except HarvesterError as exc:
        complain(exc.message, exc.hint)
        return exit_code_of(exc)
    except (KeyboardInterrupt, click.Abort) as exc:
        return exit_code_of(exc)
    if isinstance(code, int):
        return code
    # The command has nothing to say for itself but what it printed.
    if refused := refused_output():
        complain(f"standard output: {refused.strerror}", None)
        return ExitCode.STORAGE
    return ExitCode.OK


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


def complain(message: str, hint: str | None) -> None:
    """One line on standard error, and a second one that says what to do."""
    click.echo(f"harvester: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def print_json(document: dict[str, object]) -> None:
    """One line of JSON on standard output."""
    click.echo(orjson.dumps(document))
