"""A service in trouble: some of its answers are errors, garbage or lack tweets, and some tweets spoil them all."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import orjson

from harvester.engagement.answer import Trouble
from harvester.transport.session import Reply
from tests.worlds.harvesting import Sent, Service

Kind = Literal["503", "reset", "cut", "page", "429", "429 at length", "401", "left out"]
Spoiling = Mapping[str, Literal["refused", "503", "cut"]]
_FAILED: Final = 0
"""The status of a request that was not answered as the API would."""
PAGE: Final = b"<html><title>Sign in</title></html>"


@dataclass(frozen=True)
class Troubled:
    """What happens instead of an answer: with the n requests from `first` on, or with all of them if n is None."""

    kind: Kind
    first: int
    n: int | None

    def has(self, number: int) -> bool:
        """Whether it happens with this request, counted from 1."""
        return self.first <= number and (self.n is None or number < self.first + self.n)


@dataclass
class TroubledService(Service):
    """The API of a scene, in trouble. What it does not do to a request it answers as ever.

    spoiling: tweets with which no request is counted, and what comes instead. left_out: tweets that were once left
    out of an answer, and are not again. beside: called before each request, with its number. had: the kinds of
    trouble that happened, and "spoilt".
    """

    trouble: Troubled | None = None
    spoiling: Spoiling = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    beside: Callable[[int], Awaitable[None]] | None = None
    had: set[str] = field(default_factory=set)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply | Trouble:  # type: ignore[override]
        """Answer, or not."""
        if url.endswith("/oauth2/token"):
            return await super().post(url, body, headers)
        if self.beside:
            await self.beside(len(self.sent) + 1)
        index = len(self.sent)
        reply = await super().post(url, body, headers)
        ids = orjson.loads(body)["tweet_ids"]
        spoilt = [self.spoiling[i] for i in ids if i in self.spoiling]
        if self.trouble and self.trouble.has(index + 1):
            return self._instead(self.trouble.kind, reply, index)
        if spoilt:
            return self._spoil(spoilt[0], reply, index)
        return reply

    def _spoil(self, how: str, reply: Reply, index: int) -> Reply | Trouble:
        self.had.add("spoilt")
        if how == "refused":
            self._failed(index)
            return Reply(400, {}, orjson.dumps({"errors": ["A tweet cannot be counted"]}))
        return self._instead("503" if how == "503" else "cut", reply, index)

    def _instead(self, kind: Kind, reply: Reply, index: int) -> Reply | Trouble:
        if kind == "left out":
            return self._without_some(reply, index)
        self.had.add(kind)
        self._failed(index)
        match kind:
            case "503":
                return Reply(503, {}, b"")
            case "reset":
                return Trouble("connection", "ServerDisconnectedError")
            case "cut":
                return Reply(200, {}, reply.body[: len(reply.body) // 2])
            case "page":
                return Reply(200, {}, PAGE)
            case "429":
                return Reply(429, {}, b"")
            case "429 at length":
                return Reply(429, {"Retry-After": "75"}, b"")
            case "401":
                return Reply(401, {}, b'{"errors":["Unauthorized"]}')

    def _failed(self, index: int) -> None:
        self.sent[index] = replace(self.sent[index], status=_FAILED)

    def _without_some(self, reply: Reply, index: int) -> Reply:
        """Without a third of its tweets. Each is left out once, and never when it is asked for again."""
        sent, document = self.sent[index], orjson.loads(reply.body)
        again = {
            i
            for earlier in self.sent[:index]
            if _is_alike(earlier, sent)
            for i in earlier.document["tweet_ids"]
        }
        out = set([i for i in sent.document["tweet_ids"] if i not in self.left_out | again][::3])
        for counts in document.values():
            for tweet_id in out & counts.keys() if isinstance(counts, dict) else ():
                self.had.add("left out")
                self.left_out.add(tweet_id)
                del counts[tweet_id]
        return Reply(reply.status, reply.headers, orjson.dumps(document))


def _is_alike(one: Sent, other: Sent) -> bool:
    return (one.endpoint, one.document.get("start")) == (other.endpoint, other.document.get("start"))
