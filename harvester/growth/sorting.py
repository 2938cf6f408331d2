"""Many rows in little memory, taken up again by tweet ID: sorted piece by piece into a nameless file.

Of every so many rows of a piece, the first one's ID stays in memory. By these the IDs can be parted into ranges of
about equal numbers of rows, however uneven they are spread, and a range can be found in each piece.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Final, Self

import numpy as np

from harvester.engagement.tweet_id import MAX_TWEET_ID, Ids
from harvester.errors import StorageError
from harvester.growth.rows import Rows, row_type
from harvester.rundir.files import write_all

PIECE_ROWS: Final = 1 << 17
"""So many rows wait in memory, 9 MB with seven metrics, before they are sorted and written."""
KEY_ROWS: Final = 256
RANGE_ROWS: Final = 1 << 16


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StorageError(
            f"temporary files: {exc.strerror or exc}", "TMPDIR names the folder in which they are made."
        ) from exc


class SortedRows:
    """Rows on the disk, in the system's folder for temporary files; 17 bytes each, and 8 for each metric.

    In memory are one piece, and 8 bytes for each key_rows rows. Raises StorageError when there is no room.
    """

    def __init__(self, n_metrics: int, piece_rows: int = PIECE_ROWS, key_rows: int = KEY_ROWS) -> None:
        self.n_rows = 0
        self._type = row_type(n_metrics)
        self._piece_rows, self._key_rows = piece_rows, key_rows
        with _room():
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # see __exit__
        self._waiting: list[Rows] = []
        self._n_waiting = 0
        self._pieces: list[tuple[int, int, Ids]] = []
        """Of each piece on the disk: its first row's place, how many it has, the IDs that stay in memory."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, rows: Rows) -> None:
        """Take some more."""
        self._waiting.append(rows)
        self._n_waiting += len(rows)
        if self._n_waiting >= self._piece_rows:
            self._write()

    def finish(self) -> None:
        """No more will come."""
        if self._n_waiting:
            self._write()

    def _write(self) -> None:
        rows = np.concatenate(self._waiting)
        self._waiting, self._n_waiting = [], 0
        rows = rows[np.argsort(rows["tweet_id"], kind="stable")]
        with _room():
            write_all(self._file.fileno(), (rows.tobytes(),))
        self._pieces.append((self.n_rows, len(rows), rows["tweet_id"][:: self._key_rows].copy()))
        self.n_rows += len(rows)

    def keys(self) -> Ids:
        """The IDs that stay in memory, in no order."""
        return np.concatenate([np.empty(0, np.int64), *(keys for _, _, keys in self._pieces)])

    def between(self, first: int, last: int) -> Rows:
        """All rows with an ID from first to last; those of an ID in the order in which they came."""
        return np.concatenate(
            [np.empty(0, self._type), *(self._of_piece(*piece, first, last) for piece in self._pieces)]
        )

    def _of_piece(self, place: int, n_rows: int, keys: Ids, first: int, last: int) -> Rows:
        # The rows before the first key that is large enough may be large enough as well.
        low = max(int(np.searchsorted(keys, first)) - 1, 0) * self._key_rows
        high = min(int(np.searchsorted(keys, last, "right")) * self._key_rows, n_rows)
        rows = self._read(place + low, max(high - low, 0))
        ids = rows["tweet_id"]
        return rows[np.searchsorted(ids, first) : np.searchsorted(ids, last, "right")]

    def _read(self, place: int, n_rows: int) -> Rows:
        size = self._type.itemsize
        with _room():
            content = os.pread(self._file.fileno(), n_rows * size, place * size)
        return np.frombuffer(content, self._type)


def ranges_of(sides: Sequence[SortedRows], range_rows: int = RANGE_ROWS) -> Iterator[tuple[Rows, ...]]:
    """The rows of all sides, range by range of tweet IDs, upwards; each ID's are together.

    A range has about range_rows rows, and many more only where one ID has.
    """
    keys = np.sort(np.concatenate([side.keys() for side in sides]))
    n_rows = sum(side.n_rows for side in sides)
    step = max(len(keys) * range_rows // max(n_rows, 1), 1)
    firsts = [0, *np.unique(keys[step::step]).tolist()]
    for first, after in zip_longest(firsts, firsts[1:], fillvalue=MAX_TWEET_ID + 1):
        yield tuple(side.between(first, after - 1) for side in sides)
