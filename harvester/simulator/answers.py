"""The answers of the three endpoints: a pure function from what is asked to a status and a body.

The order of refusals: a bad request, a metric, an owner, nothing left; whoever is refused by one hears nothing
of the next. Source: contract, section 4.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import EndpointName, needs_user_context
from harvester.simulator.asking import Asked, read_asked
from harvester.simulator.counting import count_available
from harvester.simulator.credentials import Asker, user_id_of
from harvester.simulator.nesting import Mask
from harvester.simulator.options import Readings
from harvester.simulator.reply import Answer, Body, refusal
from harvester.simulator.world import World


def answer_request(
    endpoint: EndpointName, document: object, asker: Asker, world: World, now_ms: int, readings: Readings
) -> Answer:
    """The answer to a request. document: its JSON, None where it had none. now_ms: since 1970 UTC."""
    asked = read_asked(document, ENDPOINTS[endpoint], now_ms)
    if isinstance(asked, str):
        return refusal(400, asked)
    return (
        _forbidden_metrics(asked, asker, readings)
        or _forbidden_tweets(asked, asker, world, now_ms, readings)
        or _count(asked, world, now_ms, readings)
    )


def _forbidden_metrics(asked: Asked, asker: Asker, readings: Readings) -> Answer | None:
    """With a bearer token: the private metrics on totals, all on 28hr and historical."""
    forbidden = [
        name
        for name in asked.metrics
        if name in readings.denied_metrics or (asker.is_app_only and needs_user_context(name, asked.endpoint))
    ]
    if not forbidden:
        return None
    separator = ", " if readings.forbidden_text == "author" else ","
    return refusal(403, f"Forbidden to access metrics: {separator.join(forbidden)}")


def _forbidden_tweets(
    asked: Asked, asker: Asker, world: World, now_ms: int, readings: Readings
) -> Answer | None:
    if asker.is_app_only:
        return None
    owners = world.owners(asked.ids, asker.accounts)
    # Of a deleted tweet nobody knows any more whose it was.
    is_others = np.array([owner != asker.account for owner in owners])
    forbidden: Mask = is_others & ~world.are_gone(asked.ids, now_ms)
    if not forbidden.any():
        return None
    texts = asked.named(forbidden)
    match readings.forbidden_text:
        case "plain":
            return refusal(403, f"Forbidden to access tweets: {','.join(texts)}")
        case "some":
            return refusal(403, f"Forbidden to access tweets: {','.join(texts[: (len(texts) + 1) // 2])}")
        case "bare":
            return refusal(403, "Forbidden to access tweets")
        case "author":
            authors = [
                author if owner is None else user_id_of(owner)
                for author, owner in zip(world.author_ids(asked.ids), owners, strict=True)
            ]
            return _forbidden_by_author(texts, np.array(authors)[forbidden].tolist())


def _forbidden_by_author(texts: Sequence[str], authors: Sequence[int]) -> Answer:
    by_author: dict[int, list[str]] = {}
    for text, author in zip(texts, authors, strict=True):
        by_author.setdefault(author, []).append(text)
    return refusal(
        403,
        *(
            f"Forbidden to access tweets for author id {author}: {', '.join(theirs)}"
            for author, theirs in by_author.items()
        ),
    )


def _count(asked: Asked, world: World, now_ms: int, readings: Readings) -> Answer:
    gone = world.are_gone(asked.ids, now_ms)
    protected = world.are_protected(asked.ids) & ~gone
    unavailable = gone | protected
    if not unavailable.any():
        return Answer(200, count_available(asked, world, now_ms, readings, []))
    errors = [f"{int(unavailable.sum())} Tweet ID(s) are unavailable"]
    named: Body = {"unavailable_tweet_ids": asked.named(unavailable)}
    if unavailable.all() or (protected.any() and readings.protected != "partial"):
        return Answer(400, {"errors": errors} | ({} if readings.protected == "bare" else named))
    left = replace(asked, texts=tuple(asked.named(~unavailable)), ids=asked.ids[~unavailable])
    return Answer(200, count_available(left, world, now_ms, readings, errors) | named)
