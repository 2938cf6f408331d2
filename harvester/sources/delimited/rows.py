"""CSV and its relatives: the tweet ID stands in a column, and its owner perhaps in another."""

import sys
from dataclasses import dataclass, field, replace

import numpy as np

from harvester.engagement.tweet_id import Ids, parse_tweet_id
from harvester.sources.chunk import NOTHING, Chunk, Rejected, joined, shown
from harvester.sources.delimited.blocks import Block, read_block
from harvester.sources.delimited.dialect import Dialect, Shape
from harvester.sources.delimited.records import Record, read_records
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
        dialect: Dialect,
        shape: Shape,
        *,
        name: str | None,
        owner_column: int | None = None,
        n_preamble: int = 0,
    ) -> None:
        """owner_column: from 0. name: what the first record that is not blank calls the column of IDs;
        None if that names no columns. n_preamble: lines at the beginning that are no records.
        """
        self.file_format: FileFormat = "tsv" if dialect.delimiter == "\t" else "csv"
        self.column: str | None = str(shape.column + 1) if name is None else name
        self._file = file
        self._dialect = dialect
        self._shape = shape
        self._column = shape.column
        self._owner_column = owner_column
        self._is_header_next = name is not None
        self._n_preamble = n_preamble
        self._held = b""
        self.n_lines = 0

    @property
    def is_within(self) -> bool:
        """Whether a record is held back that goes on behind the last line."""
        return bool(self._held)

    def read(self, lines: bytes) -> Chunk:
        """What the lines hold; each ends with a newline."""
        preamble, lines = self._without_preamble(lines)
        lines, self._held = self._held + lines, b""
        block = read_block(lines, self._dialect, self._shape) if self._owner_column is None else None
        chunk = self._read_block(lines, block) if block else self._read_records(lines, is_last=False)
        return joined(preamble, chunk) if preamble.n_lines else chunk

    def flush(self) -> Chunk:
        """What was held back: a record that is still open at the end was no record."""
        lines, self._held = self._held, b""
        return self._read_records(lines, is_last=True) if lines else NOTHING

    def _without_preamble(self, lines: bytes) -> tuple[Chunk, bytes]:
        """What is passed over at the beginning, and what follows."""
        n_lines = n_blank = 0
        while self._n_preamble and lines:
            line, _, lines = lines.partition(b"\n")
            n_lines += 1
            n_blank += not line.strip()
            self._n_preamble -= 1
        self.n_lines += n_lines
        return replace(NOTHING, n_lines=n_lines, n_blank=n_blank, n_headers=n_lines - n_blank), lines

    def _read_block(self, lines: bytes, block: Block) -> Chunk:
        """Row by row only where the cell is not plainly an ID."""
        rows = _Rows()
        ids, is_id = block.ids, block.is_id
        if self._is_header_next:  # an ID may stand in it, above the IDs
            is_id[np.flatnonzero(is_id)[:1]] = False
        doubtful = np.flatnonzero(~is_id).tolist()
        texts = [lines[block.starts[index] : block.ends[index]] for index in doubtful]
        doubtful_lines = b"\n".join(texts).split(b"\n") if texts else []
        records = read_records(doubtful_lines, self._dialect, is_last=True, shape=self._shape)
        for index, record in zip(doubtful, records, strict=True):
            line = doubtful_lines[record.first_line]
            found = self._settle(record, line, int(block.first_lines[index]), rows)
            if found is not None:
                ids[index], is_id[index] = found, True
        first_line = self.n_lines
        self.n_lines += block.n_lines
        self._held = lines[block.n_bytes :]
        return rows.chunk(ids[is_id], block.first_lines[is_id] + (first_line + 1), len(ids))

    def _read_records(self, text: bytes, *, is_last: bool) -> Chunk:
        lines = text.split(b"\n")[:-1]
        rows = _Rows()
        ids: list[int] = []
        id_lines: list[int] = []
        n_records = n_taken = 0
        for record in read_records(lines, self._dialect, is_last=is_last, shape=self._shape):
            n_records += 1
            n_taken += record.n_lines
            found = self._settle(record, lines[record.first_line], record.first_line, rows)
            if found is not None:
                ids.append(found)
                id_lines.append(record.first_line)
        first_line = self.n_lines
        self.n_lines += n_taken
        self._held = b"".join(line + b"\n" for line in lines[n_taken:])
        return rows.chunk(np.array(ids, np.int64), np.array(id_lines, np.int64) + (first_line + 1), n_records)

    def _settle(self, record: Record, line: bytes, place: int, rows: "_Rows") -> int | None:
        """The record's ID; None if it has none and stands in rows. line: its first. place: see Block."""
        found = self._id_in(record)
        owner_column = self._owner_column
        number = self.n_lines + place + 1
        if found is None:
            rows.n_blank += 1
        elif self._is_header_next:
            self._is_header_next = False
            rows.n_headers += 1
        elif not isinstance(found, int):
            rows.rejected.append(self._reject(record, line, number, self._column, found))
        elif owner_column is not None and (reason := _why_no_owner_in(record.cells, owner_column)):
            rows.rejected.append(self._reject(record, line, number, owner_column, reason))
        else:
            if owner_column is not None:
                rows.owners.append(sys.intern(record.cells[owner_column].strip()))
            return found
        return None

    def _id_in(self, record: Record) -> int | str | None:
        """The ID, or why there is none; None for a blank line."""
        if record.fault:
            return record.fault
        if len(record.cells) <= self._column:
            return self._too_short(record.cells)
        cell = record.cells[self._column]
        found = parse_tweet_id(cell)
        if isinstance(found, int):
            return found
        if is_blank(record.cells):
            return None
        if cell.isascii():
            return found if cell.strip() else "an empty cell"
        return read_line(cell.encode("utf-8", "surrogateescape")) or "an empty cell"

    def _too_short(self, cells: list[str]) -> str | None:
        if is_blank(cells):
            return None
        return _too_short(cells, "the tweet ID", self._column)

    def _reject(self, record: Record, line: bytes, number: int, column: int, reason: str) -> Rejected:
        if record.fault or len(record.cells) <= column:
            return Rejected(self._file, number, shown(line), reason)
        cell = record.cells[column].encode("utf-8", "surrogateescape")
        return Rejected(self._file, number, shown(cell), reason)


@dataclass(slots=True)
class _Rows:
    """What there is in a chunk beside IDs."""

    rejected: list[Rejected] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    n_blank: int = 0
    n_headers: int = 0

    def chunk(self, ids: Ids, lines: Ids, n_records: int) -> Chunk:
        rejected, owners = tuple(self.rejected), tuple(self.owners)
        return Chunk(ids, rejected, n_records, self.n_blank, self.n_headers, 0, None, owners, lines=lines)


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
