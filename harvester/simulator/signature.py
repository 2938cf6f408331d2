"""OAuth 1.0a signatures, computed anew, and the nonces that were seen. Source: RFC 5849."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hmac import compare_digest
from itertools import takewhile
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from authlib.oauth1.rfc5849.signature import construct_base_string, hmac_sha1_signature

CLOCK_TOLERANCE_S: Final = 300
_PARAMETER = re.compile(r'\s*(\w+)="([^"]*)"\s*')


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature is over. url: with scheme, host and query, as the client sent it.

    form: the body where it is a form; other bodies are not part of a signature (RFC 5849, section 3.4.1.3.1).
    """

    authorization: str | None
    method: str
    url: str
    form: str = ""


class Signature:
    """The header of a signed request, read."""

    def __init__(self, signed: Signed) -> None:
        self._signed = signed
        # The values stay percent-encoded: construct_base_string decodes what begins with oauth_.
        self._parameters = dict(_read_parameters(signed.authorization or ""))
        self._form = parse_qsl(signed.form, keep_blank_values=True)

    def shown(self, name: str) -> str:
        """A parameter of the header, without it that of the form, else an empty text."""
        if name in self._parameters:
            return unquote(self._parameters[name])
        return dict(self._form).get(name, "")

    def trouble(self, consumer_secret: str, token_secret: str) -> str | None:
        """Why it is not that of whoever has these secrets; None where it is."""
        if self.shown("oauth_signature_method") != "HMAC-SHA1":
            return "Signature method is not HMAC-SHA1"
        query = parse_qsl(urlsplit(self._signed.url).query, keep_blank_values=True)
        plain = [(name, _encoded_once(name, value)) for name, value in (*query, *self._form)]
        base = construct_base_string(
            self._signed.method, self._signed.url, [*self._parameters.items(), *plain]
        )
        expected = str(hmac_sha1_signature(base, consumer_secret, token_secret))
        return None if is_same(self.shown("oauth_signature"), expected) else "Signature does not match"


class Nonces:
    """Remembers what was used, for as long as its timestamp would pass."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], float] = {}

    def trouble(self, signature: Signature, now: float) -> str | None:
        """Why the request is not a fresh one; None where it is, and then its nonce is used. now: epoch seconds."""
        stamp = signature.shown("oauth_timestamp")
        if not stamp.isdigit() or abs(int(stamp) - now) > CLOCK_TOLERANCE_S:
            return "Timestamp out of bounds"
        nonce = (stamp, signature.shown("oauth_nonce"))
        if not nonce[1] or nonce in self._seen:
            return "Nonce has been used"
        self._seen[nonce] = now
        self._forget(now)
        return None

    def _forget(self, now: float) -> None:
        """Drop the oldest, which their timestamp refuses by now. Seen is at most a tolerance before stamped."""
        horizon = now - 2 * CLOCK_TOLERANCE_S
        for nonce, _ in list(takewhile(lambda item: item[1] < horizon, self._seen.items())):
            del self._seen[nonce]


def is_same(shown: str, known: str | None) -> bool:
    """Whether a secret is the known one, in a time that tells nothing of it. None is never the same."""
    # A header may hold bytes that are no text; aiohttp brings them as surrogates.
    return known is not None and compare_digest(shown.encode(errors="surrogateescape"), known.encode())


def _read_parameters(authorization: str) -> Iterator[tuple[str, str]]:
    for part in authorization.partition(" ")[2].split(","):
        if found := _PARAMETER.fullmatch(part):
            yield found[1], found[2]


def _encoded_once(name: str, value: str) -> str:
    """As construct_base_string takes it: it decodes what begins with oauth_, wherever that stood."""
    return quote(value, safe="") if name.startswith("oauth_") else value
