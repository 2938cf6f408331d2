"""How a reply leaves: compressed or not, whole or not. Faults of the wire happen here."""

import asyncio
import socket
import struct
import zlib
from typing import Final

from aiohttp import web

from harvester.simulator.reply import Reply

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


async def send(request: web.Request, reply: Reply, *, may_gzip: bool) -> web.StreamResponse:
    """Send a reply, or whatever its fault makes of it."""
    if reply.fault == "hang":
        await asyncio.Event().wait()
    if reply.fault == "reset":
        return _reset(request)
    headers = {"Content-Type": reply.content_type} | reply.headers
    content = reply.content
    if may_gzip and content and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        content = zlib.compress(content, level=1, wbits=31)
    if reply.fault == "cut-gzip":
        # Without compression this is JSON that ends too early: what a client sees is just as useless.
        content = content[: len(content) // 2]
    if reply.fault == "cut-body":
        return await _cut(request, reply.status, headers, content)
    return web.Response(status=reply.status, headers=headers, body=content)


def _reset(request: web.Request) -> web.StreamResponse:
    """Hang up with an RST, before a byte is answered."""
    if request.transport is not None:
        request.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
        )
        request.transport.abort()
    return web.Response()


async def _cut(
    request: web.Request, status: int, headers: dict[str, str], content: bytes
) -> web.StreamResponse:
    """Announce the whole body, send half of it, hang up."""
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = len(content)
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
