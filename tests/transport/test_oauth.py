"""Signatures checked by a second, plain implementation of RFC 5849, and the fetching of a bearer token."""

import asyncio
import copy
import pickle
import re
import time
from base64 import b64decode
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harvester.engagement.answer import Trouble
from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.engagement.request import Access
from harvester.errors import CredentialsError, ServiceError
from harvester.transport import oauth
from harvester.transport.oauth import (
    FetchedBearer,
    bearer_signer,
    fetch_bearer_token,
    make_signers,
    user_signer,
)
from harvester.transport.session import Reply
from tests.transport.oauth_by_hand import Script, percent, read_header, signature

TOTALS = "https://data-api.twitter.com/insights/engagement/totals"
AUTH = "https://api.twitter.com"
APP = AppKey(Secret("consumer-key"), Secret("consumer-canary"))
TOKEN = AccessToken(Secret("1-token"), Secret("token-canary"))
ODD = "a b+c%20/&=~ä…!*'()\""


def test_a_bearer_token_goes_in_the_header_as_it_is() -> None:
    assert bearer_signer(Secret("AAA%2Fb"))(TOTALS) == {"Authorization": "Bearer AAA%2Fb"}


@pytest.mark.parametrize("odd", ["plain", ODD, "100%", "0" * 34])
@pytest.mark.parametrize("url", [TOTALS, "http://127.0.0.1:8080/insights/engagement/28hr"])
def test_a_user_signature_is_what_the_rfc_says(url: str, odd: str) -> None:
    app = AppKey(Secret(f"key{odd}"), Secret(f"secret{odd}"))
    token = AccessToken(Secret(f"token{odd}"), Secret(f"token secret{odd}"))
    found = read_header(user_signer(app, token)(url)["Authorization"])
    signed = found.pop("oauth_signature")
    assert found["oauth_consumer_key"] == f"key{odd}"
    assert found["oauth_token"] == f"token{odd}"
    assert signed == signature(url, found, f"secret{odd}", f"token secret{odd}")


PUBLISHED = {
    "oauth_consumer_key": "xvz1evFS4wEEPTGEFPHBog",
    "oauth_nonce": "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
    "oauth_signature_method": "HMAC-SHA1",
    "oauth_timestamp": "1318622958",
    "oauth_token": "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "oauth_version": "1.0",
}
CONSUMER_SECRET = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"
TOKEN_SECRET = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"


def test_the_second_implementation_gives_the_signature_that_the_service_published() -> None:
    """The example of "Creating a signature" in the service's documentation, with its form."""
    form = {"include_entities": "true", "status": "Hello Ladies + Gentlemen, a signed OAuth request!"}
    url = "https://api.twitter.com/1.1/statuses/update.json"
    found = signature(url, PUBLISHED | form, CONSUMER_SECRET, TOKEN_SECRET)
    assert found == "hCtSmYh+iHYCEqBWrE7C7hYmtUk="


def test_the_published_credentials_give_a_fixed_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth, "token_hex", lambda _n: PUBLISHED["oauth_nonce"])
    monkeypatch.setattr(time, "time", lambda: 1318622958.9)
    app = AppKey(Secret(PUBLISHED["oauth_consumer_key"]), Secret(CONSUMER_SECRET))
    token = AccessToken(Secret(PUBLISHED["oauth_token"]), Secret(TOKEN_SECRET))
    found = read_header(user_signer(app, token)(TOTALS)["Authorization"])
    assert found == PUBLISHED | {"oauth_signature": "/pMYbW9O1cKhdPGpgGyscSuMVoU="}


def test_the_parameters_are_those_of_oauth_and_no_body_is_hashed() -> None:
    found = read_header(user_signer(APP, TOKEN)(TOTALS)["Authorization"])
    names = ("consumer_key", "nonce", "signature", "signature_method", "timestamp", "token", "version")
    assert sorted(found) == [f"oauth_{name}" for name in names]
    assert (found["oauth_signature_method"], found["oauth_version"]) == ("HMAC-SHA1", "1.0")
    assert abs(int(found["oauth_timestamp"]) - time.time()) < 60


def test_each_request_has_a_nonce_of_its_own() -> None:
    sign = user_signer(APP, TOKEN)
    nonces = {read_header(sign(TOTALS)["Authorization"])["oauth_nonce"] for _ in range(1000)}
    assert len(nonces) == 1000
    assert min(map(len, nonces)) >= 16


def test_urls_are_signed_each_for_itself() -> None:
    sign = user_signer(APP, TOKEN)
    for url in (TOTALS, TOTALS.replace("totals", "28hr"), TOTALS):
        found = read_header(sign(url)["Authorization"])
        signed = found.pop("oauth_signature")
        assert signed == signature(url, found, "consumer-canary", "token-canary")


GRANTED = Reply(200, {}, b'{"token_type":"bearer","access_token":"bearer-canary"}')
WRONG = b'{"errors":[{"code":99,"message":"Unable to verify your credentials"}]}'
DOWN = Reply(503, {}, b"<html><title>Over capacity</title></html>")


async def test_a_bearer_token_is_asked_for_as_the_contract_says() -> None:
    script = Script([GRANTED])
    token = await fetch_bearer_token(script, AUTH, AppKey(Secret("key:1"), Secret(f"s{ODD}")))
    ((url, body, headers),) = script.asked
    assert token.reveal() == "bearer-canary"
    assert (url, body) == ("https://api.twitter.com/oauth2/token", b"grant_type=client_credentials")
    assert headers["Content-Type"].partition(";")[0] == "application/x-www-form-urlencoded"
    scheme, _, pair = headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(pair).decode() == f"key%3A1:{percent('s' + ODD)}"


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_wrong_key_is_said_at_once_and_without_a_secret(status: int) -> None:
    script = Script([Reply(status, {}, WRONG)])
    with pytest.raises(CredentialsError, match="Unable to verify your credentials") as caught:
        await fetch_bearer_token(script, AUTH, APP)
    assert len(script.asked) == 1
    assert not re.search("canary|consumer-key|Basic", f"{caught.value!r} {caught.value.hint}")


@pytest.mark.parametrize("status", [401, 500])
async def test_a_token_service_that_echoes_what_was_sent_gives_no_secret_away(status: int) -> None:
    echo = f'{{"errors":["{APP.basic.reveal()} of consumer-key:consumer-canary is wrong"]}}'.encode()
    with pytest.raises((CredentialsError, ServiceError), match="is wrong") as caught:
        await fetch_bearer_token(Script([Reply(status, {}, echo)] * 3), AUTH, APP)
    assert not re.search(f"canary|consumer-key|{APP.basic.reveal()}", f"{caught.value!r} {caught.value.hint}")


async def test_a_token_that_is_fetched_is_told_so_that_it_is_kept_from_sight() -> None:
    learnt: list[Secret] = []
    script = Script([Reply(200, {}, b'{"access_token":"fetched"}')])
    await make_signers(Credentials(APP), {}, script, AUTH, on_fetch=learnt.append)
    assert [secret.reveal() for secret in learnt] == ["fetched"]


# what the token service answers, and what the message says of it
NO_TOKEN = [
    (DOWN, "503: a page titled 'Over capacity'"),
    (Trouble("connection", "reset"), "reset"),
    (Reply(429, {}, b""), "429"),
    (Reply(200, {}, b"<title>Log in</title>"), "200"),
    (Reply(200, {}, b'["bearer-canary"]'), "200"),
    (Reply(200, {}, b'{"access_token":["bearer-canary"]}'), "200"),
    (Reply(200, {}, b'{"token_type":"mac","access_token":"bearer-canary"}'), "200"),
    (Reply(200, {}, b'{"token_type":"bearer","access_token":"bearer-canary\\r\\n"}'), "200"),
    (Reply(200, {}, b'{"access_token":"bearer-canary"'), "200"),
]


@pytest.mark.parametrize(("reply", "words"), NO_TOKEN)
async def test_a_token_service_that_gives_none_is_tried_three_times(
    reply: Reply | Trouble, words: str
) -> None:
    script = Script([reply])
    with pytest.raises(ServiceError, match=re.escape(words)) as caught:
        await fetch_bearer_token(script, AUTH, APP)
    assert len(script.asked) == 3
    assert "canary" not in f"{caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize(
    ("status", "date", "note"),
    [
        (401, "Sun, 01 Jan 2023 00:00:00 GMT", "clock is [0-9,]+ s ahead"),
        (401, "Fri, 01 Jan 2100 00:00:00 GMT", "clock is [0-9,]+ s behind"),
        (403, "Fri, 01 Jan 2100 00:00:00 GMT", "credentials'}$"),
        (401, "yesterday", "credentials'}$"),
    ],
)
async def test_a_401_of_the_token_service_tells_when_the_clocks_differ(
    status: int, date: str, note: str
) -> None:
    with pytest.raises(CredentialsError, match=note):
        await fetch_bearer_token(Script([Reply(status, {"Date": date}, WRONG)]), AUTH, APP)


async def test_a_token_service_that_recovers_is_good_enough() -> None:
    script = Script([DOWN, Trouble("timeout", "no answer in time"), GRANTED])
    assert (await fetch_bearer_token(script, AUTH, APP)).reveal() == "bearer-canary"


@pytest.mark.parametrize(
    ("credentials", "accesses", "n_asked"),
    [
        (Credentials(), set(), 0),
        (Credentials(bearer_token=Secret("b")), {Access.APP_ONLY}, 0),
        (Credentials(APP, TOKEN), {Access.USER_CONTEXT}, 0),
        (Credentials(APP, TOKEN, Secret("b")), {Access.USER_CONTEXT, Access.APP_ONLY}, 0),
        (Credentials(APP), {Access.APP_ONLY}, 1),
        (Credentials(APP, None, Secret("b")), {Access.APP_ONLY}, 0),
    ],
    ids=["nothing", "bearer", "user", "both", "app's key alone", "app's key and bearer"],
)
async def test_a_token_is_fetched_only_where_the_apps_key_is_all_there_is(
    credentials: Credentials, accesses: set[Access], n_asked: int
) -> None:
    script = Script([GRANTED])
    accounts = {"alice": credentials.access_token} if credentials.access_token else {}
    found = set(await make_signers(credentials, accounts, script, AUTH))
    assert found == {(a, "alice" if a is Access.USER_CONTEXT else "") for a in accesses}
    assert len(script.asked) == n_asked


def test_the_token_service_is_given_time_to_recover(
    turned: Callable[[Coroutine[Any, Any, Any]], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full jitter between the attempts, at least what `Retry-After` says, and never more than half a minute."""
    monkeypatch.setattr("harvester.transport.oauth.random", lambda: 1.0)

    async def took(*replies: Reply | Trouble) -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await fetch_bearer_token(Script([*replies, GRANTED]), AUTH, APP)
        return round(loop.time() - began, 3)

    busy, busier = (Reply(503, {"Retry-After": seconds}, b"") for seconds in ("7", "7000"))
    assert turned(took(DOWN, DOWN)) == 0.5 + 1.0
    assert turned(took(busy)) == 7.0
    assert turned(took(busier)) == 30.0


async def bearer(*tokens: str) -> tuple[FetchedBearer, list[Secret]]:
    """A fetched bearer token that is followed by these, and what was fetched since."""
    left = list(tokens[1:])
    fetched: list[Secret] = []

    async def fetch() -> Secret:
        await asyncio.sleep(0.01)
        fetched.append(Secret(left.pop(0)))
        return fetched[-1]

    return FetchedBearer(fetch, Secret(tokens[0])), fetched


async def test_token_that_was_good_and_is_refused_is_fetched_anew_once_for_all_who_ask() -> None:
    signer, fetched = await bearer("old", "new")
    headers = signer("url")
    signer.was_accepted(headers)
    assert await asyncio.gather(*(signer.renew(headers) for _ in range(32))) == [True] * 32
    assert len(fetched) == 1
    assert signer("url") == {"Authorization": "Bearer new"}
    # A late answer to the old one says nothing of the new one.
    assert await signer.renew(headers)
    assert len(fetched) == 1


async def test_token_that_was_never_good_is_not_fetched_again() -> None:
    signer, fetched = await bearer("old", "new", "newer")
    assert not await signer.renew(signer("url"))
    signer.was_accepted(headers := signer("url"))
    assert await signer.renew(headers)
    signer.was_accepted(headers)
    assert not await signer.renew(signer("url"))
    assert len(fetched) == 1


SHOWN: list[Callable[[object], str]] = [repr, str, ascii, "{}".format, "{!r:>200}".format, lambda o: f"{[o]}"]


@pytest.mark.parametrize("shown", range(len(SHOWN)))
@pytest.mark.parametrize("holder", [Secret("canary"), APP, TOKEN, Credentials(APP, TOKEN, Secret("canary"))])
def test_no_way_of_printing_shows_a_secret(holder: object, shown: int) -> None:
    text = SHOWN[shown](holder)
    assert "Secret(…)" in text or "\\u2026" in text
    assert not re.search("canary|consumer-key|1-token", text)


@pytest.mark.parametrize("holder", [Secret("canary"), Credentials(APP, TOKEN, Secret("canary"))])
@pytest.mark.parametrize("write", [*(lambda o, p=p: pickle.dumps(o, p) for p in range(6)), copy.deepcopy])
def test_a_secret_is_not_pickled_or_copied(holder: object, write: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="a secret is not written anywhere"):
        write(holder)
