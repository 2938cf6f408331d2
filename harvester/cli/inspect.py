"""`harvester inspect`: what is in the files; asks nothing."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, Unpack

import cloup

from harvester.cli.asking import AskedInput, input_options, read_asked_input
from harvester.cli.declaring import command
from harvester.cli.main import print_json
from harvester.errors import ExitCode

if TYPE_CHECKING:
    from harvester.sources import Chunk, Source

QUIET_S: Final = 0.5
"""What is read within that time needs no progress."""
EPILOG: Final = """
Examples:
  harvester inspect input_samples
  harvester inspect exports/*.csv --owner-column author --json

Exit codes:
  0  all of it can be read   2  wrong usage   3  a part of the input is unreadable
"""


@command("inspect", epilog=EPILOG)
@input_options
@cloup.option_group(
    "Output", cloup.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
)
def inspect(*, as_json: bool, **asked: Unpack[AskedInput]) -> ExitCode:
    """Say what is in the files of INPUT…: formats, IDs, repeats, damage, ages, what can be asked for them.

    Reads all of the input, asks the API nothing, needs no credentials, and writes nothing.
    """
    # Imported when called: help and completion are quick.
    from harvester.inspection.report import inspect_input  # noqa: PLC0415
    from harvester.pipeline.reading import input_form  # noqa: PLC0415
    from harvester.sources import find_sources  # noqa: PLC0415

    options = read_asked_input(asked, Path())
    now_ms = int(time.time() * 1000)
    form = input_form(options, now_ms)
    sources = find_sources(options.inputs)
    with Watch(sources) as watch:
        found = inspect_input(sources, form, now_ms, dedupe=options.dedupe, on_chunk=watch.show)
    if as_json:
        print_json(found.to_dict())
    else:
        from rich.console import Console  # noqa: PLC0415  # only for people

        from harvester.cli.inspection_tables import print_inspection  # noqa: PLC0415

        print_inspection(Console(highlight=False), found)
    return found.exit_code


class Watch:
    """Shows on a terminal how far the reading is, if it takes long; the line is gone when it is done."""

    def __init__(self, sources: "tuple[Source, ...]") -> None:
        from rich.console import Console  # noqa: PLC0415  # as above
        from rich.progress import Progress, SpinnerColumn, TextColumn  # noqa: PLC0415

        sizes = [source.size_bytes for source in sources]
        self._n_all = None if None in sizes else sum(size or 0 for size in sizes)
        self._n_bytes = self._n_ids = 0
        self._show_at = time.monotonic() + QUIET_S
        console = Console(stderr=True, highlight=False)
        is_hidden = not console.is_terminal or console.is_dumb_terminal or bool(os.environ.get("CI"))
        words = TextColumn("{task.description}", markup=False)
        self._progress = Progress(SpinnerColumn(), words, console=console, transient=True, disable=is_hidden)
        self._task = self._progress.add_task("")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()

    def show(self, chunk: "Chunk") -> None:
        """Count a chunk, and show it if it is time to."""
        self._n_bytes += chunk.n_bytes
        self._n_ids += len(chunk.ids)
        if time.monotonic() < self._show_at:
            return
        self._progress.start()
        self._progress.update(self._task, description=self._in_words())

    def _in_words(self) -> str:
        share = f"{self._n_bytes / self._n_all:.0%}" if self._n_all else f"{self._n_bytes / 1e6:,.0f} MB"
        return f"{share} read, {self._n_ids:,} IDs"
