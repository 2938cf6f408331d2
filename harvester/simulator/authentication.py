"""Who asks: bearer tokens compared, OAuth 1.0a signatures computed anew. Source: contract, section 6; RFC 5849."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hmac import compare_digest
from itertools import takewhile
from typing import Final
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

from authlib.oauth1.rfc5849.signature import construct_base_string, hmac_sha1_signature

from harvester.simulator.answers import Answer, Credential, refusal
from harvester.simulator.credentials import Credentials, generate_bearer

CLOCK_TOLERANCE_S: Final = 300
NOT_AUTHORIZED: Final = "Your application id is not authorized."
_PARAMETER = re.compile(r'\s*(\w+)="([^"]*)"\s*')


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature is over. url: with scheme, host and query, as the client sent it."""

    authorization: str | None
    method: str
    url: str


def scheme_of(authorization: str | None) -> Credential | None:
    """Which kind of credential a header claims to be."""
    match (authorization or "").split(" ", 1)[0].lower():
        case "bearer":
            return "bearer"
        case "oauth":
            return "oauth1"
        case _:
            return None


class Authenticator:
    """Accepts one set of credentials, and remembers the nonces it has seen."""

    def __init__(self, credentials: Credentials) -> None:
        if credentials.consumer_key and not credentials.bearer_token:
            # The token service has to hand out something.
            credentials = replace(credentials, bearer_token=generate_bearer())
        self._credentials = credentials
        self._nonces: dict[tuple[str, str], float] = {}

    def identify(self, signed: Signed, now: float) -> Credential | Answer:
        """Which credential the request has shown, or the 401 that it gets."""
        match scheme_of(signed.authorization):
            case "bearer":
                return self._check_bearer(signed.authorization or "")
            case "oauth1":
                return self._check_oauth1(signed, now)
            case None:
                return unauthenticated("Unknown Authorization Type")

    def issue_bearer(self, authorization: str | None, form: bytes) -> Answer:
        """The answer of the token service to a request for the app's bearer token."""
        known = (self._credentials.consumer_key, self._credentials.consumer_secret)
        shown = _read_basic(authorization or "")
        if shown is None:
            return refusal(401, "Unable to verify your credentials: HTTP Basic is missing")
        if not all(_is_same(one, other) for one, other in zip(shown, known, strict=True)):
            return refusal(403, "Unable to verify your credentials")
        if ("grant_type", "client_credentials") not in parse_qsl(form.decode("latin-1")):
            return refusal(403, "Missing required parameter: grant_type")
        return Answer(200, {"token_type": "bearer", "access_token": self._credentials.bearer_token})

    def _check_bearer(self, authorization: str) -> Credential | Answer:
        token = authorization.partition(" ")[2].strip()
        if _is_same(token, self._credentials.bearer_token):
            return "bearer"
        return unauthenticated("Access token not found")

    def _check_oauth1(self, signed: Signed, now: float) -> Credential | Answer:
        # The values stay percent-encoded: construct_base_string decodes what begins with oauth_.
        parameters = dict(_read_parameters(signed.authorization or ""))
        shown = {name: unquote(value) for name, value in parameters.items()}
        if not _is_same(shown.get("oauth_consumer_key", ""), self._credentials.consumer_key):
            return refusal(401, NOT_AUTHORIZED)
        if not _is_same(shown.get("oauth_token", ""), self._credentials.access_token):
            return unauthenticated("Access token not found")
        if shown.get("oauth_signature_method") != "HMAC-SHA1":
            return unauthenticated("Signature method is not HMAC-SHA1")
        if not _is_same(shown.get("oauth_signature", ""), self._sign(signed, parameters)):
            return unauthenticated("Signature does not match")
        return self._check_freshness(shown, now)

    def _sign(self, signed: Signed, parameters: dict[str, str]) -> str:
        query = parse_qsl(urlsplit(signed.url).query, keep_blank_values=True)
        base = construct_base_string(signed.method, signed.url, [*parameters.items(), *query])
        return str(
            hmac_sha1_signature(
                base, self._credentials.consumer_secret, self._credentials.access_token_secret
            )
        )

    def _check_freshness(self, shown: dict[str, str], now: float) -> Credential | Answer:
        stamp = shown.get("oauth_timestamp", "")
        if not stamp.isdigit() or abs(int(stamp) - now) > CLOCK_TOLERANCE_S:
            return unauthenticated("Timestamp out of bounds")
        nonce = (stamp, shown.get("oauth_nonce", ""))
        if not nonce[1] or nonce in self._nonces:
            return unauthenticated("Nonce has been used")
        self._nonces[nonce] = now
        self._forget_nonces(now)
        return "oauth1"

    def _forget_nonces(self, now: float) -> None:
        """Drop the oldest, which their timestamp refuses by now. Seen is at most a tolerance before stamped."""
        horizon = now - 2 * CLOCK_TOLERANCE_S
        for nonce, _ in list(takewhile(lambda item: item[1] < horizon, self._nonces.items())):
            del self._nonces[nonce]


def unauthenticated(reason: str) -> Answer:
    """The 401 for credentials that are not good."""
    return refusal(401, f"Your account could not be authenticated. Reason: {reason}")


def _is_same(shown: str, known: str | None) -> bool:
    return known is not None and compare_digest(shown.encode(), known.encode())


def _read_parameters(authorization: str) -> Iterator[tuple[str, str]]:
    for part in authorization.partition(" ")[2].split(","):
        if found := _PARAMETER.fullmatch(part):
            yield found[1], found[2]


def _read_basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(key), unquote_plus(secret)
