"""How a reply leaves: compressed or not, whole or not. Faults of the wire happen here."""

import asyncio
import zlib
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from harvester.simulator.broken_wire import cut_after_length, cut_at_close, reset, reset_in_body
from harvester.simulator.huge import BLOCK, N_BLOCKS, huge_gzip
from harvester.simulator.reply import Reply

_GZIP: Final = {"Content-Encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Manner:
    """may_gzip: compress answers for who accepts it. drip_every_s: between two bytes of a body that drips."""

    may_gzip: bool = True
    drip_every_s: float = 0.2


async def send(request: web.Request, reply: Reply, manner: Manner) -> web.StreamResponse:
    """Send a reply, or whatever its delivery makes of it."""
    accepts_gzip = manner.may_gzip and "gzip" in request.headers.get("Accept-Encoding", "")
    headers, content = _encoded(reply, accepts_gzip=accepts_gzip)
    match reply.delivery:
        case "huge" if not content:
            return await _flood(request, web.StreamResponse(status=reply.status, headers=headers))
        case "whole" | "plain-gzip" | "huge":
            return web.Response(status=reply.status, headers=headers, body=content)
        case "close":
            response = web.Response(status=reply.status, headers=headers, body=content)
            response.force_close()
            return response
        case "cut-gzip":
            # Without compression this is JSON that ends too early: what a client sees is just as useless.
            return web.Response(status=reply.status, headers=headers, body=content[: len(content) // 2])
        case "cut-body":
            return cut_after_length(request, reply.status, headers, content)
        case "cut-close":
            return cut_at_close(request, reply.status, headers, content)
        case "reset-body":
            return await reset_in_body(request, reply.status, headers, content)
        case "reset":
            return reset(request)
        case "hang":
            await asyncio.Event().wait()
            return web.Response()
        case "drip":
            return await _drip(request, web.StreamResponse(status=reply.status, headers=headers), manner)


def _encoded(reply: Reply, *, accepts_gzip: bool) -> tuple[dict[str, str], bytes]:
    """The headers, and the body as it goes over the wire unless it has a delivery of its own."""
    headers = {"Content-Type": reply.content_type} | reply.headers
    match reply.delivery:
        case "plain-gzip":
            return headers | _GZIP, reply.content
        case "huge" if accepts_gzip:
            return headers | _GZIP, huge_gzip()
        case "huge" | "drip":
            return headers, b""
        case _ if accepts_gzip and reply.content:
            return headers | _GZIP, zlib.compress(reply.content, level=1, wbits=31)
        case _:
            return headers, reply.content


async def _drip(request: web.Request, response: web.StreamResponse, manner: Manner) -> web.StreamResponse:
    """A space now and then, until the client has had enough: its hanging up ends this handler."""
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(manner.drip_every_s)


async def _flood(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    await response.prepare(request)
    for _ in range(N_BLOCKS):
        await response.write(BLOCK)
    return response
