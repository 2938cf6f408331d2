"""A second, plain implementation of what RFC 5849 says of signatures, and a session that plays a script."""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from harvester.engagement.answer import Trouble
from harvester.transport.session import Reply


def percent(text: str) -> str:
    """Section 3.6: all but letters, digits, '-', '.', '_' and '~', as upper-case hex of UTF-8."""
    return "".join(
        chr(b) if chr(b).isascii() and (chr(b).isalnum() or chr(b) in "-._~") else f"%{b:02X}"
        for b in text.encode()
    )


def signature(url: str, parameters: Mapping[str, str], consumer_secret: str, token_secret: str) -> str:
    """Sections 3.4.1 and 3.4.2, for a POST without query and without a form."""
    pairs = sorted((percent(name), percent(value)) for name, value in parameters.items())
    normalized = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join(("POST", percent(url), percent(normalized)))
    key = f"{percent(consumer_secret)}&{percent(token_secret)}"
    return b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


def read_header(header: str) -> dict[str, str]:
    """The parameters of an OAuth header."""
    scheme, _, rest = header.partition(" ")
    assert scheme == "OAuth"
    pairs = [re.fullmatch(r'(\w+)="([^"]*)"', part) for part in rest.split(", ")]
    return {unquote(pair[1]): unquote(pair[2]) for pair in pairs if pair}


@dataclass
class Script:
    """A session that answers one thing after another, the last one for ever."""

    replies: list[Reply | Trouble]
    asked: list[tuple[str, bytes, Mapping[str, str]]] = field(default_factory=list)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply | Trouble:
        self.asked.append((url, body, headers))
        return self.replies[min(len(self.asked), len(self.replies)) - 1]
