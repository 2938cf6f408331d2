"""The answers of `totals`: a pure function from what is asked to a status and a body.

The order of refusals: a bad request, a metric, an owner, nothing left; whoever is refused by one hears nothing
of the next. Source: contract, section 4.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import CATALOGUE, needs_user_context
from harvester.simulator.asking import Asked, read_asked
from harvester.simulator.options import CountStyle, Readings
from harvester.simulator.world import World, are_older_than

Credential = Literal["bearer", "oauth1"]
Body = dict[str, object]
Leaf = int | str
Mask = NDArray[np.bool_]

_PRIVATE: Final = ("impressions", "engagements")
_VIDEO: Final = ("video_views",)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service says, before it becomes bytes."""

    status: int
    body: Body


def answer_totals(
    document: object, credential: Credential, world: World, now_ms: int, readings: Readings
) -> Answer:
    """The answer to a request on totals. document: its JSON, None where it had none."""
    asked = read_asked(document, ENDPOINTS["totals"])
    if isinstance(asked, str):
        return refusal(400, asked)
    return (
        _forbidden_metrics(asked, credential, readings)
        or _forbidden_tweets(asked, credential, world, now_ms, readings)
        or _count(asked, world, now_ms, readings)
    )


def refusal(status: int, *errors: str) -> Answer:
    """An answer of nothing but errors."""
    return Answer(status, {"errors": list(errors)})


def _forbidden_metrics(asked: Asked, credential: Credential, readings: Readings) -> Answer | None:
    private = [name for name in asked.metrics if needs_user_context(name, "totals")]
    if credential == "oauth1" or not private:
        return None
    return refusal(403, f"Forbidden to access metrics: {_separator(readings).join(private)}")


def _forbidden_tweets(
    asked: Asked, credential: Credential, world: World, now_ms: int, readings: Readings
) -> Answer | None:
    # Of a deleted tweet nobody knows any more whose it was.
    forbidden = ~world.are_owned(asked.ids) & ~world.are_gone(asked.ids, now_ms)
    if credential == "bearer" or not forbidden.any():
        return None
    texts = _named(asked, forbidden)
    if readings.forbidden_text == "plain":
        return refusal(403, f"Forbidden to access tweets: {','.join(texts)}")
    by_author: dict[int, list[str]] = {}
    for text, author in zip(texts, world.author_ids(asked.ids[forbidden]), strict=True):
        by_author.setdefault(author, []).append(text)
    return refusal(
        403,
        *(
            f"Forbidden to access tweets for author id {author}: {', '.join(theirs)}"
            for author, theirs in by_author.items()
        ),
    )


def _separator(readings: Readings) -> str:
    return "," if readings.forbidden_text == "plain" else ", "


def _count(asked: Asked, world: World, now_ms: int, readings: Readings) -> Answer:
    gone = world.are_gone(asked.ids, now_ms)
    protected = world.are_protected(asked.ids) & ~gone
    unavailable = gone | protected
    if not unavailable.any():
        return Answer(200, _count_available(asked, world, now_ms, readings, []))
    errors = [f"{int(unavailable.sum())} Tweet ID(s) are unavailable"]
    named: Body = {"unavailable_tweet_ids": _named(asked, unavailable)}
    if unavailable.all() or (protected.any() and readings.protected != "partial"):
        return Answer(400, {"errors": errors} | ({} if readings.protected == "bare" else named))
    left = replace(asked, texts=tuple(_named(asked, ~unavailable)), ids=asked.ids[~unavailable])
    return Answer(200, _count_available(left, world, now_ms, readings, errors) | named)


def _count_available(
    asked: Asked, world: World, now_ms: int, readings: Readings, errors: Sequence[str]
) -> Body:
    """The groupings, and beside them what the tweets' age leaves out. errors: those that there are already."""
    old, old_video = _too_old(asked, _PRIVATE, now_ms), _too_old(asked, _VIDEO, now_ms)
    old_cells = np.outer(old, [name in _PRIVATE for name in asked.metrics])
    counts = world.counts(asked.ids, asked.metrics)
    counts[old_cells | np.outer(old_video, [name in _VIDEO for name in asked.metrics])] = 0
    is_there = np.ones(counts.shape, dtype=np.bool_)
    if readings.unsupported == "absent":
        is_there[old_cells] = False
    if readings.untouched == "missing":
        # A tweet too old for video_views appears in any case.
        is_there[world.are_untouched(asked.ids) & ~old_video] = False
    leaf = _leaf_style(readings.counts)
    groups = {name: _group(by, asked, counts, is_there, leaf) for name, by in asked.groupings.items()}
    return {**groups, **_too_old_body(_named(asked, old), _named(asked, old_video), errors)}


def _too_old(asked: Asked, metrics: Sequence[str], now_ms: int) -> Mask:
    """Which tweets are beyond the age limit of those of the metrics that are asked."""
    limits = [CATALOGUE[name].age_limit_days("totals") for name in metrics if name in asked.metrics]
    days = min((limit for limit in limits if limit is not None), default=None)
    return (
        np.zeros(len(asked.ids), dtype=np.bool_) if days is None else are_older_than(asked.ids, days, now_ms)
    )


def _too_old_body(old: Sequence[str], old_video: Sequence[str], errors: Sequence[str]) -> Body:
    body: Body = {}
    if old:
        text = f"Impressions & engagements for tweets older than 90 days ({', '.join(old)}) are not supported"
        errors = [*errors, text]
        body["unsupported_for_impressions_engagements_tweet_ids"] = old
    if old_video:
        body["unsupported_for_video_views_tweet_ids"] = old_video
    return {"errors": errors, **body} if errors else body


def _group(
    by: tuple[str, ...], asked: Asked, counts: NDArray[np.int64], is_there: Mask, leaf: Callable[[int], Leaf]
) -> dict[str, object]:
    """One grouping: nested in the order of by, summed over what is not in it."""
    match by:
        case ("tweet.id", "engagement.type"):
            return _nest(asked.texts, asked.metrics, counts, is_there, leaf)
        case ("engagement.type", "tweet.id"):
            return _nest(asked.metrics, asked.texts, counts.T, is_there.T, leaf)
        case ("tweet.id",):
            return _sum(asked.texts, counts, is_there, leaf)
        case _:
            return _sum(asked.metrics, counts.T, is_there.T, leaf)


def _nest(
    outer: Sequence[str],
    inner: Sequence[str],
    counts: NDArray[np.int64],
    is_there: Mask,
    leaf: Callable[[int], Leaf],
) -> dict[str, object]:
    rows = counts.tolist()
    if is_there.all():
        return {
            key: dict(zip(inner, map(leaf, row), strict=True)) for key, row in zip(outer, rows, strict=True)
        }
    theres: list[list[bool]] = is_there.tolist()
    nested = {
        key: {name: leaf(count) for name, count, there in zip(inner, row, there_row, strict=True) if there}
        for key, row, there_row in zip(outer, rows, theres, strict=True)
    }
    return {key: row for key, row in nested.items() if row}


def _sum(
    keys: Sequence[str], counts: NDArray[np.int64], is_there: Mask, leaf: Callable[[int], Leaf]
) -> dict[str, object]:
    sums = np.where(is_there, counts, 0).sum(axis=1).tolist()
    kept = np.flatnonzero(is_there.any(axis=1)).tolist()
    return {keys[index]: leaf(sums[index]) for index in kept}


def _leaf_style(style: CountStyle) -> Callable[[int], Leaf]:
    match style:
        case "strings":
            return str
        case "numbers":
            return int
        case "mixed":
            return lambda count: str(count) if count % 2 else count


def _named(asked: Asked, mask: Mask) -> list[str]:
    return [asked.texts[index] for index in np.flatnonzero(mask).tolist()]
