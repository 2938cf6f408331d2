"""A run directory as a whole: taken into use, moved on step by step, finished.

It belongs to what was asked from the first commit on. Until then nothing in it is worth keeping, so a command
that asks something else begins the run anew, with a `run.json` of its own that replaces the old one under the ID
which the journal knows. So a command that fails before it has anything (a column that a file does not have) leaves
a directory that the corrected one can use.

What is there is never taken for less than it says: records beside no `run.json` or no journal, and files of a
complete run with other sizes than `_SUCCESS` has, are damage.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, Final

from harvester.engagement.endpoints import ENDPOINTS
from harvester.errors import RunDirectoryError
from harvester.rundir.files import (
    BRING_BACK,
    AppendFile,
    describe_file,
    storage_errors,
    sync_folder,
    write_derived,
)
from harvester.rundir.inputs import change_between, look_at, look_at_sizes
from harvester.rundir.journal import Journal
from harvester.rundir.kept import KeptStream, kept_name
from harvester.rundir.lock import RunLock
from harvester.rundir.manifest import (
    Manifest,
    new_manifest,
    other_options,
    read_manifest,
    write_manifest,
)
from harvester.rundir.marks import EndpointMark, InputMark, Step, StreamMark
from harvester.rundir.names import (
    JOURNAL,
    MANIFEST,
    REJECTED,
    SUCCESS,
    dead_letters_name,
    pace_name,
    records_name,
)
from harvester.rundir.spend import SpendFile
from harvester.rundir.success import Success, demand_unchanged, read_success, write_success
from harvester.sources import Form, Source

SAMPLE_AHEAD_BYTES: Final = 2**20
"""Of a stream of which only the first IDs are wanted, and which may have no end."""


class RunDirectory:
    """The open run directory of a harvest, locked until `close`.

    Opening it creates it, or checks what an interrupted run has left and cuts its files back to what its journal
    vouches for (n_cut_bytes in all). The input is looked at first: it has to be what it was. may_grow: it may
    have got longer at its end. is_sample: only its first IDs are wanted, so that its content is left unread.
    stop: ends the opening with Stopped, and is set in the end. Blocking, and long for large files: run it in a
    thread.

    sources: the input as it is to be read. on_commit: may be set, to be called in a thread after each step with
    the endpoint and how many bytes of its records are committed. Raises RunDirectoryError when the directory is
    in use, damaged or of another run, StorageError when it cannot be written, UsageError when an input cannot be
    read.
    """

    def __init__(
        self,
        path: Path,
        options: Mapping[str, Any],
        sources: Sequence[Source],
        endpoints: Sequence[str],
        form: Form,
        *,
        now_ms: int,
        version: str,
        may_grow: bool = False,
        is_sample: bool = False,
        stop: Event | None = None,
    ) -> None:
        self.path = path
        self.sources = tuple(sources)
        self._form = form
        self._stop = stop or Event()
        self._is_sample, self._may_grow = is_sample, may_grow
        with storage_errors(path):
            _make(path)
        self._lock = RunLock(path)
        self._files: dict[str, AppendFile] = {}
        self._kept: dict[int, KeptStream] = {}
        self.spends: dict[str, SpendFile] = {}
        self._journal: Journal | None = None
        self.on_commit: Callable[[str, int], None] | None = None
        try:
            self.manifest = self._take(options, endpoints, now_ms, version)
            if not self.is_complete:
                self._open_files(endpoints)
            else:
                self.success = read_success(path)
                demand_unchanged(path, self.success, self._stop)
                if not is_sample:
                    self._keep_streams(self._kept_marks(self.success))
        except BaseException:
            self.close()
            raise

    def _take(
        self, options: Mapping[str, Any], endpoints: Sequence[str], now_ms: int, version: str
    ) -> Manifest:
        path = self.path / MANIFEST
        found = read_manifest(path)
        self.is_complete = (self.path / SUCCESS).exists()
        if found is None and (self.is_complete or (self.path / JOURNAL).exists() or self._has_records()):
            raise RunDirectoryError(f"{path} is missing beside files of a run", BRING_BACK)
        if found and not self.is_complete:
            self._open_journal(found)
        error = other_options(path, found, options) if found else None
        is_blank = self._journal is not None and self._journal.is_blank()
        if error and not is_blank:
            raise error
        before = found.inputs if found else ()
        inputs = (
            look_at_sizes(self.sources)
            if self._is_sample
            else look_at(self.sources, before, self._form, self._stop)
        )
        asked = new_manifest(options, [found.file for found in inputs], now_ms, version)
        if found is None:
            write_manifest(path, asked)
            self._open_journal(asked)
            return asked
        change = change_between(before, inputs)
        if (error or change) and is_blank:
            return self._begin_anew(found, asked, endpoints)
        if change is None:
            return found
        if change.grown is None or not self._may_grow:
            raise change.error(path)
        return self._go_on_with(replace(found, inputs=change.grown))

    def _open_journal(self, manifest: Manifest) -> None:
        # The first journal is there before the first record is.
        self._journal = Journal(self.path / JOURNAL, manifest.run_id, is_expected=self._has_records())

    def _has_records(self) -> bool:
        """Whether anything stands in the files that a journal vouches for, of whichever endpoint."""
        names = [name_of(name) for name in ENDPOINTS for name_of in (records_name, dead_letters_name)]
        paths = [self.path / name for name in (REJECTED, *names)]
        with storage_errors(self.path):
            return any(path.exists() and path.stat().st_size for path in paths)

    def _kept_marks(self, success: Success) -> dict[int, StreamMark]:
        """What a complete run has of its streams."""
        files = {place: success.files.get(kept_name(place)) for place in range(len(self.sources))}
        return {
            place: StreamMark(file.n_bytes, file.digest, is_whole=True)
            for place, file in files.items()
            if file
        }

    def _begin_anew(self, found: Manifest, asked: Manifest, endpoints: Sequence[str]) -> Manifest:
        """Take over a directory in which nothing is committed; files that only its last command wanted go."""
        self.journal.forget_streams()
        with storage_errors(self.path):
            for name in set(found.options["endpoint"]) - set(endpoints):
                for path in (self.path / records_name(name), self.path / pace_name(name)):
                    path.unlink(missing_ok=True)
            for place in range(len(found.inputs)):
                (self.path / kept_name(place)).unlink(missing_ok=True)
        manifest = replace(asked, run_id=found.run_id)
        write_manifest(self.path / MANIFEST, manifest)
        return manifest

    def _go_on_with(self, grown: Manifest) -> Manifest:
        """Take up an input that has grown. A run that was complete is not so any more, and says so first.

        What was derived is of the input as it was, whether that was complete or not.
        """
        if self.is_complete:
            demand_unchanged(self.path, read_success(self.path), self._stop)
            self._open_journal(grown)
            with storage_errors(self.path):
                (self.path / SUCCESS).unlink()
            sync_folder(self.path)
            self.is_complete = False
        self.journal.commit_derived({})
        write_manifest(self.path / MANIFEST, grown)
        return grown

    def _open_files(self, endpoints: Sequence[str]) -> None:
        self.input_mark = mark = self.journal.input_mark()
        self._append_to(REJECTED, mark.rejected_bytes, mark.rejected_hash)
        self.marks: dict[str, EndpointMark] = {}
        for name in endpoints:
            self.marks[name] = self.journal.endpoint_mark(name)
            mark_of_records = self.marks[name]
            self._append_to(records_name(name), mark_of_records.records_bytes, mark_of_records.records_digest)
            self.spends[name] = SpendFile(self.path / pace_name(name))
        self.n_cut_bytes = sum(file.n_cut_bytes for file in self._files.values())
        self._keep_streams(self.journal.streams())
        sync_folder(self.path)
        for kept in self._kept.values():
            kept.begin(lambda: self.journal.commit_streams(self._new_marks))

    def _append_to(self, name: str, n_bytes: int, digest: bytes) -> None:
        self._files[name] = AppendFile(self.path / name, n_bytes, digest, self._stop)

    def _keep_streams(self, marks: Mapping[int, StreamMark]) -> None:
        """Open what is kept of the streams, and read all of the input as it has to be."""
        for place, source in enumerate(self.sources):
            if source.size_bytes is None:
                mark = marks.get(place, StreamMark())
                most_ahead = SAMPLE_AHEAD_BYTES if self._is_sample else source.most_ahead_bytes
                path = self.path / kept_name(place)
                self._kept[place] = KeptStream(source, path, mark, self._stop, most_ahead)
        self.sources = tuple(
            replace(source, pieces=self._kept[place].pieces, size_bytes=self._kept[place].known_bytes)
            if place in self._kept
            else replace(source, ends_bytes=self.manifest.inputs[place].ends_bytes)
            for place, source in enumerate(self.sources)
        )

    def _new_marks(self) -> dict[int, StreamMark]:
        marks = {place: kept.new_mark() for place, kept in self._kept.items()}
        return {place: mark for place, mark in marks.items() if mark}

    @property
    def cut_streams(self) -> list[str]:
        """The names of streams that were not kept to their ends: they have to be given again."""
        return [self.sources[place].name for place, kept in self._kept.items() if not kept.is_whole]

    @property
    def journal(self) -> Journal:
        """The journal; not open when the run is complete."""
        if self._journal is None:
            raise RunDirectoryError(f"{self.path} is complete, its journal is not open")
        return self._journal

    def records_bytes(self, endpoint: str) -> int:
        """How many bytes of an endpoint's records were committed when it was opened."""
        if self.is_complete:
            return self.success.files[records_name(endpoint)].n_bytes
        return self.marks[endpoint].records_bytes

    def commit(self, step: Step, records: Sequence[bytes]) -> None:
        """One durable step of an endpoint: records first, then the journal that vouches for them."""
        file = self._files[records_name(step.endpoint)]
        file.append(records)
        mark = replace(step.mark, records_bytes=file.length_bytes, records_digest=file.digest)
        self.journal.commit(replace(step, mark=mark), self._new_marks)
        if self.on_commit:
            self.on_commit(step.endpoint, mark.records_bytes)

    def commit_rejected(self, mark: InputMark, rejected: Sequence[bytes]) -> None:
        """The same for rejected lines."""
        self._files[REJECTED].append(rejected)
        self.journal.commit_input(mark, self._new_marks)

    def write_dead_letters(self, endpoint: str) -> None:
        """Make `….failed.ndjson` anew from the journal; empty when there are none."""
        letters = (part for letter in self.journal.dead_letters(endpoint) for part in (letter, b"\n"))
        write_derived(self.path / dead_letters_name(endpoint), letters)

    def write_json(self, name: str, document: Mapping[str, Any]) -> None:
        """Replace a derived JSON document. Sums may outgrow 64 bits, which orjson does not write."""
        write_derived(self.path / name, f"{json.dumps(document, indent=2)}\n".encode())

    def end_input(self) -> None:
        """Take in no more of the streams: what is wanted of them has been read."""
        self._stop.set()
        for kept in self._kept.values():
            kept.end()
        self.journal.commit_streams(self._new_marks)

    def commit_derived(self, names: Sequence[str]) -> None:
        """Remember in the journal that these files, which are written, are of now."""
        self.journal.commit_derived({name: describe_file(self.path / name) for name in names})

    def write_success(self, document: Mapping[str, Any], derived: Sequence[str]) -> None:
        """The last file of all: with the size and checksum of every other one that is finished.

        derived: the names of those that are not appended to, but for `run.json`.
        """
        self.journal.checkpoint()
        files = {name: file.mark for name, file in self._files.items()}
        files |= {kept_name(place): kept.mark for place, kept in self._kept.items()}
        files |= {name: describe_file(self.path / name) for name in (MANIFEST, *derived)}
        write_success(self.path, document, files)

    def note_command(self, command: str) -> None:
        """Leave word how the run can be gone on with, for people."""
        self._lock.note_command(command)

    def close(self) -> None:
        """Close every file and let the next run in."""
        self._stop.set()
        opened: tuple[KeptStream | AppendFile | SpendFile, ...] = (
            *self._kept.values(),
            *self._files.values(),
            *self.spends.values(),
        )
        for file in opened:
            file.close()
        if self._journal:
            self._journal.close()
            self._journal = None
        self._lock.release()


def _make(path: Path) -> None:
    """Make a folder and those above it, each of them durable in the one that names it."""
    if not path.is_dir():
        _make(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)
