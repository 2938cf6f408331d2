"""The PIN flow, as a client with authlib goes through it."""

import base64
import hmac
import re
from urllib.parse import parse_qsl, quote, urlencode

import orjson
import pytest
from authlib.oauth1.rfc5849.client_auth import ClientAuth

from harvester.simulator.call import Call
from harvester.simulator.credentials import Account, Credentials, user_id_of
from harvester.simulator.options import Options
from harvester.simulator.service import Served, Service

NOW = 1_795_000_020.0
BASE = "http://127.0.0.1"
ZOE, ANN = Account("zoe", "z", "z secret"), Account("ann", "a", "a secret")
KNOWN = Credentials("key", "secret/+", "b", (ZOE, ANN))
FORM = "application/x-www-form-urlencoded"


class App:
    """An app that logs a user in."""

    def __init__(self, options: Options | None = None, known: Credentials = KNOWN, key: str = "key") -> None:
        self.service = Service(options or Options(), known)
        self.client = ClientAuth(key, "secret/+", redirect_uri="oob")
        self.client.get_oauth_params = lambda nonce, _: ClientAuth.get_oauth_params(
            self.client, nonce, str(int(NOW))
        )

    def post(self, path: str) -> Served:
        _, headers, _ = self.client.prepare("POST", BASE + path, {}, b"")
        return self.service.serve(Call("POST", BASE + path, headers["Authorization"], b""), NOW)

    def request_token(self) -> dict[str, str]:
        fields = form(self.post("/oauth/request_token"))
        self.client.token, self.client.token_secret = fields["oauth_token"], fields["oauth_token_secret"]
        self.client.redirect_uri = None
        return fields

    def page(self, token: str) -> Served:
        return self.service.serve(Call("GET", f"{BASE}/oauth/authorize?oauth_token={token}", None, b""), NOW)

    def access_token(self, pin: str) -> Served:
        self.client.verifier = pin
        return self.post("/oauth/access_token")


def form(served: Served) -> dict[str, str]:
    assert (served.reply.status, served.reply.content_type) == (200, FORM)
    return dict(parse_qsl(served.reply.content.decode()))


def pin_on(served: Served) -> str:
    assert (served.reply.status, served.reply.content_type) == (200, "text/html")
    (pin,) = re.findall("<code>([0-9]{7})</code>", served.reply.content.decode())
    return str(pin)


def error(served: Served) -> str:
    assert served.reply.status == 401
    return str(orjson.loads(served.reply.content)["errors"][0])


def test_a_pin_becomes_the_access_token_of_the_first_account() -> None:
    app = App()
    asked = app.request_token()
    assert asked["oauth_callback_confirmed"] == "true"
    assert form(app.access_token(pin_on(app.page(asked["oauth_token"])))) == {
        "oauth_token": "z",
        "oauth_token_secret": "z secret",
        "user_id": str(user_id_of("zoe")),
        "screen_name": "zoe",
    }


def test_the_token_that_is_handed_out_is_let_in() -> None:
    """An app without accounts: its token is made up."""
    app = App(known=Credentials("key", "secret/+"))
    fields = form(app.access_token(pin_on(app.page(app.request_token()["oauth_token"]))))
    app.client.token, app.client.token_secret = fields["oauth_token"], fields["oauth_token_secret"]
    app.client.verifier = None
    served = app.post("/insights/engagement/totals")
    assert (served.reply.status, served.entry.account) == (400, "default")


def by_form(path: str, token: tuple[str, str] | None = None, **fields: str) -> Call:
    """A call whose own parameters stand in its form, signed step by step as RFC 5849 says; authlib cannot."""
    shown = {
        "oauth_consumer_key": "key",
        "oauth_nonce": path,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(NOW)),
    } | ({"oauth_token": token[0]} if token else {})
    pairs = "&".join(f"{quote(k)}={quote(v, safe='')}" for k, v in sorted((shown | fields).items()))
    base = "&".join(quote(part, safe="") for part in ("POST", BASE + path, pairs))
    key = f"{quote('secret/+', safe='')}&{quote(token[1], safe='') if token else ''}"
    digest = hmac.digest(key.encode(), base.encode(), "sha1")
    shown["oauth_signature"] = base64.b64encode(digest).decode()
    header = "OAuth " + ", ".join(f'{k}="{quote(v, safe="")}"' for k, v in shown.items())
    return Call("POST", BASE + path, header, urlencode(fields).encode(), FORM)


def test_callback_and_pin_may_stand_in_a_signed_form() -> None:
    service = Service(Options(pin="0123456"), KNOWN)
    asked = form(service.serve(by_form("/oauth/request_token", oauth_callback="oob", x_note="50% +"), NOW))
    token = asked["oauth_token"], asked["oauth_token_secret"]
    given = service.serve(by_form("/oauth/access_token", token, oauth_verifier="0123456"), NOW)
    assert form(given)["screen_name"] == "zoe"


def test_a_given_pin_is_the_one_that_is_shown() -> None:
    app = App(Options(pin="0000007"))
    assert pin_on(app.page(app.request_token()["oauth_token"])) == "0000007"


def test_pins_are_random_when_none_is_given() -> None:
    apps = [App() for _ in range(3)]
    assert len({pin_on(app.page(app.request_token()["oauth_token"])) for app in apps}) > 1


def test_a_wrong_pin_is_refused_and_the_right_one_is_still_good() -> None:
    app = App(Options(pin="1234567"))
    app.request_token()
    assert "Invalid oauth_verifier" in error(app.access_token("7654321"))
    assert form(app.access_token("1234567"))["oauth_token"] == "z"


def test_a_request_token_is_good_once() -> None:
    app = App(Options(pin="1234567"))
    app.request_token()
    app.access_token("1234567")
    assert "Request token not found" in error(app.access_token("1234567"))


def test_a_request_token_without_its_secret_is_worth_nothing() -> None:
    app = App(Options(pin="1234567"))
    app.request_token()
    app.client.token_secret = "guessed"
    assert "Signature does not match" in error(app.access_token("1234567"))


def test_another_app_is_not_let_in() -> None:
    assert error(App(key="other").post("/oauth/request_token")) == "Your application id is not authorized."


@pytest.mark.parametrize("callback", [None, "https://example.com/"])
def test_a_callback_that_is_not_oob_is_refused(callback: str | None) -> None:
    app = App()
    app.client.redirect_uri = callback
    assert "oob" in error(app.post("/oauth/request_token"))


def test_an_unsigned_request_for_a_token_is_refused() -> None:
    served = Service(Options(), KNOWN).serve(Call("POST", f"{BASE}/oauth/request_token", None, b""), NOW)
    assert "Unknown Authorization Type" in error(served)


def test_a_page_for_no_request_token_has_no_pin() -> None:
    served = App().page("unknown")
    assert (served.reply.status, served.reply.content_type) == (403, "text/html")


def test_every_step_is_in_the_log() -> None:
    app = App(Options(pin="1234567"))
    token = app.request_token()["oauth_token"]
    entries = [app.page(token).entry, app.access_token("1234567").entry]
    assert [(entry.endpoint, entry.credential, entry.status) for entry in entries] == [
        ("authorize", "none", 200),
        ("access_token", "oauth1", 200),
    ]
    assert app.post("/oauth/request_token").entry.endpoint == "request_token"
