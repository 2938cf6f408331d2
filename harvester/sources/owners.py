"""Whose tweet it is, by a cell of the row. See folder_owners for the other way."""

import re
from typing import Final

MAX_OWNER_CHARACTERS: Final = 200
OWNER_TOO_LONG: Final = f"the owner's name is longer than {MAX_OWNER_CHARACTERS} characters"
_UNDECODED: Final = re.compile("[\ud800-\udfff]")


def why_no_owner(name: str) -> str | None:
    """Why a cell's text, stripped, cannot be an owner's name; None if it can, as "" can, too.

    Undecodable bytes stand in it as Python's surrogate escapes.
    """
    if len(name) > MAX_OWNER_CHARACTERS:
        return OWNER_TOO_LONG
    if _UNDECODED.search(name):
        return "the owner's name is not valid UTF-8"
    return None
