"""Reading the API's answers: from a request, a status and a body to an `Answer`. No I/O.

An honest body is decoded in one typed pass: digit strings and numbers become integers while the JSON is
parsed. Whatever does not fit the types, or may hold a tweet twice, is read again key by key, so that one
bad count costs its tweet and not the request. What is not JSON from end to end is never salvaged: a cut
body is otherwise not noticed (a gzip stream may end early without an error).
"""

import json
import re
from functools import lru_cache
from html import unescape
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from harvester.engagement.answer import (
    Answer,
    Counted,
    Counts,
    Gone,
    MetricsDenied,
    RateLimited,
    Refused,
    Trouble,
    Unauthorized,
    Unowned,
    WrongUrl,
)
from harvester.engagement.request import GROUPING, Request

MAX_COUNT: Final = 2**63 - 1
UNSUPPORTED_LISTS: Final = {
    "unsupported_for_impressions_engagements_tweet_ids": frozenset({"impressions", "engagements"}),
    "unsupported_for_video_views_tweet_ids": frozenset({"video_views"}),
}
_MOST_OF_A_MESSAGE: Final = 300
_UNAVAILABLE = re.compile(r"(\d+)\s+tweet id\(s\) are unavailable", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)

_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
_TweetIds = list[str | int] | None


def read_answer(request: Request, status: int, body: bytes) -> Answer:
    """What the API's answer to a request means. Source: contract, section 4.

    The content is judged, not only the status: a 200 that is no JSON object is `Trouble`.
    """
    try:
        return _read(request, status, body)
    except RecursionError:
        return Trouble("unreadable", f"{status}: the JSON is nested too deeply", hash(body))


def _read(request: Request, status: int, body: bytes) -> Answer:
    if status == 200:
        return _read_counts(request, body)
    message = error_message(status, body)
    if status == 400:
        return _read_unavailable(request, body, message)
    if status == 401:
        return Unauthorized(message)
    if status == 403:
        return _read_forbidden(request, body, message)
    if status == 404:
        return WrongUrl(message)
    if status == 429:
        return RateLimited(message)
    if status >= 500 or status == 408:
        return Trouble("service", message)
    if status < 400:
        return Trouble("not the API", message)
    return Refused(status, message)


def error_message(status: int, body: bytes) -> str:
    """The service's own words with the status in front, on one line and capped."""
    texts = _error_texts(_parse_object(body))
    if texts:
        words = "; ".join(texts)
    elif title := _TITLE.search(body):
        words = f"a page titled {' '.join(unescape(title[1].decode(errors='replace')).split())!r}"
    elif body.strip():
        words = repr(body[:120].decode(errors="replace"))
    else:
        words = "no body"
    return _capped(f"{status}: {words}")


def _capped(words: str) -> str:
    """Foreign words as a person may see them: on one line, of printable characters, not too many."""
    line = " ".join(words[: 4 * _MOST_OF_A_MESSAGE].split())
    return (line if line.isprintable() else repr(line)[1:-1])[:_MOST_OF_A_MESSAGE]


def _read_counts(request: Request, body: bytes) -> Answer:
    read = _decode_typed(request, body) or _decode_by_key(request, body)
    if read is None:
        message = error_message(200, body)
        return Trouble("not the API" if body.lstrip()[:1] == b"<" else "unreadable", message, hash(body))
    root, malformed = read
    listed = root.counts or {}
    rows: list[Counts | None] = list(map(listed.get, request.tweet_ids))
    if len(listed) == len(rows) and None not in rows and not root.has_lists():
        return Counted(rows)
    return _with_lists(request, root, rows, malformed)


def _with_lists(
    request: Request, root: "_Root", rows: list[Counts | None], malformed: dict[str, str]
) -> Answer:
    """Apply what the answer lists beside the counts."""
    asked = {tweet_id: index for index, tweet_id in enumerate(request.tweet_ids)}
    unavailable = _texts(root.unavailable_tweet_ids).intersection(asked)
    for tweet_id in unavailable:
        rows[asked[tweet_id]] = None
    unsupported: dict[str, frozenset[str]] = {}
    for name, uncounted in UNSUPPORTED_LISTS.items():
        metrics = uncounted.intersection(request.metrics)
        for tweet_id in _texts(getattr(root, name)).intersection(asked) - unavailable:
            unsupported[tweet_id] = unsupported.get(tweet_id, frozenset()) | metrics
            if (row := rows[asked[tweet_id]]) is not None:
                for metric in metrics:
                    setattr(row, metric, UNSET)
    # A tweet that is not counted is accounted for only if none of the metrics could be.
    whole = frozenset(request.metrics)
    unsupported = {i: m for i, m in unsupported.items() if rows[asked[i]] is not None or m == whole}
    if root.counts is None and not unavailable and not unsupported:
        words = "; ".join(_error_texts({"errors": root.errors})) or "neither counts nor errors"
        return Trouble("incomplete", _capped(f"200: {words}"))
    named = {i: what for i, what in malformed.items() if i in asked and i not in unavailable}
    n_unexpected = len((root.counts or {}).keys() - asked.keys())
    return Counted(rows, unavailable, unsupported, named, n_unexpected)


def _read_unavailable(request: Request, body: bytes, message: str) -> Answer:
    parsed = _parse_object(body)
    gone = _texts(parsed.get("unavailable_tweet_ids")).intersection(request.tweet_ids)
    if gone:
        return Gone(gone, message)
    count = _UNAVAILABLE.search(message)
    if count and int(count[1]) >= len(request.tweet_ids):
        return Gone(frozenset(request.tweet_ids), message)
    return Refused(400, message)


def _read_forbidden(request: Request, body: bytes, message: str) -> Answer:
    """Which tweets or metrics a 403 names; both texts that are known for tweets have them after a colon."""
    tweets: set[str] = set()
    metrics: set[str] = set()
    for text in _error_texts(_parse_object(body)):
        what, _, names = text.rpartition(":")
        if "metric" in what.lower():
            metrics.update(re.findall(r"[a-z_]+", names))
        else:
            tweets.update(re.findall(r"\d+", names))
    if named := tweets.intersection(request.tweet_ids):
        return Unowned(frozenset(named), message)
    if denied := metrics.intersection(request.metrics):
        return MetricsDenied(frozenset(denied), message)
    if len(request.tweet_ids) == 1 and "forbidden to access tweets" in message.lower():
        return Unowned(frozenset(request.tweet_ids), message)
    return Refused(403, message)


class _Root(msgspec.Struct):
    """The parts of an answer that are the same for all requests."""

    counts: dict[str, Any] | None = msgspec.field(default=None, name=GROUPING)
    errors: list[Any] | str | None = None
    unavailable_tweet_ids: _TweetIds = None
    unsupported_for_impressions_engagements_tweet_ids: _TweetIds = None
    unsupported_for_video_views_tweet_ids: _TweetIds = None

    def has_lists(self) -> bool:
        return bool(
            self.unavailable_tweet_ids
            or self.unsupported_for_impressions_engagements_tweet_ids
            or self.unsupported_for_video_views_tweet_ids
        )


@lru_cache(maxsize=256)
def counts_type(columns: tuple[str, ...]) -> type[Counts]:
    """The type of a row: a field for each column, in their order, UNSET until it is counted."""
    fields = [(metric, _Count | UnsetType, UNSET) for metric in columns]
    return msgspec.defstruct("Counts", fields, gc=False)


@lru_cache(maxsize=256)
def _decoder(columns: tuple[str, ...]) -> msgspec.json.Decoder[_Root]:
    counts: Any = dict.__class_getitem__((str, counts_type(columns)))
    field = msgspec.field(default=None, name=GROUPING)
    root = msgspec.defstruct("Root", [("counts", counts | None, field)], bases=(_Root,))
    return msgspec.json.Decoder(root, strict=False)


def _decode_typed(request: Request, body: bytes) -> tuple[_Root, dict[str, str]] | None:
    """The answer in one pass, or None where it has to be read key by key.

    The decoder takes the last of two equal keys, and 1e3 and "-0" for numbers, silently. Every tweet is one
    object, so as many braces as tweets, the grouping and the root say that no tweet came twice; as many
    colons as there have to be, that no metric did or is left out; as many e as there have to be, that none
    belongs to a number. numpy counts a character three times as fast as bytes do.
    """
    try:
        root = _decoder(request.columns).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if b"." in body or b"-" in body or b"E" in body:
        return None
    names, n_rows = _names(root), len(root.counts or ())
    in_names, in_errors = "".join(names), str(root.errors or "")
    in_row = "".join(request.metrics)
    n_braces = 1 + (root.counts is not None) + n_rows
    n_colons = len(names) + in_errors.count(":") + n_rows * (1 + len(request.metrics))
    n_e = in_names.count("e") + in_errors.count("e") + n_rows * in_row.count("e")
    characters = np.frombuffer(body, np.uint8)
    for character, n in ((b"{", n_braces), (b":", n_colons), (b"e", n_e)):
        if np.count_nonzero(characters == character[0]) != n:
            return None
    return root, {}


def _names(root: _Root) -> list[str]:
    """The names of an answer's parts that are there, as they are written."""
    names = [field for field in _Root.__struct_fields__[1:] if getattr(root, field) is not None]
    return names if root.counts is None else [GROUPING, *names]


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys came again with another value."""

    __slots__ = ("ambiguous",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.ambiguous: frozenset[str] = frozenset()
        if len(self) != len(pairs):
            self.ambiguous = frozenset(key for key, value in pairs if self[key] != value)


def _parse_object(body: bytes) -> _Object:
    """The body as a JSON object; empty where it is none."""
    try:
        parsed = json.loads(
            body, object_pairs_hook=_Object, parse_constant=_refuse_constant, parse_int=_int_or_text
        )
    except (ValueError, RecursionError):
        return _Object([])
    return parsed if isinstance(parsed, _Object) else _Object([])


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _int_or_text(digits: str) -> int | str:
    """A whole number; one that no count can be is left a text, since Python refuses thousands of digits."""
    return int(digits) if len(digits) <= 20 else f"{digits[:20]}…"


def _decode_by_key(request: Request, body: bytes) -> tuple[_Root, dict[str, str]] | None:
    """The answer read with patience: what is wrong with a tweet is said of that tweet alone."""
    parsed = _parse_object(body)
    counts = parsed.get(GROUPING)
    lists = {name: parsed.get(name) for name in ("unavailable_tweet_ids", *UNSUPPORTED_LISTS)}
    if (
        not parsed
        or not isinstance(counts, _Object | None)
        or not parsed.ambiguous.isdisjoint((GROUPING, *lists))
    ):
        return None
    if not all(isinstance(value, list | None) for value in lists.values()):
        return None
    root = _Root(errors=_error_texts(parsed), **lists)
    if counts is None:
        return root, {}
    malformed: dict[str, str] = {}
    nothing = counts_type(request.columns)()
    root.counts = {}
    for tweet_id, values in counts.items():
        row = _read_row(request.columns, values)
        if tweet_id in counts.ambiguous:
            malformed[tweet_id] = "listed twice with other counts"
        elif isinstance(row, str):
            malformed[tweet_id] = row[:_MOST_OF_A_MESSAGE]
        elif row != nothing:
            root.counts[tweet_id] = row
    return root, malformed


def _read_row(columns: tuple[str, ...], values: object) -> Counts | str:
    if not isinstance(values, _Object):
        return f"no counts but {values!r}"
    row = counts_type(columns)()
    for metric in columns:
        if metric in values:
            count = _read_count(values[metric])
            if count is None or metric in values.ambiguous:
                return f"{metric} is {values[metric]!r}"
            setattr(row, metric, count)
    return row


def _read_count(value: object) -> int | None:
    """A count as the contract has it, a string of digits or a whole number; None for everything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT:
        return value
    return None


def _error_texts(parsed: dict[str, Any]) -> list[str]:
    errors = parsed.get("errors") or parsed.get("error") or []
    return [str(error) for error in (errors if isinstance(errors, list) else [errors])]


def _texts(tweet_ids: object) -> frozenset[str]:
    """Tweet IDs as strings; documented bodies have strings, some services send numbers."""
    return frozenset(map(str, tweet_ids)) if isinstance(tweet_ids, list) else frozenset()
