"""From files to chunks of IDs."""

import dataclasses
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from harvester.errors import RunDirectoryError
from harvester.sources.chunk import NOTHING, Chunk, Origin, Rejected, joined, shown
from harvester.sources.decoding import Block, Text, open_texts
from harvester.sources.find import Source
from harvester.sources.form import Form
from harvester.sources.formats import choose_reader
from harvester.sources.owners import folder_owner, owned_by
from harvester.sources.readers import Reader

CHUNK_BYTES: Final = 1024 * 1024
"""Large enough that the thread which reads does not get its turn too often for too little."""
_LOOKED_AT_BYTES: Final = 256 * 1024
ANY_FORM: Final = Form()


def read_chunks(
    sources: Sequence[Source],
    form: Form = ANY_FORM,
    *,
    stop: threading.Event | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Chunk]:
    """The IDs of the sources, in their order, and all that is none; see Chunk.

    stop: ends the iteration, without a word, within 0.1 s of being set, also while a pipe is silent.
    chunk_bytes: how much is read, or inflated, at a time. What is found does not depend on it, only how it is
        parted. A chunk from a pipe is handed on as soon as nothing more is there.

    Compression and format are found out by the content, so names need no ending. Blocking: run it in a thread.
    What is wrong with a file's content is in the chunks, never raised.

    Raises UsageError: a folder with too long a name for an owner, at once; a column that a file does not have,
    when that file is reached.
    """
    if chunk_bytes < 1:
        raise ValueError("chunk_bytes must be positive")
    owners = [folder_owner(source.name) if form.owner_from_folder else None for source in sources]
    return _read_all(sources, owners, form, stop or threading.Event(), chunk_bytes)


def has_whole_lines(source: Source, n_bytes: int, stop: threading.Event) -> bool:
    """Whether so many stored bytes of a file, inflated if compressed, can be read and end with a line's end.

    Raises OSError as reading does.
    """
    begun = dataclasses.replace(source, size_bytes=n_bytes, ends_bytes=())
    last = b"\n"
    for text in open_texts(begun, _LOOKED_AT_BYTES, stop):
        for block in text.blocks:
            if block.unreadable:
                return False
            last = block.text[-1:] or last
    return last == b"\n"


def _read_all(
    sources: Sequence[Source],
    owners: Sequence[str | None],
    form: Form,
    stop: threading.Event,
    chunk_bytes: int,
) -> Iterator[Chunk]:
    for source, owner in zip(sources, owners, strict=True):
        chunks = _read_file(source, form, stop, chunk_bytes)
        yield from chunks if owner is None else owned_by(owner, chunks)
        if stop.is_set():
            return


def _read_file(source: Source, form: Form, stop: threading.Event, chunk_bytes: int) -> Iterator[Chunk]:
    for text in open_texts(source, chunk_bytes, stop):
        yield from _read_text(source, text, form, stop)


def _read_text(source: Source, text: Text, form: Form, stop: threading.Event) -> Iterator[Chunk]:
    reader = _TextReader(source, text, form)
    ends = deque(source.ends_bytes)
    for block in text.blocks:
        if stop.is_set():
            return
        # What comes without stored bytes is still of those before the end.
        while ends and block.n_stored and reader.n_bytes + block.n_stored > ends[0]:
            yield dataclasses.replace(reader.pause(), ends_part=True)
            ends.popleft()
        yield reader.read(block)
    if stop.is_set():
        return
    last = reader.flush()
    if last.n_lines or last.unreadable:
        yield last
    if ends:
        yield dataclasses.replace(NOTHING, ends_part=True)


class _TextReader:
    """One text, block after block: to the right reader, to chunks."""

    def __init__(self, source: Source, text: Text, form: Form) -> None:
        self._source = source
        self._file = os.fsencode(text.name).decode("utf-8", "backslashreplace")
        self._compression = text.compression
        self._form = form
        self._head = b""
        self._reader: Reader | None = None
        self._origin: Origin | None = None
        self._is_ended = False
        self.n_bytes = 0

    def read(self, block: Block) -> Chunk:
        """What has become whole with this block."""
        self.n_bytes += block.n_stored
        chunk = self._of_file(self._read(block.text, is_all=block.unreadable is not None))
        chunk = dataclasses.replace(chunk, n_bytes=block.n_stored)
        return self._end_unreadable(chunk, block.unreadable) if block.unreadable else chunk

    def pause(self) -> Chunk:
        """What is left where the file ended before it grew. Raises RunDirectoryError when a line goes on there."""
        if self._reader.is_within if self._reader else self._head[-1:] not in (b"", b"\n"):
            raise RunDirectoryError(
                f"{self._file}: where it ended before it grew, its last line was not whole",
                "Use another run directory, or the old input.",
            )
        return self.flush() if self.n_bytes else NOTHING

    def flush(self) -> Chunk:
        """What is left at the end of the file: a last line without newline, a record left open."""
        if self._is_ended:
            return NOTHING
        begun = self._read(b"", is_all=True)
        return self._of_file(joined(begun, self._reader.flush() if self._reader else NOTHING))

    def _read(self, text: bytes, *, is_all: bool) -> Chunk:
        if self._reader is None:
            self._head += text
            self._reader = choose_reader(self._file, self._head, self._form, is_all=is_all)
            if self._reader is None:
                return NOTHING
            self._origin = Origin(
                self._file, self._compression, self._reader.file_format, self._reader.column
            )
            text, self._head = self._head, b""
        return self._reader.read(text) if text else NOTHING

    def _of_file(self, chunk: Chunk) -> Chunk:
        return dataclasses.replace(chunk, origin=self._origin)

    def _end_unreadable(self, chunk: Chunk, reason: str) -> Chunk:
        assert self._reader is not None  # noqa: S101  # it was chosen by all there is
        self._is_ended = True
        left, torn = self._reader.cut()
        chunk = joined(chunk, left)
        entry = Rejected(self._file, torn.line, shown(torn.text), f"the rest is unreadable: {reason}")
        n_passed_over = max(0, (self._source.size_bytes or 0) - self.n_bytes)
        return dataclasses.replace(
            chunk,
            rejected=(*chunk.rejected, entry),
            n_bytes=chunk.n_bytes + n_passed_over,
            unreadable=reason,
        )
