"""From the input to the IDs that are wanted and the lines that are none.

Synchronous and blocking: it runs in a thread, a portion at a time.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.config.options import Options
from harvester.dedupe import SeenIds
from harvester.engagement.tweet_id import Ids, first_id_at
from harvester.errors import RunDirectoryError
from harvester.pipeline.rounding import Rounding
from harvester.planning import Owners
from harvester.rundir.marks import InputMark
from harvester.rundir.records import encode_rejected
from harvester.sources import Chunk, Form, Source, places_of_rejected, read_chunks

NOTHING_COMMITTED: Final = InputMark()

log = logging.getLogger("harvester")


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
    """What one chunk of the input gave.

    ids: those to harvest, each once if duplicates are left out. owners: whose they are, None where that is not
    asked. rejected: new lines for `rejected.ndjson`; mark: where those end. ends_part: whether the input ended
    here before it grew.
    """

    ids: Ids
    owners: Owners | None
    rejected: bytes
    mark: InputMark
    ends_part: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """Which IDs of the input are wanted: all (None), the first `limit`, those from `first_id` on."""

    dedupe: bool = True
    limit: int | None = None
    first_id: int | None = None


class Reading:
    """Reads the input once, from its beginning, for all endpoints.

    owners: the accounts by name, their places are what portions hold; the last one is for names that are none.
    input_mark: the rejected lines that are committed. Raises RunDirectoryError when those of the input are others.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        input_mark: InputMark,
        selection: Selection,
        form: Form,
        owners: Sequence[str] = ("",),
        *,
        refuses_rounded: bool = False,
    ) -> None:
        self.counts = InputCounts()
        self.is_done = False
        self.stop = threading.Event()
        self._rejected_done = input_mark
        self._selection = selection
        self._places = {name: place for place, name in enumerate(owners)}
        self._no_place = len(owners) - 1
        self._seen = SeenIds() if selection.dedupe else None
        self._chunks = read_chunks(sources, form, stop=self.stop)
        self._rejected_hash = sha256()
        self._n_rejected = self._rejected_bytes = self._n_taken = 0
        self._rounding = Rounding()
        self._has_warned = False
        self._refuses_rounded = refuses_rounded

    def portions(self) -> Iterator[Portion]:
        """The input, in its order. Ends early, without a word, when `stop` is set."""
        for chunk in self._chunks:
            self._warn_of_rounding(chunk)
            chunk, wanted = self._select(chunk)  # noqa: PLW2901  # the same chunk, perhaps shorter
            rejected = b"".join(self._new_rejected(chunk))
            mark = InputMark(self._n_rejected, self._rejected_bytes, self._rejected_hash.digest())
            yield Portion(chunk.ids[wanted], self._owners(chunk, wanted), rejected, mark, chunk.ends_part)
            if self.counts.is_cut:
                break
        if self.stop.is_set():
            return
        self.is_done = True
        if self._n_rejected < self._rejected_done.rejected_lines:
            raise changed_input(
                f"it has {self._n_rejected:,} lines that are no IDs, and more of them are committed"
            )

    def _warn_of_rounding(self, chunk: Chunk) -> None:
        """Say so, or refuse it, before requests are spent on what came too late to be looked at before."""
        is_first = not self._rounding.n_large
        self._rounding.add(chunk)
        if not self._rounding.is_large_part or self._has_warned:
            return
        if is_first and self._refuses_rounded:
            raise self._rounding.refusal("the input")
        self._has_warned = True
        log.warning("%s", self._rounding)

    def _owners(self, chunk: Chunk, wanted: NDArray[np.intp]) -> Owners | None:
        if not chunk.owners:
            return None
        places = [self._places.get(name, self._no_place) for name in chunk.owners]
        return np.array(places, dtype=np.int32)[wanted]

    def _select(self, chunk: Chunk) -> tuple[Chunk, NDArray[np.intp]]:
        """The chunk as far as it is wanted, and the places of its IDs that are."""
        selection = self._selection
        if self._seen is not None:
            distinct = np.flatnonzero(self._seen.first_seen(chunk.ids))
        else:
            distinct = np.arange(len(chunk.ids))
        wanted = distinct
        if selection.first_id is not None:
            wanted = distinct[chunk.ids[distinct] >= selection.first_id]
        n_left = len(wanted) if selection.limit is None else selection.limit - self._n_taken
        if selection.limit is not None and len(wanted) >= n_left:
            self.counts.is_cut = True
            wanted = wanted[:n_left]
            chunk = _begun(chunk, int(wanted[-1]) + 1)
            distinct = distinct[distinct < len(chunk.ids)]
        self._n_taken += len(wanted)
        self._count(chunk, len(distinct), len(wanted))
        return chunk, wanted

    def _count(self, chunk: Chunk, n_distinct: int, n_wanted: int) -> None:
        counts = self.counts
        counts.lines += chunk.n_lines
        counts.blank += chunk.n_blank
        counts.headers += chunk.n_headers
        counts.bytes += chunk.n_bytes
        counts.unreadable += chunk.unreadable is not None
        counts.rejected += len(chunk.rejected) - (chunk.unreadable is not None)
        counts.ids += len(chunk.ids)
        counts.distinct += n_distinct
        counts.duplicates += len(chunk.ids) - n_distinct
        counts.too_old += n_distinct - n_wanted

    def _new_rejected(self, chunk: Chunk) -> Iterator[bytes]:
        for rejected in chunk.rejected:
            line = encode_rejected(rejected.file, rejected.line, rejected.text, rejected.reason)
            self._rejected_hash.update(line)
            self._n_rejected += 1
            self._rejected_bytes += len(line)
            done = self._rejected_done
            if self._n_rejected == done.rejected_lines and self._rejected_hash.digest() != done.rejected_hash:
                raise changed_input(
                    f"the first {done.rejected_lines:,} rejected lines are not the committed ones"
                )
            if self._n_rejected > done.rejected_lines:
                yield line


def _begun(chunk: Chunk, n_ids: int) -> Chunk:
    """The chunk as if the input ended behind so many of its IDs."""
    n_rejected = int(np.searchsorted(places_of_rejected(chunk), n_ids))
    return replace(
        chunk,
        ids=chunk.ids[:n_ids],
        lines=chunk.lines[:n_ids],
        owners=chunk.owners[:n_ids],
        rejected=chunk.rejected[:n_rejected],
        places=chunk.places[:n_rejected],
        n_lines=n_ids + n_rejected + chunk.n_blank + chunk.n_headers,
        unreadable=None,
    )


def input_form(options: Options, began_ms: int) -> Form:
    """How the options want the input read. Raises UsageError for what does not go together."""
    return Form(
        options.file_format,
        options.column,
        options.owner_column,
        options.owner_from_folder,
        options.include_referenced,
        began_ms,
        options.accept_rounded,
    )


def open_reading(
    options: Options,
    sources: Sequence[Source],
    owners: Sequence[str],
    began_ms: int,
    input_mark: InputMark = NOTHING_COMMITTED,
    *,
    is_new: bool = False,
) -> Reading:
    """The reading that the options want.

    began_ms: since 1970 UTC; from then on ages count. is_new: whether nothing was asked yet, so that a stream
    whose beginning looks rounded is refused.
    """
    youngest_ms = options.newer_than_ms
    first_id = None if youngest_ms is None else first_id_at(began_ms - youngest_ms)
    selection = Selection(options.dedupe, options.limit, first_id)
    form = input_form(options, began_ms)
    refuses_rounded = is_new and not options.accept_rounded
    return Reading(sources, input_mark, selection, form, owners, refuses_rounded=refuses_rounded)


def changed_input(how: str) -> RunDirectoryError:
    """The error for an input that is not the one that the run directory is about."""
    return RunDirectoryError(
        f"the input has changed since the run began: {how}", "Use another run directory, or the old input."
    )
