"""What a run directory counts as answered, and what the service's log says that it answered."""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

Asked = tuple[str, str, str | None]
"""An endpoint, a tweet, and the start of the window that was asked for; None where there is none, or for all."""


class Counted:
    """What the journal of a run counts, whenever `look` is called: records, dead letters, and what it keeps."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._read: dict[str, int] = {}
        self._settled: set[Asked] = set()
        self._kept: set[Asked] = set()

    def look(self) -> None:
        """Take in what the journal has come to count since the last time."""
        with tempfile.TemporaryDirectory() as folder:
            # Reading the journal in its place would fold its log into it, which a dead process did not.
            for name in ("journal.db", "journal.db-wal"):
                if (self._out / name).exists():
                    shutil.copy(self._out / name, folder)
            with closing(sqlite3.connect(Path(folder) / "journal.db")) as journal:
                if journal.execute("SELECT 1 FROM sqlite_master WHERE name = 'run'").fetchone():
                    self._take(journal)

    def _take(self, journal: sqlite3.Connection) -> None:
        for endpoint, n_bytes in journal.execute("SELECT name, records_bytes FROM endpoint"):
            self._settled.update(self._new_records(endpoint, n_bytes))
        for endpoint, tweet_id in journal.execute("SELECT endpoint, tweet_id FROM dead_letter"):
            self._settled.add((endpoint, str(tweet_id), None))
        for endpoint, outcome in journal.execute("SELECT endpoint, outcome FROM ahead"):
            _, _, records = outcome.partition(b"\n")
            self._settled.update(_tweets_of(endpoint, records))
        for endpoint, outcome in journal.execute("SELECT endpoint, outcome FROM part"):
            self._kept.update(_answered_in(endpoint, outcome))

    def _new_records(self, endpoint: str, n_bytes: int) -> Iterator[Asked]:
        with (self._out / f"{endpoint}.ndjson").open("rb") as file:
            begin = file.seek(self._read.get(endpoint, 0))
            self._read[endpoint] = n_bytes
            yield from _tweets_of(endpoint, file.read(n_bytes - begin))

    def has(self, asked: Asked) -> bool:
        """Whether the answer is counted, so that it need not be asked for again."""
        endpoint, tweet_id, _ = asked
        return asked in self._kept or (endpoint, tweet_id, None) in self._settled


def _tweets_of(endpoint: str, records: bytes) -> Iterator[Asked]:
    return ((endpoint, json.loads(line)["tweet_id"], None) for line in records.splitlines())


def _answered_in(endpoint: str, outcome: bytes) -> Iterator[Asked]:
    part = msgspec.msgpack.decode(outcome)
    start = datetime.fromtimestamp(part["window"] * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    missing = set(part["missing"])
    return ((endpoint, i, start if part["window"] else None) for i in part["tweet_ids"] if i not in missing)


def asked_in(request: dict[str, Any]) -> list[Asked]:
    """All that a request of the log asked for."""
    return [(request["endpoint"], tweet_id, request["start"]) for tweet_id in request["tweet_ids"]]


def most_within(times: Sequence[float], window_s: float) -> int:
    """The most of these moments, which are in order, that lie in one window of that length."""
    most, first = 0, 0
    for last, time in enumerate(times):
        while times[first] <= time - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


class RequestLog:
    """The log of a simulator, read on from where it was read last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._n_read = 0

    def has_more_than(self, n_bytes: int) -> bool:
        """Whether that much came since it was read last."""
        return self.path.exists() and self.path.stat().st_size > self._n_read + n_bytes

    def read_on(self, endpoints: Iterable[str]) -> list[dict[str, Any]]:
        """The requests to these endpoints since the last time; no line that is still being written."""
        with self.path.open("rb") as file:
            file.seek(self._n_read)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._n_read += len(whole)
        entries = (json.loads(line) for line in whole.splitlines())
        wanted = set(endpoints)
        return [entry for entry in entries if entry["endpoint"] in wanted]
