"""The seam to aiohttp: whatever the wire does is an answer or a trouble, never an exception of aiohttp's.

A small server of raw sockets does what no HTTP library would.
"""

import asyncio
import gzip
import inspect
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aioresponses import aioresponses
from yarl import URL

from harvester.engagement.answer import Counted, Trouble
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.request import Access, Request
from harvester.engagement.response import read_answer
from harvester.errors import ServiceError
from harvester.transport import session as session_module
from harvester.transport.session import HttpSession, Reply

URL_ASKED = "http://host/insights/engagement/totals"
COUNTS = b'{"harvester":{' + b",".join(b'"%d":{"favorites":"7"}' % i for i in range(1000, 1250)) + b"}}"
ASKED = Request(
    ENDPOINTS["totals"], tuple(map(str, range(1000, 1250))), ("favorites",), ("favorites",), Access.APP_ONLY
)


def http(*headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join(("HTTP/1.1 200 OK", *headers, "", "")).encode() + body


@asynccontextmanager
async def served(*writes: bytes, hangs: bool = False, resets: bool = False) -> AsyncIterator[SimpleNamespace]:
    """A server that reads a request and writes these bytes; then it closes, resets or keeps silent."""
    seen = SimpleNamespace(url="", requests=[], asked=asyncio.Event())
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.requests.append(await reader.readuntil(b"\r\n\r\n"))
        seen.asked.set()
        for content in writes:
            writer.write(content)
            await writer.drain()
        if hangs:
            await done.wait()
        if resets:
            writer.transport.abort()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/totals"
    try:
        yield seen
    finally:
        done.set()
        server.close()
        await asyncio.sleep(0)


async def post(url: str, timeout_s: float = 5.0) -> Reply | Trouble:
    async with HttpSession(4, timeout_s) as session:
        return await session.post(url, b"{}", {"Authorization": "Bearer b"})


HALF_GZIP = gzip.compress(COUNTS)[:-200]
# name, what the server writes, what it does then
FAULTS: dict[str, tuple[bytes, dict[str, bool]]] = {
    "reset before headers": (b"", {"resets": True}),
    "closed before headers": (b"", {}),
    "closed within headers": (b"HTTP/1.1 200 OK\r\nContent-", {}),
    "body shorter than told": (http("Content-Length: 100", body=b"{"), {}),
    "body reset": (http("Content-Length: 100", body=b"{"), {"resets": True}),
    "last chunk missing": (http("Transfer-Encoding: chunked", body=b"2\r\n{}\r\n"), {}),
    "no chunk size": (http("Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n"), {}),
    "gzip that is plain": (
        http("Content-Encoding: gzip", "Content-Length: 16", body=b'{"harvester":{}}'),
        {},
    ),
    "an encoding never asked for": (http("Content-Encoding: br", "Content-Length: 2", body=b"{}"), {}),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", {}),
    "no status": (b"HTTP/1.1 abc OK\r\n\r\n", {}),
    "endless header": (http("X: " + "a" * 20_000), {}),
    "negative length": (http("Content-Length: -5"), {}),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_broken_answer_is_trouble_with_the_connection(name: str) -> None:
    content, then = FAULTS[name]
    async with served(content, **then) as server:
        trouble = await post(server.url)
    assert isinstance(trouble, Trouble)
    assert trouble.kind == "connection"
    assert 0 < len(trouble.message) <= 300


async def test_an_error_that_quotes_the_wire_shows_no_secret() -> None:
    async with served(http("X-Echo Bearer canary-1234 x")) as server:
        trouble = await post(server.url)
    assert isinstance(trouble, Trouble)
    assert "X-Echo" in trouble.message
    assert "canary" not in trouble.message


@pytest.mark.parametrize(
    "content",
    [
        http("Content-Encoding: gzip", f"Content-Length: {len(HALF_GZIP)}", body=HALF_GZIP),
        http("Connection: close", body=COUNTS[:-200]),
    ],
    ids=["gzip cut inside correct framing", "no length, closed"],
)
async def test_what_aiohttp_takes_for_whole_is_found_out_by_reading(content: bytes) -> None:
    async with served(content) as server:
        reply = await post(server.url)
    assert isinstance(reply, Reply)
    assert 0 < len(reply.body) < len(COUNTS)
    answer = read_answer(ASKED, reply.status, reply.body)
    assert isinstance(answer, Trouble)
    assert answer.kind == "unreadable"


@pytest.mark.parametrize("packed", [False, True])
async def test_a_whole_answer_arrives_inflated(packed: bool) -> None:
    body = gzip.compress(COUNTS) if packed else COUNTS
    encoding = ("Content-Encoding: gzip",) if packed else ()
    async with served(
        http(*encoding, f"Content-Length: {len(body)}", "X-Per-Minute-Limit: 60", body=body)
    ) as server:
        reply = await post(server.url)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body, reply.headers["x-per-minute-limit"]) == (200, COUNTS, "60")
    assert isinstance(read_answer(ASKED, reply.status, reply.body), Counted)


async def test_a_bomb_is_given_up_at_the_cap_and_memory_stays_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """64 MB of zeros in 64 KB, against a cap of 4 MiB: what one read inflates to may come on top."""
    monkeypatch.setattr(session_module, "MAX_BODY_BYTES", 4 * 2**20)
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()
    async with served(http("Content-Encoding: gzip", f"Content-Length: {len(bomb)}", body=bomb)) as server:
        tracemalloc.start()
        trouble = await post(server.url)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert trouble == Trouble("too large", "200: more than 4 MiB of answer", fingerprint=-1)
    assert peak_bytes < 24 * 2**20


def bomb_of(n_mib: int) -> bytes:
    """Zeros in gzip: a thousandth of them. Each MiB is compressed as if nothing came before."""
    packer = zlib.compressobj(wbits=31)
    first, block = (packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + block * (n_mib - 1)


@pytest.mark.parametrize("n_at_once", [1, 4])
async def test_bombs_of_two_gigabytes_take_no_more_memory_than_one_answer_of_the_cap(n_at_once: int) -> None:
    bomb = bomb_of(2048)
    answer = http("Content-Encoding: gzip", f"Content-Length: {len(bomb)}", body=bomb)
    async with served(answer) as server, HttpSession(n_at_once) as session:
        tracemalloc.start()
        troubles = await asyncio.gather(*(session.post(server.url, b"{}", {}) for _ in range(n_at_once)))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert {isinstance(trouble, Trouble) and trouble.kind for trouble in troubles} == {"too large"}
    in_the_others = (n_at_once - 1) * (session_module.LARGE_BODY_BYTES + 2 * len(bomb))
    assert peak_bytes < session_module.MAX_BODY_BYTES + in_the_others + 8 * 2**20


async def test_a_body_of_exactly_the_cap_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "MAX_BODY_BYTES", len(COUNTS))
    async with served(http(f"Content-Length: {len(COUNTS)}", body=COUNTS)) as server:
        assert isinstance(await post(server.url), Reply)


async def test_a_refused_connection_names_the_host() -> None:
    async with served() as server:
        url = server.url
    trouble = await post(url)
    assert isinstance(trouble, Trouble)
    assert trouble.kind == "connection"
    assert "127.0.0.1" in trouble.message


@pytest.mark.parametrize("url", ["http://a..b/", "http://" + "a" * 70 + ".test/", "ftp://host/", "nonsense"])
async def test_an_address_that_cannot_be_one_is_trouble_with_the_connection(url: str) -> None:
    trouble = await post(url)
    assert isinstance(trouble, Trouble)
    assert trouble.kind == "connection"


@pytest.mark.parametrize(
    "content",
    [b"", b"HTTP/1.1 200 OK\r\n", http("Content-Length: 100", body=b"{")],
    ids=["nothing", "half of the headers", "half of the body"],
)
async def test_a_server_that_falls_silent_is_a_timeout(content: bytes) -> None:
    async with served(content, hangs=True) as server:
        assert await post(server.url, timeout_s=0.2) == Trouble("timeout", "no answer in time")


async def test_a_redirect_is_not_followed() -> None:
    """It would carry the credentials elsewhere."""
    async with served(http("Content-Length: 0")) as elsewhere:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode()
        async with served(moved) as server:
            reply = await post(server.url)
        assert isinstance(reply, Reply)
        assert reply.status == 307
        assert elsewhere.requests == []


async def test_the_headers_of_the_contract_are_sent_and_no_cookie_is_kept() -> None:
    async with served(
        http("Set-Cookie: a=b", "Content-Length: 2", "Connection: close", body=b"{}")
    ) as server:
        url = server.url.replace("127.0.0.1", "localhost")  # a bare address has no cookies
        async with HttpSession(4) as session:
            for _ in range(2):
                await session.post(url, b"{}", {"Authorization": "Bearer b"})
        lines = [request.decode().split("\r\n") for request in server.requests]
    assert lines[0] == lines[1]
    assert lines[0][0] == "POST /totals HTTP/1.1"
    assert {
        "Accept-Encoding: gzip",
        "Content-Type: application/json",
        "Authorization: Bearer b",
        "Content-Length: 2",
    } <= set(lines[0])


async def test_a_form_is_sent_as_one_all_the_same() -> None:
    """The headers of a request go before those of the session."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with served(http("Content-Length: 2", body=b"{}")) as server, HttpSession(1) as session:
        await session.post(server.url, b"grant_type=client_credentials", form)
    assert server.requests[0].count(b"Content-Type") == 1
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in server.requests[0]


async def test_a_certificate_that_nobody_trusts_ends_the_run() -> None:
    key = Mock(host="host", port=443, ssl=True)
    untrusted = ssl.SSLCertVerificationError(1, "self-signed certificate")
    with aioresponses() as service:
        service.post(URL_ASKED, exception=aiohttp.ClientConnectorCertificateError(key, untrusted))
        with pytest.raises(ServiceError, match=r"certificate of host is not trusted.*self-signed") as caught:
            await post(URL_ASKED)
    assert "SSL_CERT_FILE" in str(caught.value.hint)


def all_subclasses(kind: type[BaseException]) -> set[type[BaseException]]:
    return {kind}.union(*(all_subclasses(sub) for sub in kind.__subclasses__()))


def build(kind: type[BaseException]) -> BaseException:
    """An exception of aiohttp's with made-up arguments."""
    made_up: dict[str, Any] = {
        "connection_key": Mock(host="host", port=443, ssl=True),
        "certificate_error": ssl.SSLCertVerificationError(1, "untrusted"),
        "os_error": OSError(111, "refused"),
        "request_info": Mock(real_url=URL(URL_ASKED)),
        "history": (),
        "url": URL(URL_ASKED),
        "path": "/socket",
        "expected": b"a",
        "got": b"b",
        "host": "host",
        "port": 443,
    }
    try:
        parameters = inspect.signature(kind).parameters.values()
    except ValueError:  # those that take what any exception takes
        return kind("made up")
    needed = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    return kind(*(made_up[name] for name in needed))


EXCEPTIONS = {
    kind.__name__: kind
    for kind in (
        *all_subclasses(aiohttp.ClientError),
        TimeoutError,
        ConnectionResetError,
        ssl.SSLError,
        EOFError,
    )
}


@pytest.mark.parametrize("name", sorted(EXCEPTIONS))
async def test_every_exception_of_the_client_is_translated(name: str) -> None:
    kind = EXCEPTIONS[name]
    with aioresponses() as service:
        service.post(URL_ASKED, exception=build(kind))
        try:
            trouble = await post(URL_ASKED)
        except ServiceError:
            assert issubclass(kind, aiohttp.ClientConnectorCertificateError)
            return
    assert isinstance(trouble, Trouble)
    is_timeout = issubclass(kind, TimeoutError) and kind is not aiohttp.ConnectionTimeoutError
    assert trouble.kind == ("timeout" if is_timeout else "connection")


async def test_a_cancellation_passes() -> None:
    async with served(hangs=True) as server:
        posting = asyncio.ensure_future(post(server.url))
        await server.asked.wait()
        posting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await posting
