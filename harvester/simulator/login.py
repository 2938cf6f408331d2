"""The PIN flow: how a user lets the app in, and the app gets an access token. Source: contract, section 6.

A request token is good until it has become an access token; a wrong PIN leaves it as it is. The PIN is good as
soon as there is a request token, also before anybody has seen it.
"""

import secrets
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from harvester.simulator.authentication import NOT_AUTHORIZED, scheme_of, unauthenticated
from harvester.simulator.credentials import Account, Credentials, user_id_of
from harvester.simulator.reply import FORM, HTML, Answer, Reply, as_reply, refusal
from harvester.simulator.signature import Nonces, Signature, Signed, is_same

PIN_DIGITS: Final = 7

_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><title>Authorize the app</title></head>
<body><h1>Authorize the app</h1>
<p>Return to the app and enter this PIN to let it use the account {account}:</p>
<p><kbd><code>{pin}</code></kbd></p></body></html>
"""
_NO_PAGE: Final = """<!DOCTYPE html>
<html lang="en"><head><title>No such request</title></head>
<body><h1>There is no request token for this page</h1></body></html>
"""


@dataclass(frozen=True, slots=True)
class _RequestToken:
    secret: str
    pin: str


class PinLogin:
    """Lets the app in to its first account. pin: what is shown each time; None for random ones."""

    def __init__(self, credentials: Credentials, nonces: Nonces, pin: str | None) -> None:
        self._credentials = credentials
        self._nonces = nonces
        self._pin = pin
        self._waiting: dict[str, _RequestToken] = {}

    def issue_request_token(self, signed: Signed, now: float) -> Reply:
        """The first step: a request token, for a call that is signed with the app's key alone."""
        signature = Signature(signed)
        if refused := self._check(signed, signature, "", now):
            return as_reply(refused)
        if signature.shown("oauth_callback") != "oob":
            text = "Desktop applications only support the oauth_callback value 'oob'"
            return as_reply(refusal(401, text))
        token = secrets.token_urlsafe(20)
        pin = self._pin or f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"
        self._waiting[token] = _RequestToken(secrets.token_urlsafe(24), pin)
        return _form(
            oauth_token=token,
            oauth_token_secret=self._waiting[token].secret,
            oauth_callback_confirmed="true",
        )

    def show_pin(self, url: str) -> Reply:
        """The second step: the page that the user opens, with the PIN; a 403 where no request token waits."""
        token = dict(parse_qsl(urlsplit(url).query)).get("oauth_token", "")
        waiting = self._waiting.get(token)
        if waiting is None:
            return Reply(403, _NO_PAGE.encode(), HTML)
        page = _PAGE.format(account=escape(self._account.name), pin=escape(waiting.pin))
        return Reply(200, page.encode(), HTML)

    def issue_access_token(self, signed: Signed, now: float) -> Reply:
        """The third step: the account's access token, for a call that is signed with the request token."""
        signature = Signature(signed)
        token = signature.shown("oauth_token")
        waiting = self._waiting.get(token)
        if waiting is None:
            return as_reply(unauthenticated("Request token not found"))
        if refused := self._check(signed, signature, waiting.secret, now):
            return as_reply(refused)
        if not is_same(signature.shown("oauth_verifier"), waiting.pin):
            return as_reply(
                refusal(401, "Error processing your OAuth request: Invalid oauth_verifier parameter")
            )
        del self._waiting[token]
        return _form(
            oauth_token=self._account.access_token,
            oauth_token_secret=self._account.access_token_secret,
            user_id=str(user_id_of(self._account.name)),
            screen_name=self._account.name,
        )

    @property
    def _account(self) -> Account:
        """Whoever asks knows the app's key, and then there is an account."""
        return self._credentials.accounts[0]

    def _check(self, signed: Signed, signature: Signature, token_secret: str, now: float) -> Answer | None:
        if scheme_of(signed.authorization) != "oauth1":
            return unauthenticated("Unknown Authorization Type")
        if not is_same(signature.shown("oauth_consumer_key"), self._credentials.consumer_key):
            return refusal(401, NOT_AUTHORIZED)
        trouble = signature.trouble(self._credentials.consumer_secret or "", token_secret)
        trouble = trouble or self._nonces.trouble(signature, now)
        return unauthenticated(trouble) if trouble else None


def _form(**fields: str) -> Reply:
    return Reply(200, urlencode(fields).encode(), FORM)
