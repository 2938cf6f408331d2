"""What reading gives: chunks of IDs, and beside them every line that is none."""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from harvester.engagement.tweet_id import Ids
from harvester.sources.form import FileFormat

LINE_CAP: Final = 64 * 1024
"""Bytes of a line, or of a CSV record over several lines, that are looked at. Longer ones are rejected."""
SHOWN_CHARACTERS: Final = 200
NO_IDS: Final[Ids] = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is no tweet ID.

    line: counted from 1 as an editor does, also in CSV, where it is the line on which the record begins.
    text: at most 200 characters of the line, or of the cell where CSV has found one. Undecodable bytes and
    control characters are written as \\xNN, so that it is safe to print.
    """

    file: str
    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a chunk is from, and as what it was read.

    file: as it is shown; of a member of an archive, the archive's name, a slash and the member's.
    compression: `gzip`, `zip`, `zip, gzip`, … from the outside to the inside; None if there is none.
    column: the header's name or the number from 1 of the column of IDs, of JSON the key; None where there is none.
    """

    file: str
    compression: str | None
    file_format: FileFormat
    column: str | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """What came next in the input. Any part of it may be empty, a chunk never spans two files.

    ids: in the order of the input, duplicates included.
    n_lines: what was settled here: lines; in CSV records; in JSON and tables what stands where a tweet is
        expected, so that a line or a page may count several times. Always
        n_lines == len(ids) + len(rejected) - (unreadable is not None) + n_blank + n_headers.
    n_bytes: bytes of the file as stored (so compressed) since the chunk before. They sum to the file's
        size at its end, also when its rest could not be read.
    unreadable: why the rest of the file, or of the archive's member, could not be read (cut or damaged gzip, I/O
        error), else None. Nothing more comes of it then but bytes, and `rejected` ends with one more entry for
        it: the line at which reading ended, with what there was of that line. A torn line may look like another,
        shorter ID, so it is never an ID; it is not counted in n_lines.
    owners: whose tweet each of the ids is, as the input names it, "" where it does not; in the order of ids.
        Empty if nobody asked. Equal names are one object. At most 200 characters each and sound Unicode, but
        foreign text otherwise: it may hold what a terminal would obey, see `shown`.
    ends_part: whether the input ended here before it grew.
    lines: the line on which each of the ids begins, as in Rejected; of tables the row. As long as ids.
    origin: None while it is not known as what the file is to be read; there are no ids then.
    places: before how many of ids each of rejected stands; empty where their lines tell it.
    """

    ids: Ids
    rejected: tuple[Rejected, ...]
    n_lines: int
    n_blank: int
    n_headers: int
    n_bytes: int
    unreadable: str | None
    owners: tuple[str, ...] = ()
    ends_part: bool = False
    lines: Ids = field(default_factory=lambda: NO_IDS)
    origin: Origin | None = None
    places: tuple[int, ...] = ()


NOTHING: Final = Chunk(NO_IDS, (), 0, 0, 0, 0, None)


def joined(first: Chunk, second: Chunk) -> Chunk:
    """Two chunks of one file that follow on one another, as one. What is said of the file is the first's."""
    if not second.n_lines and second.unreadable is None:
        return first
    return replace(
        first,
        ids=np.concatenate((first.ids, second.ids)),
        rejected=first.rejected + second.rejected,
        n_lines=first.n_lines + second.n_lines,
        n_blank=first.n_blank + second.n_blank,
        n_headers=first.n_headers + second.n_headers,
        n_bytes=first.n_bytes + second.n_bytes,
        unreadable=first.unreadable or second.unreadable,
        owners=first.owners + second.owners,
        lines=np.concatenate((first.lines, second.lines)),
        places=first.places + tuple(place + len(first.ids) for place in second.places),
    )


def shown(line: bytes | str) -> str:
    """The beginning of a line as a person may see it: capped, without a byte that a terminal would obey."""
    if isinstance(line, bytes):
        line = line[: 4 * SHOWN_CHARACTERS].decode("utf-8", "backslashreplace")
    line = line[:SHOWN_CHARACTERS]
    if not line.isprintable():
        line = "".join(c if c.isprintable() or c == "\t" else _escaped(c) for c in line)
    return line[:SHOWN_CHARACTERS]


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode() if character > "\xff" else f"\\x{ord(character):02x}"
