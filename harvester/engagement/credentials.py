"""Credentials, made of secrets that do not show themselves."""

from base64 import b64encode
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote


class Secret:
    """A string that only `reveal` shows; printing, formatting and pickling it do not."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself. To be called where it goes on the wire, and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not written anywhere")


@dataclass(frozen=True, slots=True)
class AppKey:
    """The consumer key and secret of the app. Both are kept from sight."""

    key: Secret
    secret: Secret

    @property
    def basic(self) -> Secret:
        """The pair as HTTP Basic sends it. Source: contract, section 6."""
        pair = f"{quote(self.key.reveal(), safe='')}:{quote(self.secret.reveal(), safe='')}"
        return Secret(b64encode(pair.encode()).decode())


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A user's access token and its secret, for OAuth 1.0a together with the app's key."""

    token: Secret
    secret: Secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is configured; None for what is not.

    access_token: whose tweets a run asks for unless it is told otherwise. accounts: all access tokens that
    have a name, by it.
    """

    app_key: AppKey | None = None
    access_token: AccessToken | None = None
    bearer_token: Secret | None = None
    accounts: Mapping[str, AccessToken] = field(default_factory=dict)

    def secrets(self) -> Iterator[Secret]:
        """Everything that nobody may see."""
        if self.app_key:
            yield from (self.app_key.key, self.app_key.secret, self.app_key.basic)
        for token in (self.access_token, *self.accounts.values()):
            if token:
                yield from (token.token, token.secret)
        if self.bearer_token:
            yield self.bearer_token

    @property
    def has_user_context(self) -> bool:
        """Whether requests can be signed for a user."""
        return self.app_key is not None and self.access_token is not None

    def has_bearer_beside(self, accounts: Collection[str]) -> bool:
        """Whether requests can be sent app-only, in a run that signs for these accounts.

        A bearer token is fetched only where the app's key is all there is.
        """
        return self.bearer_token is not None or (self.fetches_bearer and not accounts)

    @property
    def fetches_bearer(self) -> bool:
        """Whether a bearer token has to be fetched: only the app's key is there."""
        return self.app_key is not None and self.access_token is None and self.bearer_token is None
