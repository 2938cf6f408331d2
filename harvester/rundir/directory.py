"""A run directory as a whole: taken into use, moved on step by step, finished."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from harvester.errors import RunDirectoryError
from harvester.rundir.files import AppendFile, storage_errors, sync_folder, write_derived
from harvester.rundir.journal import EndpointMark, InputMark, Journal, Step
from harvester.rundir.lock import RunLock
from harvester.rundir.manifest import (
    InputFile,
    Manifest,
    compare,
    new_manifest,
    read_manifest,
    write_manifest,
)

SUCCESS: Final = "_SUCCESS"
_READ_BYTES: Final = 1 << 20


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
        self._journal: Journal | None = None
        try:
            self.manifest = self._take_manifest(options, inputs, now_ms, version)
            self.is_complete = (path / SUCCESS).exists()
            if not self.is_complete:
                self._open(endpoints)
        except BaseException:
            self.close()
            raise

    def _take_manifest(
        self, options: Mapping[str, Any], inputs: Sequence[InputFile], now_ms: int, version: str
    ) -> Manifest:
        path = self.path / "run.json"
        if found := read_manifest(path):
            compare(path, found, options, inputs)
            return found
        if (self.path / "journal.db").exists():
            raise RunDirectoryError(f"{path} is missing beside a journal", "Bring it back from a copy.")
        manifest = new_manifest(options, inputs, now_ms, version)
        write_manifest(path, manifest)
        return manifest

    def _open(self, endpoints: Sequence[str]) -> None:
        self._journal = Journal(self.path / "journal.db", self.manifest.run_id)
        self.input_mark = self._journal.input_mark()
        self._files["rejected"] = AppendFile(self.path / "rejected.ndjson", self.input_mark.rejected_bytes)
        self.marks: dict[str, EndpointMark] = {}
        for name in endpoints:
            mark = self.marks[name] = self._journal.endpoint_mark(name)
            self._files[name] = AppendFile(self.path / f"{name}.ndjson", mark.records_bytes)
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

    def read_success(self) -> dict[str, Any]:
        """What `_SUCCESS` says. Raises RunDirectoryError when it is damaged."""
        path = self.path / SUCCESS
        try:
            with storage_errors(path):
                document = orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError as exc:
            raise RunDirectoryError(
                f"{path} is damaged: {exc}", "Remove it, and the run is finished anew."
            ) from exc
        return dict(document)

    def close(self) -> None:
        """Close every file and let the next run in."""
        for file in self._files.values():
            file.close()
        self._files.clear()
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


__all__ = ["SUCCESS", "EndpointMark", "InputMark", "RunDirectory", "Step", "describe_file"]
