"""The credentials that a simulator accepts, and who shows them."""

import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

DEFAULT_ACCOUNT: Final = "default"


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """A user who has let the app in."""

    name: str
    access_token: str
    access_token_secret: str

    def __repr__(self) -> str:
        """Whose it is; never what it is."""
        return f"Account({self.name})"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """An app, its bearer token, and the accounts that have let it in; None where there is none."""

    consumer_key: str | None = None
    consumer_secret: str | None = None
    bearer_token: str | None = None
    accounts: tuple[Account, ...] = ()

    def __repr__(self) -> str:
        """Which of them are there; never what they are."""
        names = ("consumer_key", "consumer_secret", "bearer_token")
        there = [name for name in names if getattr(self, name)]
        return f"Credentials({', '.join([*there, *map(repr, self.accounts)])})"

    def told(self) -> dict[str, str | None]:
        """What a start line tells of the app and its first account."""
        account = self.accounts[0] if self.accounts else None
        return {
            "consumer_key": self.consumer_key,
            "consumer_secret": self.consumer_secret,
            "access_token": account.access_token if account else None,
            "access_token_secret": account.access_token_secret if account else None,
            "bearer_token": self.bearer_token,
        }


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: the account whose token has signed, None for the app alone. accounts: the names of all."""

    account: str | None = None
    accounts: tuple[str, ...] = ()

    @property
    def is_app_only(self) -> bool:
        """Whether it was a bearer token that was shown."""
        return self.account is None


def user_id_of(account: str) -> int:
    """The user ID of an account, a hash of its name."""
    return int.from_bytes(blake2b(account.encode(), digest_size=4).digest(), "big") + 1_000_000_000


def credentials_from(environment: Mapping[str, str]) -> Credentials | None:
    """Those of HARVESTER_CONSUMER_KEY and so on, the access token as the default account's; None without any."""
    found = {name: value for name, value in environment.items() if value and name.startswith("HARVESTER_")}
    token = found.get("HARVESTER_ACCESS_TOKEN")
    secret = found.get("HARVESTER_ACCESS_TOKEN_SECRET")
    credentials = Credentials(
        found.get("HARVESTER_CONSUMER_KEY"),
        found.get("HARVESTER_CONSUMER_SECRET"),
        found.get("HARVESTER_BEARER_TOKEN"),
        (Account(DEFAULT_ACCOUNT, token, secret),) if token and secret else (),
    )
    return credentials if credentials != Credentials() else None


def read_credentials(path: Path) -> Credentials:
    """Those of a credentials file: TOML with `[app]` and any number of `[accounts.NAME]`, in their order.

    Raises OSError where it cannot be read, ValueError where it does not fit; the message holds no secret.
    """
    try:
        document = tomllib.loads(path.read_text())
    except ValueError:
        # The parser's message quotes the file.
        raise ValueError(f"{path} is not valid TOML") from None
    app = _texts(document.get("app", {}), "app")
    accounts = document.get("accounts", {})
    if not isinstance(accounts, dict):
        raise ValueError("accounts is not a table")  # noqa: TRY004 - one kind of error for a file that does not fit
    return Credentials(
        app.get("consumer_key"),
        app.get("consumer_secret"),
        app.get("bearer_token"),
        tuple(_account(name, table) for name, table in accounts.items()),
    )


def _account(name: str, table: object) -> Account:
    texts = _texts(table, f"accounts.{name}")
    if not {"access_token", "access_token_secret"} <= texts.keys():
        raise ValueError(f"accounts.{name} has to have access_token and access_token_secret")
    return Account(name, texts["access_token"], texts["access_token_secret"])


def _texts(table: Any, name: str) -> dict[str, str]:
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise ValueError(f"{name} is not a table of texts")
    return table


def completed(credentials: Credentials) -> Credentials:
    """An app with a bearer token and an account: its token service and its PIN flow have to hand out something."""
    if credentials.consumer_key is None:
        return credentials
    return replace(
        credentials,
        bearer_token=credentials.bearer_token or generate_bearer(),
        accounts=credentials.accounts or (_generate_account(),),
    )


def generate_credentials() -> Credentials:
    """A full set of random ones, in the shape of real ones."""
    return completed(Credentials(secrets.token_urlsafe(19), secrets.token_urlsafe(38)))


def _generate_account() -> Account:
    token = f"{user_id_of(DEFAULT_ACCOUNT)}-{secrets.token_urlsafe(30)}"
    return Account(DEFAULT_ACCOUNT, token, secrets.token_urlsafe(34))


def generate_bearer() -> str:
    """A random bearer token. Real ones hold a percent sign or two, and so do these."""
    return f"AAAAAAAAAAAAAAAAAAAAA{secrets.token_urlsafe(48)}%3D{secrets.token_urlsafe(24)}"
