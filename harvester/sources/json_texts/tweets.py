"""Which tweets a JSON value holds, whoever wrote it.

A value is a tweet (v1.1, v2, Activity Streams, one of our own records), a bare ID, a page or an array of these,
or an object around one of them. Source: contract, sections 7 and 8. No I/O.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from harvester.engagement.tweet_id import parse_tweet_id
from harvester.sources.chunk import shown
from harvester.sources.form import Form
from harvester.sources.json_texts.objects import MISSING, own_id, why_other
from harvester.sources.json_texts.rows import SEVERAL_VALUES, Columns, as_record, column_names, is_uniform
from harvester.sources.owners import why_no_owner

PAGE_KEYS: Final = ("data", "results", "statuses", "tweets")
"""An object in which one of these is an array is a page of tweets, whatever else is in it."""

_ACTIVITY_ID: Final = re.compile(r"(?:tag|object):search\.twitter\.com,[0-9]+:(.*)", re.DOTALL)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PAGE_KEY_SET: Final = frozenset(PAGE_KEYS)
_EMBEDDING_KEYS: Final = _words(
    "retweeted_status quoted_status twitter_quoted_status referenced_tweets object inReplyTo "
    "in_reply_to_status_id_str in_reply_to_status_id"
)
_ENVELOPE_KEYS: Final = _words(
    "data results statuses tweets errors includes matching_rules meta next next_token requestParameters "
    "search_metadata"
)
_NOTICES: Final = _words(
    "delete scrub_geo limit status_withheld user_withheld disconnect warning friends friends_str event control"
)
_WRAPPINGS: Final = (("legacy", "rest_id"), ("_source", "_index"))
"""Keys that hold a tweet where another key stands beside them."""
_NO_ID: Final = "an object without a tweet ID; --column says which key holds it"
_SHOWN_KEYS: Final = 20


class InexactError(Exception):
    """A float stands where digits are wanted; only the text tells which they were."""


@dataclass(frozen=True, slots=True)
class Tweet:
    """A tweet's ID. owner: "" if nobody asked, or the input does not name it."""

    tweet_id: int
    owner: str = ""


@dataclass(frozen=True, slots=True)
class NoTweet:
    """What stands where a tweet is expected. text: what to show of it, safe to print; None for all."""

    text: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Header:
    """A page or an info record that holds no tweets."""


HEADER: Final = Header()
Found = Tweet | NoTweet | Header


class Standing(NamedTuple):
    """Where in its document a value stands.

    is_embedded: in another tweet or page, so that the user's columns need not be there.
    is_element: in an array; if it is an array itself, it may be a row.
    columns: the names of what is in such a row, if the document tells them.
    """

    is_embedded: bool = False
    is_element: bool = False
    columns: Columns = ()


ALONE: Final = Standing()


class _Place(NamedTuple):
    """A value where a tweet is expected.

    around: the objects that hold this tweet and no other, the outermost first.
    """

    value: Any
    around: tuple[dict[str, Any], ...] = ()
    is_embedded: bool = False
    is_whole: bool = False
    is_element: bool = True


def find_tweets(value: Any, form: Form, standing: Standing = ALONE) -> Iterator[Found]:
    """What stands in a value where tweets are expected, in the order of the document.

    With form.include_referenced each tweet is followed by those that it embeds (retweeted, quoted, answered),
    in the order of its keys, and each of these by its own; the tweets that a page `includes` come where they
    stand in the page. The same tweet may come several times.

    Raises InexactError: an ID or an owner is a float. No numbers are lost if all of them come as text.
    """
    value = as_record(value, standing.columns)
    waiting = [iter([_Place(value, (), standing.is_embedded, is_whole=True, is_element=standing.is_element)])]
    while waiting:
        place = next(waiting[-1], None)
        if place is None:
            waiting.pop()
            continue
        within = _within(place, form)
        if within is not None:
            waiting.append(within)
            continue
        found = _found_at(place, form)
        yield found
        if form.include_referenced and isinstance(place.value, dict) and isinstance(found, Tweet):
            waiting.append(_embedded(place.value))


def is_page(value: dict[str, Any]) -> bool:
    """Whether one of its keys holds tweets."""
    return not _PAGE_KEY_SET.isdisjoint(value) and any(isinstance(value.get(key), list) for key in PAGE_KEYS)


def included_tweets(value: Any) -> Iterator[Any]:
    """The tweets in the `includes` of a page."""
    tweets = value.get("tweets") if isinstance(value, dict) else None
    yield from tweets if isinstance(tweets, list) else ()


def _within(place: _Place, form: Form) -> Iterator[_Place] | None:
    """The places in an array, a page, or an object around one tweet; None if this is none of them, or empty."""
    value = place.value
    if isinstance(value, list):
        if place.is_element and _is_row(value):
            return None
        return (_Place(element, (), place.is_embedded) for element in value) if value else None
    if not isinstance(value, dict):
        return None
    if is_page(value):
        return _in_page(value, form) if _has_tweets(value, form) else None
    if isinstance(value.get("tweet"), dict):
        return iter([_Place(value["tweet"], (*place.around, value), place.is_embedded)])
    if form.column is None and own_id(value) is not MISSING:
        return None
    if form.column is not None and _at(value, form.column) is not MISSING:
        return None
    return _around_data(place, form) or _in_wrapping(place)


def _has_tweets(page: dict[str, Any], form: Form) -> bool:
    return any(True for _ in _in_page(page, form))


def _in_page(page: dict[str, Any], form: Form) -> Iterator[_Place]:
    is_begun = False
    columns: Columns = ()
    for key, value in page.items():
        if key in PAGE_KEYS and isinstance(value, list):
            is_begun = True
            yield from (_Place(as_record(tweet, columns)) for tweet in value)
        elif key == "columns" and not is_begun:
            columns = column_names(value)
        elif key == "includes" and form.include_referenced:
            yield from (_Place(tweet, is_embedded=True) for tweet in included_tweets(value))


def _around_data(place: _Place, form: Form) -> Iterator[_Place] | None:
    """Of `{"data": {…}, "includes": …}` the one tweet, and what is included."""
    outer = place.value
    includes = form.include_referenced and any(True for _ in included_tweets(outer.get("includes")))
    if not (isinstance(outer.get("data"), dict) or includes):
        return None
    return _data_and_includes(place, form)


def _in_wrapping(place: _Place) -> Iterator[_Place] | None:
    """Of what the website's own API and Elasticsearch put around a tweet, the tweet."""
    outer = place.value
    for key, beside in _WRAPPINGS:
        if beside in outer and isinstance(outer.get(key), dict):
            return iter([_Place(outer[key], (*place.around, outer), place.is_embedded)])
    return None


def _data_and_includes(place: _Place, form: Form) -> Iterator[_Place]:
    for key, value in place.value.items():
        if key == "data" and isinstance(value, dict):
            yield _Place(value, (*place.around, place.value), place.is_embedded)
        elif key == "includes" and form.include_referenced:
            yield from (_Place(tweet, is_embedded=True) for tweet in included_tweets(value))


def _found_at(place: _Place, form: Form) -> Found:
    """What a place is that holds no further ones."""
    value = place.value
    if value == [] or (isinstance(value, dict) and is_page(value)):
        return HEADER
    if isinstance(value, list):
        return NoTweet(None if place.is_whole else _shown_row(value), SEVERAL_VALUES)
    if isinstance(value, dict):
        found = _id_in(value, place, form)
    else:
        found = _parsed(value, None if place.is_whole else _shown(value))
    if isinstance(found, Tweet) and form.owner_column is not None:
        return _owned(found.tweet_id, place, form.owner_column)
    return found


def _id_in(value: dict[str, Any], place: _Place, form: Form) -> Found:
    if form.column is not None and not place.is_embedded:
        named = _wanted(place, form.column)
        if named is not MISSING:
            return _parsed(named, _shown(named))
        return _no_id(value, place, f"no key {form.column!r}")
    own = own_id(value)
    if own is MISSING:
        return _no_id(value, place, _NO_ID)
    reason = why_other(value)
    return NoTweet(_shown_object(value, place), reason) if reason else _parsed(own, _shown(own))


def _no_id(value: dict[str, Any], place: _Place, reason: str) -> Found:
    if "info" in value or (value and value.keys() <= _ENVELOPE_KEYS):
        return HEADER
    notice = next((key for key in value if key in _NOTICES), None)
    return NoTweet(_shown_object(value, place), f"a notice of the stream: {notice}" if notice else reason)


def _parsed(value: Any, text_to_show: str | None) -> Found:
    """The ID that a value is. text_to_show: see NoTweet."""
    text = _digits(value)
    found = parse_tweet_id(text) if text is not None else _why_no_text(value)
    if isinstance(found, int):
        return Tweet(found)
    return NoTweet(text_to_show, found)


def _digits(value: Any) -> str | None:
    """The text of an ID; None if it is neither text nor a number."""
    if isinstance(value, dict) and len(value) == 1:
        value = value.get("$numberLong")  # as MongoDB exports 64-bit integers
    if isinstance(value, float):
        raise InexactError
    if isinstance(value, str):
        activity = _ACTIVITY_ID.fullmatch(value)
        return activity[1] if activity else value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _why_no_text(value: Any) -> str:
    words = {None: "null", True: "true", False: "false"}
    kind = "an array" if isinstance(value, list) else "an object"
    return f"{kind if isinstance(value, (list, dict)) else words[value]} is no tweet ID"


def _wanted(place: _Place, path: str) -> Any:
    """What a key that the user named holds: in the tweet itself, or in an object around it."""
    return next(
        (
            held
            for value in (place.value, *reversed(place.around))
            if (held := _at(value, path)) is not MISSING
        ),
        MISSING,
    )


def _at(value: Any, path: str) -> Any:
    """What stands at `tweet.id`: under a key of just that name, or under `id` in what `tweet` holds."""
    while isinstance(value, dict):
        if path in value:
            return value[path]
        key, _, path = path.partition(".")
        value = value.get(key, MISSING)
        if not path:
            break
    return MISSING


def _owned(tweet_id: int, place: _Place, path: str) -> Found:
    owner = _wanted(place, path)
    if owner is None or (owner is MISSING and place.is_embedded):
        return Tweet(tweet_id)
    if owner is MISSING:
        return NoTweet(_shown_object(place.value, place), f"no key {path!r} for the owner")
    if isinstance(owner, float):
        raise InexactError
    if isinstance(owner, bool) or not isinstance(owner, (str, int)):
        return NoTweet(_shown_object(place.value, place), "the owner is neither text nor a number")
    name = str(owner).strip()
    reason = why_no_owner(name)
    return NoTweet(shown(name), reason) if reason else Tweet(tweet_id, sys.intern(name))


def _is_row(values: list[Any]) -> bool:
    """Whether several values stand together that are not all IDs, and that are no page of tweets either."""
    n_objects = sum(isinstance(value, (dict, list)) for value in values)
    single = [value for value in values if value is not None and not isinstance(value, (dict, list))]
    if not single or len(values) < 2 or n_objects > len(single):
        return False
    ids = [found.tweet_id for value in single if isinstance(found := _parsed(value, ""), Tweet)]
    return len(ids) < len(values) or not is_uniform(ids)


def _shown_row(values: list[Any]) -> str:
    return shown("[" + ", ".join(map(_shown, values[:_SHOWN_KEYS])) + "]")


def _shown_object(value: Any, place: _Place) -> str | None:
    return None if place.is_whole else _shown(value)


def _shown(value: Any) -> str:
    """A value as a person may see it; of an object its first keys."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, list):
        return "[…]" if value else "[]"
    if isinstance(value, dict):
        return shown("{" + ", ".join(f'"{key[:50]}": …' for key in [*value][:_SHOWN_KEYS]) + "}")
    return json.dumps(value)


def _embedded(tweet: dict[str, Any]) -> Iterator[_Place]:
    """The tweets that a tweet retweets, quotes and answers, in the order of its keys."""
    for key, value in tweet.items():
        if key in _EMBEDDING_KEYS:
            for held in _referenced(tweet, key, value):
                yield _Place(held, is_embedded=True)


def _referenced(tweet: dict[str, Any], key: str, value: Any) -> Iterator[Any]:
    if key in ("retweeted_status", "quoted_status", "twitter_quoted_status"):
        yield from [value] if isinstance(value, dict) else ()
    elif key == "referenced_tweets":
        yield from value if isinstance(value, list) else ()
    elif key == "object" and tweet.get("verb") == "share":
        yield from [value] if isinstance(value, dict) else ()
    elif key == "inReplyTo" and isinstance(value, dict) and isinstance(value.get("link"), str):
        yield value["link"].rstrip("/").rpartition("/")[2]
    elif key == "in_reply_to_status_id_str" or (
        key == "in_reply_to_status_id" and tweet.get("in_reply_to_status_id_str") is None
    ):
        yield from [value] if value is not None else ()
