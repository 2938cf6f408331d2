"""An export from the run directories to the files in their places."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from harvester.engagement.metrics import EndpointName
from harvester.errors import RunDirectoryError
from harvester.export.layout import Layout, TableName, Wanted, lay_out, name_runs
from harvester.export.rows import Rows, Whose, dead_rows, is_of_series, series_rows, tweet_rows
from harvester.export.sink import Sink, demand_libraries, file_sink, stream_sink
from harvester.export.target import Target, demand_free
from harvester.export.workplace import put_in_place, workplace
from harvester.recorded.records import read_records
from harvester.recorded.run import RecordedRun, State, demand_asked, open_run

LETTERS_AT_ONCE: Final = 2_000
Watch = Callable[[int], None]
"""Is told how many rows came to the tables."""


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """What of a run went out.

    rows: records, and dead letters where they are wanted. dead_letters: how many there are, wanted or not.
    """

    name: str
    folder: Path
    state: State
    rows: int
    series_rows: int
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote. files: the tweets first; none where it went to a stream.

    leaves_series: whether there are time series that had no place there. stale: a file of time series from an
    earlier export, where this one has none.
    """

    files: tuple[Path, ...]
    runs: tuple[ExportedRun, ...]
    leaves_series: bool = False
    stale: Path | None = None

    @property
    def rows(self) -> int:
        """Of the wide table."""
        return sum(run.rows for run in self.runs)

    @property
    def series_rows(self) -> int:
        """Of the long one."""
        return sum(run.series_rows for run in self.runs)


def export_to_file(
    folders: Sequence[Path], target: Target, wanted: Wanted, watch: Watch, *, replaces: bool = False
) -> Exported:
    """Write the records of runs to a file, or to one for each table.

    Runs that go on give what their journals count when their turn comes. Raises UsageError, RunDirectoryError
    where a run is damaged, StorageError; no file has changed then.
    """
    demand_libraries(target.ending)
    names, layout = name_runs(folders), _layout_of(folders, wanted)
    files = _files(target, layout)
    demand_free(files, replaces=replaces)
    with workplace(files[0]) as place:

        def path_of(table: TableName) -> Path:
            path = target.path_of(table)
            assert path  # noqa: S101  # a file it is
            return place / path.name

        sink = file_sink(target.ending, layout, path_of)
        runs = _Writer(layout, wanted, sink, watch).write_all(dict(zip(names, folders, strict=True)))
        put_in_place(place, files[::-1])
    beside = target.path_of("series")
    return Exported(files, runs, stale=beside if beside not in files and beside and beside.exists() else None)


def export_to_stream(folders: Sequence[Path], stream: BinaryIO, wanted: Wanted, watch: Watch) -> Exported:
    """Write the records of runs as CSV to a stream; their time series are left out."""
    names, layout = name_runs(folders), _layout_of(folders, wanted)
    of_tweets = replace(layout, series=())
    writer = _Writer(of_tweets, wanted, stream_sink(of_tweets, stream), watch)
    runs = writer.write_all(dict(zip(names, folders, strict=True)))
    return Exported((), runs, leaves_series=bool(layout.series))


def _layout_of(folders: Sequence[Path], wanted: Wanted) -> Layout:
    return lay_out([demand_asked(folder) for folder in folders], wanted)


def _files(target: Target, layout: Layout) -> tuple[Path, ...]:
    tables: tuple[TableName, ...] = ("tweets", "series") if layout.series else ("tweets",)
    return tuple(dict.fromkeys(path for table in tables if (path := target.path_of(table))))


class _Writer:
    def __init__(self, layout: Layout, wanted: Wanted, sink: Sink, watch: Watch) -> None:
        self._layout = layout
        self._wanted = wanted
        self._sink = sink
        self._watch = watch

    def write_all(self, folders: Mapping[str, Path]) -> tuple[ExportedRun, ...]:
        """Write all that is wanted of runs, by name, and finish."""
        try:
            runs = tuple(self._write(name, folder) for name, folder in folders.items())
            self._sink.finish()
        finally:
            self._sink.drop()
        return runs

    def _write(self, name: str, folder: Path) -> ExportedRun:
        """Write all that is wanted of a run as it is now."""
        n_rows = n_series = 0
        # While the journal is open, a run that goes on cannot shorten its log; the records do not need it.
        with open_run(folder) as run, _damage(folder):
            endpoints = [n for n in run.marks if not self._wanted.endpoints or n in self._wanted.endpoints]
            n_dead = sum(self._letters(run, Whose(name, endpoint)) for endpoint in endpoints)
        with _damage(folder):
            for endpoint in endpoints:
                of_tweets, of_series = self._records(run, endpoint, Whose(name, endpoint))
                n_rows += of_tweets
                n_series += of_series
        n_rows += n_dead if self._wanted.dead_letters else 0
        return ExportedRun(name, folder, run.state, n_rows, n_series, n_dead)

    def _letters(self, run: RecordedRun, whose: Whose) -> int:
        """How many dead letters an endpoint has; they are rows if they are wanted."""
        n, letters = 0, run.journal.dead_letters(whose.endpoint)
        while some := list(islice(letters, LETTERS_AT_ONCE)):
            n += len(some)
            if self._wanted.dead_letters:
                self._add("tweets", dead_rows(self._layout, whose, some))
        return n

    def _records(self, run: RecordedRun, endpoint: EndpointName, whose: Whose) -> tuple[int, int]:
        n_rows = n_series = 0
        for block in read_records(run, endpoint):
            self._add("tweets", tweet_rows(self._layout, whose, block))
            n_rows += len(block)
            if self._layout.series and is_of_series(block.records):
                points = series_rows(self._layout, whose, block)
                self._add("series", points)
                n_series += len(points)
        return n_rows, n_series

    def _add(self, table: TableName, rows: Rows) -> None:
        if len(rows):
            self._sink.add(table, rows)
            self._watch(len(rows))


@contextmanager
def _damage(folder: Path) -> Iterator[None]:
    """A record in which something is that cannot be is damage, found before the checksum at the file's end."""
    try:
        yield
    except ValueError as exc:
        raise RunDirectoryError(
            f"{folder} is damaged: {' '.join(str(exc).split())[:200]}", "harvester verify tells more."
        ) from exc
