"""In which form of Unicode a text is written, by its first bytes; mostly it is UTF-8."""

import codecs
from typing import Final

_MARKS: Final = {  # the longer first: one of them begins as a shorter does
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_UNMARKED: Final[dict[tuple[bool, ...], str]] = {
    (True, False, True, False): "utf-16-le",
    (False, True, False, True): "utf-16-be",
    (True, False, False, False): "utf-32-le",
    (False, False, False, True): "utf-32-be",
}
"""By which of the first four bytes are not zero; two signs of ASCII. Source: RFC 4627, section 3."""
_LOOKED_AT_BYTES: Final = 4


def unicode_form(head: bytes) -> tuple[str | None, int]:
    """The form and how many bytes its mark has; None for UTF-8, or what is no text."""
    for mark, form in _MARKS.items():
        if head.startswith(mark):
            return form, len(mark)
    return _UNMARKED.get(tuple(map(bool, head[:_LOOKED_AT_BYTES]))), 0


def may_be_unicode(head: bytes) -> bool:
    """Whether more bytes could tell a form. A second byte tells of nearly all that they are UTF-8."""
    if len(head) >= _LOOKED_AT_BYTES:
        return False
    return len(head) < 2 or b"\0" in head or any(mark.startswith(head) for mark in _MARKS)
