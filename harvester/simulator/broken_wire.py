"""Answers that HTTP does not know: bodies cut short, and connections reset. Written past aiohttp.

Each gives a response that aiohttp then finds no connection to send on.
"""

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import Final

from aiohttp import web

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of zero seconds."""
_LOOK_EVERY_S: Final = 0.001


def cut_after_length(
    request: web.Request, status: int, headers: dict[str, str], content: bytes
) -> web.StreamResponse:
    """Announce the whole body, send half of it, hang up."""
    return _hang_up_after(request, _half(status, headers | {"Content-Length": str(len(content))}, content))


def cut_at_close(
    request: web.Request, status: int, headers: dict[str, str], content: bytes
) -> web.StreamResponse:
    """Announce no length, send half of the body, hang up: nothing in the framing tells."""
    return _hang_up_after(request, _half(status, headers | {"Connection": "close"}, content))


async def reset_in_body(
    request: web.Request, status: int, headers: dict[str, str], content: bytes
) -> web.StreamResponse:
    """Announce the whole body, and hang up with an RST when half of it has left."""
    if transport := request.transport:
        transport.write(_half(status, headers | {"Content-Length": str(len(content))}, content))
        # An RST drops what still waits to be sent.
        while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110  # no event for it
            await asyncio.sleep(_LOOK_EVERY_S)
    return reset(request)


def reset(request: web.Request) -> web.StreamResponse:
    """Hang up with an RST."""
    if transport := request.transport:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    return web.Response()


def _hang_up_after(request: web.Request, sent: bytes) -> web.StreamResponse:
    if transport := request.transport:
        transport.write(sent)
        transport.close()
    return web.Response()


def _half(status: int, headers: dict[str, str], content: bytes) -> bytes:
    """The head of an answer, and half of its body."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content[: len(content) // 2]
