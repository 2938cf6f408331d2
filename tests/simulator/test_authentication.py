"""Who is let in."""

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest
from authlib.oauth1.rfc5849.client_auth import ClientAuth

from harvester.simulator.authentication import Authenticator
from harvester.simulator.credentials import Account, Asker, Credentials
from harvester.simulator.reply import Answer
from harvester.simulator.signature import Nonces, Signed

NOW = 1_795_000_000
URL = "http://127.0.0.1:8000/insights/engagement/totals"
ANN, BOB = Account("ann", "token", "token secret/+"), Account("bob", "token-b", "secret-b")
KNOWN = Credentials("key", "secret", "bearer%3Dtoken", (ANN, BOB))
NAMES = ("ann", "bob")


class Client(ClientAuth):  # type: ignore[misc]  # authlib ships no types
    """authlib's client with a clock and a nonce of the test's."""

    def __init__(
        self,
        account: Account = ANN,
        now: int = NOW,
        nonce: str = "n1",
        method: str = "HMAC-SHA1",
        key: str = "key",
        secret: str = "secret",
    ) -> None:
        super().__init__(
            key,
            client_secret=secret,
            token=account.access_token,
            token_secret=account.access_token_secret,
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
    verdict = Authenticator(KNOWN, Nonces()).identify(
        Signed(Client().header(url=url), "POST", url), NOW + 299
    )
    assert verdict == Asker("ann", NAMES)


@pytest.mark.parametrize("account", [ANN, BOB])
def test_each_account_is_let_in_by_its_own_token(account: Account) -> None:
    signed = Signed(Client(account).header(), "POST", URL)
    assert Authenticator(KNOWN, Nonces()).identify(signed, NOW) == Asker(account.name, NAMES)


def test_one_accounts_token_with_another_ones_secret_is_refused() -> None:
    mixed = Account("ann", ANN.access_token, BOB.access_token_secret)
    signed = Signed(Client(mixed).header(), "POST", URL)
    assert "Signature does not match" in reason(Authenticator(KNOWN, Nonces()).identify(signed, NOW))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (lambda: None, "Reason: Unknown Authorization Type"),
        (lambda: "Basic abc", "Reason: Unknown Authorization Type"),
        (lambda: "Bearer other", "Reason: Access token not found"),
        (lambda: "Bearer \udcff", "Reason: Access token not found"),
        (lambda: "OAuth", "Your application id is not authorized."),
        (
            lambda: Client(key="other").header(),
            "Your application id is not authorized.",
        ),
        (
            lambda: Client(Account("ann", "other", "token secret/+")).header(),
            "Reason: Access token not found",
        ),
        (
            lambda: Client(secret="wrong").header(),
            "Signature does not",
        ),
        (lambda: Client(Account("ann", "token", "wrong")).header(), "Signature does not match"),
        (lambda: Client().header(method="GET"), "Signature does not match"),
        (lambda: Client().header(url=URL + "?x=1"), "Signature does not match"),
        (lambda: Client(method="PLAINTEXT").header(), "Signature method is not HMAC-SHA1"),
        (lambda: Client(now=NOW - 301).header(), "Timestamp out of bounds"),
        (lambda: Client(now=NOW + 301).header(), "Timestamp out of bounds"),
    ],
)
def test_a_wrong_credential_is_told_why(header: Callable[[], str | None], expected: str) -> None:
    assert expected in reason(Authenticator(KNOWN, Nonces()).identify(Signed(header(), "POST", URL), NOW))


def test_a_nonce_is_good_once() -> None:
    authenticator = Authenticator(KNOWN, Nonces())
    signed = Signed(Client().header(), "POST", URL)
    assert authenticator.identify(signed, NOW) == Asker("ann", NAMES)
    assert "Nonce has been used" in reason(authenticator.identify(signed, NOW + 10))
    assert authenticator.identify(Signed(Client(nonce="n2").header(), "POST", URL), NOW) == Asker(
        "ann", NAMES
    )


def test_old_nonces_are_forgotten() -> None:
    """White box: memory does not grow with the requests."""
    nonces = Nonces()
    authenticator = Authenticator(KNOWN, nonces)
    for second in range(0, 3000, 10):
        signed = Signed(Client(now=NOW + second).header(), "POST", URL)
        assert authenticator.identify(signed, NOW + second) == Asker("ann", NAMES)
    assert len(nonces._seen) <= 61


def test_the_bearer_token_is_let_in() -> None:
    assert Authenticator(KNOWN, Nonces()).identify(
        Signed("Bearer bearer%3Dtoken", "POST", URL), NOW
    ) == Asker(accounts=NAMES)


def test_nothing_is_let_in_that_is_not_set() -> None:
    authenticator = Authenticator(Credentials(bearer_token="b"), Nonces())
    assert "not authorized" in reason(authenticator.identify(Signed(Client().header(), "POST", URL), NOW))


def basic(key: str, secret: str) -> str:
    pair = f"{quote(key, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("header", "form", "status"),
    [
        (basic("key:x", "se/cr+et"), "grant_type=client_credentials", 200),
        (basic("key:x", "wrong"), "grant_type=client_credentials", 403),
        (basic("key:x", "se/cr+et"), "", 403),
        (None, "grant_type=client_credentials", 401),
        ("Basic ???", "grant_type=client_credentials", 401),
    ],
)
def test_the_token_service_checks_key_secret_and_grant(header: str | None, form: str, status: int) -> None:
    assert (
        Authenticator(Credentials("key:x", "se/cr+et"), Nonces()).issue_bearer(header, form).status == status
    )
