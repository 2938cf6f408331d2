"""Who asks: bearer tokens and signatures compared with what is known. Source: contract, section 6."""

import base64
import binascii
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote_plus

from harvester.simulator.credentials import Asker, Credentials, generate_bearer
from harvester.simulator.reply import Answer, refusal
from harvester.simulator.signature import Nonces, Signature, Signed, is_same

Credential = Literal["bearer", "oauth1"]
NOT_AUTHORIZED: Final = "Your application id is not authorized."


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
    """Accepts the credentials of one app and its accounts. nonces: those that were seen, here or elsewhere."""

    def __init__(self, credentials: Credentials, nonces: Nonces) -> None:
        self._credentials = credentials
        self._by_token = {account.access_token: account for account in credentials.accounts}
        self._names = tuple(account.name for account in credentials.accounts)
        self._nonces = nonces
        self._bearer_token = credentials.bearer_token
        self._expired: set[str] = set()

    def identify(self, signed: Signed, now: float) -> Asker | Answer:
        """Who has sent the request, or the 401 that it gets. now: epoch seconds."""
        match scheme_of(signed.authorization):
            case "bearer":
                return self._check_bearer(signed.authorization or "")
            case "oauth1":
                return self._check_signature(Signature(signed), now)
            case None:
                return unauthenticated("Unknown Authorization Type")

    def issue_bearer(self, authorization: str | None, form: str) -> Answer:
        """The answer of the token service to a request for the app's bearer token."""
        known = (self._credentials.consumer_key, self._credentials.consumer_secret)
        shown = _read_basic(authorization or "")
        if shown is None:
            return refusal(401, "Unable to verify your credentials: HTTP Basic is missing")
        if not all(is_same(one, other) for one, other in zip(shown, known, strict=True)):
            return refusal(403, "Unable to verify your credentials")
        if ("grant_type", "client_credentials") not in parse_qsl(form):
            return refusal(403, "Missing required parameter: grant_type")
        self._bearer_token = self._bearer_token or generate_bearer()
        return Answer(200, {"token_type": "bearer", "access_token": self._bearer_token})

    def expire_bearer(self) -> None:
        """From now on the bearer token is good no more, and the next one to be issued is another."""
        if self._bearer_token:
            self._expired.add(self._bearer_token)
        self._bearer_token = None

    def has_expired(self, authorization: str | None) -> bool:
        """Whether this is a bearer token that was good once."""
        return scheme_of(authorization) == "bearer" and _token_in(authorization or "") in self._expired

    def _check_bearer(self, authorization: str) -> Asker | Answer:
        if is_same(_token_in(authorization), self._bearer_token):
            return Asker(accounts=self._names)
        return unauthenticated("Access token not found")

    def _check_signature(self, signature: Signature, now: float) -> Asker | Answer:
        if not is_same(signature.shown("oauth_consumer_key"), self._credentials.consumer_key):
            return refusal(401, NOT_AUTHORIZED)
        account = self._by_token.get(signature.shown("oauth_token"))
        if account is None:
            return unauthenticated("Access token not found")
        trouble = signature.trouble(
            self._credentials.consumer_secret or "", account.access_token_secret
        ) or self._nonces.trouble(signature, now)
        return unauthenticated(trouble) if trouble else Asker(account.name, self._names)


def unauthenticated(reason: str) -> Answer:
    """The 401 for credentials that are not good."""
    return refusal(401, f"Your account could not be authenticated. Reason: {reason}")


def _token_in(authorization: str) -> str:
    return authorization.partition(" ")[2].strip()


def _read_basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(key), unquote_plus(secret)
