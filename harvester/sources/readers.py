"""Who reads a text on: the seam between a file's bytes and its format."""

from dataclasses import dataclass
from typing import Protocol

from harvester.sources.chunk import LINE_CAP, NOTHING, Chunk, joined
from harvester.sources.form import FileFormat
from harvester.sources.lines import LineCutter


@dataclass(frozen=True, slots=True)
class Torn:
    """Where a text ends that should have gone on: the line, counted from 1, and what there was of it."""

    line: int
    text: bytes


class _Told(Protocol):
    """What can be said of who reads."""

    @property
    def file_format(self) -> FileFormat:
        """As what it reads."""

    @property
    def column(self) -> str | None:
        """See Origin."""

    @property
    def is_within(self) -> bool:
        """Whether an end here would cut something: a line, a record, a value."""


class Reader(_Told, Protocol):
    """Reads one text, piece after piece. What it finds does not depend on where the pieces are cut."""

    def read(self, text: bytes) -> Chunk:
        """What has become whole with this piece."""

    def flush(self) -> Chunk:
        """What is left at the end of the text."""

    def cut(self) -> tuple[Chunk, Torn]:
        """What is left and whole where the text breaks off, and what is not."""


class Rows(_Told, Protocol):
    """Reads whole lines; what a Reader of lines has within."""

    @property
    def n_lines(self) -> int:
        """How many lines are read, without those that are held back."""

    def read(self, lines: bytes) -> Chunk:
        """What the lines hold; each ends with a newline."""

    def flush(self) -> Chunk:
        """What was held back, as no lines follow."""


class LineReader:
    """A Reader of what stands on lines. Of a line longer than line_cap, so many bytes and a few are looked at."""

    def __init__(self, rows: Rows, line_cap: int = LINE_CAP) -> None:
        self._rows = rows
        self._cutter = LineCutter(line_cap)

    @property
    def file_format(self) -> FileFormat:
        """As what the lines are read."""
        return self._rows.file_format

    @property
    def column(self) -> str | None:
        """See Origin."""
        return self._rows.column

    @property
    def is_within(self) -> bool:
        """Whether a line or a record has begun that has not ended."""
        return self._cutter.is_within_line or self._rows.is_within

    def read(self, text: bytes) -> Chunk:
        """What the lines hold that are whole now."""
        lines = self._cutter.feed(text)
        return self._rows.read(lines) if lines else NOTHING

    def flush(self) -> Chunk:
        """A last line without newline, a record left open."""
        last = self._cutter.flush()
        return joined(self._rows.read(last + b"\n") if last else NOTHING, self._rows.flush())

    def cut(self) -> tuple[Chunk, Torn]:
        """A record left open, and the line that is torn."""
        left = self._rows.flush()
        return left, Torn(self._rows.n_lines + 1, self._cutter.flush())
