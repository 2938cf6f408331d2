"""Whose tweet it is, by the input: a cell of the row, or the folder in which the file lies."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Final

from harvester.errors import UsageError
from harvester.sources.chunk import Chunk, shown
from harvester.sources.places.find import STDIN

MAX_OWNER_CHARACTERS: Final = 200
_UNDECODED: Final = re.compile("[\ud800-\udfff]")
_TOO_LONG: Final = f"the owner's name is longer than {MAX_OWNER_CHARACTERS} characters"


def why_no_owner(name: str) -> str | None:
    """Why a cell's text, stripped, cannot be an owner's name; None if it can, as "" can, too.

    Undecodable bytes stand in it as Python's surrogate escapes.
    """
    if len(name) > MAX_OWNER_CHARACTERS:
        return _TOO_LONG
    if _UNDECODED.search(name):
        return "the owner's name is not valid UTF-8"
    return None


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
    owner = os.fsencode(folder).decode("utf-8", "backslashreplace")
    if len(owner) > MAX_OWNER_CHARACTERS:
        raise UsageError(f"{shown(owner)!r}: {_TOO_LONG}", "Give the folder a shorter name.")
    return sys.intern(owner)


def owned_by(owner: str, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The chunks with one owner for every ID."""
    for chunk in chunks:
        yield replace(chunk, owners=(owner,) * len(chunk.ids))
