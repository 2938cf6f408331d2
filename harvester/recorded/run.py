"""What a run directory says of itself: what was asked, how far the run is, and what its journal vouches for."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from harvester.config.options import Options
from harvester.engagement.metrics import EndpointName
from harvester.errors import HarvesterError, RunDirectoryError
from harvester.questions import Recalled, recall
from harvester.recorded.lines import readable
from harvester.rundir.journal_reads import TABLES, JournalReads, JournalView
from harvester.rundir.manifest import Manifest, read_manifest
from harvester.rundir.marks import EndpointMark, FileMark, InputMark, StreamMark
from harvester.rundir.names import JOURNAL, MANIFEST, SUCCESS, SUMMARY

BLANK_BYTES: Final = 4096
"""A journal of that size has not got its tables yet."""
_OF_AN_OPEN_ONE: Final = ("-wal", "-journal")
_VERSIONS: Final = slice(18, 20)
_NO_LOG: Final = b"\x01\x01"
"""What the header of a database says where there is no write-ahead log. Source: SQLite's file format, 1.3.3."""
State = Literal["complete", "incomplete", "unfinished"]
"""Incomplete: it came to its end, and dead letters or unreadable parts of the input remain."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run directory was begun for."""

    folder: Path
    manifest: Manifest
    recalled: Recalled


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run as its directory has it at one moment, whatever goes on there meanwhile.

    marks: how far each endpoint is, by name. has_begun: whether anything can be in the journal.
    """

    folder: Path
    state: State
    manifest: Manifest
    recalled: Recalled
    journal: JournalReads
    marks: Mapping[EndpointName, EndpointMark]
    input_mark: InputMark
    streams: Mapping[int, StreamMark]
    derived: Mapping[str, FileMark]
    has_begun: bool = True

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.state == "complete"

    @property
    def is_finished(self) -> bool:
        """Whether the run came to the end of its input."""
        return self.state != "unfinished"

    @property
    def options(self) -> Options:
        """What was asked, as far as it changes the result."""
        return self.recalled.options

    def has_moved(self) -> bool:
        """Whether a run has gone on since, or made anew what it makes at its end."""
        try:
            with opened_journal(self.folder) as journal:
                return journal.derived() != self.derived
        except HarvesterError:
            return True


@contextmanager
def open_run(folder: Path) -> Iterator[RecordedRun]:
    """The run in a directory, as it is now.

    Raises RunDirectoryError where there is none, or what is there is damaged or of another version.
    """
    asked = demand_asked(folder)
    state = state_by_mark(folder)
    with _opened_or_blank(folder) as (journal, has_begun):
        if has_begun:
            demand_own_journal(asked, journal)
        yield recorded_run(asked, state, journal, has_begun=has_begun)


def read_asked(folder: Path) -> Asked | None:
    """What the run in a directory was begun for; None where there is none.

    Raises RunDirectoryError where that cannot be read, and UsageError for options that this version does not know.
    """
    manifest = read_manifest(folder / MANIFEST)
    if manifest is None:
        return None
    return Asked(folder, manifest, recall(manifest.options, manifest.started_ms, folder))


def demand_asked(folder: Path) -> Asked:
    """What the run in a directory was begun for. Raises as `read_asked`, and where there is none."""
    asked = read_asked(folder)
    if asked is None:
        raise RunDirectoryError(f"{folder} is no run directory: there is no {MANIFEST} in it")
    return asked


def state_by_mark(folder: Path) -> State:
    """Complete or not yet. Ask before the journal: a run that ends meanwhile counts as going on."""
    return "complete" if (folder / SUCCESS).exists() else "unfinished"


def recorded_run(asked: Asked, state: State, journal: JournalReads, *, has_begun: bool = True) -> RecordedRun:
    """What the journal has of the run. Raises RunDirectoryError where it is damaged."""
    marks = {name: journal.endpoint_mark(name) for name in asked.recalled.blanks}
    derived = journal.derived()
    if state == "unfinished" and SUMMARY in derived:
        state = "incomplete"
    return RecordedRun(
        asked.folder,
        state,
        asked.manifest,
        asked.recalled,
        journal,
        marks,
        journal.input_mark() if has_begun else InputMark(),
        journal.streams(),
        derived,
        has_begun,
    )


@contextmanager
def opened_journal(folder: Path) -> Iterator[JournalReads]:
    """The journal of this moment. Raises RunDirectoryError and StorageError.

    SQLite leaves two files beside a journal that it reads where no run has it open. So that one is read from a
    copy in memory: it changes only after such files are there.
    """
    path = folder / JOURNAL
    if path.exists() and not any(path.with_name(f"{JOURNAL}{end}").exists() for end in _OF_AN_OPEN_ONE):
        with readable():
            content = bytearray(path.read_bytes())
        content[_VERSIONS] = _NO_LOG
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(bytes(content))
            yield JournalReads(path, db)
        return
    with JournalView(path) as journal:
        yield journal


@contextmanager
def _opened_or_blank(folder: Path) -> Iterator[tuple[JournalReads, bool]]:
    """The journal, and whether there is anything in it."""
    if not is_barely_begun(folder):
        with opened_journal(folder) as journal:
            # A run of this moment may have made the file, and not committed its tables.
            if journal.has_tables() or _has_records(_sizes(folder)):
                yield journal, True
                return
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(TABLES)
        yield JournalReads(folder / JOURNAL, db), False


def is_barely_begun(folder: Path) -> bool:
    """Whether the run was begun a moment ago, or killed then: nothing is there but a journal without tables."""
    sizes = _sizes(folder)
    journal_bytes = sizes.get(JOURNAL, 0) + sizes.get(f"{JOURNAL}-wal", 0)
    return journal_bytes <= BLANK_BYTES and not _has_records(sizes) and SUCCESS not in sizes


def _sizes(folder: Path) -> Mapping[str, int]:
    """Of its files, by name; those that are gone meanwhile, as SQLite's own are, count as empty."""
    with readable():
        names = [entry.name for entry in os.scandir(folder) if entry.is_file()]
    return {name: _size(folder / name) for name in names}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _has_records(sizes: Mapping[str, int]) -> bool:
    return any(size for name, size in sizes.items() if name.endswith(".ndjson"))


def demand_own_journal(asked: Asked, journal: JournalReads) -> None:
    """Raises RunDirectoryError when the journal beside a `run.json` is another run's, or another version's."""
    if journal.run_id() != asked.manifest.run_id:
        raise RunDirectoryError(f"{JOURNAL} belongs to another run than {MANIFEST} beside it")
