"""The service without a socket: a call and the time go in, a reply and its log entry come out.

A call to an endpoint passes, in this order: an outage, its credentials, the allowance, chance, and then it is
answered. What chance spoils has been paid for from the allowance. Calls for tokens pass nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, cast
from urllib.parse import urlsplit

import orjson

from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import EndpointName
from harvester.simulator.allowance import Allowances
from harvester.simulator.answers import answer_request
from harvester.simulator.authentication import Authenticator, scheme_of, unauthenticated
from harvester.simulator.credentials import Asker, Credentials, completed
from harvester.simulator.draws import Draw, Draws
from harvester.simulator.faults import NEVER_ANSWERED, draw_fault, spoil, unavailable
from harvester.simulator.login import PinLogin
from harvester.simulator.options import LimitBodyStyle, Options
from harvester.simulator.reply import FORM, Answer, Fault, Reply, as_reply, refusal
from harvester.simulator.request_log import Entry
from harvester.simulator.signature import Nonces, Signed
from harvester.simulator.world import World

_BY_PATH: Final[dict[str, EndpointName]] = {endpoint.path: name for name, endpoint in ENDPOINTS.items()}
_RATE_TEXT: Final = "Too many requests: you have exceeded the rate limit of your application"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came. url: with scheme, host and query."""

    method: str
    url: str
    authorization: str | None
    content: bytes
    content_type: str = ""

    @property
    def signed(self) -> Signed:
        """What a signature would be over."""
        form = self.content.decode("latin-1") if self.content_type == FORM else ""
        return Signed(self.authorization, self.method, self.url, form)


@dataclass(frozen=True, slots=True)
class Served:
    """What a call gets, and after how long."""

    reply: Reply
    entry: Entry
    delay_s: float = 0.0


class Service:
    """An Engagement API and its token service, with all that they remember."""

    def __init__(self, options: Options, credentials: Credentials) -> None:
        known, nonces = completed(credentials), Nonces()
        self._options = options
        self._faults = cast("Sequence[tuple[Fault, float]]", options.faults)
        self._world = World(options.seed, options.shares)
        self._authenticator = Authenticator(known, nonces)
        self._login = PinLogin(known, nonces, options.pin)
        self._allowances = Allowances(options.limits)
        self._draws = Draws(options.seed)
        self._first_at: float | None = None
        self._answered = 0

    def serve(self, call: Call, now: float) -> Served:
        """Decide on a call. now: epoch seconds."""
        if self._first_at is None:
            self._first_at = now
        path = urlsplit(call.url).path
        if call.method == "POST" and path in _BY_PATH:
            return self._serve_endpoint(_BY_PATH[path], call, now)
        name, reply = self._reply_for_tokens(call, path, now)
        return Served(reply, _entry(call, name, reply, now))

    def _reply_for_tokens(self, call: Call, path: str, now: float) -> tuple[str | None, Reply]:
        """What the token service says, and what the log calls it."""
        match call.method, path:
            case "POST", "/oauth2/token":
                return "token", self._issue_bearer(call)
            case "POST", "/oauth/request_token":
                return "request_token", self._login.issue_request_token(call.signed, now)
            case "GET", "/oauth/authorize":
                return "authorize", self._login.show_pin(call.url)
            case "POST", "/oauth/access_token":
                return "access_token", self._login.issue_access_token(call.signed, now)
            case _:
                return None, as_reply(refusal(404, "Not found"))

    def _issue_bearer(self, call: Call) -> Reply:
        if self._is_revoked():
            return as_reply(refusal(403, "Unable to verify your credentials"))
        return as_reply(self._authenticator.issue_bearer(call.authorization, call.content.decode("latin-1")))

    def _serve_endpoint(self, endpoint: EndpointName, call: Call, now: float) -> Served:
        document = _read_json(call.content)
        draw = self._draws.next(endpoint.encode() + call.content)
        asker = self._identify(call, now)
        reply = asker if isinstance(asker, Reply) else self._reply(endpoint, document, asker, draw, now)
        account = asker.account if isinstance(asker, Asker) else None
        jitter_ms = self._options.jitter_ms * draw.uniform("jitter")
        delay_s = (self._options.latency_ms + jitter_ms) / 1000
        return Served(reply, _entry(call, endpoint, reply, now, document, account), delay_s)

    def _identify(self, call: Call, now: float) -> Asker | Reply:
        if self._is_out(now):
            return unavailable(Reply(503, b""))
        if self._is_revoked():
            return as_reply(unauthenticated("Access token not found"))
        asker = self._authenticator.identify(call.signed, now)
        return as_reply(asker) if isinstance(asker, Answer) else asker

    def _reply(self, endpoint: EndpointName, document: object, asker: Asker, draw: Draw, now: float) -> Reply:
        grant = self._allowances.of(endpoint).ask(now)
        if not grant.is_granted:
            return replace(_limited(self._options.limits.body), headers=grant.headers)
        now_ms = int(now * 1000) if self._options.now_ms is None else self._options.now_ms
        answer = answer_request(endpoint, document, asker, self._world, now_ms, self._options.readings)
        reply = replace(as_reply(answer), headers=grant.headers)
        is_calm = self._answered < self._options.faults_after
        if not is_calm and (fault := draw_fault(self._faults, draw)):
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


def _entry(
    call: Call,
    endpoint: str | None,
    reply: Reply,
    now: float,
    document: object = None,
    account: str | None = None,
) -> Entry:
    return Entry(
        time=now,
        endpoint=endpoint,
        credential=scheme_of(call.authorization) or "none",
        tweet_ids=_strings_at(document, "tweet_ids"),
        engagement_types=_strings_at(document, "engagement_types"),
        status=None if reply.fault in NEVER_ANSWERED else reply.status,
        fault=reply.fault,
        start=_string_at(document, "start"),
        end=_string_at(document, "end"),
        groupings=_groupings_in(document),
        account=account,
    )


def _limited(style: LimitBodyStyle) -> Reply:
    match style:
        case "json":
            return as_reply(refusal(429, _RATE_TEXT))
        case "text":
            return Reply(429, _RATE_TEXT.encode(), "text/plain")
        case "empty":
            return Reply(429, b"")


def _read_json(content: bytes) -> object:
    try:
        return cast("object", orjson.loads(content))
    except orjson.JSONDecodeError:
        return None


def _at(document: object, key: str) -> object:
    return document.get(key) if isinstance(document, dict) else None


def _string_at(document: object, key: str) -> str | None:
    value = _at(document, key)
    return value if isinstance(value, str) else None


def _strings_at(document: object, key: str) -> list[str]:
    """What stands there, for the log; nothing where it is no list of strings."""
    value = _at(document, key)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _groupings_in(document: object) -> dict[str, list[str]]:
    groupings = _at(document, "groupings")
    if not isinstance(groupings, dict):
        return {}
    return {str(name): _strings_at(grouping, "group_by") for name, grouping in groupings.items()}
