"""What a life has left in its run directory, and what has to be so of that."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from harvester.errors import RunDirectoryError
from harvester.rundir.journal_reads import JournalView
from tests.worlds.harvesting import Sent
from tests.worlds.scene import EndpointName

JOURNAL: Final = "journal.db"
Answered = tuple[EndpointName, int | None, int]
"""An endpoint, the first hour of a window (None: of all of the time), and a tweet."""


@dataclass(frozen=True)
class Remains:
    """What is committed. answered: also by batches and windows that wait for others. is_blank: nothing is.

    stream_bytes: what the journal counts of standard input.
    """

    records: dict[EndpointName, bytes] = field(default_factory=dict)
    dead: dict[EndpointName, list[int]] = field(default_factory=dict)
    answered: set[Answered] = field(default_factory=set)
    is_complete: bool = False
    is_blank: bool = True
    stream_bytes: int = 0

    def ids(self, endpoint: EndpointName) -> list[int]:
        """The tweets that have a record."""
        return [int(record["tweet_id"]) for record in self.parsed(endpoint)]

    def parsed(self, endpoint: EndpointName) -> list[dict[str, Any]]:
        """The records."""
        return [json.loads(line) for line in self.records.get(endpoint, b"").splitlines()]

    @property
    def n_dead(self) -> int:
        """How many dead letters there are."""
        return sum(map(len, self.dead.values()))


def look_at_remains(run_dir: Path, endpoints: Sequence[EndpointName]) -> Remains:
    """What is there. The journal is read from a copy: reading leaves files beside it."""
    if not (run_dir / JOURNAL).exists():
        return Remains()
    with tempfile.TemporaryDirectory() as name:
        for path in run_dir.glob(f"{JOURNAL}*"):
            shutil.copy(path, name)
        with JournalView(Path(name) / JOURNAL) as journal:
            try:
                journal.run_id()
            except RunDirectoryError:  # it has no tables yet
                return Remains()
            return _read(run_dir, journal, endpoints)


def _read(run_dir: Path, journal: JournalView, endpoints: Sequence[EndpointName]) -> Remains:
    records, dead = {}, {}
    answered: set[Answered] = set()
    for name in endpoints:
        n_bytes = journal.endpoint_mark(name).records_bytes
        path = run_dir / f"{name}.ndjson"
        records[name] = path.read_bytes()[:n_bytes] if path.exists() else b""
        assert len(records[name]) == n_bytes
        dead[name] = [tweet_id for tweet_id, _ in journal.dead_tweets(name)]
        ahead = [journal.ahead(name, number).outcome for number in sorted(journal.ahead_chains(name))]
        waiting = [line for outcome in ahead for line in outcome.splitlines()[1:]]
        for line in (*records[name].splitlines(), *waiting):
            answered.add((name, None, int(json.loads(line)["tweet_id"])))
        for number in journal.part_numbers(name):
            for part in journal.parts(name, number):
                outcome = msgspec.msgpack.decode(part.outcome)
                answered |= {
                    (name, part.window or None, int(i))
                    for i in outcome["tweet_ids"]
                    if i not in outcome["missing"]
                }
    mark = journal.input_mark()
    is_blank = not (mark.rejected_lines or any(journal.endpoint_mark(name).state for name in endpoints))
    streams = sum(mark.n_bytes for mark in journal.streams().values())
    return Remains(records, dead, answered, (run_dir / "_SUCCESS").exists(), is_blank, streams)


def demand_nothing_is_lost(before: Remains, after: Remains) -> None:
    """What was committed is still there."""
    for name, records in before.records.items():
        assert after.records.get(name, b"").startswith(records), name
        assert set(before.dead[name]) <= {*after.dead[name], *after.ids(name)}, name


def demand_one_place(remains: Remains, wanted: set[int]) -> None:
    """No tweet is in two places, and none is there that was not wanted."""
    for name, dead in remains.dead.items():
        times = Counter([*remains.ids(name), *dead])
        assert set(times.values()) <= {1}, name
        assert times.keys() <= wanted, name


def demand_frugal(before: Remains, sent: Sequence[Sent]) -> None:
    """Nothing is asked for that was answered and committed before."""
    for one in sent:
        start = one.document.get("start")
        hour = None if start is None else int(datetime.fromisoformat(start).timestamp()) // 3600
        for tweet_id in map(int, one.document["tweet_ids"]):
            assert (one.endpoint, None, tweet_id) not in before.answered, one
            assert (one.endpoint, hour, tweet_id) not in before.answered, one
