"""`harvester config`: what is in force for a command, and where each value comes from."""

import os
from typing import TYPE_CHECKING, Final

import click
import cloup
from click.shell_completion import CompletionItem

from harvester.cli.configuration import configured
from harvester.cli.declaring import Group
from harvester.cli.main import print_json
from harvester.config.places import credentials_path

if TYPE_CHECKING:
    from harvester.cli.in_force import InForce

GROUP_EPILOG: Final = """
Examples:
  harvester config show
  harvester config show export
"""
EPILOG: Final = """
Examples:
  harvester config show
  harvester config show auth login
  HARVESTER_TOP=20 harvester config show run --json

What goes before what:
  a flag, a variable HARVESTER_<FLAG>, the file's table of the command, its top level, the default
  The file is --config, else harvester.toml here, else config.toml in ~/.config/harvester.

A file may hold:
  rate = "600/min"          # for every command that has --rate
  [run]
  top = 20                  # for run alone
  metrics = ["favorites", "retweets"]
"""


def _complete_commands(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    command = ctx.find_root().command
    for name in ctx.params.get("command") or ():
        child = command.get_command(ctx, name) if isinstance(command, click.Group) else None
        command = child or command
    names = command.list_commands(ctx) if isinstance(command, click.Group) else []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@cloup.group("config", cls=Group, epilog=GROUP_EPILOG)
def config() -> None:
    """What is in force, and where it comes from."""


@config.command("show", epilog=EPILOG)
@cloup.argument(
    "command",
    nargs=-1,
    metavar="[COMMAND]",
    shell_complete=_complete_commands,
    help="For which command: run if none is named.",
)
@cloup.option_group(
    "Output", cloup.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
)
@click.pass_context
def show(ctx: click.Context, command: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001  # by name
    """Say what each flag of COMMAND is where the command line says nothing, and where that comes from.

    And which credentials are configured, from where: no secret is read or shown, no vault is asked.
    """
    from harvester.cli.in_force import look_up  # noqa: PLC0415  # imported when called: help is quick

    root = ctx.find_root().command
    names = tuple(part for name in command for part in name.split(".")) or ("run",)
    found = look_up(root, names, configured(ctx).path, os.environ, credentials_path(os.environ))
    if as_json:
        print_json(found.to_dict())
    else:
        _print(found)
    for variable, hint in found.unknown.items():
        click.echo(f"warning: nothing knows {variable}" + (f". {hint}" if hint else ""), err=True)


def _print(found: "InForce") -> None:
    from rich.console import Console  # noqa: PLC0415  # only for people
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    console.print(f"harvester {found.command}, by {found.file or 'no file'}", markup=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    for value in found.values:
        style = "dim" if value.source == "default" else ""
        row = (f"--{value.flag}", value.in_words, value.place or value.source)
        table.add_row(*(Text(part, style, overflow="fold") for part in row))
    console.print(table)
    if found.credentials.problem:
        console.print(f"\nThe credentials file cannot be used: {found.credentials.problem}", markup=False)
    if not found.credentials.origins:
        console.print("\nNo credentials are configured.")
        return
    console.print("\nCredentials:")
    credentials = Table(box=None, pad_edge=False, show_header=False)
    for origin in found.credentials.origins:
        whose = f" of {origin.account}" if origin.account else ""
        row = (f"{origin.kind.replace('_', ' ')}{whose}", "[redacted]", origin.place)
        credentials.add_row(*(Text(part, overflow="fold") for part in row))
    console.print(credentials)
