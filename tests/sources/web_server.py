"""A server of one file, which tells of it what a test wants, and fails where a test wants."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """What is served at every path.

    modified: for Last-Modified. has_length: whether its size is told; has_ranges: whether parts of it can be had.
    breaks_at: places in it at which answers break off, each once. statuses: of the first answers, in place of 200.
    changes_after: so many answers with content, then it is `other`. authorization: the header without
    which it is 401. encoding: what the service says of the content's. retry_after: told with any other status.
    """

    content: bytes
    etag: str | None = '"one"'
    modified: str | None = None
    has_length: bool = True
    has_ranges: bool = True
    breaks_at: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    changes_after: int | None = None
    other: bytes = b""
    authorization: str | None = None
    encoding: str | None = None
    retry_after: str | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)


class Server(ThreadingHTTPServer):
    """Serves it until it is closed. url: of a file ids.txt."""

    daemon_threads = True

    def __init__(self, served: Served) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.served = served
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}/ids.txt"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        served = self.server.served
        with self.server.lock:
            served.asked.append((self.path, self.headers["Range"]))
            status = served.statuses.pop(0) if served.statuses else 200
            if served.changes_after is not None:
                served.changes_after -= 1
                if served.changes_after < 0:
                    served.content, served.etag = served.other, '"other"'
            content, etag = served.content, served.etag
        if served.authorization and self.headers["Authorization"] != served.authorization:
            status = 401
        if status != 200:
            self._answer(status, {"Content-Length": "0", "Retry-After": served.retry_after})
            return
        start, end = self._wanted(len(content))
        headers = {"ETag": etag, "Last-Modified": served.modified, "Content-Encoding": served.encoding}
        is_part = served.has_ranges and self.headers["Range"]
        if is_part and not content:
            self._answer(416, {**headers, "Content-Range": "bytes */0", "Content-Length": "0"})
            return
        if is_part:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
        headers["Content-Length"] = str(end - start) if served.has_length else None
        self.close_connection = not served.has_length
        self._answer(206 if is_part else 200, headers)
        self._send(content, start, end)

    def _wanted(self, size: int) -> tuple[int, int]:
        asked = self.headers["Range"]
        if not asked or not self.server.served.has_ranges:
            return 0, size
        first, _, last = asked.removeprefix("bytes=").partition("-")
        return int(first), min(int(last) + 1 if last else size, size)

    def _send(self, content: bytes, start: int, end: int) -> None:
        with self.server.lock:
            places = [place for place in self.server.served.breaks_at if start <= place < end]
            is_small = end - start == 1
            if places and not is_small:
                end = min(places)
                self.server.served.breaks_at.remove(end)
                self.close_connection = True
        self.wfile.write(content[start:end])

    def _answer(self, status: int, headers: dict[str, str | None]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()

    def handle(self) -> None:
        """Serve a connection; one that is broken off is of no interest."""
        with suppress(OSError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Keep quiet."""


@contextmanager
def serving(served: Served) -> Iterator[Server]:
    """A server of this, while the block lasts."""
    server = Server(served)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
