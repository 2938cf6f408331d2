"""What a piece of JSON holds, gathered value by value until it becomes a chunk."""

from dataclasses import dataclass, field

import numpy as np

from harvester.sources.chunk import Chunk, Rejected

Mark = tuple[int, int, int]


@dataclass(slots=True)
class Findings:
    """The IDs with the lines on which they begin, and beside them all that is none.

    owners: as long as ids if somebody asked for them, else empty.
    places: before how many of ids each of rejected stands.
    """

    file: str
    ids: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    n_blank: int = 0
    n_headers: int = 0

    @property
    def n_lines(self) -> int:
        """See Chunk."""
        return len(self.ids) + len(self.rejected) + self.n_blank + self.n_headers

    def add(self, ids: list[int], line: int) -> None:
        """IDs that begin on one line."""
        self.ids += ids
        self.lines += [line] * len(ids)

    def reject(self, line: int, text: str, reason: str) -> None:
        """What begins on this line is no ID. text: safe to print."""
        self.take(Rejected(self.file, line, text, reason))

    def take(self, entry: Rejected) -> None:
        """What is no ID, and stands here."""
        self.rejected.append(entry)
        self.places.append(len(self.ids))

    def mark(self) -> Mark:
        """How much has been found, to go back to."""
        return len(self.ids), len(self.rejected), self.n_headers

    def go_back(self, mark: Mark) -> None:
        """Forget what was found since then."""
        n_ids, n_rejected, self.n_headers = mark
        del self.ids[n_ids:], self.lines[n_ids:], self.owners[n_ids:]
        del self.rejected[n_rejected:], self.places[n_rejected:]

    def chunk(self) -> Chunk:
        """All of it."""
        return Chunk(
            np.array(self.ids, np.int64),
            tuple(self.rejected),
            self.n_lines,
            self.n_blank,
            self.n_headers,
            0,
            None,
            tuple(self.owners),
            lines=np.array(self.lines, np.int64),
            places=tuple(self.places),
        )
