"""Where gains are written: beside the runs and never into them, and each file as a whole or not at all."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from harvester.errors import UsageError
from harvester.rundir.files import write_derived
from harvester.rundir.names import MANIFEST


def demand_outside(path: Path) -> None:
    """Raises UsageError where a file cannot be, or would be one among those of a run."""
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}")
    if (path.parent / MANIFEST).exists():
        raise UsageError(f"{path} would be in the directory of a run", "Choose another folder.")


def replace_file(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file, or put it in the place of one. Nothing is left of one that comes to no end.

    Raises StorageError, and whatever the content does.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write_derived(path, content, temporary_name=temporary.name)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
