"""A folder beside the target in which an export comes into being, and from which it takes its place as a whole.

The folder is on the target's file system, so that a rename is enough, and holds all that a format's library
writes meanwhile. It is locked: what a killed export has left there is cleared away by the next one, and two at a
time do not meet. Under the final name there is the old file or the new one.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harvester.errors import UsageError
from harvester.rundir.files import storage_errors, sync_folder


@contextmanager
def workplace(target: Path) -> Iterator[Path]:
    """An empty folder beside the target; it is gone afterwards.

    Raises UsageError while another export writes the same target, and StorageError.
    """
    folder = target.with_name(f".{target.name}.tmp")
    with storage_errors(folder):
        lock = _locked(folder, target)
        try:
            _clear(folder)
        except BaseException:
            os.close(lock)
            raise
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked(folder: Path, target: Path) -> int:
    """A handle that holds the folder's lock; the folder is there."""
    while True:
        folder.mkdir(exist_ok=True)
        lock = -1
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who held it before may have removed it.
            if os.path.samestat(os.fstat(lock), folder.stat()):
                return lock
        except FileNotFoundError:
            pass
        except BlockingIOError:
            os.close(lock)
            raise UsageError(f"{target} is being written by another export", "Wait for it.") from None
        if lock >= 0:
            os.close(lock)


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def put_in_place(folder: Path, targets: Sequence[Path]) -> None:
    """Let finished files of the folder take their places, each as a whole and for good; the last target last."""
    for target in targets:
        with storage_errors(target):
            made = folder / target.name
            handle = os.open(made, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    for target in targets:
        with storage_errors(target):
            (folder / target.name).replace(target)
    sync_folder(targets[-1].parent)
