"""A run directory as a whole: taken into use, moved on step by step, finished.

It belongs to what was asked from the first commit on. Until then nothing in it is worth keeping, so a command
that asks something else begins the run anew, with a `run.json` of its own that replaces the old one under the ID
which the journal knows. So a command that fails before it has anything (a column that a file does not have) leaves
a directory that the corrected one can use.

What is there is never taken for less than it says: records beside no `run.json` or no journal, and files of a
complete run with other sizes than `_SUCCESS` has, are damage.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from harvester.engagement.endpoints import ENDPOINTS
from harvester.errors import RunDirectoryError
from harvester.rundir.files import AppendFile, storage_errors, sync_folder, write_derived
from harvester.rundir.journal import Journal
from harvester.rundir.lock import RunLock
from harvester.rundir.manifest import (
    InputFile,
    Manifest,
    difference,
    new_manifest,
    read_manifest,
    write_manifest,
)
from harvester.rundir.marks import EndpointMark, InputMark, Step
from harvester.rundir.spend import SpendFile

SUCCESS: Final = "_SUCCESS"
JOURNAL: Final = "journal.db"
_BRING_BACK: Final = "Bring the file back from a copy, or use another run directory."
_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Success:
    """What `_SUCCESS` says of a complete run: tweets by what became of them, and the sizes of its files."""

    total: Mapping[str, int]
    sizes_bytes: Mapping[str, int]


class RunDirectory:
    """The open run directory of a harvest, locked until `close`.

    Opening it creates it, or cuts an interrupted run's files back to what its journal vouches for
    (n_cut_bytes in all). Raises RunDirectoryError when it is in use, damaged or of another run, and
    StorageError when it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        options: Mapping[str, Any],
        inputs: Sequence[InputFile],
        endpoints: Sequence[str],
        *,
        now_ms: int,
        version: str,
    ) -> None:
        self.path = path
        with storage_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        self._lock = RunLock(path)
        self._files: dict[str, AppendFile] = {}
        self.spends: dict[str, SpendFile] = {}
        self._journal: Journal | None = None
        try:
            self.manifest = self._take(new_manifest(options, inputs, now_ms, version), endpoints)
            if not self.is_complete:
                self._open_files(endpoints)
        except BaseException:
            self.close()
            raise

    def _take(self, asked: Manifest, endpoints: Sequence[str]) -> Manifest:
        path = self.path / "run.json"
        found = read_manifest(path)
        self.is_complete = (self.path / SUCCESS).exists()
        if found is None:
            if self.is_complete or (self.path / JOURNAL).exists() or self._has_records():
                raise RunDirectoryError(f"{path} is missing beside files of a run", _BRING_BACK)
            write_manifest(path, asked)
        if not self.is_complete:
            run_id = (found or asked).run_id
            # The first journal is there before the first record is.
            self._journal = Journal(self.path / JOURNAL, run_id, is_expected=self._has_records())
        if found is None:
            return asked
        if error := difference(path, found, asked):
            if self._journal and self._journal.is_blank():
                return self._begin_anew(found, asked, endpoints)
            raise error
        if self.is_complete:
            self._check_sizes()
        return found

    def _has_records(self) -> bool:
        """Whether anything stands in the files that a journal vouches for, of whichever endpoint."""
        names = [f"{name}{ending}" for name in ENDPOINTS for ending in (".ndjson", ".failed.ndjson")]
        paths = [self.path / name for name in ("rejected.ndjson", *names)]
        with storage_errors(self.path):
            return any(path.exists() and path.stat().st_size for path in paths)

    def _check_sizes(self) -> None:
        for name, size_bytes in self.read_success().sizes_bytes.items():
            path = self.path / name
            with storage_errors(path):
                found = path.stat().st_size if path.exists() else 0
            if found != size_bytes:
                raise RunDirectoryError(
                    f"{path} is damaged: {SUCCESS} counts {size_bytes:,} bytes, the file has {found:,}",
                    _BRING_BACK,
                )

    def _begin_anew(self, found: Manifest, asked: Manifest, endpoints: Sequence[str]) -> Manifest:
        """Take over a directory in which nothing is committed; files that only its last command wanted go."""
        for name in {*found.options.get("endpoint", ())} & {*ENDPOINTS} - {*endpoints}:
            for path in (self.path / f"{name}.ndjson", self.path / f"{name}.failed.ndjson"):
                with storage_errors(path):
                    path.unlink(missing_ok=True)
        manifest = replace(asked, run_id=found.run_id)
        write_manifest(self.path / "run.json", manifest)
        return manifest

    def _open_files(self, endpoints: Sequence[str]) -> None:
        self.input_mark = self.journal.input_mark()
        self._files["rejected"] = AppendFile(self.path / "rejected.ndjson", self.input_mark.rejected_bytes)
        self.marks: dict[str, EndpointMark] = {}
        for name in endpoints:
            mark = self.marks[name] = self.journal.endpoint_mark(name)
            self._files[name] = AppendFile(self.path / f"{name}.ndjson", mark.records_bytes)
            self.spends[name] = SpendFile(self.path / f".pace-{name}.json")
        self.n_cut_bytes = sum(file.n_cut_bytes for file in self._files.values())
        sync_folder(self.path)

    @property
    def journal(self) -> Journal:
        """The journal; not open when the run is complete."""
        if self._journal is None:
            raise RunDirectoryError(f"{self.path} is complete, its journal is not open")
        return self._journal

    def commit(self, step: Step, records: Sequence[bytes]) -> None:
        """One durable step of an endpoint: records first, then the journal that vouches for them."""
        self._files[step.endpoint].append(records)
        self.journal.commit(step)

    def commit_rejected(self, mark: InputMark, rejected: Sequence[bytes]) -> None:
        """The same for rejected lines."""
        self._files["rejected"].append(rejected)
        self.journal.commit_input(mark)

    def write_dead_letters(self, endpoint: str) -> None:
        """Make `….failed.ndjson` anew from the journal; empty when there are none."""
        letters = b"".join(letter + b"\n" for letter in self.journal.dead_letters(endpoint))
        write_derived(self.path / f"{endpoint}.failed.ndjson", letters)

    def write_json(self, name: str, document: Mapping[str, Any]) -> None:
        """Replace a derived JSON document. Sums may outgrow 64 bits, which orjson does not write."""
        write_derived(self.path / name, f"{json.dumps(document, indent=2)}\n".encode())

    def write_success(self, document: Mapping[str, Any], names: Sequence[str]) -> None:
        """The last file of all: with the size and checksum of every other one that is finished."""
        files = {name: describe_file(self.path / name) for name in names}
        self.write_json(SUCCESS, {**document, "files": files})

    def read_success(self) -> Success:
        """What `_SUCCESS` says. Raises RunDirectoryError when it is damaged."""
        path = self.path / SUCCESS
        try:
            with storage_errors(path):
                document = orjson.loads(path.read_bytes())
            sizes = {name: int(file["bytes"]) for name, file in document["files"].items()}
            return Success(dict(document["total"]), sizes)
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise RunDirectoryError(
                f"{path} is damaged: {exc!r}", "Remove it, and the run is finished anew."
            ) from exc

    def close(self) -> None:
        """Close every file and let the next run in."""
        for file in self._files.values():
            file.close()
        for spend in self.spends.values():
            spend.close()
        self._files.clear()
        self.spends.clear()
        if self._journal:
            self._journal.close()
            self._journal = None
        self._lock.release()


def describe_file(path: Path) -> dict[str, Any]:
    """A file's size in bytes and its SHA-256."""
    digest = hashlib.sha256()
    size_bytes = 0
    with storage_errors(path), path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
            size_bytes += len(block)
    return {"bytes": size_bytes, "sha256": digest.hexdigest()}
