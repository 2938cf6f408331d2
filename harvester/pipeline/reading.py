"""From the input to batches and rejected lines, replaying what an earlier process has committed.

Synchronous and blocking: it runs in a thread, a portion at a time.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from harvester.dedupe import SeenIds
from harvester.engagement.tweet_id import Ids
from harvester.errors import RunDirectoryError
from harvester.planning import Batch, Planner
from harvester.rundir.journal import EndpointMark, InputMark
from harvester.rundir.records import encode_rejected
from harvester.sources import Chunk, Source, read_chunks


@dataclass(slots=True)
class InputCounts:
    """What the input held so far. lines = ids + rejected + blank + headers; ids = distinct + duplicates.

    too_old: distinct IDs that --newer-than left out. unreadable: files whose rest could not be read.
    bytes: as stored, so of a gzipped file the compressed ones. is_cut: --limit ended the reading.
    """

    lines: int = 0
    blank: int = 0
    headers: int = 0
    ids: int = 0
    duplicates: int = 0
    distinct: int = 0
    too_old: int = 0
    rejected: int = 0
    unreadable: int = 0
    bytes: int = 0
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Portion:
    """What one chunk of the input gave: batches to settle, lines for `rejected.ndjson`, and where those end."""

    batches: Sequence[Batch]
    rejected: bytes
    mark: InputMark


@dataclass(frozen=True, slots=True)
class Selection:
    """Which IDs of the input are wanted: all (None), the first `limit`, those from `first_id` on."""

    dedupe: bool = True
    limit: int | None = None
    first_id: int | None = None


class Reading:
    """Reads the input once, from its beginning, and gives what is not committed yet.

    endpoint_mark, input_mark: what is committed. Raises RunDirectoryError when the input is not the one that
    was committed: found by the rolling hash of IDs and by the hash of the rejected lines.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        planner: Planner,
        endpoint_mark: EndpointMark,
        input_mark: InputMark,
        selection: Selection,
        *,
        file_format: str | None = None,
        column: str | None = None,
    ) -> None:
        self.counts = InputCounts()
        self.n_planned = 0
        self.is_done = False
        self.stop = threading.Event()
        self._planner = planner
        self._done, self._rejected_done = endpoint_mark, input_mark
        self._selection = selection
        self._seen = SeenIds() if selection.dedupe else None
        self._chunks = read_chunks(sources, file_format=file_format, column=column, stop=self.stop)
        self._rejected_hash = blake2b(digest_size=16)
        self._n_rejected = self._rejected_bytes = self._n_taken = 0

    def portions(self) -> Iterator[Portion]:
        """What is to be done, in the input's order. Ends early, without a word, when `stop` is set."""
        for chunk in self._chunks:
            ids = self._select(chunk)
            yield self._portion(chunk, self._planner.plan(ids))
            if self.counts.is_cut:
                break
        if self.stop.is_set():
            return
        self.is_done = True
        yield self._portion(None, self._planner.finish())
        if self.n_planned < self._done.batches or self._n_rejected < self._rejected_done.rejected_lines:
            raise _changed(f"it ends after {self.counts.distinct:,} IDs, and more of them are committed")

    def _select(self, chunk: Chunk) -> Ids:
        counts, wanted = self.counts, self._selection
        counts.lines += chunk.n_lines
        counts.blank += chunk.n_blank
        counts.headers += chunk.n_headers
        counts.bytes += chunk.n_bytes
        counts.unreadable += chunk.unreadable is not None
        counts.rejected += len(chunk.rejected) - (chunk.unreadable is not None)
        counts.ids += len(chunk.ids)
        ids = chunk.ids[self._seen.first_seen(chunk.ids)] if self._seen is not None else chunk.ids
        counts.distinct += len(ids)
        counts.duplicates += len(chunk.ids) - len(ids)
        if wanted.first_id is not None:
            young = ids[ids >= wanted.first_id]
            counts.too_old += len(ids) - len(young)
            ids = young
        if wanted.limit is not None:
            n_left = wanted.limit - self._n_taken
            counts.is_cut = len(ids) >= n_left
            n_beyond = max(0, len(ids) - n_left)
            # As if the input ended here: what comes after is not counted.
            counts.lines -= n_beyond
            counts.ids -= n_beyond
            counts.distinct -= n_beyond
            ids = ids[:n_left]
        self._n_taken += len(ids)
        return ids

    def _portion(self, chunk: Chunk | None, planned: Iterator[Batch]) -> Portion:
        n_repeated = self._planner.n_repeated
        batches = [batch for batch in planned if self._is_new(batch)]
        n_repeated = self._planner.n_repeated - n_repeated
        self.counts.duplicates += n_repeated
        self.counts.distinct -= n_repeated
        return Portion(
            batches,
            b"".join(self._new_rejected(chunk)) if chunk else b"",
            InputMark(self._n_rejected, self._rejected_bytes, self._rejected_hash.digest()),
        )

    def _is_new(self, batch: Batch) -> bool:
        self.n_planned += 1
        if batch.number == self._done.batches - 1 and batch.chain != self._done.chain:
            raise _changed(f"the IDs of the first {self._done.batches:,} batches are not the committed ones")
        return batch.number >= self._done.batches

    def _new_rejected(self, chunk: Chunk) -> Iterator[bytes]:
        for rejected in chunk.rejected:
            line = encode_rejected(rejected.file, rejected.line, rejected.text, rejected.reason)
            self._rejected_hash.update(line)
            self._n_rejected += 1
            self._rejected_bytes += len(line)
            done = self._rejected_done
            if self._n_rejected == done.rejected_lines and self._rejected_hash.digest() != done.rejected_hash:
                raise _changed(f"the first {done.rejected_lines:,} rejected lines are not the committed ones")
            if self._n_rejected > done.rejected_lines:
                yield line


def _changed(how: str) -> RunDirectoryError:
    return RunDirectoryError(
        f"the input has changed since the run began: {how}", "Use another run directory, or the old input."
    )
