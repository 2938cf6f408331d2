"""Parquet and Arrow files: the tweet ID stands in a column, and its owner perhaps in another."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

import numpy as np

from harvester.errors import UsageError
from harvester.sources.chunk import NOTHING, Chunk, Origin, Rejected
from harvester.sources.form import Form

if TYPE_CHECKING:
    from harvester.sources.columnar.columns import Wanted
    from harvester.sources.columnar.files import Part

BATCH_ROWS: Final = 65_536


def read_table(
    file: str,
    kind: Literal["parquet", "arrow"],
    opened: BinaryIO,
    form: Form,
    compression: str | None,
    size_bytes: int,
    stop: Event,
    *,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[Chunk]:
    """The IDs of a table, as read_chunks gives them; a row stands for a line.

    file: as it is shown. opened: all of the table, decompressed; it can seek, and is left open. `arrow` is a file
    (Feather of version 2) or a stream. size_bytes: of the file as stored, for n_bytes. stop: ends the iteration,
    without a word. batch_rows: how many rows are read at a time; what is found does not depend on it, unless the
    file is damaged.

    A null is blank. Of floats only those are taken that are exact. Memory is bounded: of Parquet by a page of each
    wanted column, of Arrow by a record batch, and none of more than 1 GiB is read.

    Raises UsageError: pyarrow is not there, the column is not there or of no fitting type, no column holds IDs.
    """
    try:
        import pyarrow  # noqa: F401, ICN001, PLC0415 - heavy, and an extra
    except ImportError as exc:
        raise UsageError(
            f"{file}: reading {kind.capitalize()} needs pyarrow", "pip install 'harvester[parquet]'"
        ) from exc
    rows = _Rows(file, Origin(file, compression, kind, None), size_bytes)
    return _chunks(rows, kind, opened, form, stop, batch_rows)


def _chunks(
    rows: "_Rows", kind: str, opened: BinaryIO, form: Form, stop: Event, batch_rows: int
) -> Iterator[Chunk]:
    from harvester.sources.columnar import columns, files  # noqa: PLC0415 - they need pyarrow

    try:
        table = files.open_table(kind, opened)
        wanted = columns.choose_columns(rows.file, table, form)
        if wanted is not None:
            rows.want(wanted)
            for part in table.parts(wanted.all, batch_rows):
                if stop.is_set():
                    return
                yield rows.read(part)
        yield rows.end()
    except files.Unreadable as exc:
        yield rows.end_unreadable(exc.reason)


class _Rows:
    """One table, part after part, to chunks."""

    def __init__(self, file: str, origin: Origin, size_bytes: int) -> None:
        self.file = file
        self._origin = origin
        self._n_rows = 0
        self._n_bytes_left = self._size_bytes = size_bytes
        self._has_owners = False

    def want(self, wanted: "Wanted") -> None:
        """Which columns the parts have."""
        self._origin = replace(self._origin, column=wanted.ids.name)
        self._has_owners = wanted.owners is not None

    def read(self, part: "Part") -> Chunk:
        """What the rows hold."""
        from harvester.sources.columnar.values import read_names, read_values  # noqa: PLC0415 - they need pyarrow

        values = read_values(part.arrays[0])
        is_id = values.ids > 0
        faults = dict(values.faults)
        owners: tuple[str, ...] = ()
        if self._has_owners:
            names = read_names(part.arrays[-1])
            for row, fault in names.faults.items():
                if is_id[row]:
                    is_id[row] = False
                    faults[row] = fault
            owners = tuple(
                name for name, is_owned in zip(names.names, is_id.tolist(), strict=True) if is_owned
            )
        first_row = self._n_rows + 1
        self._n_rows += part.n_rows
        return Chunk(
            values.ids[is_id],
            tuple(Rejected(self.file, first_row + row, *faults[row]) for row in sorted(faults)),
            part.n_rows,
            int(np.count_nonzero(values.is_blank)),
            0,
            self._take_bytes(*part.done),
            None,
            owners,
            lines=np.flatnonzero(is_id) + first_row,
            origin=self._origin,
        )

    def end(self) -> Chunk:
        """The bytes that no row stands for."""
        return replace(NOTHING, n_bytes=self._take_bytes(1, 1), origin=self._origin)

    def end_unreadable(self, reason: str) -> Chunk:
        """The row at which reading ended, and the bytes that are left."""
        entry = Rejected(self.file, self._n_rows + 1, "", f"the rest is unreadable: {reason}")
        return replace(self.end(), rejected=(entry,), unreadable=reason)

    def _take_bytes(self, done: int, total: int) -> int:
        """Bytes since the chunk before, now that so large a part is read."""
        n_left = self._size_bytes - self._size_bytes * done // total
        n_bytes, self._n_bytes_left = self._n_bytes_left - n_left, n_left
        return n_bytes
