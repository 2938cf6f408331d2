"""An API by hand, where the simulator is too honest: every answer is what a test says."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

LOOK_EVERY_S: Final = 0.02
"""Whether it is to end: each test waits for that."""
Asked = dict[str, Any]
"""The body of a request, and under "endpoint" where it went."""


@dataclass
class Reply:
    """An answer. body: bytes as they are, anything else as JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Service(ThreadingHTTPServer):
    """Answers by a rule: from what is asked, and the request's number from 1.

    asked: all that came. authorizations: the header of each.
    """

    daemon_threads = True

    def __init__(self, answer: Callable[[Asked, int], Reply], tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls:
            # The handshake is for the thread of the connection: here it would hold up all others.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.answer = answer
        self.asked: list[Asked] = []
        self.authorizations: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    @property
    def tweets(self) -> list[list[str]]:
        """The tweets of each request."""
        return [asked["tweet_ids"] for asked in self.asked]


class _Handler(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked["endpoint"] = self.path.rpartition("/")[2]
        self.server.authorizations.append(self.headers["Authorization"])
        self.server.asked.append(asked)
        reply = self.server.answer(asked, len(self.server.asked))
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        """Serve a connection; one that is refused or broken off is of no interest."""
        with suppress(OSError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Keep quiet."""


def counts(asked: Asked, value: object = "3", **beside: object) -> Reply:
    """Every metric of every tweet counted as the same."""
    row = dict.fromkeys(asked["engagement_types"], value)
    return Reply(200, {next(iter(asked["groupings"])): dict.fromkeys(asked["tweet_ids"], row), **beside})


@contextmanager
def serving(answer: Callable[[Asked, int], Reply], tls: ssl.SSLContext | None = None) -> Iterator[Service]:
    """A service of this kind, while the block lasts."""
    service = Service(answer, tls)
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": LOOK_EVERY_S})
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()
