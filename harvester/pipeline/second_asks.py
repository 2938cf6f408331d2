"""Tweets that an answer left out are asked once more, together with those of other batches.

Untouched tweets may be missing from an answer, and nearly every batch has some: asked again batch by batch
they would double the requests. They wait here for company, but not so long that a checkpoint waits for them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from harvester.engagement.request import Request
from harvester.engagement.settling import Settled

PATIENCE_S: Final = 0.5


@dataclass(slots=True)
class SecondAsk:
    """One request for tweets of several batches, and who waits for its outcome."""

    request: Request
    outcome: asyncio.Future[Settled]


@dataclass(slots=True)
class _Gathering:
    outcome: asyncio.Future[Settled]
    timer: asyncio.TimerHandle
    tweet_ids: dict[str, None] = field(default_factory=dict)


class SecondAsks:
    """Gathers missing tweets into full requests. send: what a gathered request is handed to."""

    def __init__(self, send: Callable[[SecondAsk], None]) -> None:
        self._send = send
        self._gathering: dict[Request, _Gathering] = {}

    async def ask(self, request: Request) -> Settled:
        """The outcomes of a request's tweets, among those of others; nothing in it is missing any more."""
        key = request.of(())
        size = request.endpoint.ids_per_request
        gathering = self._gathering.get(key)
        if gathering and len(gathering.tweet_ids) + len(request.tweet_ids) > size:
            self._release(key)
            gathering = None
        if gathering is None:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(PATIENCE_S, self._release, key)
            gathering = self._gathering[key] = _Gathering(loop.create_future(), timer)
        gathering.tweet_ids.update(dict.fromkeys(request.tweet_ids))
        if len(gathering.tweet_ids) == size:
            self._release(key)
        return await asyncio.shield(gathering.outcome)

    def _release(self, key: Request) -> None:
        gathering = self._gathering.pop(key)
        gathering.timer.cancel()
        self._send(SecondAsk(key.of(gathering.tweet_ids), gathering.outcome))
