"""Who is let in."""

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest
from authlib.oauth1.rfc5849.client_auth import ClientAuth

from harvester.simulator.answers import Answer
from harvester.simulator.authentication import Authenticator, Signed
from harvester.simulator.credentials import Credentials, credentials_from, generate_credentials

NOW = 1_795_000_000
URL = "http://127.0.0.1:8000/insights/engagement/totals"
KNOWN = Credentials("key", "secret", "token", "token secret/+", "bearer%3Dtoken")


class Client(ClientAuth):  # type: ignore[misc]  # authlib ships no types
    """authlib's client with a clock and a nonce of the test's."""

    def __init__(
        self, known: Credentials, now: int = NOW, nonce: str = "n1", method: str = "HMAC-SHA1"
    ) -> None:
        super().__init__(
            known.consumer_key,
            client_secret=known.consumer_secret,
            token=known.access_token,
            token_secret=known.access_token_secret,
            signature_method=method,
        )
        self.now, self.nonce = now, nonce

    def get_oauth_params(self, nonce: str, timestamp: str) -> list[tuple[str, str]]:
        parameters: list[tuple[str, str]] = super().get_oauth_params(self.nonce, str(self.now))
        return parameters

    def header(self, method: str = "POST", url: str = URL) -> str:
        _, headers, _ = self.prepare(method, url, {}, b"")
        return str(headers["Authorization"])


def reason(verdict: object) -> str:
    assert isinstance(verdict, Answer)
    assert verdict.status == 401
    errors = verdict.body["errors"]
    assert isinstance(errors, list)
    return str(errors[0])


@pytest.mark.parametrize("url", [URL, URL + "?a=1&b=%20x&c"])
def test_a_right_signature_is_let_in(url: str) -> None:
    verdict = Authenticator(KNOWN).identify(Signed(Client(KNOWN).header(url=url), "POST", url), NOW + 299)
    assert verdict == "oauth1"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (lambda: None, "Reason: Unknown Authorization Type"),
        (lambda: "Basic abc", "Reason: Unknown Authorization Type"),
        (lambda: "Bearer other", "Reason: Access token not found"),
        (lambda: "OAuth", "Your application id is not authorized."),
        (
            lambda: Client(Credentials("other", "secret", "token", "token secret/+")).header(),
            "Your application id is not authorized.",
        ),
        (
            lambda: Client(Credentials("key", "secret", "other", "token secret/+")).header(),
            "Reason: Access token not found",
        ),
        (
            lambda: Client(Credentials("key", "wrong", "token", "token secret/+")).header(),
            "Signature does not",
        ),
        (lambda: Client(Credentials("key", "secret", "token", "wrong")).header(), "Signature does not match"),
        (lambda: Client(KNOWN).header(method="GET"), "Signature does not match"),
        (lambda: Client(KNOWN).header(url=URL + "?x=1"), "Signature does not match"),
        (lambda: Client(KNOWN, method="PLAINTEXT").header(), "Signature method is not HMAC-SHA1"),
        (lambda: Client(KNOWN, now=NOW - 301).header(), "Timestamp out of bounds"),
        (lambda: Client(KNOWN, now=NOW + 301).header(), "Timestamp out of bounds"),
    ],
)
def test_a_wrong_credential_is_told_why(header: Callable[[], str | None], expected: str) -> None:
    assert expected in reason(Authenticator(KNOWN).identify(Signed(header(), "POST", URL), NOW))


def test_a_nonce_is_good_once() -> None:
    authenticator = Authenticator(KNOWN)
    signed = Signed(Client(KNOWN).header(), "POST", URL)
    assert authenticator.identify(signed, NOW) == "oauth1"
    assert "Nonce has been used" in reason(authenticator.identify(signed, NOW + 10))
    assert authenticator.identify(Signed(Client(KNOWN, nonce="n2").header(), "POST", URL), NOW) == "oauth1"


def test_old_nonces_are_forgotten() -> None:
    """White box: memory does not grow with the requests."""
    authenticator = Authenticator(KNOWN)
    for second in range(0, 3000, 10):
        signed = Signed(Client(KNOWN, now=NOW + second).header(), "POST", URL)
        assert authenticator.identify(signed, NOW + second) == "oauth1"
    assert len(authenticator._nonces) <= 61


def test_the_bearer_token_is_let_in() -> None:
    assert Authenticator(KNOWN).identify(Signed("Bearer bearer%3Dtoken", "POST", URL), NOW) == "bearer"


def test_nothing_is_let_in_that_is_not_set() -> None:
    authenticator = Authenticator(Credentials(bearer_token="b"))
    assert "not authorized" in reason(
        authenticator.identify(Signed(Client(KNOWN).header(), "POST", URL), NOW)
    )


def basic(key: str, secret: str) -> str:
    pair = f"{quote(key, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("header", "form", "status"),
    [
        (basic("key:x", "se/cr+et"), b"grant_type=client_credentials", 200),
        (basic("key:x", "wrong"), b"grant_type=client_credentials", 403),
        (basic("key:x", "se/cr+et"), b"", 403),
        (None, b"grant_type=client_credentials", 401),
        ("Basic ???", b"grant_type=client_credentials", 401),
    ],
)
def test_the_token_service_checks_key_secret_and_grant(header: str | None, form: bytes, status: int) -> None:
    assert Authenticator(Credentials("key:x", "se/cr+et")).issue_bearer(header, form).status == status


def test_the_token_that_is_handed_out_is_let_in() -> None:
    authenticator = Authenticator(Credentials("key", "secret"))
    answer = authenticator.issue_bearer(basic("key", "secret"), b"grant_type=client_credentials")
    assert answer.body["token_type"] == "bearer"
    header = f"Bearer {answer.body['access_token']}"
    assert authenticator.identify(Signed(header, "POST", URL), NOW) == "bearer"


def test_credentials_come_from_the_environment_or_are_all_made_up() -> None:
    assert credentials_from({"HARVESTER_BEARER_TOKEN": "b"}) == Credentials(bearer_token="b")
    assert credentials_from({"HARVESTER_BEARER_TOKEN": "", "OTHER": "x"}) is None
    assert generate_credentials() != generate_credentials()


def test_credentials_do_not_show_in_a_repr() -> None:
    assert repr(Credentials("key", bearer_token="hidden")) == "Credentials(consumer_key, bearer_token)"
