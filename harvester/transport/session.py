"""One HTTP exchange: a POST, and the whole answer or the reason why there is none.

The seam to aiohttp: its exceptions end here. What aiohttp does not notice (a gzip stream or a body without
length that is cut) the reading of the JSON does.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Final, Protocol, Self

import aiohttp

from harvester.engagement.answer import Trouble
from harvester.engagement.redaction import Redact, Redactor, redact_forms
from harvester.errors import ServiceError
from harvester.transport.surroundings import proxy_for, proxy_secrets, trust, trusted

with contextlib.suppress(ImportError):  # not on every machine
    from isal import isal_zlib

    # Inflates an answer in a fifth of zlib's time; aiohttp knows one way for the whole process.
    aiohttp.set_zlib_backend(isal_zlib)

MAX_BODY_BYTES: Final = 64 * 2**20
"""Inflated. The largest honest answer has about 3.5 MB; aiohttp itself knows no cap."""
PROXY_REFUSES: Final = 407
LARGE_BODY_BYTES: Final = 8 * 2**20
TOO_LARGE: Final = -1
"""The fingerprint of all answers that are, which no hash of bytes is."""
CONNECT_TIMEOUT_S: Final = 10.0
IDLE_SHARE: Final = 0.5
"""Of the total timeout an answer may be silent."""
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
        redact_proxies = Redactor(proxy_secrets())
        self._redact: Redact = lambda text: redact(redact_proxies(text))
        self._proxy_for = cache(proxy_for)
        self._reading_a_large_one = asyncio.Lock()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ttl_dns_cache=300, ssl=trust()),
            timeout=aiohttp.ClientTimeout(
                total=timeout_s, sock_connect=CONNECT_TIMEOUT_S, sock_read=IDLE_SHARE * timeout_s
            ),
            headers={"Accept-Encoding": "gzip", "Content-Type": "application/json"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply | Trouble:
        """See `Session.post`. Redirects are not followed: they would carry the credentials elsewhere."""
        proxy = self._proxy_for(url)
        try:
            async with self._session.post(
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                proxy=proxy.address,
                proxy_auth=proxy.auth,
            ) as response:
                content = await self._read_capped(response)
        except aiohttp.ClientConnectorCertificateError as exc:
            raise ServiceError(
                f"the certificate of {exc.host} is not trusted: {self._redact(_why_not_trusted(exc))}",
                f"Trusted are the authorities of {trusted()}. A private one is named in SSL_CERT_FILE.",
            ) from exc
        except aiohttp.ClientHttpProxyError as exc:
            said = self._redact(f"{exc.status} {exc.message}")
            return Trouble("connection", f"the proxy {proxy.address} refuses: {said}"[:300])
        except aiohttp.ConnectionTimeoutError as exc:
            return Trouble("connection", self._redact(f"no connection in time: {exc}")[:300])
        except TimeoutError:
            return Trouble("timeout", "no answer in time")
        except (aiohttp.ClientError, OSError, ssl.SSLError, EOFError, UnicodeError) as exc:
            # A host's name that cannot be one is a UnicodeError.
            return Trouble("connection", self._redact(f"{type(exc).__name__}: {exc}")[:300])
        if proxy.address and response.status == PROXY_REFUSES:
            return Trouble(
                "connection", f"the proxy {proxy.address} wants to know who asks: {response.status}"
            )
        if content is None:
            message = f"{response.status}: more than {MAX_BODY_BYTES >> 20} MiB of answer"
            return Trouble("too large", message, TOO_LARGE)
        return Reply(response.status, response.headers, content)

    async def _read_capped(self, response: aiohttp.ClientResponse) -> bytes | None:
        """The inflated body; None, and the connection dropped, when it goes over the cap.

        What is larger than any honest answer is read one at a time, so that the cap holds for all together.
        """
        chunks: list[bytes] = []
        n_bytes = 0
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            n_bytes += len(chunk)
            if n_bytes > LARGE_BODY_BYTES:
                async with self._reading_a_large_one:
                    return await _read_on(response, chunks, n_bytes)
        return b"".join(chunks)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        # aiohttp closes TLS connections in callbacks that want one more turn of the loop.
        await asyncio.sleep(0)


async def _read_on(response: aiohttp.ClientResponse, chunks: list[bytes], n_bytes: int) -> bytes | None:
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        n_bytes += len(chunk)
        if n_bytes > MAX_BODY_BYTES:
            response.close()
            return None
    return b"".join(chunks)


def _why_not_trusted(exc: aiohttp.ClientConnectorCertificateError) -> str:
    return getattr(exc.certificate_error, "verify_message", None) or str(exc.certificate_error)
