"""JSON values to findings: in a hurry where a tweet looks as they do, with patience where anything is in doubt.

In a hurry, a decoder that is told the few keys that matter passes over the rest of a tweet, in a third of the
time that it takes to build it. It stumbles over each key that would make a difference, so what it finds is
what patience would find.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson

from harvester.engagement.tweet_id import MAX_DIGITS, MAX_TWEET_ID
from harvester.sources.chunk import shown
from harvester.sources.form import Form
from harvester.sources.json_texts.findings import Findings
from harvester.sources.json_texts.objects import Number
from harvester.sources.json_texts.tweets import (
    ALONE,
    Header,
    InexactError,
    NoTweet,
    Standing,
    Tweet,
    find_tweets,
    is_page,
)

JSON_CAP: Final = 16 * 1024 * 1024
"""Bytes of a JSON value that is read as a whole. Longer ones are rejected."""
TOO_LONG: Final = f"longer than {JSON_CAP // 1024**2} MiB"
_TAG: Final = "tag:search.twitter.com,2005:"


class _Doubts(msgspec.Struct, gc=False, kw_only=True):
    """What raises a doubt in any shape: a value that is not null does not fit."""

    results: None = None
    statuses: None = None
    tweets: None = None


class _Metrics(msgspec.Struct, gc=False):
    followers_count: None = None


class _Tweet(_Doubts, gc=False, kw_only=True):
    id_str: str = ""
    id: int | str = 0
    tweet_id: None = None
    status_id: None = None
    data: None = None
    tweet: None = None
    name: None = None
    username: None = None
    screen_name: None = None
    followers_count: None = None
    public_metrics: _Metrics | None = None
    most_recent_tweet_id: None = None
    connection_status: None = None


class _Record(_Doubts, gc=False, kw_only=True):
    tweet_id: int | str = 0
    id_str: None = None
    status_id: None = None
    id: int | None = None
    data: None = None
    tweet: None = None


class _Wrapped(_Doubts, gc=False, kw_only=True):
    tweet: _Tweet
    data: None = None


class _Single(_Doubts, gc=False, kw_only=True):
    data: _Tweet
    id_str: None = None
    id: None = None
    tweet_id: None = None
    status_id: None = None
    tweet: None = None


_Item = _Tweet | int | str


class _Page(msgspec.Struct, gc=False):
    data: list[_Item] | None = None
    results: list[_Item] | None = None
    statuses: list[_Item] | None = None
    tweets: list[_Item] | None = None


def _id_of(item: _Item) -> int:
    """The ID; 0 in case of doubt."""
    value = (item.id_str or item.id) if isinstance(item, _Tweet) else item
    if isinstance(value, str):
        value = value.removeprefix(_TAG)
        if len(value) > MAX_DIGITS or not (value.isascii() and value.isdigit()):
            return 0
        value = int(value)
    return value if 0 < value <= MAX_TWEET_ID else 0


def _ids_of_page(page: _Page) -> list[int]:
    arrays = [array for array in (page.data, page.results, page.statuses, page.tweets) if array is not None]
    return [_id_of(item) for item in arrays[0]] if len(arrays) == 1 else []


@dataclass(frozen=True, slots=True)
class _Shape:
    """A decoder, and how the IDs are got from what it gives: none, or a 0 among them, in case of doubt."""

    decode: Callable[[bytes], Any]
    ids_of: Callable[[Any], list[int]]


def _shape(kind: Any, ids_of: Callable[[Any], list[int]]) -> _Shape:
    return _Shape(msgspec.json.Decoder(kind).decode, ids_of)


_TWEET: Final = _shape(_Item, lambda value: [_id_of(value)])
_RECORD: Final = _shape(_Record, lambda value: [_id_of(value.tweet_id)])
_WRAPPED: Final = _shape(_Wrapped, lambda value: [_id_of(value.tweet)])
_SINGLE: Final = _shape(_Single, lambda value: [_id_of(value.data)])
_PAGE: Final = _shape(_Page, _ids_of_page)
_ARRAY: Final = _shape(list[_Item], lambda value: [_id_of(item) for item in value])
_OBJECTS: Final = _shape(list[_Tweet], lambda value: [_id_of(item) for item in value])
_MANY_WRAPPED: Final = _shape(list[_Wrapped], lambda value: [_id_of(item.tweet) for item in value])


def _shape_like(value: Any) -> _Shape:
    """The shape that a value like this one will probably have."""
    if isinstance(value, list):
        return _ARRAY
    if not isinstance(value, dict):
        return _TWEET
    if is_page(value):
        return _PAGE
    if isinstance(value.get("tweet"), dict):
        return _WRAPPED
    if value.get("tweet_id") is not None:
        return _RECORD
    is_single = isinstance(value.get("data"), dict) and "id" not in value and "id_str" not in value
    return _SINGLE if is_single else _TWEET


class Values:
    """Reads JSON values of one file, each of them whole."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._may_hurry = not (form.include_referenced or form.column or form.owner_column)
        self._shape = _TWEET  # like the value before; it decides about speed alone

    def read(self, text: bytes, line: int, findings: Findings, standing: Standing = ALONE) -> None:
        """The tweets in one value, which begins on this line; a blank text holds none."""
        if standing.columns or not self._read_in_a_hurry(text, line, findings, standing):
            self._read_patiently(text, line, findings, standing)

    def read_tweet(self, text: bytes, line: int, findings: Findings) -> bool:
        """The same if this is an object that is one tweet without a doubt; False if nothing was done."""
        return self._shape is not _PAGE and self._read_in_a_hurry(text, line, findings)

    def _read_in_a_hurry(
        self, text: bytes, line: int, findings: Findings, standing: Standing = ALONE
    ) -> bool:
        shape = _OBJECTS if standing.is_element and self._shape is _ARRAY else self._shape
        ids = _in_a_hurry(shape, text) if self._may_hurry else []
        findings.add(ids, line)
        return bool(ids)

    def read_many(self, text: bytes, lines: Sequence[int], findings: Findings) -> bool:
        """The same for values with commas between them, one for each line; False if nothing was done."""
        if not self._may_hurry:
            return False
        many = _MANY_WRAPPED if self._shape is _WRAPPED else _ARRAY
        ids = _in_a_hurry(many, b"[" + text + b"]")
        if len(ids) != len(lines):
            return False
        findings.ids += ids
        findings.lines += lines
        return True

    def _read_patiently(self, text: bytes, line: int, findings: Findings, standing: Standing) -> None:
        text = text.removeprefix(BOM_UTF8)
        if not text.strip():
            findings.n_blank += 1
            return
        if len(text) > JSON_CAP:
            findings.reject(line, shown(text), TOO_LONG)
            return
        try:
            value = decode(text)
        except ValueError as exc:
            findings.reject(line, shown(text), f"not valid JSON: {exc}")
            return
        self._shape = _shape_like(value)
        mark = findings.mark()
        try:
            self._gather(value, text, line, findings, standing)
        except InexactError:
            findings.go_back(mark)
            self._gather_exactly(text, line, findings, standing)

    def _gather_exactly(self, text: bytes, line: int, findings: Findings, standing: Standing) -> None:
        try:
            value = _decode_exactly(text)
        except (ValueError, RecursionError):
            findings.reject(line, shown(text), "nested too deeply")
        else:
            self._gather(value, text, line, findings, standing)

    def _gather(self, value: Any, text: bytes, line: int, findings: Findings, standing: Standing) -> None:
        for found in find_tweets(value, self._form, standing):
            match found:
                case Tweet(tweet_id, owner):
                    findings.ids.append(tweet_id)
                    findings.lines.append(line)
                    if self._form.owner_column is not None:
                        findings.owners.append(owner)
                case NoTweet(shown_text, reason):
                    findings.reject(line, shown(text) if shown_text is None else shown_text, reason)
                case Header():
                    findings.n_headers += 1


def _in_a_hurry(shape: _Shape, text: bytes) -> list[int]:
    """The IDs, if nothing is in doubt; else none."""
    try:
        ids = shape.ids_of(shape.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    return [] if 0 in ids else ids


def decode(text: bytes) -> Any:
    """A value, or what comes near one. Raises ValueError with the parser's reason."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        # Python writes NaN, and texts are cut within a pair of surrogates: that does not touch the ID.
        try:
            return _decode_exactly(text)
        except (ValueError, RecursionError):
            raise ValueError(exc.msg) from exc


def _decode_exactly(text: bytes) -> Any:
    """A value in which numbers are as they were written."""
    return json.loads(
        text.decode("utf-8", "surrogateescape"), parse_float=Number, parse_int=Number, parse_constant=Number
    )
