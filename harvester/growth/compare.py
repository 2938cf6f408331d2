"""Two runs compared: what their tweets gained between them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from harvester.growth.gains import Gains
from harvester.growth.joining import join
from harvester.growth.sides import ENDPOINT, Side, common_metrics, demand_order, read_side
from harvester.growth.sorting import SortedRows, ranges_of
from harvester.growth.tally import Tally
from harvester.recorded.run import RecordedRun, open_run

SCHEMA: Final = 1


class Growth:
    """What was gained between two runs: known when all of `gains` has been taken."""

    def __init__(self, old: Side, new: Side, rows: tuple[SortedRows, SortedRows], tally: Tally) -> None:
        self.old = old
        self.new = new
        self.tally = tally
        self.left_out: tuple[str, ...] = ()
        """Endpoints of these runs that are not compared."""
        self._rows = rows

    def gains(self) -> Iterator[Gains]:
        """Of all tweets that can be compared, some at a time, by ID upwards. To be taken once."""
        for old, new in ranges_of(self._rows):
            yield self.tally.add(join(old, new))

    def finish(self) -> None:
        """Take what is left of the gains."""
        for _ in self.gains():
            pass

    def remarks(self) -> list[str]:
        """What has to be known to read the figures rightly, a sentence each."""
        tally = self.tally
        said = [
            f"{side.name} is {'not finished' if side.state == 'unfinished' else 'finished but for dead letters'}:"
            f" compared as far as its journal counts, {side.retrieved.n:,} records"
            for side in (self.old, self.new)
            if side.state != "complete"
        ]
        if tally.n_out_of_order:
            said.append(f"{tally.n_out_of_order:,} tweets were retrieved later in {self.old.name}: left out")
        if tally.n_at_once:
            said.append(f"{tally.n_at_once:,} tweets were retrieved in the same second: no gain per hour")
        if tally.n_repeated:
            said.append(f"{tally.n_repeated:,} records gave way to a later one of the same tweet and run")
        if self.left_out:
            said.append(f"{', '.join(self.left_out)}: not compared, their counts are of a span of time each")
        return said

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "schema": SCHEMA,
            "endpoint": ENDPOINT,
            "old": self.old.to_dict(),
            "new": self.new.to_dict(),
            **self.tally.to_dict(),
            "remarks": self.remarks(),
        }


@contextmanager
def compared(old: Path, new: Path, metrics: Sequence[str] | None, top: int) -> Iterator[Growth]:
    """Two runs, read and sorted, each up to what its journal counts at this moment.

    metrics: None for all that both have. top: the length of the top lists. Memory does not grow with the runs, but
    for their dead letters; on the disk are at most 73 bytes a record meanwhile.
    Raises UsageError where they cannot be compared, RunDirectoryError for one that is none or damaged, and
    StorageError.
    """
    with ExitStack() as stack:
        runs = [stack.enter_context(open_run(folder)) for folder in (old, new)]
        chosen = common_metrics(runs[0], runs[1], metrics)
        (before, old_rows), (after, new_rows) = (read_side(run, chosen, stack) for run in runs)
        demand_order(before, after)
        growth = Growth(before, after, (old_rows, new_rows), Tally(chosen, top))
        growth.left_out = _left_out(runs)
        yield growth


def _left_out(runs: Sequence[RecordedRun]) -> tuple[str, ...]:
    names = (name for run in runs for name in run.marks)
    return tuple(name for name in dict.fromkeys(names) if name != ENDPOINT)
