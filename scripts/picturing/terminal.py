"""Runs a harvest in a terminal of its own and draws what it shows at one moment, as an SVG."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from itertools import groupby
from pathlib import Path
from typing import Final

import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.text import Text

from harvester.simulator.population import make_ids

COLUMNS: Final = 100
ROWS: Final = 22
SHOWN: Final = (
    "harvester run ids.txt -e totals -e 28hr -e historical --simulate --rate totals=20/s -o runs/july"
)
"""What the picture says that was typed, and what is run."""
SHARE_DONE: Final = 0.6
"""Of the totals, when the picture is taken."""
N_IDS: Final = 60_000
_FONTS: Final = re.compile(r"@font-face \{\{.*?\}\}", re.DOTALL)
"""Of rich's format: a picture in a README loads nothing."""
_DONE: Final = re.compile(r"totals.*?(\d+)\s?%", re.DOTALL)


def main(target: Path) -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        ids = make_ids(N_IDS, 7, int(time.time() * 1000))
        Path(folder, "ids.txt").write_text("".join(f"{tweet_id}\n" for tweet_id in ids.tolist()))
        screen = watch(folder)
    target.write_text(draw(screen))


def watch(folder: str) -> pyte.Screen:
    """The screen of the run at the moment that is wanted."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_STATE_HOME": folder}
    run = subprocess.Popen(
        [sys.executable, "-m", *SHOWN.split()],
        cwd=folder,
        env={name: value for name, value in environ.items() if name != "CI"},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    try:
        while run.poll() is None:
            if select.select([leader], [], [], 0.1)[0]:
                stream.feed(os.read(leader, 65536))
            found = _DONE.search("\n".join(screen.display))
            if found and int(found[1]) >= 100 * SHARE_DONE:
                return screen
        raise SystemExit(f"the run ended with {run.returncode} before the picture was taken")
    finally:
        run.terminate()
        while select.select([leader], [], [], 5)[0]:
            try:
                os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
        run.wait()
        os.close(leader)


def draw(screen: pyte.Screen) -> str:
    """The screen as an SVG below what was typed, without the empty lines at its end."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115, PTH123
    lines = [Text(f"$ {SHOWN}"), *(_line(screen, row) for row in range(ROWS))]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    for line in lines:
        console.print(line, no_wrap=True, crop=False)
    return console.export_svg(title="harvester", code_format=_FONTS.sub("", CONSOLE_SVG_FORMAT))


def _line(screen: pyte.Screen, row: int) -> Text:
    cells = [screen.buffer[row][column] for column in range(COLUMNS)]
    line = Text()
    for style, group in groupby(cells, key=_style):
        line.append("".join(cell.data for cell in group), style)
    line.rstrip()
    return line


def _style(cell: pyte.screens.Char) -> Style:
    return Style(color=_color(cell.fg), bold=cell.bold, italic=cell.italics, reverse=cell.reverse)


def _color(name: str) -> str | None:
    if name == "default":
        return None
    named = {"brown": "yellow", "brightbrown": "bright_yellow"}
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    return named.get(name, name.replace("bright", "bright_"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
