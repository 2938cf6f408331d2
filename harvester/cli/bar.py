"""The bar that a person sees on a terminal while a harvest goes on."""

from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harvester.cli.progress import (
    Pace,
    Seen,
    done_in_words,
    estimated_total,
    figures_in_words,
    top_in_words,
)
from harvester.engagement.endpoints import ENDPOINTS
from harvester.pipeline.endpoint_run import Snapshot

EVERY_S: Final = 0.25
LONGEST_NAME: Final = max(map(len, ENDPOINTS))


class Bar:
    """A bar with figures below it, drawn in place."""

    every_s = EVERY_S

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=False)
        self._live.start()

    def show(self, seen: Seen) -> None:
        """Draw it anew."""
        drawn = [_draw(snapshot, pace, is_alone=len(seen) == 1) for snapshot, pace in seen]
        self._live.update(Group(*drawn), refresh=True)

    def close(self) -> None:
        """Leave the last picture standing."""
        self._live.stop()


def _draw(snapshot: Snapshot, pace: Pace, *, is_alone: bool) -> RenderableType:
    total = estimated_total(snapshot)
    bar = Table.grid(expand=True, padding=(0, 1))
    bar.add_column(no_wrap=True, min_width=0 if is_alone else LONGEST_NAME)
    bar.add_column(ratio=1)
    bar.add_column(justify="right", no_wrap=True)
    bar.add_row(
        Text("" if is_alone else snapshot.endpoint, style="bold"),
        ProgressBar(total=total, completed=snapshot.n_settled, pulse=total is None),
        Text(done_in_words(snapshot)),
    )
    figures = Text(" · ".join(figures_in_words(snapshot, pace)), overflow="ellipsis", no_wrap=True)
    if snapshot.wait:
        figures.stylize("yellow")
    lines: list[RenderableType] = [bar, figures]
    if top := top_in_words(snapshot):
        lines.append(Text(top, style="dim", overflow="ellipsis", no_wrap=True))
    return Group(*lines)
