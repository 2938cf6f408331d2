"""A call as it came, and what can be read in it however little sense it makes."""

from dataclasses import dataclass
from typing import cast

import orjson

from harvester.simulator.reply import FORM
from harvester.simulator.signature import Signed


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came. url: with scheme, host and query."""

    method: str
    url: str
    authorization: str | None
    content: bytes
    content_type: str = ""

    @property
    def signed(self) -> Signed:
        """What a signature would be over."""
        form = self.content.decode("latin-1") if self.content_type == FORM else ""
        return Signed(self.authorization, self.method, self.url, form)


def read_json(content: bytes) -> object:
    """The document, None where it is none."""
    try:
        return cast("object", orjson.loads(content))
    except orjson.JSONDecodeError:
        return None


def _at(document: object, key: str) -> object:
    return document.get(key) if isinstance(document, dict) else None


def string_at(document: object, key: str) -> str | None:
    """The string that stands there, if one does."""
    value = _at(document, key)
    return value if isinstance(value, str) else None


def strings_at(document: object, key: str) -> list[str]:
    """The strings in the list that stands there; none where it is no list."""
    value = _at(document, key)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def groupings_in(document: object) -> dict[str, list[str]]:
    """The group_by of each grouping."""
    groupings = _at(document, "groupings")
    if not isinstance(groupings, dict):
        return {}
    return {str(name): strings_at(grouping, "group_by") for name, grouping in groupings.items()}
