"""From an answer's bytes to what they hold. Pure.

An honest answer to a plain request is decoded in one typed pass: digit strings and numbers become integers
while the JSON is parsed. Whatever does not fit the types, may hold a tweet twice, or has more than one count
a tweet and metric, is read key by key, so that one bad count costs its tweet and not the request. What is not
JSON from end to end is never salvaged: a cut body is otherwise not noticed (a gzip stream may end early
without an error).
"""

import json
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from harvester.engagement.answer import Counts, Detail, Points
from harvester.engagement.groupings import OWN, TWEET, TYPE, Grouping, Nested
from harvester.engagement.nested import MAX_COUNT, Malformed, read_count, read_nested, read_points
from harvester.engagement.request import Request

UNSUPPORTED_LISTS: Final = {
    "unsupported_for_impressions_engagements_tweet_ids": frozenset({"impressions", "engagements"}),
    "unsupported_for_video_views_tweet_ids": frozenset({"video_views"}),
}
MOST_READ: Final = 4000
"""So many characters of foreign words are looked at. Far fewer are shown: a secret that is cut here is not."""
_TIME = re.compile(r"[0-9TZ:.+ -]{1,40}")

_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
_TweetIds = list[str | int] | None


class Root(msgspec.Struct):
    """The parts of an answer that are the same for all requests. counts: rows by tweet ID; None: no grouping."""

    counts: dict[str, Any] | None = msgspec.field(default=None, name=OWN)
    errors: list[Any] | str | None = None
    unavailable_tweet_ids: _TweetIds = None
    unsupported_for_impressions_engagements_tweet_ids: _TweetIds = None
    unsupported_for_video_views_tweet_ids: _TweetIds = None

    def has_lists(self) -> bool:
        """Whether the answer lists tweets beside those that it counts."""
        return bool(
            self.unavailable_tweet_ids
            or self.unsupported_for_impressions_engagements_tweet_ids
            or self.unsupported_for_video_views_tweet_ids
        )


@dataclass(frozen=True, slots=True)
class Body:
    """What an answer holds. See `Counted`.

    malformed: by tweet ID, what stood there instead of counts. lacking: by tweet ID, the metrics that were asked
    of totals and are not among its counts; in a range of time what is left out was not touched.
    """

    root: Root
    malformed: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, frozenset[str]] = field(default_factory=dict)
    details: dict[str, Detail] = field(default_factory=dict)
    sums: Nested = field(default_factory=dict)


def read_body(request: Request, content: bytes) -> Body | None:
    """What a 200 answer to the request holds; None where it is not what the API answers."""
    if not request.has_details and (root := _decode_typed(request, content)):
        return Body(root)
    return _read_by_key(request, content)


@lru_cache(maxsize=256)
def counts_type(columns: tuple[str, ...]) -> type[Counts]:
    """The type of a row: a field for each column, in their order, UNSET until it is counted."""
    fields = [(metric, _Count | UnsetType, UNSET) for metric in columns]
    return msgspec.defstruct("Counts", fields, gc=False)


@dataclass(frozen=True, slots=True)
class _Form:
    """How an answer with some metrics is decoded, and what each of its rows has to hold of two characters."""

    decoder: msgspec.json.Decoder[Root]
    n_colons: int
    n_e: int


@lru_cache(maxsize=256)
def _form(columns: tuple[str, ...], metrics: tuple[str, ...]) -> _Form:
    """For answers with these metrics of the columns; a row that lacks one of them is refused."""
    fields = [
        (metric, _Count | UnsetType) if metric in metrics else (metric, _Count | UnsetType, UNSET)
        for metric in columns
    ]
    row = msgspec.defstruct("Counts", fields, gc=False, kw_only=True)
    counts: Any = dict.__class_getitem__((str, row))
    rows = msgspec.field(default=None, name=OWN)
    root: type[Root] = msgspec.defstruct("Root", [("counts", counts | None, rows)], bases=(Root,))  # type: ignore[assignment]  # of its bases the types know nothing
    decoder = msgspec.json.Decoder(root, strict=False)
    return _Form(decoder, 1 + len(metrics), "".join(metrics).count("e"))


def _decode_typed(request: Request, content: bytes) -> Root | None:
    """The answer in one pass, or None where it has to be read key by key.

    The decoder takes the last of two equal keys, leaves out keys that it does not know, and takes 1e3 and "-0"
    for numbers, all of it silently. Every key has its colon and a row has every metric that was asked, so as many
    colons as there have to be say that no tweet and no metric came twice, nor one that was not asked; as many e
    as there have to be, that none belongs to a number. numpy counts a character three times as fast as bytes do.
    """
    form = _form(request.columns, request.metrics)
    try:
        root = form.decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    names, n_rows = _names(root), len(root.counts or ())
    errors = [root.errors] if isinstance(root.errors, str) else root.errors or []
    # An escape may stand for any of the characters that are counted.
    if b"\\" in content or not all(isinstance(error, str) for error in errors):
        return None
    in_errors = "".join(errors)
    if any(content.count(c.encode()) != in_errors.count(c) for c in ".-E"):
        return None
    n_colons = len(names) + in_errors.count(":") + n_rows * form.n_colons
    n_e = "".join(names).count("e") + in_errors.count("e") + n_rows * form.n_e
    characters = np.frombuffer(content, np.uint8)
    for character, n in ((b":", n_colons), (b"e", n_e)):
        if np.count_nonzero(characters == character[0]) != n:
            return None
    return root


def _names(root: Root) -> list[str]:
    """The names of an answer's parts that are there, as they are written."""
    names = [field for field in Root.__struct_fields__[1:] if getattr(root, field) is not None]
    return names if root.counts is None else [OWN, *names]


class Object(dict[str, Any]):
    """A JSON object that remembers which of its keys came again with another value."""

    __slots__ = ("ambiguous",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.ambiguous: frozenset[str] = frozenset()
        if len(self) != len(pairs):
            self.ambiguous = frozenset(key for key, value in pairs if self[key] != value)


def parse_object(content: bytes) -> Object:
    """The content as a JSON object; empty where it is none."""
    try:
        parsed = json.loads(
            content, object_pairs_hook=Object, parse_constant=_refuse_constant, parse_int=_int_or_text
        )
    except (ValueError, RecursionError):
        return Object([])
    return parsed if isinstance(parsed, Object) else Object([])


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _int_or_text(digits: str) -> int | str:
    """A whole number; one that no count can be is left a text, since Python refuses thousands of digits."""
    return int(digits) if len(digits) <= 20 else f"{digits[:20]}…"


def error_texts(parsed: Mapping[str, object]) -> list[str]:
    """What an answer lists under its errors."""
    errors = parsed.get("errors") or parsed.get("error") or []
    return [str(error) for error in (errors if isinstance(errors, list) else [errors])]


def _read_by_key(request: Request, content: bytes) -> Body | None:
    """The answer read with patience: what is wrong with a tweet is said of that tweet alone."""
    parsed = parse_object(content)
    lists = {name: parsed.get(name) for name in ("unavailable_tweet_ids", *UNSUPPORTED_LISTS)}
    own = request.own_groupings
    grouped: dict[str, Any] = {
        grouping.name: parsed.get(grouping.name) for grouping in (*own, *request.groupings)
    }
    if not parsed or not parsed.ambiguous.isdisjoint((*grouped, *lists)):
        return None
    if not all(isinstance(value, Object | None) for value in grouped.values()):
        return None
    if not all(isinstance(value, list | None) for value in lists.values()):
        return None
    body = Body(Root(errors=error_texts(parsed), **lists))
    is_empty = all(grouped[grouping.name] is None for grouping in own)
    if is_empty and (body.root.errors or not {"start", "end"} & parsed.keys()):
        return body
    counts = body.root.counts = {}
    for grouping in own:
        listed = grouped[grouping.name] or Object([])
        for tweet_id, values in listed.items():
            _add_tweet(body, counts, request, grouping, tweet_id, values, listed.ambiguous)
    for tweet_id in body.malformed:
        counts.pop(tweet_id, None)
    if request.has_details:
        span = (_time(parsed.get("start")), _time(parsed.get("end")))
        for tweet_id, row in counts.items():
            detail = body.details.setdefault(tweet_id, Detail())
            detail.start, detail.end = span
            if request.series:
                _fill(request, row, detail, sums_series=len(own) == 1)
        return _with_groupings(body, counts, request, grouped)
    return body


def _time(value: object) -> str | None:
    return value if isinstance(value, str) and _TIME.fullmatch(value) else None


def _add_tweet(
    body: Body,
    counts: dict[str, Any],
    request: Request,
    grouping: Grouping,
    tweet_id: str,
    values: object,
    ambiguous: frozenset[str],
) -> None:
    """Add a tweet's row and time series, or say what is wrong with them."""
    is_series = len(grouping.group_by) > len((TWEET, TYPE))
    if tweet_id in ambiguous:
        body.malformed[tweet_id] = "listed twice with other counts"
        return
    try:
        row, series = _read_row(request, values, is_series=is_series)
    except Malformed as exc:
        body.malformed[tweet_id] = str(exc)[:MOST_READ]
        return
    if row != counts_type(request.columns)():
        # Where there are counts beside the series, they are the row: they have the zeros, too.
        counts.setdefault(tweet_id, row)
        lacking = frozenset(m for m in request.metrics if getattr(row, m) is UNSET)
        if lacking and not request.has_details:
            body.lacking[tweet_id] = lacking
        if series:
            body.details[tweet_id] = Detail(series=series)


def _fill(request: Request, row: Counts, detail: Detail, *, sums_series: bool) -> None:
    """Give every metric that is counted a series: the API may leave out those without a point.

    sums_series: the row is the sum of the series, so without points a metric's count is 0.
    """
    for metric in request.metrics:
        if sums_series and getattr(row, metric) is UNSET:
            setattr(row, metric, 0)
        if getattr(row, metric) is not UNSET and metric not in detail.series:
            detail.series[metric] = Points(array("i"), array("q"))


def _read_row(request: Request, values: object, *, is_series: bool) -> tuple[Counts, dict[str, Points]]:
    """A tweet's counts of what was asked; in a time series their sums, and the series.

    A metric that was not asked may be there as a zero that stands for "too old".
    """
    if not isinstance(values, Object):
        raise Malformed(f"no counts but {values!r}")
    row, series = counts_type(request.columns)(), {}
    for metric in request.metrics:
        if metric not in values:
            continue
        value = values[metric]
        if metric in values.ambiguous:
            raise Malformed(f"{metric} is {value!r} and something else")
        try:
            if is_series and request.series:
                count, series[metric] = read_points(value, request.series, request.window)
            else:
                count = read_count(value)
        except Malformed as exc:
            raise Malformed(f"{metric} is {exc}") from None
        setattr(row, metric, count)
    return row, series


def _with_groupings(
    body: Body, counts: dict[str, Any], request: Request, grouped: dict[str, Any]
) -> Body | None:
    """Add the user's own groupings; None where a sum over tweets is malformed, which is nobody's in particular."""
    for grouping in request.groupings:
        nested = grouped[grouping.name] or Object([])
        if not grouping.is_of_tweets:
            try:
                body.sums[grouping.name] = read_nested(nested, grouping.group_by, request)
            except Malformed:
                return None
            continue
        for tweet_id in request.tweet_ids:
            if tweet_id not in nested or tweet_id in body.malformed:
                continue
            try:
                found = _read_own(nested, tweet_id, grouping, request)
            except Malformed as exc:
                body.malformed[tweet_id] = f"{grouping.name}: {exc}"[:MOST_READ]
                counts.pop(tweet_id, None)
                continue
            body.details.setdefault(tweet_id, Detail()).groupings[grouping.name] = found
    return body


def _read_own(nested: Object, tweet_id: str, grouping: Grouping, request: Request) -> Any:
    """A tweet's part of a grouping that begins with the tweet. Raises Malformed."""
    if tweet_id in nested.ambiguous:
        raise Malformed("listed twice with other counts")
    return read_nested(nested[tweet_id], grouping.group_by[1:], request)
