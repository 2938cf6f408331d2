"""HTML pages that need nothing but themselves: templates, styles and script are put into one file.

Everything that comes from elsewhere (names of files, reasons, errors, IDs) is escaped by the templates, and the
page's own policy allows no script but the one that it was made with, and no request at all.
"""

import unicodedata
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harvester.report import wording

TEMPLATES: Final = Path(__file__).with_name("templates")
MOST_FOREIGN: Final = 300
"""Characters of a foreign text that are shown."""
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Categories of characters that are not seen, or turn others around."""


def render(template: str, **context: object) -> bytes:
    """A page, from the name of its template and what that is given."""
    text = _environment().get_template(template).render(context)
    return text.encode(errors="backslashreplace")


def foreign(text: object) -> str:
    """A text of somebody else's: not longer than is good, without characters that hide or turn others."""
    shown = str(text)
    cut = shown[:MOST_FOREIGN]
    seen = "".join(_escaped(char) if unicodedata.category(char) in _HIDDEN else char for char in cut)
    return f"{seen}…" if len(shown) > MOST_FOREIGN else seen


def _escaped(char: str) -> str:
    return " " if char in "\t\r\n" else f"\\u{ord(char):04x}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {
            "number": wording.number,
            "short": wording.short,
            "duration": wording.duration,
            "shown_time": wording.shown_time,
            "words": wording.words,
            "foreign": foreign,
        }
    )
    script = _own("page.js")
    environment.globals.update(
        {
            "percent": wording.percent,
            "styles": _own("page.css"),
            "script": script,
            "script_hash": b64encode(sha256(script.encode()).digest()).decode(),
        }
    )
    return environment


def _own(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704  # a file of the package
