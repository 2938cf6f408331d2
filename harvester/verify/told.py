"""What a run directory says of itself: what was asked, how far the run is, and what its journal vouches for."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from harvester.config.options import Options
from harvester.engagement.metrics import EndpointName
from harvester.engagement.windows import utc_text
from harvester.errors import HarvesterError, RunDirectoryError
from harvester.questions import Recalled, recall
from harvester.report.results import SUMMARY
from harvester.rundir.directory import JOURNAL, MANIFEST
from harvester.rundir.journal_reads import JournalReads, JournalView
from harvester.rundir.manifest import Manifest, read_manifest
from harvester.rundir.marks import EndpointMark, FileMark, InputMark, StreamMark
from harvester.rundir.success import SUCCESS
from harvester.verify.files import readable
from harvester.verify.findings import Findings

BLANK_BYTES: Final = 4096
"""A journal of that size has not got its tables yet."""
_OF_AN_OPEN_ONE: Final = ("-wal", "-journal")
_VERSIONS: Final = slice(18, 20)
_NO_LOG: Final = b"\x01\x01"
"""What the header of a database says where there is no write-ahead log. Source: SQLite's file format, 1.3.3."""
State = Literal["complete", "incomplete", "unfinished"]
"""Incomplete: it came to its end, and dead letters or unreadable parts of the input remain."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a run directory says of itself at one moment. marks: of the endpoints, by name."""

    folder: Path
    state: State
    manifest: Manifest
    recalled: Recalled
    journal: JournalReads
    marks: Mapping[EndpointName, EndpointMark]
    input_mark: InputMark
    streams: Mapping[int, StreamMark]
    derived: Mapping[str, FileMark]

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
            with _opened(self.folder) as journal:
                return journal.derived() != self.derived
        except HarvesterError:
            return True


def read_told(folder: Path, findings: Findings, stack: ExitStack) -> tuple[State | None, Told | None]:
    """What kind of run it is, and what it says; None for what cannot be known."""
    with findings.check(MANIFEST) as check:
        manifest = read_manifest(folder / MANIFEST)
        if manifest is None:
            raise RunDirectoryError("is not there, so this is no run directory")
        recalled = recall(manifest.options, manifest.started_ms, folder)
        began = utc_text(manifest.started_ms // 1000)
        check.says.append(f"{', '.join(recalled.blanks)}, begun {began} by version {manifest.version}")
        # Before the journal is looked at: a run that ends meanwhile is taken for one that goes on.
        state: State = "complete" if (folder / SUCCESS).exists() else "unfinished"
        if _is_barely_begun(folder):
            findings.notes.append("nothing is committed yet")
            return state, None
        told = _read_journal(folder, state, manifest, recalled, findings, stack)
        return told.state if told else state, told
    return None, None


def _read_journal(
    folder: Path, state: State, manifest: Manifest, recalled: Recalled, findings: Findings, stack: ExitStack
) -> Told | None:
    with findings.check(JOURNAL) as check:
        journal = stack.enter_context(_opened(folder))
        if journal.run_id() != manifest.run_id:
            raise RunDirectoryError("belongs to another run than run.json beside it")
        journal.demand_sound()
        marks = {name: journal.endpoint_mark(name) for name in recalled.blanks}
        derived = journal.derived()
        if state == "unfinished" and SUMMARY in derived:
            state = "incomplete"
        check.says.append(", ".join(f"{mark.batches:,} batches of {name}" for name, mark in marks.items()))
        input_mark, streams = journal.input_mark(), journal.streams()
        return Told(folder, state, manifest, recalled, journal, marks, input_mark, streams, derived)
    return None


@contextmanager
def _opened(folder: Path) -> Iterator[JournalReads]:
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


def _is_barely_begun(folder: Path) -> bool:
    """Whether the run was begun a moment ago, or killed then: nothing is there but a journal without tables."""
    with readable():
        sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    journal_bytes = sizes.get(JOURNAL, 0) + sizes.get(f"{JOURNAL}-wal", 0)
    has_records = any(size for name, size in sizes.items() if name.endswith(".ndjson"))
    return journal_bytes <= BLANK_BYTES and not has_records and SUCCESS not in sizes
