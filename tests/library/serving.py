"""A service in the test's own process, which may hold its answers back, and looks at what a harvest leaves."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from harvester.errors import RunDirectoryError
from harvester.rundir.lock import RunLock
from harvester.transport.session import Reply
from tests.in_process import InProcess

FIRST_ID: Final = 1_900_000_000_000_000_001
BATCH: Final = 250
"""Tweets in a request to totals."""


class Service(InProcess):
    """Counts everything as 1.

    n_held_from: from this request on, from 0, answers wait for `release`. replies: in place of an answer, to a
    request by its number. seen: set when that request has come.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.n_held_from: int | None = None
        self.replies: dict[int, Reply] = {}
        self.seen: dict[int, threading.Event] = defaultdict(threading.Event)
        self._released = threading.Event()

    def release(self) -> None:
        """Answer what is held, and hold nothing more."""
        self._released.set()

    def release_soon(self) -> None:
        """The same in a moment, in which whoever reads the records may leave."""
        threading.Timer(0.05, self.release).start()

    def _holds(self, number: int) -> bool:
        return self.n_held_from is not None and number >= self.n_held_from and not self._released.is_set()

    async def post(self, _url: str, body: bytes, _headers: Mapping[str, str]) -> Reply:
        """One answer."""
        number = len(self.asked)
        asked = orjson.loads(body)
        self.asked.append(asked)
        self.seen[number].set()
        while self._holds(number):  # noqa: ASYNC110  # another thread releases it
            await asyncio.sleep(0.01)
        if number in self.replies:
            return self.replies[number]
        counts = dict.fromkeys(asked["tweet_ids"], dict.fromkeys(asked["engagement_types"], 1))
        return Reply(200, {}, orjson.dumps({"harvester": counts}))

    def ids_asked(self) -> list[str]:
        """Of all requests."""
        return [tweet_id for asked in self.asked for tweet_id in asked["tweet_ids"]]


def ids(n_batches: int) -> list[int]:
    """So many whole batches of totals, none of an ID that looks rounded."""
    return [FIRST_ID + 100 * number for number in range(n_batches * BATCH)]


def is_free(folder: Path) -> bool:
    """Whether the next run may use a run directory."""
    try:
        RunLock(folder).release()
    except RunDirectoryError:
        return False
    return True


def lines(folder: Path, endpoint: str = "totals") -> list[dict[str, Any]]:
    """The records of a file, each with its endpoint, as `to_dict` has them."""
    text = (folder / f"{endpoint}.ndjson").read_bytes()
    return [{"endpoint": endpoint, **orjson.loads(line)} for line in text.splitlines()]
