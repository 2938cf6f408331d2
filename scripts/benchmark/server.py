"""A server that is not the bottleneck: raw protocol, answers put together from prepared pieces.

It checks nothing and knows no errors; the simulator is for truth, this is for speed. GET /seen tells how many
requests came; GET /stats all that is known of them, and forgets it; after GET /slow/N all but the first N from
then on are answered slowly. Times are of the monotonic clock, which all processes share.

    server.py LATENCY_S [HOLD HOLD_S]      that request alone, counted from 0, is answered after HOLD_S
"""

import asyncio
import json
import re
import sys
import time
from array import array
from typing import cast

import uvloop
from answers import Answers

SLOW_S = 0.3
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Server:
    """What all connections share."""

    def __init__(self, latency_s: float, hold: int, hold_s: float) -> None:
        self._latency_s, self._hold, self._hold_s = latency_s, hold, hold_s
        self._slow_from: int | None = None
        self._answers = Answers()
        self._times = array("d")
        self._held: tuple[float, float] | None = None

    def answer(self, head: bytes, body: bytes) -> bytes:
        """What a request is answered, by its path."""
        if head.startswith(b"GET /seen"):
            return b"%d" % len(self._times)
        if head.startswith(b"GET /stats"):
            return self._stats()
        if head.startswith(b"GET /slow/"):
            self._times = array("d")
            self._slow_from = int(head.split()[1].removeprefix(b"/slow/"))
            return b""
        return self._answers.totals(body) if b"/totals " in head else self._answers.series(body)

    def delay_s(self, head: bytes) -> float:
        """How long its answer waits."""
        if head.startswith(b"GET"):
            return 0.0
        now = time.monotonic()
        self._times.append(now)
        if len(self._times) == self._hold + 1:
            self._held = now, now + self._hold_s
            return self._hold_s
        if self._slow_from is not None and len(self._times) > self._slow_from:
            return SLOW_S
        return self._latency_s

    def _stats(self) -> bytes:
        stats = {"times": self._times.tolist(), "held": self._held}
        self._times, self._held = array("d"), None
        return json.dumps(stats).encode()


class Connection(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer each request that is there as a whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self._buffer[:end])
            total = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < total:
                return
            request, self._buffer = self._buffer[:total], self._buffer[total:]
            head = request[:end]
            delay_s = self._server.delay_s(head)
            body = self._server.answer(head, request[end + 4 :])
            if delay_s:
                asyncio.get_running_loop().call_later(delay_s, self._write, body)
            else:
                self._write(body)

    def _write(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


async def _main() -> None:
    latency_s, hold, hold_s = (*sys.argv[1:], "-1", "0")[:3]
    server = Server(float(latency_s), int(hold), float(hold_s))
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(server), "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main())
