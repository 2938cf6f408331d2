"""What reading gives: chunks of IDs, and beside them every line that is none."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from harvester.engagement.tweet_id import Ids

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
class Chunk:
    """What came next in the input. Any part of it may be empty, a chunk never spans two files.

    ids: in the order of the input, duplicates included.
    n_lines: lines, in CSV records, that were settled here. Always
        n_lines == len(ids) + len(rejected) - (unreadable is not None) + n_blank + n_headers.
    n_bytes: bytes of the file as stored (so compressed) since the chunk before. They sum to the file's
        size at its end, also when its rest could not be read.
    unreadable: why the rest of the file could not be read (cut or damaged gzip, I/O error), else None. The
        file's last chunk then, and `rejected` ends with one more entry for it: the line at which reading
        ended, with what there was of that line. A torn line may look like another, shorter ID, so it is never
        an ID; it is not counted in n_lines.
    owners: whose tweet each of the ids is, as the input names it, "" where it does not; in the order of ids.
        Empty if nobody asked. Equal names are one object. At most 200 characters each and sound Unicode, but
        foreign text otherwise: it may hold what a terminal would obey, see `shown`.
    ends_part: whether the input ended here before it grew.
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
