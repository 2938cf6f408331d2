"""`_SUCCESS`: the mark of a complete run, with the size and hash of every file that is finished."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from harvester.errors import RunDirectoryError, StorageError
from harvester.rundir.files import BRING_BACK, NEVER, describe_file, storage_errors, write_derived
from harvester.rundir.marks import FileMark
from harvester.rundir.names import SUCCESS
from harvester.rundir.seals import sealed, unsealed


@dataclass(frozen=True, slots=True)
class Success:
    """What it says: tweets by what became of them, and the run's files by name."""

    total: Mapping[str, int]
    files: Mapping[str, FileMark]


def write_success(folder: Path, document: Mapping[str, Any], files: Mapping[str, FileMark]) -> None:
    """Write it, when all that it speaks of is on the disk. Where it may not be there itself, it is taken back."""
    described = {name: {"bytes": mark.n_bytes, "sha256": mark.digest.hex()} for name, mark in files.items()}
    text = json.dumps(sealed({**document, "files": described}), indent=2)
    try:
        write_derived(folder / SUCCESS, f"{text}\n".encode())
    except StorageError:
        with suppress(OSError):
            (folder / SUCCESS).unlink(missing_ok=True)
        raise


def read_success(folder: Path) -> Success:
    """Read it. Raises RunDirectoryError when it is damaged."""
    path = folder / SUCCESS
    try:
        with storage_errors(path):
            document = unsealed(path.read_bytes())
        files = {
            name: FileMark(int(file["bytes"]), bytes.fromhex(file["sha256"]))
            for name, file in document["files"].items()
        }
        return Success(dict(document["total"]), files)
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise RunDirectoryError(
            f"{path} is damaged: {exc}", "Remove it, and the run is finished anew."
        ) from exc


def demand_unchanged(folder: Path, success: Success, stop: Event = NEVER) -> None:
    """Compare all files with what it says of them. Raises RunDirectoryError where one is another, and Stopped."""
    for name, said in success.files.items():
        path = folder / name
        with storage_errors(path):
            found = path.stat().st_size if path.exists() else 0
        if found != said.n_bytes:
            raise RunDirectoryError(
                f"{path} is damaged: {SUCCESS} counts {said.n_bytes:,} bytes, the file has {found:,}",
                BRING_BACK,
            )
        if found and describe_file(path, stop) != said:
            raise RunDirectoryError(
                f"{path} is damaged: it is not what {SUCCESS} was written beside", BRING_BACK
            )
