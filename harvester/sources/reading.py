"""From files to chunks of IDs."""

import dataclasses
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from harvester.errors import RunDirectoryError, UsageError
from harvester.sources.chunk import NOTHING, Chunk, Origin, Rejected, joined, shown
from harvester.sources.columnar.tables import read_table
from harvester.sources.folder_owners import folder_owner, owned_by
from harvester.sources.form import TABLE_FORMATS, Form
from harvester.sources.formats import choose_reader
from harvester.sources.layers.decoding import BLOCKS_WITHOUT_THREAD, open_parts
from harvester.sources.layers.parts import Block, Part, Table, Text
from harvester.sources.readers import Reader
from harvester.sources.screening import Screen
from harvester.sources.source import Source, printable_name

CHUNK_BYTES: Final = 1024 * 1024
"""Large enough that the thread which reads does not get its turn too often for too little."""
MOST_HEADS: Final = 1000
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

    Raises UsageError: a folder with too long a name for an owner, at once; a column that a file does not have, and
    a file in columns where a text is wanted or the other way round, when that file is reached.
    """
    if chunk_bytes < 1:
        raise ValueError("chunk_bytes must be positive")
    owners = [folder_owner(source.name) if form.owner_from_folder else None for source in sources]
    return _read_all(sources, owners, form, stop or threading.Event(), chunk_bytes)


def read_heads(source: Source, form: Form, n_bytes: int, stop: threading.Event) -> Iterator[Chunk]:
    """The beginning of a source as read_chunks reads it, about so many stored bytes, at least one piece.

    Of an archive the beginnings of its members, MOST_HEADS at most. A line at the end of a beginning may be torn.
    """
    for part in islice(open_parts(source, min(n_bytes, CHUNK_BYTES), stop), MOST_HEADS):
        n_left = n_bytes
        for chunk in _read_part(source, _head(part), form, stop):
            yield chunk
            n_left -= chunk.n_bytes
            if n_left <= 0:
                break


def _head(part: Part) -> Part:
    if isinstance(part, Table) or "zip" not in part.around:
        return part
    # A thread that still decompresses would be in the way of the next member.
    return dataclasses.replace(part, blocks=islice(part.blocks, BLOCKS_WITHOUT_THREAD))


def ends_whole(source: Source, n_bytes: int, form: Form, stop: threading.Event) -> bool:
    """Whether so many stored bytes of a file can be read, and no line, record or document goes on behind them.

    Never of archives and tables, which do not grow at their end. Raises UsageError and OSError as reading does.
    """
    begun = dataclasses.replace(source, size_bytes=n_bytes, ends_bytes=())
    for part in open_parts(begun, _LOOKED_AT_BYTES, stop):
        if isinstance(part, Table) or "zip" in part.around:
            return False
        reader = _TextReader(part, form)
        if any(reader.read(block).unreadable for block in part.blocks) or reader.is_within:
            return False
    return True


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
    n_bytes = 0
    for part in open_parts(source, chunk_bytes, stop):
        for chunk in _read_part(source, part, form, stop):
            n_bytes += chunk.n_bytes
            yield chunk
        if stop.is_set():
            return
    if source.size_bytes is not None and n_bytes < source.size_bytes:
        # What was passed over: of what is unreadable, of archives what is not in a member.
        yield dataclasses.replace(NOTHING, n_bytes=source.size_bytes - n_bytes)


def _read_part(source: Source, part: Part, form: Form, stop: threading.Event) -> Iterator[Chunk]:
    is_table = isinstance(part, Table)
    if form.file_format is not None and is_table != (form.file_format in TABLE_FORMATS):
        what = f"a file in columns ({part.kind})" if isinstance(part, Table) else "a text"
        raise UsageError(
            f"{printable_name(part.name)}: {what}, and --format says {form.file_format}",
            "Without --format it is found out.",
        )
    match part:
        case Text():
            return _read_text(source, part, form, stop)
        case Table():
            return _read_table(part, form, stop)


def _read_table(table: Table, form: Form, stop: threading.Event) -> Iterator[Chunk]:
    screen = Screen(form).screen
    file = printable_name(table.name)
    for chunk in read_table(
        file, table.kind, table.opened, form, _compression_of(table), table.n_stored, stop
    ):
        if stop.is_set():
            return  # what it says may be of a reading that was broken off
        yield screen(chunk, is_last=chunk.unreadable is not None)
    held = screen(NOTHING, is_last=True)
    if held.n_lines and not stop.is_set():
        yield held


def _compression_of(part: Part) -> str | None:
    """As an Origin tells it."""
    return ", ".join(part.around) or None


def _read_text(source: Source, text: Text, form: Form, stop: threading.Event) -> Iterator[Chunk]:
    reader = _TextReader(text, form)
    screen = Screen(form).screen
    ends = deque(source.ends_bytes)
    for block in text.blocks:
        if stop.is_set():
            return
        # What comes without stored bytes is still of those before the end.
        while ends and block.n_stored and reader.n_bytes + block.n_stored > ends[0]:
            yield dataclasses.replace(screen(reader.pause(), is_last=True), ends_part=True)
            ends.popleft()
        chunk = reader.read(block)
        yield screen(chunk, is_last=chunk.unreadable is not None)
    if stop.is_set():
        return
    last = screen(reader.flush(), is_last=True)
    if last.n_lines or last.rejected:
        yield last
    if ends:
        yield dataclasses.replace(NOTHING, ends_part=True)


class _TextReader:
    """One text, block after block: to the right reader, to chunks."""

    def __init__(self, text: Text, form: Form) -> None:
        self._file = printable_name(text.name)
        self._compression = _compression_of(text)
        self._form = form
        self._head = b""
        self._reader: Reader | None = None
        self._origin: Origin | None = None
        self._is_ended = False
        self.n_bytes = 0

    def read(self, block: Block) -> Chunk:
        """What has become whole with this block; nothing once a part was unreadable."""
        self.n_bytes += block.n_stored
        if self._is_ended:
            return dataclasses.replace(NOTHING, n_bytes=block.n_stored)
        chunk = self._of_file(self._read(block.text, is_all=block.unreadable is not None))
        chunk = dataclasses.replace(chunk, n_bytes=block.n_stored)
        if block.unreadable and chunk.unreadable is None:
            chunk = self._cut(chunk, block.unreadable)
        self._is_ended = chunk.unreadable is not None
        return chunk

    @property
    def is_within(self) -> bool:
        """Whether what came last is not whole: a line, a record, a document."""
        return self._reader.is_within if self._reader else self._head[-1:] not in (b"", b"\n")

    def pause(self) -> Chunk:
        """What is left where the file ended before it grew. Raises RunDirectoryError when a line goes on there."""
        if self._is_ended:
            return NOTHING
        if self.is_within:
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

    def _cut(self, chunk: Chunk, reason: str) -> Chunk:
        assert self._reader is not None  # noqa: S101  # it was chosen by all there is
        left, torn = self._reader.cut()
        chunk = joined(chunk, left)
        entry = Rejected(self._file, torn.line, shown(torn.text), f"the rest is unreadable: {reason}")
        places = (*chunk.places, len(chunk.ids)) if chunk.places else ()
        return dataclasses.replace(chunk, rejected=(*chunk.rejected, entry), places=places, unreadable=reason)
