"""The two runs that are compared: whether they can be, and their records, read once and sorted."""

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harvester.engagement.metrics import EndpointName, choose_metrics
from harvester.engagement.windows import utc_text
from harvester.errors import RunDirectoryError, UsageError
from harvester.growth.rows import Rows, rows_of_block, rows_of_dead
from harvester.growth.sorting import SortedRows
from harvester.recorded.records import NOT_COUNTED, read_records
from harvester.recorded.run import RecordedRun, State
from harvester.rundir.inputs import printable
from harvester.rundir.names import records_name

ENDPOINT: Final[EndpointName] = "totals"


@dataclass(slots=True)
class Retrieved:
    """When records were retrieved: how many, the first, the last, and the sum, in seconds since 1970."""

    n: int = 0
    first: int = 0
    last: int = 0
    total: int = 0

    @property
    def mean(self) -> float:
        """In seconds since 1970, 0 for none."""
        return self.total / self.n if self.n else 0.0

    def add(self, rows: Rows) -> None:
        """Take more of them."""
        first, last = int(rows["at"].min()), int(rows["at"].max())
        self.first, self.last = min(self.first or first, first), max(self.last, last)
        self.total += int(rows["at"].sum())
        self.n += len(rows)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two runs that are compared. n_dead: tweets that have a dead letter."""

    folder: Path
    run_id: str
    state: State
    retrieved: Retrieved
    n_dead: int

    @property
    def name(self) -> str:
        """The run directory's, as text."""
        return printable(os.fspath(self.folder))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        times = (self.retrieved.first, self.retrieved.last)
        first, last = map(utc_text, times) if self.retrieved.n else (None, None)
        return {
            "run_dir": self.name,
            "run_id": self.run_id,
            "state": self.state,
            "records": self.retrieved.n,
            "dead_letters": self.n_dead,
            "first_retrieved_at": first,
            "last_retrieved_at": last,
        }


def common_metrics(old: RecordedRun, new: RecordedRun, asked: Sequence[str] | None) -> tuple[str, ...]:
    """The metrics by which two runs are compared: those asked for as of a run, or all that both of them have.

    Raises UsageError where they have none in common, or cannot be compared by what is asked.
    """
    if old.manifest.run_id == new.manifest.run_id:
        raise UsageError(f"{_name(old)} and {_name(new)} are the same run")
    columns = [_columns(run) for run in (old, new)]
    common = tuple(metric for metric in columns[1] if metric in columns[0])
    if not common:
        raise UsageError(
            f"the runs have no metric in common: {', '.join(columns[0])}; {', '.join(columns[1])}"
        )
    if asked is None:
        return common
    chosen = choose_metrics(asked, ENDPOINT, user_context=True)
    for metric in chosen:
        for run, its in zip((old, new), columns, strict=True):
            _demand(metric, run, its, common)
    return chosen


def _columns(run: RecordedRun) -> tuple[str, ...]:
    """Raises UsageError for a run whose counts are not cumulative."""
    if ENDPOINT not in run.marks:
        raise UsageError(
            f"{_name(run)} has no {ENDPOINT}, and {' and '.join(run.marks)} count a span of time each",
            "What was gained between two runs can be told of totals only, since these only grow with time.",
        )
    return run.recalled.blanks[ENDPOINT][0].columns


def _demand(metric: str, run: RecordedRun, columns: Sequence[str], common: Sequence[str]) -> None:
    if metric not in columns:
        raise UsageError(f"{_name(run)} has no metric {metric!r}", f"Both runs have: {', '.join(common)}.")


def _name(run: RecordedRun) -> str:
    return printable(os.fspath(run.folder))


def read_side(run: RecordedRun, metrics: Sequence[str], stack: ExitStack) -> tuple[Side, SortedRows]:
    """Read a run's records up to what its journal counts. stack: what closes the temporary file.

    Raises RunDirectoryError where they are damaged, and StorageError without room for 17 bytes and 8 for each
    metric a record.
    """
    rows, retrieved = stack.enter_context(SortedRows(len(metrics))), Retrieved()
    for block in _blocks(run, metrics):
        retrieved.add(block)
        rows.add(block)
    dead = [tweet_id for tweet_id, _ in run.journal.dead_tweets(ENDPOINT)]
    rows.add(rows_of_dead(dead, len(metrics), NOT_COUNTED))
    rows.finish()
    return Side(run.folder, run.manifest.run_id, run.state, retrieved, len(dead)), rows


def _blocks(run: RecordedRun, metrics: Sequence[str]) -> Iterator[Rows]:
    try:
        for block in read_records(run, ENDPOINT):
            yield rows_of_block(block, metrics)
    except ValueError as exc:
        path = run.folder / records_name(ENDPOINT)
        raise RunDirectoryError(
            f"{path} is damaged: {str(exc)[:200]}", "harvester verify tells more."
        ) from exc


def demand_order(old: Side, new: Side) -> None:
    """Raises UsageError when the old run is the newer one, all in all: a few of its tweets may be of later."""
    if old.retrieved.n and new.retrieved.n and old.retrieved.mean > new.retrieved.mean:
        older, newer = new.name, old.name
        times = [utc_text(int(side.retrieved.mean)) for side in (old, new)]
        raise UsageError(
            f"{newer} is newer than {older}: its records are of {times[0]} on average, those of {older} of"
            f" {times[1]}",
            f"Give the older run first: {shlex.join(('harvester', 'diff', older, newer))}",
        )
