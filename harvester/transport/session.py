"""One HTTP exchange: a POST, and the whole answer or the reason why there is none.

The seam to aiohttp: its exceptions end here. What aiohttp does not notice (a gzip stream or a body without
length that is cut) the reading of the JSON does.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self

import aiohttp

from harvester.engagement.answer import Trouble
from harvester.engagement.redaction import Redact, redact_forms
from harvester.errors import ServiceError

MAX_BODY_BYTES: Final = 64 * 2**20
"""Inflated. The largest honest answer has about 3.5 MB; aiohttp itself knows no cap."""
CONNECT_TIMEOUT_S: Final = 10.0
IDLE_TIMEOUT_S: Final = 30.0
TOTAL_TIMEOUT_S: Final = 60.0
"""A body that drips never trips the idle timeout, only this one ends it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer that arrived whole, its body inflated."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Session(Protocol):
    """What everything above knows of the network."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply | Trouble:
        """Send a POST request; the answer, or the trouble on the way. Raises ServiceError for bad TLS."""


class HttpSession:
    """Connections to the service, kept alive between requests. Use as an async context manager.

    redact: takes secrets out of the errors, which may quote what came over the wire.
    """

    def __init__(
        self, connections: int, timeout_s: float = TOTAL_TIMEOUT_S, redact: Redact = redact_forms
    ) -> None:
        self._redact = redact
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ttl_dns_cache=300),
            timeout=aiohttp.ClientTimeout(
                total=timeout_s, sock_connect=CONNECT_TIMEOUT_S, sock_read=IDLE_TIMEOUT_S
            ),
            headers={"Accept-Encoding": "gzip", "Content-Type": "application/json"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply | Trouble:
        """See `Session.post`. Redirects are not followed: they would carry the credentials elsewhere."""
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                content = await _read_capped(response)
        except aiohttp.ClientConnectorCertificateError as exc:
            raise ServiceError(
                f"the certificate of {exc.host} is not trusted: {self._redact(str(exc.certificate_error))}",
                "If a private authority signed it, name its file in SSL_CERT_FILE.",
            ) from exc
        except aiohttp.ConnectionTimeoutError as exc:
            return Trouble("connection", self._redact(f"no connection in time: {exc}")[:300])
        except TimeoutError:
            return Trouble("timeout", "no answer in time")
        except (aiohttp.ClientError, OSError, ssl.SSLError, EOFError, UnicodeError) as exc:
            # A host's name that cannot be one is a UnicodeError.
            return Trouble("connection", self._redact(f"{type(exc).__name__}: {exc}")[:300])
        if content is None:
            return Trouble("unreadable", f"{response.status}: more than {MAX_BODY_BYTES >> 20} MiB of answer")
        return Reply(response.status, response.headers, content)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        # aiohttp closes TLS connections in callbacks that want one more turn of the loop.
        await asyncio.sleep(0)


async def _read_capped(response: aiohttp.ClientResponse) -> bytes | None:
    """The inflated body; None, and the connection dropped, when it goes over the cap."""
    chunks: list[bytes] = []
    n_bytes = 0
    async for chunk in response.content.iter_any():
        n_bytes += len(chunk)
        if n_bytes > MAX_BODY_BYTES:
            response.close()
            return None
        chunks.append(chunk)
    return b"".join(chunks)
