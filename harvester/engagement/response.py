"""Reading the API's answers: from a request, a status and a body to an `Answer`. No I/O.

What the bytes hold, `body` reads; what it means, with the status and the lists beside the counts, is read here.
"""

import re
from collections.abc import Mapping
from html import unescape
from typing import Final

from msgspec import UNSET

from harvester.engagement.answer import (
    Answer,
    Counted,
    Counts,
    Gone,
    MetricsDenied,
    RateLimited,
    Refused,
    Trouble,
    TroubleKind,
    Unauthorized,
    Unowned,
    WrongUrl,
)
from harvester.engagement.body import MOST_READ, UNSUPPORTED_LISTS, Body, error_texts, parse_object, read_body
from harvester.engagement.groupings import Nested
from harvester.engagement.redaction import Redact, redact_forms
from harvester.engagement.request import Request

_MOST_OF_A_MESSAGE: Final = 300
_MOST_OF_A_BODY: Final = 2_000
_REFUSAL_KEYS: Final = frozenset({"errors", "error", "unavailable_tweet_ids"})
_UNAVAILABLE = re.compile(r"(\d+)\s+tweet id\(s\) are unavailable", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def read_answer(request: Request, status: int, body: bytes, redact: Redact = redact_forms) -> Answer:
    """What the API's answer to a request means. Source: contract, section 4.

    The content is judged, not only the status: a 200 that is no JSON object is `Trouble`, and so is a refusal
    whose body holds anything but the API's own words, since a proxy may have said it. It may be empty.
    redact: takes secrets out of all words that are passed on.
    """
    try:
        return _read(request, status, body, redact)
    except RecursionError:
        message = f"{status}: the JSON is nested too deeply"
        return Trouble("unreadable", message, hash(body), _beginning(body, redact))


def _read(request: Request, status: int, body: bytes, redact: Redact) -> Answer:
    if status == 200:
        return _read_counts(request, body, redact)
    message = error_message(status, body, redact)
    if status == 429:
        return RateLimited(message)
    if status >= 500 or status == 408:
        return Trouble("service", message)
    if status < 400:
        return Trouble("not the API", message)
    parsed = parse_object(body)
    # These two say it with the status alone, in whatever words; a page is a proxy's all the same.
    if status == 401 and not _is_page(body):
        return Unauthorized(message)
    if status == 404 and not _is_page(body):
        return WrongUrl(message)
    if body.strip() and _REFUSAL_KEYS.isdisjoint(parsed):
        return _no_answer(status, body, redact)
    if status == 400:
        return _read_unavailable(request, parsed, message)
    if status == 403:
        return _read_forbidden(request, parsed, message)
    return Refused(status, message)


def _no_answer(status: int, body: bytes, redact: Redact) -> Trouble:
    """What did not come from the API, or not whole."""
    kind: TroubleKind = "not the API" if _is_page(body) else "unreadable"
    return Trouble(kind, error_message(status, body, redact), hash(body), _beginning(body, redact))


def _beginning(body: bytes, redact: Redact) -> str:
    """How a body begins, for who wants to see what could not be read."""
    text = redact(body[:MOST_READ].decode(errors="replace"))
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)[:_MOST_OF_A_BODY]


def _is_page(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"


def error_message(status: int, body: bytes, redact: Redact = redact_forms) -> str:
    """The service's own words with the status in front, on one line, capped and without secrets."""
    texts = error_texts(parse_object(body))
    if texts:
        words = redact("; ".join(texts)[:MOST_READ])
    elif title := _TITLE.search(body):
        text = unescape(title[1][:MOST_READ].decode(errors="replace"))
        words = f"a page titled {' '.join(redact(text).split())!r}"
    elif body.strip():
        words = repr(redact(body[:MOST_READ].decode(errors="replace"))[:120])
    else:
        words = "no body"
    return _capped(f"{status}: {words}")


def _capped(words: str) -> str:
    """Foreign words as a person may see them: on one line, of printable characters, not too many."""
    line = " ".join(words[: 4 * _MOST_OF_A_MESSAGE].split())
    return (line if line.isprintable() else repr(line)[1:-1])[:_MOST_OF_A_MESSAGE]


def _read_counts(request: Request, content: bytes, redact: Redact) -> Answer:
    body = read_body(request, content)
    if body is None:
        return _no_answer(200, content, redact)
    listed = body.root.counts or {}
    rows: list[Counts | None]
    if tuple(listed) == request.tweet_ids:  # as most answers are, and it costs less than looking each up
        rows = list(listed.values())
    else:
        rows = list(map(listed.get, request.tweet_ids))
    is_all = len(listed) == len(rows) and all(rows)
    if is_all and not body.root.has_lists() and not body.lacking and not body.details:
        return Counted(rows)
    return _with_lists(request, body, rows, redact)


def _with_lists(request: Request, body: Body, rows: list[Counts | None], redact: Redact) -> Answer:
    """Apply what the answer lists beside the counts."""
    root = body.root
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
                _leave_out(body, tweet_id, metrics)
    # A tweet that is not counted is accounted for only if none of the metrics could be.
    whole = frozenset(request.metrics)
    unsupported = {i: m for i, m in unsupported.items() if rows[asked[i]] is not None or m == whole}
    has_data = root.counts or body.malformed or body.details
    if not has_data and not unavailable and not unsupported:
        words = "; ".join(error_texts({"errors": root.errors})) or "neither counts nor errors"
        message = _capped(f"200: {redact(words[:MOST_READ])}")
        if _UNAVAILABLE.search(message):
            return _read_number(request, 200, message)
        if root.counts is None:
            return Trouble("incomplete", message)
    named = {
        i: redact(what)[:_MOST_OF_A_MESSAGE]
        for i, what in body.malformed.items()
        if i in asked and i not in unavailable
    }
    incomplete = frozenset(
        i
        for i, lacking in body.lacking.items()
        if i in asked and not lacking <= unsupported.get(i, frozenset())
    )
    n_unexpected = len((root.counts or {}).keys() - asked.keys())
    details = [body.details.get(tweet_id) for tweet_id in request.tweet_ids] if request.has_details else ()
    return Counted(
        rows, unavailable, unsupported, named, incomplete - unavailable, n_unexpected, details, body.sums
    )


def _leave_out(body: Body, tweet_id: str, metrics: frozenset[str]) -> None:
    """Take zeros that stand for "not counted" out of a tweet's time series and groupings."""
    if detail := body.details.get(tweet_id):
        for metric in metrics:
            detail.series.pop(metric, None)
        for nested in detail.groupings.values():
            if isinstance(nested, dict):
                _prune(nested, metrics)


def _prune(nested: Nested, metrics: frozenset[str]) -> None:
    for metric in metrics:
        nested.pop(metric, None)
    for inner in nested.values():
        if isinstance(inner, dict):
            _prune(inner, metrics)


def _read_unavailable(request: Request, parsed: Mapping[str, object], message: str) -> Answer:
    gone = _texts(parsed.get("unavailable_tweet_ids")).intersection(request.tweet_ids)
    if gone:
        return Gone(gone, message)
    return _read_number(request, 400, message)


def _read_number(request: Request, status: int, message: str) -> Gone | Refused:
    """What an answer without data and lists means: all tweets are unavailable where it counts as many."""
    count = _UNAVAILABLE.search(message)
    if count and int(count[1]) >= len(request.tweet_ids):
        return Gone(frozenset(request.tweet_ids), message)
    return Refused(status, message)


def _read_forbidden(request: Request, parsed: Mapping[str, object], message: str) -> Answer:
    """Which tweets or metrics a 403 names; both texts that are known for tweets have them after a colon."""
    tweets: set[str] = set()
    metrics: set[str] = set()
    for text in error_texts(parsed):
        what, _, names = text.rpartition(":")
        if "metric" in what.lower():
            metrics.update(re.findall(r"[a-z_]+", names))
        else:
            tweets.update(re.findall(r"\d+", names))
    if named := tweets.intersection(request.tweet_ids):
        return Unowned(frozenset(named), message)
    if metrics.intersection(request.metrics):
        return MetricsDenied(frozenset(metrics.intersection(request.columns)), message)
    if len(request.tweet_ids) == 1 and "forbidden to access tweets" in message.lower():
        return Unowned(frozenset(request.tweet_ids), message)
    return Refused(403, message)


def _texts(tweet_ids: object) -> frozenset[str]:
    """Tweet IDs as strings; documented bodies have strings, some services send numbers."""
    return frozenset(map(str, tweet_ids)) if isinstance(tweet_ids, list) else frozenset()
