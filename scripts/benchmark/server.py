"""A server that is not the bottleneck: raw protocol, answers put together from prepared pieces.

It checks nothing and knows no errors; the simulator is for truth, this is for speed. GET /stats tells how
many requests came, and when the first and the last one did. server.py PORT LATENCY_S
"""

import asyncio
import json
import random
import re
import sys
import time
from typing import cast

import uvloop

N_PIECES = 50_021
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class Server:
    """What all connections share."""

    def __init__(self, latency_s: float) -> None:
        self.latency_s = latency_s
        self.times: list[float] = []
        self._pieces: dict[bytes, list[bytes]] = {}

    def pieces(self, metrics: bytes) -> list[bytes]:
        """Counts for a list of metrics, as they stand in an answer: heavy-tailed, many small ones."""
        if metrics not in self._pieces:
            chance = random.Random(7)  # noqa: S311  # counts, no secrets
            names = metrics.split(b",")
            self._pieces[metrics] = [
                b":{" + b",".join(b'%s:"%d"' % (n, chance.paretovariate(0.7) * 3) for n in names) + b"}"
                for _ in range(N_PIECES)
            ]
        return self._pieces[metrics]

    def answer(self, body: bytes) -> bytes:
        """The JSON answer to a request of the benchmark's form."""
        start = body.index(b"[") + 1
        end = body.index(b"]")
        start_metrics = body.index(b"[", end) + 1
        pieces = self.pieces(body[start_metrics : body.index(b"]", start_metrics)])
        ids = body[start:end].split(b",")
        return b'{"harvester":{' + b",".join([i + pieces[int(i[1:-1]) % N_PIECES] for i in ids]) + b"}}"


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
            if request.startswith(b"GET"):
                times = self._server.times
                self._write(json.dumps({"n": len(times), "first": times[0], "last": times[-1]}).encode())
                times.clear()
                continue
            self._server.times.append(time.monotonic())
            body = self._server.answer(request[end + 4 :])
            if self._server.latency_s:
                asyncio.get_running_loop().call_later(self._server.latency_s, self._write, body)
            else:
                self._write(body)

    def _write(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


async def _main() -> None:
    server = Server(float(sys.argv[2]))
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(server), "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main())
