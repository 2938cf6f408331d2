"""The service without a socket: a call and the time go in, a reply and its log entry come out.

A call to an endpoint passes, in this order: an outage, its credentials, the allowance, chance, and then it is
answered. What chance spoils has been paid for from the allowance. A fault that has its moment strikes whatever
the call would get, but for an outage. Calls for tokens pass nothing.
"""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import EndpointName
from harvester.simulator.allowance import Allowances
from harvester.simulator.answers import answer_request
from harvester.simulator.authentication import Authenticator, scheme_of, unauthenticated
from harvester.simulator.call import Call, groupings_in, read_json, string_at, strings_at
from harvester.simulator.credentials import Asker, Credentials, completed
from harvester.simulator.draws import Draws
from harvester.simulator.false_data import Occasion
from harvester.simulator.fault_rules import Outage
from harvester.simulator.faults import RATE_TEXT, outage_reply, spoil
from harvester.simulator.latency import delay_s
from harvester.simulator.login import PinLogin
from harvester.simulator.options import LimitBodyStyle, Options
from harvester.simulator.reply import Reply, as_reply, refusal
from harvester.simulator.request_log import Entry
from harvester.simulator.signature import Nonces
from harvester.simulator.strikes import Strikes
from harvester.simulator.world import World

_BY_PATH: Final[dict[str, EndpointName]] = {endpoint.path: name for name, endpoint in ENDPOINTS.items()}
_TURNED_AWAY: Final = frozenset({401, 429})


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
        self._strikes = Strikes(options.faults)
        self._world = World(options.seed, options.shares)
        self._authenticator = Authenticator(known, nonces)
        self._login = PinLogin(known, nonces, options.pin)
        self._allowances = Allowances(options.limits)
        self._draws = Draws(options.seed)
        self._first_at: float | None = None
        self._answered = 0
        self._ids_before: dict[EndpointName, list[str]] = {}

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
            return replace(as_reply(refusal(403, "Unable to verify your credentials")), fault="revoked")
        return as_reply(self._authenticator.issue_bearer(call.authorization, call.content.decode("latin-1")))

    def _serve_endpoint(self, endpoint: EndpointName, call: Call, now: float) -> Served:
        document = read_json(call.content)
        draw = self._draws.next(endpoint.encode() + call.content)
        ids = strings_at(document, "tweet_ids")
        occasion = Occasion(ids, self._ids_before.get(endpoint, []), draw, now)
        self._ids_before[endpoint] = ids
        asker = self._identify(call, now)
        reply = self._reply(endpoint, document, asker, occasion) if isinstance(asker, Asker) else asker
        fault = self._strikes.at_moment()
        if fault and reply.fault != "outage":
            reply = spoil(reply, fault, occasion)
        self._count_answered(reply)
        options = self._options
        delay = delay_s(options.latency_ms, options.jitter_ms, options.tail_latency_ms, draw)
        account = asker.account if isinstance(asker, Asker) else None
        return Served(reply, _entry(call, endpoint, reply, now, document, account), delay)

    def _identify(self, call: Call, now: float) -> Asker | Reply:
        if outage := self._outage(now):
            return outage_reply(outage.style)
        if self._is_revoked():
            return replace(as_reply(unauthenticated("Access token not found")), fault="revoked")
        asker = self._authenticator.identify(call.signed, now)
        if isinstance(asker, Asker):
            return asker
        has_expired = self._authenticator.has_expired(call.authorization)
        return replace(as_reply(asker), fault="expired-bearer" if has_expired else None)

    def _reply(self, endpoint: EndpointName, document: object, asker: Asker, occasion: Occasion) -> Reply:
        now = occasion.now
        grant = self._allowances.of(endpoint).ask(now)
        if not grant.is_granted:
            return replace(_limited(self._options.limits.body), headers=grant.headers)
        now_ms = int(now * 1000) if self._options.now_ms is None else self._options.now_ms
        answer = answer_request(endpoint, document, asker, self._world, now_ms, self._options.readings)
        reply = replace(as_reply(answer), headers=grant.headers)
        if self._answered < self._options.faults_after:
            return reply
        fault = self._strikes.by_chance(endpoint, occasion.draw)
        return spoil(reply, fault, occasion) if fault else reply

    def _count_answered(self, reply: Reply) -> None:
        if not reply.is_true or reply.status in _TURNED_AWAY:
            return
        self._answered += 1
        if self._answered == self._options.expire_bearer_after:
            self._authenticator.expire_bearer()

    def _outage(self, now: float) -> Outage | None:
        since = now - (now if self._first_at is None else self._first_at)
        outages = (one for one in self._options.outages if one.start_s <= since < one.start_s + one.length_s)
        return next(outages, None)

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
        tweet_ids=strings_at(document, "tweet_ids"),
        engagement_types=strings_at(document, "engagement_types"),
        status=reply.told_status,
        fault=reply.fault,
        whole=reply.is_true and reply.status == 200,
        start=string_at(document, "start"),
        end=string_at(document, "end"),
        groupings=groupings_in(document),
        account=account,
    )


def _limited(style: LimitBodyStyle) -> Reply:
    match style:
        case "json":
            return as_reply(refusal(429, RATE_TEXT))
        case "text":
            return Reply(429, RATE_TEXT.encode(), "text/plain")
        case "empty":
            return Reply(429, b"")
