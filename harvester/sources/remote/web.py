"""Objects of the web: http and https.

One answer is read as it comes, and another one is asked for from where it broke off. All answers name what they
are of, by ETag or date and by size, so that two objects are never put together. Bytes are taken as they are
stored, not unpacked on their way.
"""

import asyncio
import re
import time
from collections.abc import Coroutine, Iterator, Mapping
from http.client import responses
from typing import Any, Final, Protocol, TypeVar

import aiohttp
import yarl

from harvester.engagement.allowance import retry_after_s
from harvester.sources.chunk import SHOWN_CHARACTERS
from harvester.sources.remote.objects import Changed, NotNow, Refusal, Told

T = TypeVar("T")
PIECE_BYTES: Final = 1024 * 1024
CLIENT: Final[Mapping[str, Any]] = {
    "auto_decompress": False,
    "timeout": aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60),
    "trust_env": True,
}
"""How sessions are made: bytes as they are stored, through the proxies that the surroundings name.

Their buffers are left small: what is in them when an answer breaks off is lost, and asked for again.
"""
_AS_STORED: Final = {"Accept-Encoding": "identity"}
_RANGE: Final = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_AGAIN: Final = frozenset({408, 425, 429})


class WebFiles(Protocol):
    """What is used of fsspec's file system of the web: its session, and the loop in which that lives."""

    loop: asyncio.AbstractEventLoop
    kwargs: Mapping[str, Any]

    async def set_session(self) -> aiohttp.ClientSession:
        """The session."""


class WebObject:
    """What stands at a URL. A Service. Raises Refusal for what is no URL."""

    def __init__(self, url: str, files: WebFiles) -> None:
        self.url = url
        # A signed URL is signed as it is written.
        is_plain = url.isascii() and url.isprintable() and " " not in url
        try:
            self._url = yarl.URL(url, encoded=is_plain)
            is_whole = bool(self._url.host)
        except ValueError:
            is_whole = False
        if not is_whole:
            raise Refusal("that is no URL")
        self._takes_ranges = False
        self._files = files

    @property
    def can_seek(self) -> bool:
        """Whether it answered with the range that it was asked for."""
        return self._takes_ranges

    def look(self) -> Told:
        """What the answer to a question for the first byte tells. A signed URL may answer nothing but GET."""
        response = self._await(self._ask({"Range": "bytes=0-0"}))
        try:
            self._takes_ranges = response.status in (206, 416)
            return told_by(response.status, response.headers)
        finally:
            self._end(response)

    def read(self, told: Told, start: int, end: int | None) -> Iterator[bytes]:
        """See Service."""
        response = self._await(self._ask(_range(start, end) if self._takes_ranges else {}))
        try:
            if told_by(response.status, response.headers) != told:
                raise Changed
            position = _start_of(response)
            if position > start:
                raise OSError("the service answers with another range")
            while (end is None or position < end) and (piece := self._await(_take(response))):
                wanted = piece[max(0, start - position) : None if end is None else end - position]
                position += len(piece)
                if wanted:
                    yield wanted
        finally:
            self._end(response)

    async def _ask(self, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        session = await self._files.set_session()
        options = dict(self._files.kwargs)
        headers = {**options.pop("headers", {}), **_AS_STORED, **headers}
        response = await session.get(self._url, headers=headers, **options)
        if response.status in (200, 206, 416):
            return response
        response.close()
        # In the service's own words there may be what is secret in the URL.
        said = f"the service answers {response.status} {responses.get(response.status, '')}".strip()
        if response.status >= 500 or response.status in _AGAIN:
            raise NotNow(said, retry_after_s(response.headers, time.time()))
        raise Refusal(said)

    def _await(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._files.loop).result()

    def _end(self, response: aiohttp.ClientResponse) -> None:
        self._files.loop.call_soon_threadsafe(response.close)


def told_by(status: int, headers: Mapping[str, str]) -> Told:
    """What an answer tells of all of the object, if it is one part of it, too."""
    etag, modified = headers.get("ETag"), headers.get("Last-Modified")
    version = f"ETag {etag}" if etag else f"Last-Modified {modified}" if modified else None
    if status == 200:
        size = headers.get("Content-Length", "")
    else:
        found = _RANGE.fullmatch(headers.get("Content-Range", ""))
        size = found[2] if found else ""
    return Told(int(size) if size.isdecimal() else None, version and version[:SHOWN_CHARACTERS])


def _range(start: int, end: int | None) -> Mapping[str, str]:
    return {"Range": f"bytes={start}-{'' if end is None else end - 1}"}


def _start_of(response: aiohttp.ClientResponse) -> int:
    """Where in the object the answer's body begins."""
    if response.status == 200:
        return 0
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found is None or found[1] is None:
        raise OSError("the service does not say which range it answers with")
    return int(found[1])


async def _take(response: aiohttp.ClientResponse) -> bytes:
    """What comes next, PIECE_BYTES of it if there is so much; where it breaks off, what had come."""
    parts: list[bytes] = []
    n_left = PIECE_BYTES
    try:
        while n_left and (part := await response.content.read(n_left)):
            parts.append(part)
            n_left -= len(part)
    except aiohttp.ClientError:
        if not parts:
            raise
    return b"".join(parts)
