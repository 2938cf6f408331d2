"""The PIN flow: what is sent, signed as a second implementation signs it, and what is made of the answers."""

import re
import time

import pytest

from harvester.engagement.answer import Trouble
from harvester.engagement.credentials import AccessToken, AppKey, Secret
from harvester.errors import CredentialsError, ServiceError
from harvester.transport.pin_flow import ask_request_token, authorize_url, exchange_pin
from harvester.transport.session import Reply
from tests.transport.oauth_by_hand import Script, read_header, signature

AUTH = "https://api.twitter.com"
ODD = "a b+c%20/&=~!*'()\""
APP = AppKey(Secret("consumer-key"), Secret("consumer-canary"))
REQUEST_TOKEN = AccessToken(Secret("request-token"), Secret("request-canary"))
PAIR = b"oauth_token=1-a%2Bb&oauth_token_secret=canary"
GRANTED = Reply(200, {}, PAIR + b"&user_id=185728888&screen_name=ada_l")
WRONG = Reply(401, {}, b"Error processing your OAuth request: Invalid oauth_verifier parameter")
DOWN = Reply(503, {}, b"<title>Over capacity</title>")


@pytest.mark.parametrize("odd", ["", ODD])
@pytest.mark.parametrize("auth_url", [AUTH, "http://127.0.0.1:8080"])
async def test_a_request_token_is_asked_for_out_of_band(auth_url: str, odd: str) -> None:
    script = Script([Reply(200, {}, PAIR + b"&oauth_callback_confirmed=true")])
    app = AppKey(Secret(f"key{odd}"), Secret(f"secret{odd}"))
    token = await ask_request_token(script, auth_url, app)
    assert (token.token.reveal(), token.secret.reveal()) == ("1-a+b", "canary")
    ((url, body, headers),) = script.asked
    assert (url, body) == (f"{auth_url}/oauth/request_token", b"")
    sent = read_header(headers["Authorization"])
    signed = sent.pop("oauth_signature")
    assert signed == signature(url, sent, f"secret{odd}", "")
    assert abs(int(sent.pop("oauth_timestamp")) - time.time()) < 60
    assert len(sent.pop("oauth_nonce")) >= 16
    assert sent == {
        "oauth_callback": "oob",
        "oauth_consumer_key": f"key{odd}",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_version": "1.0",
    }


@pytest.mark.parametrize("pin", ["0123456", ODD])
async def test_a_pin_is_exchanged_with_both_secrets(pin: str) -> None:
    script = Script([GRANTED])
    granted = await exchange_pin(script, AUTH, APP, REQUEST_TOKEN, pin)
    assert granted.access_token.token.reveal() == "1-a+b"
    assert (granted.screen_name, granted.user_id) == ("ada_l", "185728888")
    ((url, body, headers),) = script.asked
    assert (url, body) == (f"{AUTH}/oauth/access_token", b"")
    sent = read_header(headers["Authorization"])
    signed = sent.pop("oauth_signature")
    assert signed == signature(url, sent, "consumer-canary", "request-canary")
    assert (sent["oauth_token"], sent["oauth_verifier"]) == ("request-token", pin)
    assert "oauth_callback" not in sent


async def test_each_attempt_is_signed_anew() -> None:
    script = Script([DOWN, Trouble("timeout", "no answer in time"), Reply(200, {}, PAIR)])
    await ask_request_token(script, AUTH, APP)
    nonces = {read_header(headers["Authorization"])["oauth_nonce"] for _, _, headers in script.asked}
    assert len(nonces) == 3


def test_the_page_to_open_names_the_request_token_and_no_secret() -> None:
    token = AccessToken(Secret("a+b/c&d"), Secret("canary"))
    assert authorize_url(AUTH, token) == f"{AUTH}/oauth/authorize?oauth_token=a%2Bb%2Fc%26d"


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_wrong_pin_is_said_in_the_services_words(status: int) -> None:
    script = Script([Reply(status, {}, WRONG.body)])
    with pytest.raises(CredentialsError, match="Invalid oauth_verifier") as caught:
        await exchange_pin(script, AUTH, APP, REQUEST_TOKEN, "0000000")
    assert "harvester auth login" in (caught.value.hint or "")
    assert not re.search("canary|consumer-key|0000000", f"{caught.value} {caught.value.hint}")


async def test_a_wrong_app_key_is_said_at_once() -> None:
    script = Script([WRONG])
    with pytest.raises(CredentialsError) as caught:
        await ask_request_token(script, AUTH, APP)
    assert len(script.asked) == 1
    assert caught.value.hint == "Check the consumer key and secret."


async def test_a_pin_is_not_tried_twice() -> None:
    script = Script([Trouble("timeout", "no answer in time")])
    with pytest.raises(ServiceError, match="no answer in time"):
        await exchange_pin(script, AUTH, APP, REQUEST_TOKEN, "0123456")
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"<title>Log in</title>",
        b"oauth_token=canary",
        b"oauth_token=&oauth_token_secret=canary",
        b"oauth_token=can%0Aary&oauth_token_secret=canary",
        b'{"oauth_token":"canary","oauth_token_secret":"canary"}',
        "oauth_token=ä&oauth_token_secret=canary".encode(),
        b"oauth_token=%C3%A4&oauth_token_secret=canary",
    ],
)
async def test_an_answer_without_a_usable_pair_is_no_token(body: bytes) -> None:
    with pytest.raises(ServiceError, match="200") as caught:
        await exchange_pin(Script([Reply(200, {}, body)]), AUTH, APP, REQUEST_TOKEN, "0123456")
    assert "canary" not in f"{caught.value}"


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("ada_l", "ada_l"),
        ("", None),
        ("%1B%5B31m", None),
        ("a" * 51, None),
        ("%C3%A4", None),
        ("a%20b", None),
    ],
)
async def test_a_name_is_shown_only_if_it_can_be_one(field: str, shown: str | None) -> None:
    reply = Reply(200, {}, PAIR + f"&screen_name={field}".encode())
    granted = await exchange_pin(Script([reply]), AUTH, APP, REQUEST_TOKEN, "0123456")
    assert (granted.screen_name, granted.user_id) == (shown, None)
    assert "canary" not in repr(granted)
