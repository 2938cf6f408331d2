"""URLs of inputs: what of them may be shown and stored, and what is said of them when they fail.

A URL may hold a secret: a password before its host, a signature in its query. Neither is ever shown.
"""

import re
from typing import Final

from harvester.sources.chunk import shown

_URL: Final = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"[^/?#]*")
_PORT: Final = re.compile(r".*\]|[^:]*|.*:\d*")
_WEB_REST: Final = re.compile(r"[?#].*", re.DOTALL)
_KEY_QUERY: Final = re.compile(r"\?[^/=]*=.*", re.DOTALL)
_QUERY_IN_TEXT: Final = re.compile(r"(://[^\s'\"?]*)\?[^\s'\")>]*")
_USER_IN_TEXT: Final = re.compile(r"(://)[^\s/?#'\"]*@")
_WEB: Final = ("http", "https")
_SHOWN_WHY: Final = 160


def scheme_of(text: str) -> str | None:
    """A URL's scheme in small letters; None for what is no URL."""
    found = _URL.match(text)
    return found[1].lower() if found else None


def is_web(url: str) -> bool:
    """Whether it is an http or https URL."""
    return scheme_of(url) in _WEB


def name_of(url: str) -> str:
    """The URL without user, password, query and fragment.

    In the names of object stores ? and # may stand, and patterns have ?: there only what looks like `?name=value`
    is a query.
    """
    rest = _WEB_REST if is_web(url) else _KEY_QUERY
    return rest.sub("", without_user(url), count=1)


def without_user(url: str) -> str:
    """The URL without user and password, also where these hold characters that they must not."""
    scheme, mark, rest = url.partition("://")
    authority = _AUTHORITY.match(rest)
    before = authority[0] if authority else ""
    if "@" not in before and not _PORT.fullmatch(before):
        before = rest
    if "@" in before:
        rest = rest[before.rindex("@") + 1 :]
    return f"{scheme}{mark}{rest}"


def shown_argument(argument: str) -> str:
    """An argument as it may stand in a message."""
    return shown(name_of(argument) if scheme_of(argument) else argument)


def why(exc: BaseException) -> str:
    """What an error says, without what a URL in it may hide."""
    strerror = exc.strerror if isinstance(exc, OSError) else None
    said = strerror or str(exc)
    said = _QUERY_IN_TEXT.sub(r"\1", _USER_IN_TEXT.sub(r"\1", said))
    return shown(said)[:_SHOWN_WHY] or type(exc).__name__
