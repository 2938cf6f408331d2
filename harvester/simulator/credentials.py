"""The credentials that a simulator accepts."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """An app, the access token of one user, the app's bearer token; None where there is none."""

    consumer_key: str | None = None
    consumer_secret: str | None = None
    access_token: str | None = None
    access_token_secret: str | None = None
    bearer_token: str | None = None

    def __repr__(self) -> str:
        """Which of them are there; never what they are."""
        return f"Credentials({', '.join(name for name, value in asdict(self).items() if value)})"


def credentials_from(environment: Mapping[str, str]) -> Credentials | None:
    """Those of HARVESTER_CONSUMER_KEY and so on; None where none is set."""
    values = {
        field.name: environment.get(f"HARVESTER_{field.name.upper()}") or None
        for field in fields(Credentials)
    }
    return Credentials(**values) if any(values.values()) else None


def generate_credentials() -> Credentials:
    """A full set of random ones, in the shape of real ones."""
    return Credentials(
        consumer_key=secrets.token_urlsafe(19),
        consumer_secret=secrets.token_urlsafe(38),
        access_token=f"185728888-{secrets.token_urlsafe(30)}",
        access_token_secret=secrets.token_urlsafe(34),
        bearer_token=generate_bearer(),
    )


def generate_bearer() -> str:
    """A random bearer token. Real ones hold a percent sign or two, and so do these."""
    return f"AAAAAAAAAAAAAAAAAAAAA{secrets.token_urlsafe(48)}%3D{secrets.token_urlsafe(24)}"
