"""The `Authorization` header of a request, and fetching a bearer token. Source: contract, section 6."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from random import random
from secrets import token_hex
from typing import Final, TypeVar

import orjson
from authlib.oauth1.rfc5849.parameters import prepare_headers
from authlib.oauth1.rfc5849.signature import (
    SIGNATURE_HMAC_SHA1,
    construct_base_string,
    hmac_sha1_signature,
)
from authlib.oauth1.rfc5849.util import escape

from harvester.engagement.allowance import retry_after_s
from harvester.engagement.answer import Trouble
from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.engagement.redaction import Redactor
from harvester.engagement.request import Access, Credential
from harvester.engagement.response import error_message
from harvester.engagement.settling import backoff_s
from harvester.errors import CredentialsError, ServiceError
from harvester.transport.clock import clock_note
from harvester.transport.session import Session

_T = TypeVar("_T")

Signer = Callable[[str], dict[str, str]]
"""From the URL of a POST request to the headers that authorize it."""

LONGEST_WAIT_S: Final = 30.0
"""Between two attempts at the token service, whatever it asks for."""
FORM: Final = "application/x-www-form-urlencoded"
CHECK_APP_KEY: Final = "Check the consumer key and secret."
_NONCE, _TIME, _SIGNATURE = (f"0{token_hex(16)}0" for _ in range(3))
"""Marks in a prepared header. Random, so that no key or token can hold one."""


def bearer_signer(token: Secret) -> Signer:
    """OAuth 2.0 app-only: the same header each time."""
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    return lambda _url: headers


def user_signer(app_key: AppKey, access_token: AccessToken | None, **more: str) -> Signer:
    """OAuth 1.0a, HMAC-SHA1, a new nonce each time. The JSON body is not signed.

    access_token: None for what is signed by the app alone. more: further parameters, such as
    oauth_verifier.

    What is the same for all requests to a URL is quoted and put together once, with marks where nonce, time
    and signature go; that is a tenth of the work of signing each request from nothing.
    """
    token = access_token.token.reveal() if access_token else None
    both_secrets = (app_key.secret.reveal(), access_token.secret.reveal() if access_token else "")
    parameters = [
        ("oauth_consumer_key", app_key.key.reveal()),
        ("oauth_nonce", _NONCE),
        ("oauth_signature_method", SIGNATURE_HMAC_SHA1),
        ("oauth_timestamp", _TIME),
        *([("oauth_token", token)] if token else []),
        ("oauth_version", "1.0"),
        *more.items(),
    ]

    @cache
    def prepare(url: str) -> tuple[str, str]:
        # authlib unescapes what it is given here, as if it came from a header.
        base = construct_base_string("POST", url, [(name, escape(value)) for name, value in parameters])
        header = prepare_headers([*parameters, ("oauth_signature", _SIGNATURE)])["Authorization"]
        return base, header

    def sign(url: str) -> dict[str, str]:
        base, header = prepare(url)
        nonce, now = token_hex(16), str(int(time.time()))
        signature = hmac_sha1_signature(base.replace(_NONCE, nonce).replace(_TIME, now), *both_secrets)
        signed = header.replace(_NONCE, nonce).replace(_TIME, now).replace(_SIGNATURE, escape(signature))
        return {"Authorization": signed}

    return sign


class FetchedBearer:
    """A signer with a token that was fetched, and is fetched anew when it has been good and is so no more.

    fetch: gets a token; raises as `fetch_bearer_token`.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Secret]], token: Secret) -> None:
        self._fetch = fetch
        self._line = asyncio.Lock()
        self._take(token)

    def __repr__(self) -> str:
        return "FetchedBearer(…)"

    def __call__(self, _url: str) -> dict[str, str]:
        """The header of now."""
        return self._headers

    def _take(self, token: Secret) -> None:
        self._headers = {"Authorization": f"Bearer {token.reveal()}"}
        self._was_good = False

    def was_accepted(self, headers: Mapping[str, str]) -> None:
        """A request with this header was answered."""
        self._was_good |= headers is self._headers

    async def renew(self, headers: Mapping[str, str]) -> bool:
        """Whether there is another header than this one, which is refused now. One fetch serves all who ask."""
        async with self._line:
            if headers is self._headers:
                if not self._was_good:
                    return False
                self._take(await self._fetch())
        return True


async def make_signers(
    credentials: Credentials,
    accounts: Mapping[str, AccessToken],
    session: Session,
    auth_url: str,
    on_use: Callable[[str, AccessToken], None] | None = None,
    on_fetch: Callable[[Secret], None] | None = None,
) -> dict[Credential, Signer]:
    """The signers that the credentials allow; a bearer token is fetched when only the app's key is there.

    accounts: the access tokens to sign with, by account. on_use: called before the first request of each; what it
    raises ends that request. on_fetch: told the token that is fetched. Raises CredentialsError when the token
    service refuses the key, ServiceError when it does not answer.
    """
    signers: dict[Credential, Signer] = {}
    if credentials.app_key:
        for name, token in accounts.items():
            sign = user_signer(credentials.app_key, token)
            if on_use:
                sign = _announced(sign, partial(on_use, name, token))
            signers[Access.USER_CONTEXT, name] = sign
    if credentials.bearer_token:
        signers[Access.APP_ONLY, ""] = bearer_signer(credentials.bearer_token)
    elif credentials.app_key and credentials.has_bearer_beside(accounts):
        fetch = partial(_fetch_and_tell, session, auth_url, credentials.app_key, on_fetch)
        signers[Access.APP_ONLY, ""] = FetchedBearer(fetch, await fetch())
    return signers


async def _fetch_and_tell(
    session: Session, auth_url: str, app_key: AppKey, on_fetch: Callable[[Secret], None] | None
) -> Secret:
    token = await fetch_bearer_token(session, auth_url, app_key)
    if on_fetch:
        on_fetch(token)
    return token


def _announced(sign: Signer, on_use: Callable[[], None]) -> Signer:
    """A signer that calls before it signs for the first time."""
    announce = cache(on_use)

    def announce_and_sign(url: str) -> dict[str, str]:
        announce()
        return sign(url)

    return announce_and_sign


async def fetch_bearer_token(session: Session, auth_url: str, app_key: AppKey) -> Secret:
    """The app's bearer token, in exchange for its key and secret. Raises as `ask_token_service`."""
    headers = {
        "Authorization": f"Basic {app_key.basic.reveal()}",
        "Content-Type": f"{FORM};charset=UTF-8",
    }
    asking = Asking(
        "bearer token",
        f"{auth_url}/oauth2/token",
        b"grant_type=client_credentials",
        lambda _url: headers,
        hint=CHECK_APP_KEY,
        secrets=(app_key.key, app_key.secret, app_key.basic),
    )
    return await ask_token_service(session, asking, _read_token)


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked of the token service.

    what: in words, for messages. hint: what to do when it refuses. secrets: what it may echo.
    """

    what: str
    url: str
    body: bytes
    sign: Signer
    hint: str
    attempts: int = 3
    secrets: tuple[Secret, ...] = ()


async def ask_token_service(session: Session, asking: Asking, read: Callable[[bytes], _T | None]) -> _T:
    """What the token service grants, asked for again, after a wait, while it is in trouble.

    read: from the body of a 200 to what it grants, None if it does not. Raises CredentialsError when the
    service refuses, ServiceError when it cannot be had.
    """
    said, wait_s, redact = "", 0.0, Redactor(asking.secrets)
    for n_failed in range(asking.attempts):
        if n_failed:
            jittered_s = backoff_s(n_failed, random())  # noqa: S311  # no secret is made of it
            await asyncio.sleep(min(max(wait_s, jittered_s), LONGEST_WAIT_S))
        wait_s = 0.0
        reply = await session.post(asking.url, asking.body, asking.sign(asking.url))
        if isinstance(reply, Trouble):
            said = reply.message
        elif reply.status in (400, 401, 403):
            message = error_message(reply.status, reply.body, redact)
            note = clock_note(reply.headers, time.time()) if reply.status == 401 else ""
            raise CredentialsError(f"no {asking.what} from {asking.url}: {message}{note}", asking.hint)
        elif reply.status == 200 and (granted := read(reply.body)):
            return granted
        else:
            wait_s = retry_after_s(reply.headers, time.time()) or 0.0
            # The body of a 200 may hold a secret.
            said = error_message(reply.status, b"" if reply.status == 200 else reply.body, redact)
    raise ServiceError(f"no {asking.what} from {asking.url}: {said}", "Run the same command again later.")


def _read_token(body: bytes) -> Secret | None:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(answer, dict) or str(answer.get("token_type", "bearer")).lower() != "bearer":
        return None
    token = answer.get("access_token")
    if not isinstance(token, str) or not token or not (token.isascii() and token.isprintable()):
        return None
    return Secret(token)
