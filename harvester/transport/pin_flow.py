"""A user's access token by PIN: OAuth 1.0a without a callback.

Source: contract, section 6; RFC 5849, section 2.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, quote

from harvester.engagement.credentials import AccessToken, AppKey, Secret
from harvester.transport.oauth import CHECK_APP_KEY, FORM, Asking, Signer, ask_token_service, user_signer
from harvester.transport.session import Session

OUT_OF_BAND: Final = "oob"
"""The callback of a program that has no address: the user is shown a PIN instead."""
_MOST_OF_A_NAME: Final = 50


@dataclass(frozen=True, slots=True)
class Granted:
    """A user's access token, and whose it is as far as the service says."""

    access_token: AccessToken
    screen_name: str | None
    user_id: str | None


async def ask_request_token(session: Session, auth_url: str, app_key: AppKey) -> AccessToken:
    """A request token and its secret, for a user to authorize. Raises CredentialsError and ServiceError."""
    sign = user_signer(app_key, None, oauth_callback=OUT_OF_BAND)
    secrets = (app_key.key, app_key.secret)
    asking = _asking("request token", f"{auth_url}/oauth/request_token", sign, CHECK_APP_KEY, secrets)
    return await ask_token_service(session, asking, lambda body: _read_pair(_read_form(body)))


def authorize_url(auth_url: str, request_token: AccessToken) -> str:
    """The page where the user consents and is shown a PIN."""
    return f"{auth_url}/oauth/authorize?oauth_token={quote(request_token.token.reveal(), safe='')}"


async def exchange_pin(
    session: Session, auth_url: str, app_key: AppKey, request_token: AccessToken, pin: str
) -> Granted:
    """The user's access token for the PIN. Raises CredentialsError for a wrong one, and ServiceError.

    Asked once: a PIN that is used up by an answer which was lost on the way would look like a wrong one.
    """
    sign = user_signer(app_key, request_token, oauth_verifier=pin)
    hint = "Run `harvester auth login` again, and type the PIN that the page shows then."
    secrets = (app_key.key, app_key.secret, request_token.token, request_token.secret, Secret(pin))
    url = f"{auth_url}/oauth/access_token"
    asking = _asking("access token for this PIN", url, sign, hint, secrets, attempts=1)
    return await ask_token_service(session, asking, _read_granted)


def _asking(
    what: str, url: str, sign: Signer, hint: str, secrets: tuple[Secret, ...], attempts: int = 3
) -> Asking:
    """All is in the signed header; the form is empty."""
    return Asking(what, url, b"", lambda url: {**sign(url), "Content-Type": FORM}, hint, attempts, secrets)


def _read_form(body: bytes) -> dict[str, str]:
    """The fields of a form, each once; what is not ASCII is no form of the token service."""
    try:
        fields = parse_qs(body.decode("ascii"))
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _read_pair(fields: dict[str, str]) -> AccessToken | None:
    pair = [fields.get(name, "") for name in ("oauth_token", "oauth_token_secret")]
    if not all(value.isascii() and value.isprintable() and value for value in pair):
        return None
    return AccessToken(*map(Secret, pair))


def _read_granted(body: bytes) -> Granted | None:
    fields = _read_form(body)
    pair = _read_pair(fields)
    if pair is None:
        return None
    return Granted(pair, *(_shown(fields.get(name, "")) for name in ("screen_name", "user_id")))


def _shown(name: str) -> str | None:
    """A foreign name as it may be shown; None where it is none."""
    return (
        name if name.replace("_", "").isalnum() and name.isascii() and len(name) <= _MOST_OF_A_NAME else None
    )
