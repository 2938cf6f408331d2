"""Whose tweet it is, by the folder in which the file lies."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath

from harvester.errors import UsageError
from harvester.sources.chunk import Chunk, shown
from harvester.sources.owners import MAX_OWNER_CHARACTERS, OWNER_TOO_LONG
from harvester.sources.source import STDIN, printable_name


def folder_owner(file: str) -> str:
    """The name of the folder that contains the file, as its path says it; "" for standard input.

    So a link to a folder counts by its own name. Only where the path does not say it (`ids.txt`, `../ids.txt`)
    the folder is looked up.

    Raises UsageError: the name is longer than an owner's may be.
    """
    if file == STDIN:
        return ""
    folder = PurePath(file).parent.name
    if folder in ("", ".."):
        folder = Path(file).parent.resolve().name
    owner = printable_name(folder)
    if len(owner) > MAX_OWNER_CHARACTERS:
        raise UsageError(f"{shown(owner)!r}: {OWNER_TOO_LONG}", "Give the folder a shorter name.")
    return sys.intern(owner)


def owned_by(owner: str, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The chunks with one owner for every ID."""
    for chunk in chunks:
        yield replace(chunk, owners=(owner,) * len(chunk.ids))
