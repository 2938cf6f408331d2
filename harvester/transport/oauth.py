"""The `Authorization` header of a request, and fetching a bearer token. Source: contract, section 6."""

import time
from base64 import b64encode
from collections.abc import Callable
from functools import cache
from secrets import token_hex
from typing import Final
from urllib.parse import quote

import orjson
from authlib.oauth1.rfc5849.parameters import prepare_headers
from authlib.oauth1.rfc5849.signature import (
    SIGNATURE_HMAC_SHA1,
    construct_base_string,
    hmac_sha1_signature,
)
from authlib.oauth1.rfc5849.util import escape

from harvester.engagement.answer import Trouble
from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.engagement.request import Access
from harvester.engagement.response import error_message
from harvester.errors import CredentialsError, ServiceError
from harvester.transport.session import Session

Signer = Callable[[str], dict[str, str]]
"""From the URL of a POST request to the headers that authorize it."""

_FETCH_ATTEMPTS: Final = 3
_NONCE, _TIME, _SIGNATURE = (f"0{token_hex(16)}0" for _ in range(3))
"""Marks in a prepared header. Random, so that no key or token can hold one."""


def bearer_signer(token: Secret) -> Signer:
    """OAuth 2.0 app-only: the same header each time."""
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    return lambda _url: headers


def user_signer(app_key: AppKey, access_token: AccessToken) -> Signer:
    """OAuth 1.0a user context, HMAC-SHA1, a new nonce each time. The JSON body is not signed.

    What is the same for all requests to a URL is quoted and put together once, with marks where nonce, time
    and signature go; that is a tenth of the work of signing each request from nothing.
    """
    both_secrets = (app_key.secret.reveal(), access_token.secret.reveal())
    parameters = [
        ("oauth_consumer_key", app_key.key.reveal()),
        ("oauth_nonce", _NONCE),
        ("oauth_signature_method", SIGNATURE_HMAC_SHA1),
        ("oauth_timestamp", _TIME),
        ("oauth_token", access_token.token.reveal()),
        ("oauth_version", "1.0"),
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


async def make_signers(credentials: Credentials, session: Session, auth_url: str) -> dict[Access, Signer]:
    """The signers that the credentials allow; a bearer token is fetched when only the app's key is there.

    Raises CredentialsError when the token service refuses the key, ServiceError when it does not answer.
    """
    signers: dict[Access, Signer] = {}
    if credentials.app_key and credentials.access_token:
        signers[Access.USER_CONTEXT] = user_signer(credentials.app_key, credentials.access_token)
    if credentials.bearer_token:
        signers[Access.APP_ONLY] = bearer_signer(credentials.bearer_token)
    elif credentials.app_key and credentials.fetches_bearer:
        token = await fetch_bearer_token(session, auth_url, credentials.app_key)
        signers[Access.APP_ONLY] = bearer_signer(token)
    return signers


async def fetch_bearer_token(session: Session, auth_url: str, app_key: AppKey) -> Secret:
    """The app's bearer token, in exchange for its key and secret."""
    url = f"{auth_url}/oauth2/token"
    pair = f"{quote(app_key.key.reveal(), safe='')}:{quote(app_key.secret.reveal(), safe='')}"
    headers = {
        "Authorization": f"Basic {b64encode(pair.encode()).decode()}",
        "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
    }
    said = ""
    for _ in range(_FETCH_ATTEMPTS):
        reply = await session.post(url, b"grant_type=client_credentials", headers)
        if isinstance(reply, Trouble):
            said = reply.message
        elif reply.status in (400, 401, 403):
            message = error_message(reply.status, reply.body)
            raise CredentialsError(
                f"no bearer token from {url}: {message}", "Check the consumer key and secret."
            )
        elif reply.status == 200 and (token := _read_token(reply.body)):
            return token
        else:
            said = error_message(reply.status, b"" if reply.status == 200 else reply.body)
    raise ServiceError(f"no bearer token from {url}: {said}", "Run the same command again later.")


def _read_token(body: bytes) -> Secret | None:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    return Secret(token) if isinstance(token, str) and token else None
