"""Which format a text has, by its beginning, and who reads it.

Decided by the content alone, never by how much of it has arrived: the same bytes are always read the same way.
"""

import re
from codecs import BOM_UTF8
from typing import Final, Literal

from harvester.sources.delimited.choice import choose_line_reader
from harvester.sources.form import Form
from harvester.sources.json_texts.documents import ASSIGNMENT, DocumentReader
from harvester.sources.json_texts.ndjson import NdjsonLines
from harvester.sources.json_texts.values import JSON_CAP, decode
from harvester.sources.readers import LineReader, Reader

_LOOKED_AT_BYTES: Final = 1024 * 1024
"""So far the end of the first line is looked for, and JSON on the lines below it."""
_BLANK_BYTES: Final = 64 * 1024
_LOOKED_AT_LINES: Final = 20
_ASSIGNMENT_BYTES: Final = 256
_ASSIGNMENTS: Final = (b"window.", b"Grailbird.data.")
_IN_BRACKET: Final = re.compile(rb'\[\s*[\[{"\]\-0-9tfn]|\{\s*["}]')

JsonFormat = Literal["ndjson", "json"]


def choose_reader(file: str, head: bytes, form: Form, *, is_all: bool) -> Reader | None:
    """Who reads this text from its beginning; None if more of it is needed to tell.

    head: its first bytes. is_all: whether these are all.

    Raises UsageError: the wanted column is not there.
    """
    file_format: str | None = form.file_format
    if file_format is None:
        found = find_json(head, is_all=is_all)
        if found == "more":
            return None
        file_format = found
    if file_format == "ndjson":
        return LineReader(NdjsonLines(file, form), JSON_CAP)
    if file_format == "json":
        return DocumentReader(file, form)
    return choose_line_reader(file, head, form, is_all=is_all)


def find_json(head: bytes, *, is_all: bool) -> JsonFormat | Literal["more"] | None:
    """How a text is JSON, which begins with a bracket or an archive's assignment; None if it is not.

    It may also begin with an ID, or be damaged there, if a bracket begins the second line and objects most others.
    head, is_all: see choose_reader; `more` if they do not suffice.
    """
    begun = head[:_BLANK_BYTES].removeprefix(BOM_UTF8).lstrip()
    is_more_possible = not is_all and len(head) < _LOOKED_AT_BYTES
    if not begun or BOM_UTF8.startswith(head):
        return "more" if is_more_possible and len(head) < _BLANK_BYTES else None
    if begun[:1] in b"{[":
        return _by_lines(head[:_LOOKED_AT_BYTES], is_all=not is_more_possible)
    if not any(begun.startswith(name[: len(begun)]) for name in _ASSIGNMENTS):
        return _by_second_line(head[:_LOOKED_AT_BYTES], is_all=not is_more_possible)
    if ASSIGNMENT.match(begun[:_ASSIGNMENT_BYTES]):
        return "json"
    return "more" if is_more_possible and len(begun) < _ASSIGNMENT_BYTES else None


def _by_lines(head: bytes, *, is_all: bool) -> JsonFormat | Literal["more"] | None:
    """By the first line, if it is a value or a bracket; else by those that follow. is_all: no more may come."""
    lines = _sampled(head, is_all=is_all)
    if lines and lines[0] in (b"{", b"["):
        return "json"
    if lines and _is_json(lines[0]):
        return "ndjson"
    if not is_all and len(lines) <= _LOOKED_AT_LINES:
        return "more"
    if _are_mostly(b"{[", lines[1:]):
        return "ndjson"
    return "json" if _IN_BRACKET.match(head.removeprefix(BOM_UTF8).lstrip()) else None


def _by_second_line(head: bytes, *, is_all: bool) -> Literal["ndjson", "more"] | None:
    """By the second line if no object begins it, so that a pipe of IDs need not wait; else by more of them."""
    begun = head[:_BLANK_BYTES].removeprefix(BOM_UTF8).lstrip()
    second = begun.partition(b"\n")[2].lstrip()
    if not second:
        return "more" if not is_all and len(head) < _BLANK_BYTES else None
    if not second.startswith(b"{"):
        return None
    lines = _sampled(head, is_all=is_all)
    if not is_all and len(lines) <= _LOOKED_AT_LINES:
        return "more"
    return "ndjson" if _are_mostly(b"{", lines[1:]) else None


def _sampled(head: bytes, *, is_all: bool) -> list[bytes]:
    """The first whole lines that are not blank. is_all: the last one is whole."""
    *lines, begun = head.removeprefix(BOM_UTF8).split(b"\n")
    if is_all:
        lines.append(begun)
    return [line for line in map(bytes.strip, lines) if line][: _LOOKED_AT_LINES + 1]


def _are_mostly(brackets: bytes, lines: list[bytes]) -> bool:
    """Whether more than half of the lines are JSON that begins with one of the brackets."""
    return 2 * sum(line[:1] in brackets and _is_json(line) for line in lines) > len(lines)


def _is_json(line: bytes) -> bool:
    try:
        decode(line)
    except ValueError:
        return False
    return True
