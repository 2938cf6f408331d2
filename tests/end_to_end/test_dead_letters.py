"""Tweets that were given up: exit code 3, and the same command asks for them again."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.end_to_end.conftest import Runner


class Service(ThreadingHTTPServer):
    """Counts everything as 3, and as long as it is ill, tweets whose ID ends in 7 as -5."""

    is_ill = True
    asked: list[list[str]]


class Answers(BaseHTTPRequestHandler):
    """Answers one request of the totals endpoint."""

    server: Service
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """The counts of what is asked, with a part that nobody knows."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked["tweet_ids"])
        counts: dict[str, Any] = {
            i: dict.fromkeys(
                asked["engagement_types"], "-5" if self.server.is_ill and i.endswith("7") else "3"
            )
            for i in asked["tweet_ids"]
        }
        body = json.dumps({next(iter(asked["groupings"])): counts, "request_id": "unknown"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Keep quiet."""


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service(("127.0.0.1", 0), Answers)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_dead_letters_are_asked_again_and_move_to_the_records(
    run: Runner, ids: list[int], service: Service
) -> None:
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in ids[:600]))
    ill = {i for i in ids[:600] if i % 10 == 7}
    arguments = ("ids.txt", "--base-url", f"http://127.0.0.1:{service.server_port}")
    first = run(*arguments)
    letters = [json.loads(line) for line in (run.out / "totals.failed.ndjson").read_text().splitlines()]
    assert (first.code, first.last_line["failed"]) == (3, len(ill))
    assert {int(letter["tweet_id"]) for letter in letters} == ill
    assert all("-5" in letter["error"] and letter["attempts"] == 1 for letter in letters)
    assert not (run.out / "_SUCCESS").exists()
    service.is_ill = False
    service.asked.clear()
    second = run(*arguments)
    assert (second.code, second.last_line["ok"], second.last_line["failed"]) == (0, 600, 0)
    assert {int(i) for asked in service.asked for i in asked} == ill
    assert sorted(int(record["tweet_id"]) for record in run.records()) == sorted(ids[:600])
    assert (run.out / "totals.failed.ndjson").read_text() == ""
