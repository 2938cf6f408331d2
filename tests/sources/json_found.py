"""JSON given to its reader in pieces of any size, and what comes of it."""

from dataclasses import dataclass, field
from typing import Any

from harvester.sources import Chunk, Form
from harvester.sources.formats import choose_reader


@dataclass
class Found:
    """All chunks of a text put together. rejected: lines, texts and reasons. places: as in a Chunk, of all."""

    file_format: str = ""
    ids: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    n_headers: int = 0
    n_blank: int = 0
    unreadable: str | None = None

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(line, reason) for line, _, reason in self.rejected]

    def take(self, chunk: Chunk) -> None:
        n_settled = len(chunk.ids) + len(chunk.rejected) - (chunk.unreadable is not None)
        assert chunk.n_lines == n_settled + chunk.n_blank + chunk.n_headers
        assert len(chunk.lines) == len(chunk.ids)
        assert len(chunk.owners) in (0, len(chunk.ids))
        assert len(chunk.places) in (0, len(chunk.rejected))
        self.places += [len(self.ids) + place for place in chunk.places]
        self.ids += chunk.ids.tolist()
        self.lines += chunk.lines.tolist()
        self.owners += chunk.owners
        self.rejected += [(entry.line, entry.text, entry.reason) for entry in chunk.rejected]
        self.n_headers += chunk.n_headers
        self.n_blank += chunk.n_blank
        self.unreadable = self.unreadable or chunk.unreadable


def read_json(text: bytes, piece_bytes: int = 1024 * 1024, **options: Any) -> Found:
    """What a text holds that comes in pieces of so many bytes."""
    form, found, head, reader = Form(**options), Found(), b"", None
    for start in range(0, len(text), piece_bytes):
        piece = text[start : start + piece_bytes]
        if reader is not None:
            found.take(reader.read(piece))
            continue
        head += piece
        reader = choose_reader("file", head, form, is_all=False)
        if reader is not None:
            found.take(reader.read(head))
    if reader is None:
        reader = choose_reader("file", head, form, is_all=True)
        assert reader is not None
        found.take(reader.read(head))
    found.take(reader.flush())
    found.file_format = reader.file_format
    return found
