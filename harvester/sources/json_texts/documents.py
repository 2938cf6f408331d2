"""JSON documents of any size as a stream: the elements of their arrays, one by one.

A file is one document, or several, with blanks or commas between them or nothing at all; an archive's JavaScript
is a document behind an assignment. What is cut out of a document and read as a value is an element of its
outermost array, or of the arrays of tweets in its outermost object, or else the object itself.
"""

import dataclasses
import enum
import re
from codecs import BOM_UTF8
from typing import Final

import orjson

from harvester.sources.chunk import Chunk, Rejected, shown
from harvester.sources.form import FileFormat, Form
from harvester.sources.json_texts.findings import Findings
from harvester.sources.json_texts.pieces import BLANKS, Held, Piece
from harvester.sources.json_texts.rows import Columns, column_names
from harvester.sources.json_texts.structure import CLOSED_UNOPENED, StructureScanner
from harvester.sources.json_texts.tweets import PAGE_KEYS, Standing
from harvester.sources.json_texts.values import TOO_LONG, Values, decode
from harvester.sources.readers import Torn

ASSIGNMENT: Final = re.compile(rb"(?:window|Grailbird\.data)\.(?:YTD\.(?P<section>\w+)\.)?[\w$.]+\s*=")
"""What stands before the document in the JavaScript of an account's archive."""
_TWEET_SECTIONS: Final = ("tweets", "tweet", "community_tweet", "tweet_headers")
_ENDS_IN_THE_MIDDLE: Final = "the JSON document ends in the middle"
_NO_MATCH: Final = "brackets do not match"
_COMMA_TOO_MANY: Final = "a comma too many"
_PIECE_BYTES: Final = 256 * 1024
"""What is computed of so much stays in the caches."""
_MAX_KEY_BYTES: Final = 1000
_MAX_BREAKS: Final = 1000
"""So often reading is taken up again where a document was broken; a file with more of them is no JSON."""
_BETWEEN: Final = BLANKS + b";\x1e" + BOM_UTF8
_NEW_DOCUMENT: Final = re.compile(rb"\n[{\[]")


class _Scope(enum.Enum):
    """What is open. INCLUDES and INCLUDED: the `includes` of a page, and the tweets in it."""

    TOP = enum.auto()
    ARRAY = enum.auto()
    OBJECT = enum.auto()
    INCLUDES = enum.auto()
    INCLUDED = enum.auto()


class DocumentReader:
    """Reads the documents of one file, piece after piece.

    A document that is broken, or ends in the middle, makes the rest unreadable, unless a line begins with a
    bracket later on: there, a new document is believed to begin. If it was an element of the broken one, the
    comma behind it and the bracket that ends them all are forgiven.
    """

    file_format: FileFormat = "json"

    def __init__(self, file: str, form: Form) -> None:
        self.column = form.column
        self._file = file
        self._wants_included = form.include_referenced
        self._values = Values(form)
        self._n_newlines = 0
        self._n_breaks = 0
        self._broken: Rejected | None = None
        self._is_over = False
        self._is_at_line_start = False
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._scanner = StructureScanner()
        self._open = [_Scope.TOP]
        self._unit = Held()
        self._document = Held()
        self._is_page = self._has_elements = self._has_comma = False
        self._columns: Columns = ()

    @property
    def is_within(self) -> bool:
        """Whether a value was begun, or the rest is broken."""
        return bool(self._broken or len(self._open) > 1 or self._unit.line)

    def read(self, text: bytes) -> Chunk:
        """The elements that have become whole with this piece."""
        findings = Findings(self._file)
        for start in range(0, len(text), _PIECE_BYTES):
            piece = text[start : start + _PIECE_BYTES]
            while piece:
                if self._broken or self._is_over:
                    piece = self._pass_over(piece, findings)
                else:
                    piece = self._read_piece(piece, findings)
        return findings.chunk()

    def flush(self) -> Chunk:
        """A last number or text that nothing follows; else, if a document was begun, the rest is unreadable."""
        findings = Findings(self._file)
        broken = self._broken
        if len(self._open) > 1:
            broken = self._torn_entry(_ENDS_IN_THE_MIDDLE)
        elif not broken:
            self._end_loose(findings)
        self._begin_anew()
        self._broken = None
        chunk = findings.chunk()
        return _unreadable(chunk, broken) if broken else chunk

    def cut(self) -> tuple[Chunk, Torn]:
        """Nothing is whole, but the place where the document was broken; and the value that is torn."""
        findings = Findings(self._file)
        if self._broken:
            findings.take(self._broken)
        return findings.chunk(), self._torn()

    def _read_piece(self, text: bytes, findings: Findings) -> bytes:
        """What is left of the text after a break; b"" if there was none."""
        structure = self._scanner.scan(text)
        piece = Piece(text, structure, self._n_newlines + 1)
        reason = structure.reason
        end = self._take(piece, findings)
        if end is None:
            end = piece.end
        elif not self._is_over:
            reason = _NO_MATCH
        self._n_newlines += piece.n_newlines(end)
        if not reason or self._is_over:
            return text[end:]
        is_end_of_broken = reason == CLOSED_UNOPENED and 0 < self._n_breaks < _MAX_BREAKS
        if is_end_of_broken:
            self._end_loose(findings)
            end += 1
        else:
            self._broken = self._torn_entry(reason)
            self._is_at_line_start = False
        self._n_breaks += 1
        self._begin_anew()
        return text[end:]

    def _pass_over(self, text: bytes, findings: Findings) -> bytes:
        """What is left of the text from where a new document begins; b"" if none does."""
        begin = self._next_document(text)
        if begin is None:
            self._n_newlines += text.count(b"\n")
            self._is_at_line_start = text.endswith(b"\n")
            return b""
        self._n_newlines += text.count(b"\n", 0, begin)
        if self._broken:
            findings.take(self._broken)
            self._broken = None
        return text[begin:]

    def _next_document(self, text: bytes) -> int | None:
        if self._is_over or self._n_breaks > _MAX_BREAKS:
            return None
        if self._is_at_line_start and text[:1] in (b"{", b"["):
            return 0
        found = _NEW_DOCUMENT.search(text)
        return found.end() - 1 if found else None

    def _take(self, piece: Piece, findings: Findings) -> int | None:
        """The elements of the piece. Where reading cannot go on, else None."""
        start = position = 0
        while (at := piece.next_border(len(self._open) - 1, position)) is not None:
            position = at + 1
            mark = piece.text[at : at + 1]
            scope = self._open[-1]
            if mark in b"{[" and scope in (_Scope.ARRAY, _Scope.INCLUDED):
                continue
            self._unit.add(piece, start, at)
            start = position
            if mark == b"{" and scope is _Scope.TOP and (end := self._take_tweet(piece, at, findings)):
                start = position = end
            elif mark in b"]}":
                if not self._close(mark, piece.line_at(at), findings):
                    return at
            elif mark in b"{[":
                start = position if self._enter(mark, piece.line_at(at), findings) else at
            elif scope in (_Scope.ARRAY, _Scope.INCLUDED):
                self._end_element(piece.line_at(at), findings, is_last=False)
                start = position = self._take_many(piece, start, findings)
            else:
                self._end_member_or_loose(findings)
            if self._is_over:
                return at
        self._unit.add(piece, start, piece.end)
        return None

    def _take_tweet(self, piece: Piece, start: int, findings: Findings) -> int | None:
        """Where a document ends that is one tweet, and whole in this piece. None if it is to be looked into."""
        if self._unit.line or (close := piece.next_close(1, start)) is None:
            return None
        text = piece.text[start : close + 1]
        return close + 1 if self._values.read_tweet(text, piece.line_at(start), findings) else None

    def _take_many(self, piece: Piece, start: int, findings: Findings) -> int:
        """The elements of an array behind which there is a comma in this piece. Where the next one begins."""
        commas = piece.commas(len(self._open) - 1, start).tolist()
        if not commas:
            return start
        starts = [start, *(comma + 1 for comma in commas[:-1])]
        lines = piece.lines_of(starts)
        if not self._values.read_many(piece.text[start : commas[-1]], lines, findings):
            for begin, end, line in zip(starts, commas, lines, strict=True):
                self._unit.begin(piece.text[begin:end].strip(BLANKS), line)
                self._end_element(line, findings, is_last=False)
        return int(commas[-1]) + 1

    def _enter(self, bracket: bytes, line: int, findings: Findings) -> bool:
        """Whether what is opened is looked into, and not taken as a whole."""
        match self._open[-1]:
            case _Scope.TOP:
                self._end_loose(findings)
                if not self._is_over:
                    self._begin_document(bracket, line)
            case _Scope.OBJECT if bracket == b"[" and self._key() in PAGE_KEYS:
                self._begin_page(findings)
                self._enter_array(_Scope.ARRAY)
            case _Scope.OBJECT if self._wants_included and self._is_page and self._key() == "includes":
                if bracket == b"[":
                    return False
                self._open.append(_Scope.INCLUDES)
            case _Scope.INCLUDES if bracket == b"[" and self._key() == "tweets":
                self._enter_array(_Scope.INCLUDED)
            case _:
                return False
        self._unit.clear()
        return True

    def _begin_document(self, bracket: bytes, line: int) -> None:
        self._is_page = self._has_elements = False
        self._columns = ()
        if bracket == b"[":
            self._enter_array(_Scope.ARRAY)
        else:
            self._document.begin(bracket, line)
            self._open.append(_Scope.OBJECT)

    def _enter_array(self, scope: _Scope) -> None:
        self._has_comma = False
        self._open.append(scope)

    def _begin_page(self, findings: Findings) -> None:
        """The object turns out to be a page. What it includes may already have come."""
        if self._is_page:
            return
        self._is_page = True
        members = self._document.text[1:].rstrip(BLANKS + b",")
        self._columns = _columns_in(members)
        if self._wants_included:
            self._read_included(members, findings)
        self._document.clear()

    def _read_included(self, members: bytes, findings: Findings) -> None:
        if self._document.is_too_long:
            findings.reject(self._document.line, shown(members), TOO_LONG)
            return
        if not members:
            return
        mark, n_headers = findings.mark(), findings.n_headers
        self._values.read(b"{" + members + b',"data":[]}', self._document.line, findings)
        if findings.n_headers > n_headers:
            findings.go_back(mark)
        else:
            self._has_elements = True

    def _key(self) -> str | None:
        """The key of the member that has begun, if its value begins now."""
        if len(self._unit) > _MAX_KEY_BYTES or self._unit.is_too_long:
            return None
        text = self._unit.text.rstrip(BLANKS)
        if not text.endswith(b":"):
            return None
        try:
            key = orjson.loads(text[:-1])
        except orjson.JSONDecodeError:
            return None
        return key if isinstance(key, str) else None

    def _close(self, bracket: bytes, line: int, findings: Findings) -> bool:
        """Leave what is open; False if this is not its bracket."""
        scope = self._open[-1]
        is_array = scope in (_Scope.ARRAY, _Scope.INCLUDED)
        if (bracket == b"]") != is_array:
            return False
        if is_array:
            self._end_element(line, findings, is_last=True)
        elif scope is _Scope.OBJECT:
            self._end_object(findings)
        self._unit.clear()
        self._open.pop()
        is_whole = self._open[-1] is _Scope.TOP
        if is_whole and (is_array or self._is_page) and not self._has_elements:
            findings.n_headers += 1
        return True

    def _end_element(self, line: int, findings: Findings, *, is_last: bool) -> None:
        """line: on which it ends."""
        unit = self._unit
        if unit.is_too_long:
            findings.reject(unit.line, shown(unit.text), TOO_LONG)
        elif unit:
            is_embedded = self._open[-1] is _Scope.INCLUDED
            standing = Standing(is_embedded, is_element=True, columns=() if is_embedded else self._columns)
            self._values.read(unit.text, unit.line, findings, standing)
        elif not is_last or self._has_comma:
            findings.reject(line, "", _COMMA_TOO_MANY)
        else:
            return
        self._has_comma = self._has_elements = True
        unit.clear()

    def _end_member_or_loose(self, findings: Findings) -> None:
        if self._open[-1] is _Scope.TOP:
            self._end_loose(findings)
        elif self._open[-1] is _Scope.OBJECT and not self._is_page:
            self._end_member(b",")
        self._unit.clear()

    def _end_member(self, mark: bytes) -> None:
        self._document.append(self._unit.text + mark)
        self._document.is_too_long |= self._unit.is_too_long

    def _end_object(self, findings: Findings) -> None:
        if self._is_page:
            return
        self._end_member(b"}")
        document = self._document
        if document.is_too_long:
            findings.reject(document.line, shown(document.text), TOO_LONG)
        else:
            self._values.read(document.text, document.line, findings)
        document.clear()

    def _end_loose(self, findings: Findings) -> None:
        """What stands in no bracket: numbers, texts, or the assignment before a document."""
        text, line = self._unit.text.strip(_BETWEEN), self._unit.line
        assignment = ASSIGNMENT.fullmatch(text)
        if self._unit.is_too_long:
            findings.reject(line, shown(text), TOO_LONG)
        elif assignment:
            section = (assignment["section"] or b"").decode()
            is_wanted = self.column is not None and self.column.startswith(f"{section}.")
            if section and section not in _TWEET_SECTIONS and not is_wanted:
                reason = f"the archive's section {section}, which holds no tweets"
                findings.reject(line, shown(text), reason)
                self._is_over = True
        elif text:
            for value in _loose_values(text):
                self._values.read(value, line, findings)
        self._unit.clear()

    def _torn(self) -> Torn:
        """The value that has begun."""
        held = self._document if self._open[-1] is _Scope.OBJECT and not self._is_page else self._unit
        text = held.text + self._unit.text if held is self._document else held.text
        return Torn(held.line or self._n_newlines + 1, text)

    def _torn_entry(self, reason: str) -> Rejected:
        torn = self._torn()
        return Rejected(self._file, torn.line, shown(torn.text), reason)


def _columns_in(members: bytes) -> Columns:
    """The columns that an object's members name."""
    if b'"columns"' not in members:
        return ()
    try:
        return column_names(decode(b"{" + members + b"}").get("columns"))
    except ValueError:
        return ()


def _loose_values(text: bytes) -> list[bytes]:
    """The values on a line; one if they are not all whole."""
    values = text.split()
    try:
        for value in values:
            orjson.loads(value)
    except orjson.JSONDecodeError:
        return [text]
    return values


def _unreadable(chunk: Chunk, entry: Rejected) -> Chunk:
    told = dataclasses.replace(entry, reason=f"the rest is unreadable: {entry.reason}")
    return dataclasses.replace(
        chunk,
        rejected=(*chunk.rejected, told),
        places=(*chunk.places, len(chunk.ids)),
        unreadable=entry.reason,
    )
