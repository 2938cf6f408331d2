"""Secrets in the words of others: a service that echoes a request echoes its credentials. Pure.

Every text that comes from outside and may be shown (errors, values that are no counts) passes here before it is
cut to length: half a secret would not be found.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote

from harvester.engagement.credentials import Secret

Redact = Callable[[str], str]
"""From foreign words to those that may be shown."""
MARK: Final = "[redacted]"
SHORTEST: Final = 5
"""What is shorter is a word of a test, not a secret, and would be found in every second sentence."""

_PARAMETER = re.compile(
    r"""\boauth_(?!problem)\w+(?:\\*["'])?\s*(?:=|:|%3D)\s*(?:\\*["'])?[^\s"'\\,;&]+""", re.IGNORECASE
)
_SCHEME = re.compile(
    r"""(\b(?:Bearer|Basic)(?:\s+|%20))(?=[^\s"'\\,;]*\d|[^\s"'\\,;]{16})[^\s"'\\,;]+""", re.IGNORECASE
)
"""What follows is a token if it has a digit or is long: "Bearer token not found" has none."""


def redact_forms(text: str) -> str:
    """The text without what looks like a credential: OAuth parameters, and tokens behind Bearer or Basic."""
    return _SCHEME.sub(rf"\1{MARK}", _PARAMETER.sub(MARK, text))


class Redactor:
    """A `Redact` that knows secrets, too, in the forms in which they go over the wire or come back."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._forms: set[str] = set()
        self._known = re.compile("(?!)")
        self.learn(*secrets)

    def learn(self, *secrets: Secret) -> None:
        """Know these from now on."""
        for plain in (secret.reveal() for secret in secrets):
            if len(plain) < SHORTEST:
                continue
            quoted = quote(plain, safe="")
            in_base64 = b64encode(plain.encode()).decode().rstrip("=")
            self._forms |= {plain, quoted, quote(quoted), in_base64, quote(in_base64, safe="")}
        if self._forms:
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._known = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        return redact_forms(self._known.sub(MARK, text))

    def __repr__(self) -> str:
        return "Redactor(…)"
