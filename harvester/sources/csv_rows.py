"""CSV and its relatives: the tweet ID stands in a column, and its owner perhaps in another."""

import sys

import numpy as np

from harvester.engagement.tweet_id import parse_tweet_id
from harvester.sources.chunk import Chunk, Rejected, shown
from harvester.sources.csv_records import Record, read_records
from harvester.sources.form import FileFormat
from harvester.sources.owners import why_no_owner
from harvester.sources.text import read_line


class CsvRows:
    """Reads whole lines, block after block, of one file.

    A record that the block's end cuts is held back until the next block, or `flush`.
    """

    def __init__(
        self,
        file: str,
        delimiter: str,
        column: int,
        *,
        name: str | None,
        owner_column: int | None = None,
    ) -> None:
        """column, owner_column: from 0. name: what the first record that is not blank calls the column of IDs;
        None if that names no columns.
        """
        self.file_format: FileFormat = "tsv" if delimiter == "\t" else "csv"
        self.column: str | None = str(column + 1) if name is None else name
        self._file = file
        self._delimiter = delimiter
        self._column = column
        self._owner_column = owner_column
        self._is_header_next = name is not None
        self._held: list[bytes] = []
        self._n_lines = 0

    def read(self, lines: bytes) -> Chunk:
        """What the lines hold; each ends with a newline."""
        return self._read([*self._held, *lines.split(b"\n")[:-1]], is_last=False)

    def flush(self) -> Chunk | None:
        """What was held back: a record that is still open at the end was no record."""
        return self._read(self._held, is_last=True) if self._held else None

    def _read(self, lines: list[bytes], *, is_last: bool) -> Chunk:
        ids: list[int] = []
        id_lines: list[int] = []
        owners: list[str] = []
        owner_column = self._owner_column
        rejected: list[Rejected] = []
        n_records = n_blank = n_headers = n_taken = 0
        for record in read_records(lines, self._delimiter, is_last=is_last):
            n_records += 1
            n_taken += record.n_lines
            found = self._id_in(record)
            if found is None:
                n_blank += 1
                continue
            if self._is_header_next:
                self._is_header_next = False
                n_headers += 1
            elif not isinstance(found, int):
                rejected.append(self._reject(record, lines[record.first_line], self._column, found))
            elif owner_column is not None and (reason := _why_no_owner_in(record.cells, owner_column)):
                rejected.append(self._reject(record, lines[record.first_line], owner_column, reason))
            else:
                ids.append(found)
                id_lines.append(record.first_line)
                if owner_column is not None:
                    owners.append(sys.intern(record.cells[owner_column].strip()))
        first_line = self._n_lines
        self._n_lines += n_taken
        self._held = lines[n_taken:]
        return Chunk(
            np.array(ids, np.int64),
            tuple(rejected),
            n_records,
            n_blank,
            n_headers,
            0,
            None,
            tuple(owners),
            lines=np.array(id_lines, np.int64) + (first_line + 1),
        )

    def _id_in(self, record: Record) -> int | str | None:
        """The ID, or why there is none; None for a blank line."""
        if record.fault:
            return record.fault
        if len(record.cells) <= self._column:
            return self._too_short(record.cells)
        found = parse_tweet_id(record.cells[self._column])
        return found if isinstance(found, int) else self._reason(record.cells)

    def _reason(self, cells: list[str]) -> int | str | None:
        if is_blank(cells):
            return None
        return read_line(cells[self._column].encode("utf-8", "surrogateescape")) or "an empty cell"

    def _too_short(self, cells: list[str]) -> str | None:
        if is_blank(cells):
            return None
        return _too_short(cells, "the tweet ID", self._column)

    def _reject(self, record: Record, line: bytes, column: int, reason: str) -> Rejected:
        number = self._n_lines + record.first_line + 1
        if record.fault or len(record.cells) <= column:
            return Rejected(self._file, number, shown(line), reason)
        cell = record.cells[column].encode("utf-8", "surrogateescape")
        return Rejected(self._file, number, shown(cell), reason)


def _why_no_owner_in(cells: list[str], column: int) -> str | None:
    if len(cells) <= column:
        return _too_short(cells, "the owner", column)
    return why_no_owner(cells[column].strip())


def _too_short(cells: list[str], what: str, column: int) -> str:
    n_cells = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
    return f"a row of {n_cells}, {what} is in column {column + 1}"


def is_blank(cells: list[str]) -> bool:
    """Whether these are the cells of a line with nothing on it. A row of empty cells is not blank."""
    return not cells or (len(cells) == 1 and not cells[0].strip())
