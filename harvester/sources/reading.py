"""From files to chunks of IDs."""

import dataclasses
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, get_args

import numpy as np

from harvester.errors import RunDirectoryError, UsageError
from harvester.sources.chunk import NO_IDS, Chunk, Rejected, shown
from harvester.sources.csv_rows import CsvRows
from harvester.sources.decoding import Block, decode
from harvester.sources.find import Source
from harvester.sources.formats import FileFormat, Wanted, choose_reader
from harvester.sources.lines import LineCutter
from harvester.sources.owners import folder_owner, owned_by
from harvester.sources.stored import read_stored
from harvester.sources.text import TextLines

_NEWLINE: Final = 10
_LOOKED_AT_BYTES: Final = 256 * 1024
_NOTHING: Final = Chunk(NO_IDS, (), 0, 0, 0, 0, None)


def read_chunks(
    sources: Sequence[Source],
    *,
    file_format: str | None = None,
    column: str | None = None,
    owner_column: str | None = None,
    owner_from_folder: bool = False,
    stop: threading.Event | None = None,
    chunk_bytes: int = 256 * 1024,
) -> Iterator[Chunk]:
    """The IDs of the sources, in their order, and all that is none; see Chunk.

    file_format: `text`, `csv` or `tsv`; None finds it out for each file. In `csv` any of
        , ; tab | may be the delimiter.
    column: its name in the header, or its number from 1; the files are tables then.
    owner_column: the column that says whose tweet it is, given and compared as `column` is; the files are tables
        then. It is never taken for the column of IDs unless `column` says so. A row that is too short to
        have it, or has in it more than 200 characters or no UTF-8, is rejected.
    owner_from_folder: the folder in which a file lies says it; for `inbox/alice/ids.txt` it is `alice`.
    stop: ends the iteration, without a word, within 0.1 s of being set, also while a pipe is silent.
    chunk_bytes: how much is read, or inflated, at a time. What is found does not depend on it, only how it is
        parted. A chunk from a pipe is handed on as soon as nothing more is there.

    Gzip and UTF-16 are found out by the first bytes, so names need no ending. Blocking: run it in a thread.
    What is wrong with a file's content is in the chunks, never raised.

    Raises UsageError: an unknown format, a column for text, owners by both ways, a folder with too long a name,
    at once; a column that a file does not have, when that file is reached.
    """
    wanted = _wanted(file_format, column, owner_column)
    if owner_column is not None and owner_from_folder:
        raise UsageError(
            f"owners are wanted from column {owner_column!r} and from the folders' names",
            "Leave one of the two out.",
        )
    if chunk_bytes < 1:
        raise ValueError("chunk_bytes must be positive")
    owners = [folder_owner(source.name) if owner_from_folder else None for source in sources]
    return _read_all(sources, owners, wanted, stop or threading.Event(), chunk_bytes)


def has_whole_lines(source: Source, n_bytes: int, stop: threading.Event) -> bool:
    """Whether so many stored bytes of a file, inflated if they are gzip, can be read and end with a line's end.

    Raises OSError as reading does.
    """
    begun = dataclasses.replace(source, size_bytes=n_bytes, ends_bytes=())
    last = b"\n"
    for block in decode(read_stored(begun, _LOOKED_AT_BYTES, stop), _LOOKED_AT_BYTES):
        if block.unreadable:
            return False
        last = block.text[-1:] or last
    return last == b"\n"


def _wanted(file_format: str | None, column: str | None, owner_column: str | None) -> Wanted:
    known = {name: name for name in get_args(FileFormat)}
    if file_format is not None and file_format not in known:
        raise UsageError(f"unknown input format {file_format!r}", f"One of {', '.join(known)}.")
    for name in (column, owner_column):
        if name is not None and file_format == "text":
            raise UsageError(
                f"text has no columns, but column {name!r} is wanted", "Leave one of the two out."
            )
    wanted = Wanted(known[file_format] if file_format else None, column, owner_column)
    if -1 in (wanted.column_number, wanted.owner_number):
        raise UsageError("no column 0", "Columns count from 1.")
    return wanted


def _read_all(
    sources: Sequence[Source],
    owners: Sequence[str | None],
    wanted: Wanted,
    stop: threading.Event,
    chunk_bytes: int,
) -> Iterator[Chunk]:
    for source, owner in zip(sources, owners, strict=True):
        chunks = _read_file(source, wanted, stop, chunk_bytes)
        yield from chunks if owner is None else owned_by(owner, chunks)
        if stop.is_set():
            return


def _read_file(source: Source, wanted: Wanted, stop: threading.Event, chunk_bytes: int) -> Iterator[Chunk]:
    reader = _FileReader(source, wanted)
    ends = deque(source.ends_bytes)
    for block in decode(read_stored(source, chunk_bytes, stop), chunk_bytes):
        if stop.is_set():
            return
        # What comes without stored bytes is still of those before the end.
        while ends and block.n_stored and reader.n_bytes + block.n_stored > ends[0]:
            yield dataclasses.replace(reader.pause(), ends_part=True)
            ends.popleft()
        yield reader.read(block)
    if stop.is_set():
        return
    if last := reader.flush():
        yield last
    if ends:
        yield dataclasses.replace(_NOTHING, ends_part=True)


class _FileReader:
    """One file, block after block: to lines, to the right reader, to chunks."""

    def __init__(self, source: Source, wanted: Wanted) -> None:
        self._source = source
        self._file = os.fsencode(source.name).decode("utf-8", "backslashreplace")
        self._wanted = wanted
        self._cutter = LineCutter()
        self._head: list[bytes] = []
        self._reader: TextLines | CsvRows | None = None
        self._n_newlines = 0
        self.n_bytes = 0
        self._is_ended = False

    def read(self, block: Block) -> Chunk:
        """What has become whole with this block."""
        lines = self._cutter.feed(block.text)
        self._n_newlines += int(np.count_nonzero(np.frombuffer(lines, np.uint8) == _NEWLINE))
        self.n_bytes += block.n_stored
        chunk = dataclasses.replace(self._read_lines(lines, is_all=False), n_bytes=block.n_stored)
        return self._end_unreadable(chunk, block.unreadable) if block.unreadable else chunk

    def pause(self) -> Chunk:
        """What is left where the file ended before it grew. Raises RunDirectoryError when a line goes on there."""
        if self._cutter.is_within_line:
            raise RunDirectoryError(
                f"{self._file}: where it ended before it grew, its last line was not whole",
                "Use another run directory, or the old input.",
            )
        return self._finish(b"") if self.n_bytes else _NOTHING

    def flush(self) -> Chunk | None:
        """What is left at the end of the file: a last line without newline, a record left open."""
        if self._is_ended:
            return None
        rest = self._cutter.flush()
        chunk = self._finish(rest + b"\n" if rest else b"")
        return chunk if chunk.n_lines else None

    def _finish(self, lines: bytes) -> Chunk:
        chunk = self._read_lines(lines, is_all=True)
        held = self._reader.flush() if self._reader else None
        return _joined(chunk, held) if held else chunk

    def _read_lines(self, lines: bytes, *, is_all: bool) -> Chunk:
        if self._reader is None:
            if not lines and not is_all:
                return _NOTHING
            self._head.append(lines)
            head = b"".join(self._head)
            self._reader = choose_reader(self._file, head, self._wanted, is_all=is_all)
            if self._reader is None:
                return _NOTHING
            lines, self._head = head, []
        return self._reader.read(lines) if lines else _NOTHING

    def _end_unreadable(self, chunk: Chunk, reason: str) -> Chunk:
        self._is_ended = True
        torn = self._cutter.flush()
        chunk = _joined(chunk, self._finish(b""))
        entry = Rejected(self._file, self._n_newlines + 1, shown(torn), f"the rest is unreadable: {reason}")
        n_passed_over = max(0, (self._source.size_bytes or 0) - self.n_bytes)
        return dataclasses.replace(
            chunk,
            rejected=(*chunk.rejected, entry),
            n_bytes=chunk.n_bytes + n_passed_over,
            unreadable=reason,
        )


def _joined(first: Chunk, second: Chunk) -> Chunk:
    if not second.n_lines:
        return first
    return Chunk(
        np.concatenate((first.ids, second.ids)),
        first.rejected + second.rejected,
        first.n_lines + second.n_lines,
        first.n_blank + second.n_blank,
        first.n_headers + second.n_headers,
        first.n_bytes + second.n_bytes,
        first.unreadable,
        first.owners + second.owners,
    )
