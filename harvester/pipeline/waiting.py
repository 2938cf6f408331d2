"""Settled batches that wait for those before them: in memory at first, then in the journal alone.

So one slow batch holds up neither the others nor costs their answers at a kill, and what waits for it long takes
no memory.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harvester.pipeline.reading import changed_input
from harvester.planning import Batch
from harvester.reduce import Partial
from harvester.rundir.journal_reads import JournalReads
from harvester.rundir.marks import Ahead, Dead

TAKEN_BYTES: Final = 16 * 2**20
"""So many bytes of records make one step, or are read from the journal at once."""


TWEET_BYTES: Final = 250
POINT_BYTES: Final = 22
"""Of a time series, as it is written; 12 while it is collected."""


def outcome_bytes(batch: Batch) -> int:
    """How much memory the outcomes of a batch can take: every point of its time series, if there are any."""
    request, n_points = batch.blank, 0
    if request.series:
        n_hours = sum(window.n_hours for window in batch.windows if window) or 30
        n_points = n_hours if request.series == "hour" else n_hours // 24 + 2
    return len(batch.ids) * (TWEET_BYTES + POINT_BYTES * len(request.metrics) * n_points)


@dataclass(frozen=True, slots=True)
class Ready:
    """A settled batch, boiled down to what is written.

    records: lines, in pieces. n_bytes: how much memory is set aside for it. again: its tweets, if they had dead
    letters before.
    """

    number: int
    chain: bytes
    records: Sequence[bytes]
    partial: Partial
    dead: Sequence[Dead]
    n_tweets: int = 0
    n_bytes: int = 0
    again: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, batch: Batch, records: Sequence[bytes], partial: Partial, dead: Sequence[Dead], *, is_again: bool
    ) -> "Ready":
        """What came of a batch. is_again: its tweets had dead letters before."""
        again = tuple(batch.ids.tolist()) if is_again else ()
        sizes = len(batch.ids), outcome_bytes(batch)
        return cls(batch.number, batch.chain, records, partial, dead, *sizes, again)


class Waiting:
    """The settled batches of an endpoint that are not committed."""

    def __init__(self, journal: JournalReads, endpoint: str) -> None:
        self._journal = journal
        self._endpoint = endpoint
        self._ready: dict[int, Ready] = {}
        self._seen: set[int] = set()
        self._earlier = journal.ahead_chains(endpoint)
        self._in_journal: set[int] = set()

    def __len__(self) -> int:
        return len(self._ready) + len(self._in_journal)

    def __contains__(self, number: int) -> bool:
        return number in self._ready or number in self._in_journal

    def has_settled(self, batch: Batch) -> bool:
        """Whether an earlier process has settled the batch.

        Raises RunDirectoryError when that was of another input.
        """
        chain = self._earlier.pop(batch.number, None)
        if chain is None:
            return False
        demand_same(batch, chain)
        self._in_journal.add(batch.number)
        return True

    def add(self, ready: Ready) -> None:
        """Take one more."""
        self._ready[ready.number] = ready

    def take_to_keep(self, *, wants_all: bool) -> list[Ready]:
        """Those for the journal, which are let go: all of them, or those that were here at the call before."""
        numbers = {number for number, ready in self._ready.items() if not ready.again}
        waiting = numbers if wants_all else numbers & self._seen
        self._seen = numbers - waiting
        taken = [self._ready.pop(number) for number in sorted(waiting)]
        self._in_journal.update(ready.number for ready in taken)
        return taken

    def take_in_order(self, number: int) -> tuple[list[Ready], bool]:
        """Those from a number on, without a gap, as many as make a step, and whether there were more of them.

        Blocking: they may be in the journal.
        """
        taken: list[Ready] = []
        n_bytes = 0
        while n_bytes < TAKEN_BYTES and number + len(taken) in self:
            next_number = number + len(taken)
            ready = self._ready.pop(next_number, None) or self._take_out(next_number)
            taken.append(ready)
            n_bytes += sum(map(len, ready.records))
        return taken, n_bytes >= TAKEN_BYTES

    def _take_out(self, number: int) -> Ready:
        ahead = self._journal.ahead(self._endpoint, number)
        self._in_journal.remove(number)
        return _from_ahead(ahead)


def to_ahead(ready: Ready) -> Ahead:
    """A settled batch as the journal keeps it: its records, and what it adds as JSON."""
    dead = [(dead.tweet_id, dead.account, dead.letter.decode()) for dead in ready.dead]
    added = {**ready.partial.to_dict(), "dead": dead}
    return Ahead(ready.number, ready.chain, b"".join((json.dumps(added).encode(), b"\n", *ready.records)))


def _from_ahead(ahead: Ahead) -> Ready:
    head, _, records = ahead.outcome.partition(b"\n")
    added = json.loads(head)
    dead = [Dead(tweet_id, account, letter.encode()) for tweet_id, account, letter in added["dead"]]
    return Ready(ahead.number, ahead.chain, (records,), Partial.from_dict(added), dead)


def demand_same(batch: Batch, chain: bytes) -> None:
    """Raises RunDirectoryError when what is kept of a batch was of another input."""
    if chain != batch.chain:
        raise changed_input(f"the IDs up to batch {batch.number:,} are not those that were answered")
