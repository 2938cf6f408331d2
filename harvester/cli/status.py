"""`harvester status`: how far a run is, from any terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import cloup

from harvester.cli.declaring import command
from harvester.cli.kinds import RunDirectory
from harvester.cli.main import print_json

if TYPE_CHECKING:
    from harvester.cli.screen import Screen
    from harvester.status.run_status import RunStatus

EVERY_S: Final = 2.0
EPILOG: Final = """
Examples:
  harvester status runs/july
  harvester status runs/july --watch
  harvester status runs/july --json

Exit codes:
  0  it could be read, however far the run is   6  there is no run, or it is damaged
"""


@command("status", epilog=EPILOG)
@cloup.argument("run_dir", type=RunDirectory(), metavar="RUN_DIR", help="What `run` got as --out.")
@cloup.option_group(
    "Output",
    cloup.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output."),
    cloup.option("--watch", is_flag=True, help="Look every two seconds, until the run does not go on."),
)
def status(*, run_dir: Path, as_json: bool, watch: bool) -> None:
    """Say how far the run in RUN_DIR is, also while it goes on: it is not disturbed, and nothing is written.

    Counts are those of the last commit, half a second ago or so. How fast it is and how long it will take is
    by the last three minutes.
    """
    # Imported when called: help and completion are quick.
    import time  # noqa: PLC0415

    from harvester.status.looking import look_at  # noqa: PLC0415

    screen = None if as_json or not watch else _screen()
    while True:
        seen = look_at(run_dir)
        if as_json:
            print_json(seen.to_dict())
        else:
            _show(seen, screen)
        if not watch or seen.state != "running":
            return
        time.sleep(EVERY_S)


def _screen() -> "Screen | None":
    """Where it is drawn anew each time; None where that is no terminal."""
    import os  # noqa: PLC0415  # imported when called
    import sys  # noqa: PLC0415

    from harvester.cli.screen import Screen, terminal_size  # noqa: PLC0415
    from harvester.cli.streams import allows_color  # noqa: PLC0415
    from harvester.cli.terminal import can_draw  # noqa: PLC0415

    if not sys.stdout.isatty() or not can_draw(os.environ):
        return None
    handle = sys.stdout.fileno()
    return Screen(
        sys.stdout,
        lambda: terminal_size(handle),
        has_color=allows_color(os.environ, sys.stdout),
        encoding=sys.stdout.encoding or "ascii",
    )


def _show(seen: "RunStatus", screen: "Screen | None") -> None:
    import os  # noqa: PLC0415  # imported when called
    import shutil  # noqa: PLC0415
    import sys  # noqa: PLC0415
    import time  # noqa: PLC0415

    import click  # noqa: PLC0415

    from harvester.cli.picture import cut  # noqa: PLC0415
    from harvester.cli.screen import styled  # noqa: PLC0415
    from harvester.cli.status_text import status_rows  # noqa: PLC0415
    from harvester.cli.streams import allows_color  # noqa: PLC0415

    if screen and seen.state == "running":
        width, height = screen.room()
        screen.draw([cut(row, width) for row in status_rows(seen, time.time(), width)[:height]])
        return
    if screen:  # what is said at the end stays, all of it, however small the terminal is
        screen.clear()
    has_color = allows_color(os.environ, sys.stdout)
    width = shutil.get_terminal_size((120, 24)).columns
    for row in status_rows(seen, time.time(), width):
        click.echo(styled(row, has_color=has_color), color=has_color)
