"""The last line on standard output: of a run, for whatever started it, however the run ends."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from harvester.cli.declaring import Command
from harvester.cli.main import exit_code_of, print_json
from harvester.errors import ExitCode

if TYPE_CHECKING:
    from harvester.job import Outcome


class LastLineCommand(Command):
    """A command that ends with a line of JSON where standard output is no terminal; its function gives an Outcome.

    In it are the run directory, the tweets by what became of them as far as that is known, and the exit code.
    The run directory is null where the command line does not tell it.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the command line."""
        given = list(args)  # reading it takes the words out
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.exceptions.Exit:  # it asks for help, and has got it
            raise
        except BaseException as error:
            if not (parent and parent.resilient_parsing):
                # As far as it can be understood at all.
                context = super().make_context(
                    info_name, given, parent, **{**extra, "resilient_parsing": True}
                )
                _print(context.params.get("out"), {}, exit_code_of(error))
            raise

    def invoke(self, ctx: click.Context) -> ExitCode:
        """Do what it says."""
        try:
            outcome: Outcome = super().invoke(ctx)
        except BaseException as error:
            _print(ctx.params["out"], {}, exit_code_of(error))
            raise
        _print(ctx.params["out"], outcome.counts, outcome.exit_code)
        return outcome.exit_code


def _print(run_directory: Any, counts: Mapping[str, int], code: ExitCode) -> None:
    if not sys.stdout.isatty():
        from harvester.sources import printable_name  # noqa: PLC0415  # imported when called: help is quick

        name = None if run_directory is None else printable_name(run_directory)
        print_json({"schema": 1, "run_dir": name, **counts, "exit": int(code)})
