"""Many IDs in little memory: parted by a hash into a nameless file, and taken up again part by part."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.tweet_id import Ids
from harvester.rundir.files import write_all
from harvester.verify.findings import NoRoomError

N_PARTS: Final = 256
BLOCK_IDS: Final = 1 << 18
"""So many IDs wait in memory, 2 MB, before they are written."""
_BITS: Final = N_PARTS.bit_length() - 1
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: its multiples differ in the upper bits also where IDs differ little."""


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise NoRoomError(
            f"temporary files: {exc.strerror or exc}", "TMPDIR names the folder in which they are made."
        ) from exc


class IdPartitions:
    """Some IDs on the disk, 8 bytes each, in the system's folder for temporary files.

    Equal IDs are in the same part. In memory are one block, and 1 kB for each block that is written.
    Raises NoRoomError when there is none for them.
    """

    def __init__(self) -> None:
        self.n_ids = 0
        with _room():
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # see __exit__
        self._waiting: list[Ids] = []
        self._n_waiting = 0
        self._starts: list[NDArray[np.int32]] = []
        """Of each block on the disk, where its parts begin, and its end."""
        self._offsets = [0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, ids: Ids) -> None:
        """Take some more."""
        self.n_ids += len(ids)
        self._waiting.append(ids)
        self._n_waiting += len(ids)
        if self._n_waiting >= BLOCK_IDS:
            self._write()

    def _write(self) -> None:
        ids = np.concatenate(self._waiting)
        self._waiting, self._n_waiting = [], 0
        part_of = (ids.view(np.uint64) * _SPREAD) >> np.uint64(64 - _BITS)
        order = np.argsort(part_of, kind="stable")
        starts = np.searchsorted(part_of[order], np.arange(N_PARTS + 1, dtype=np.uint64))
        with _room():
            write_all(self._file.fileno(), (ids[order].tobytes(),))
        self._starts.append(starts.astype(np.int32))
        self._offsets.append(self._offsets[-1] + ids.nbytes)

    def part(self, number: int) -> Ids:
        """The IDs of one part, in the order in which they came."""
        if self._n_waiting:
            self._write()
        found = []
        for offset, starts in zip(self._offsets, self._starts, strict=False):
            start, end = starts[number : number + 2].tolist()
            with _room():
                content = os.pread(self._file.fileno(), 8 * (end - start), offset + 8 * start)
            found.append(np.frombuffer(content, dtype=np.int64))
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)
