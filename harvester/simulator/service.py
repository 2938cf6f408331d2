"""The service without a socket: a call and the time go in, a reply and its log entry come out.

A call passes, in this order: an outage, its credentials, the allowance, chance, and then it is answered. What
chance spoils has been paid for from the allowance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, cast
from urllib.parse import urlsplit

import orjson

from harvester.engagement.endpoints import ENDPOINTS
from harvester.simulator.allowance import Allowance
from harvester.simulator.answers import Answer, answer_totals, refusal
from harvester.simulator.authentication import Authenticator, Signed, scheme_of, unauthenticated
from harvester.simulator.credentials import Credentials
from harvester.simulator.draws import Draw, Draws
from harvester.simulator.faults import NEVER_ANSWERED, Fault, Reply, draw_fault, spoil, unavailable
from harvester.simulator.options import LimitBodyStyle, Options
from harvester.simulator.request_log import Entry
from harvester.simulator.world import World

TOKEN_PATH: Final = "/oauth2/token"  # noqa: S105 - a path
_RATE_TEXT: Final = "Too many requests: you have exceeded the rate limit of your application"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came. url: with scheme, host and query."""

    method: str
    url: str
    authorization: str | None
    content: bytes


@dataclass(frozen=True, slots=True)
class Served:
    """What a call gets, and after how long."""

    reply: Reply
    entry: Entry
    delay_s: float = 0.0


class Service:
    """An Engagement API and its token service, with all that they remember."""

    def __init__(self, options: Options, credentials: Credentials) -> None:
        self._options = options
        self._faults = cast("Sequence[tuple[Fault, float]]", options.faults)
        self._world = World(options.seed, options.shares)
        self._authenticator = Authenticator(credentials)
        self._allowance = Allowance(options.limits)
        self._draws = Draws(options.seed)
        self._first_at: float | None = None
        self._answered = 0

    def serve(self, call: Call, now: float) -> Served:
        """Decide on a call. now: epoch seconds."""
        if self._first_at is None:
            self._first_at = now
        path = urlsplit(call.url).path
        if (call.method, path) == ("POST", TOKEN_PATH):
            return self._served(call, now, "token", self._issue_bearer(call))
        if (call.method, path) == ("POST", ENDPOINTS["totals"].path):
            return self._serve_totals(call, now)
        return self._served(call, now, None, _reply(refusal(404, "Not found")))

    def _issue_bearer(self, call: Call) -> Reply:
        if self._is_revoked():
            return _reply(refusal(403, "Unable to verify your credentials"))
        return _reply(self._authenticator.issue_bearer(call.authorization, call.content))

    def _serve_totals(self, call: Call, now: float) -> Served:
        document = _read_json(call.content)
        draw = self._draws.next(call.content)
        reply = self._reply_totals(call, document, draw, now)
        served = self._served(call, now, "totals", reply, document)
        jitter_ms = self._options.jitter_ms * draw.uniform("jitter")
        return replace(served, delay_s=(self._options.latency_ms + jitter_ms) / 1000)

    def _reply_totals(self, call: Call, document: object, draw: Draw, now: float) -> Reply:
        if self._is_out(now):
            return unavailable(Reply(503, b""))
        if self._is_revoked():
            return _reply(unauthenticated("Access token not found"))
        credential = self._authenticator.identify(Signed(call.authorization, call.method, call.url), now)
        if isinstance(credential, Answer):
            return _reply(credential)
        grant = self._allowance.ask(now)
        if not grant.is_granted:
            return replace(_limited(self._options.limits.body), headers=grant.headers)
        now_ms = int(now * 1000) if self._options.now_ms is None else self._options.now_ms
        answer = answer_totals(document, credential, self._world, now_ms, self._options.readings)
        reply = replace(_reply(answer), headers=grant.headers)
        if fault := draw_fault(self._faults, draw):
            reply = spoil(reply, fault, _strings_at(document, "tweet_ids"), draw)
        self._answered += reply.fault is None
        return reply

    def _is_out(self, now: float) -> bool:
        since = now - (now if self._first_at is None else self._first_at)
        return any(
            outage.start_s <= since < outage.start_s + outage.length_s for outage in self._options.outages
        )

    def _is_revoked(self) -> bool:
        return self._options.revoke_after is not None and self._answered >= self._options.revoke_after

    def _served(
        self, call: Call, now: float, endpoint: str | None, reply: Reply, document: object = None
    ) -> Served:
        entry = Entry(
            time=now,
            endpoint=endpoint,
            credential=scheme_of(call.authorization) or "none",
            tweet_ids=_strings_at(document, "tweet_ids"),
            engagement_types=_strings_at(document, "engagement_types"),
            status=None if reply.fault in NEVER_ANSWERED else reply.status,
            fault=reply.fault,
        )
        return Served(reply, entry)


def _reply(answer: Answer) -> Reply:
    return Reply(answer.status, orjson.dumps(answer.body))


def _limited(style: LimitBodyStyle) -> Reply:
    match style:
        case "json":
            return _reply(refusal(429, _RATE_TEXT))
        case "text":
            return Reply(429, _RATE_TEXT.encode(), "text/plain")
        case "empty":
            return Reply(429, b"")


def _read_json(content: bytes) -> object:
    try:
        return cast("object", orjson.loads(content))
    except orjson.JSONDecodeError:
        return None


def _strings_at(document: object, key: str) -> list[str]:
    """What stands there, for the log; nothing where it is no list of strings."""
    value = document.get(key) if isinstance(document, dict) else None
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
