"""The files of an input, read once from the first to the last."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harvester.dedupe import SeenIds
from harvester.engagement.tweet_id import Ids
from harvester.errors import ExitCode
from harvester.inspection.ages import Spread
from harvester.inspection.files import FileFacts, Owners, Reasons, counts_of
from harvester.sources import Chunk, Form, Source, printable_name, read_chunks

SCHEMA: Final = 1
_Mask = NDArray[np.bool_]


@dataclass(slots=True)
class Inspection:
    """What was found. spread, owners: of each tweet once, or as often as it comes if repeats are not counted."""

    spread: Spread
    counts_repeats: bool
    owners: Owners | None
    files: list[FileFacts] = field(default_factory=list)

    @property
    def reasons(self) -> Reasons:
        """The rejected lines of all files."""
        return Reasons.of_all(each.reasons for each in self.files)

    @property
    def exit_code(self) -> ExitCode:
        """With what the command ends."""
        return ExitCode.INCOMPLETE if any(each.unreadable for each in self.files) else ExitCode.OK

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        spread = self.spread
        endpoints = {
            name: {metric: found.to_dict() for metric, found in metrics.items()}
            for name, metrics in spread.askable().items()
        }
        return {
            "schema": SCHEMA,
            "files": [each.to_dict(counts_repeats=self.counts_repeats) for each in self.files],
            "input": {
                "files": len(self.files),
                **counts_of(self.files, counts_repeats=self.counts_repeats),
                "distinct": spread.n_tweets if self.counts_repeats else None,
                "unreadable": sum(each.unreadable is not None for each in self.files),
                "looks_rounded": sum(each.looks_rounded for each in self.files),
            },
            "reasons": self.reasons.to_list(),
            "span": dict(zip(("from", "to"), spread.span, strict=True)),
            "ages": [band.to_dict() for band in spread.bands()],
            "years": {str(year): n for year, n in spread.years().items()},
            "endpoints": endpoints,
            "within_historical_reach": spread.within_reach(),
            "owners": self.owners and self.owners.to_dict(),
            "exit": int(self.exit_code),
        }


def inspect_input(
    sources: Sequence[Source],
    form: Form,
    now_ms: int,
    *,
    dedupe: bool = True,
    on_chunk: Callable[[Chunk], None] | None = None,
) -> Inspection:
    """Read all of the sources, and tell what is in them. Blocks; an interrupt ends it at once.

    now_ms: from which ages count, since 1970 UTC. dedupe: whether repeats are counted; without, memory does not
    grow with the number of IDs. on_chunk: is called with each chunk, when it is counted.

    Raises UsageError as `read_chunks` does.
    """
    inspector = _Inspector(form, now_ms, dedupe=dedupe)
    for source, chunks in [(source, read_chunks([source], form)) for source in sources]:
        for chunk in inspector.read(source, chunks):
            if on_chunk:
                on_chunk(chunk)
    return inspector.found


class _Inspector:
    """Counts chunks, source after source."""

    def __init__(self, form: Form, now_ms: int, *, dedupe: bool) -> None:
        self._has_owners = form.owner_column is not None or form.owner_from_folder
        self.found = Inspection(Spread(now_ms), dedupe, self._new_owners())
        self._seen = SeenIds()
        self._seen_in_file: SeenIds | None = None

    def read(self, source: Source, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Count the chunks of a source; gives each of them when that is done."""
        facts: FileFacts | None = None
        n_bytes = 0  # of what comes before it is known whose it is
        for chunk in chunks:
            file = _file_of(chunk)
            if file is not None and (facts is None or file != facts.file):
                facts = self._begin(file)
                facts.bytes, n_bytes = n_bytes, 0
            if facts is None:
                n_bytes += chunk.n_bytes
            else:
                self._count(facts, chunk)
            yield chunk
        if facts is None:
            self._begin(printable_name(source.name)).bytes = n_bytes

    def _begin(self, file: str) -> FileFacts:
        facts = FileFacts(file, owners=self._new_owners())
        self.found.files.append(facts)
        # While nothing came before, all that was seen was seen in this file.
        self._seen_in_file = SeenIds() if len(self._seen) else None
        return facts

    def _new_owners(self) -> Owners | None:
        return Owners() if self._has_owners else None

    def _count(self, facts: FileFacts, chunk: Chunk) -> None:
        facts.add(chunk)
        is_first_here, is_first = self._parted(chunk.ids)
        n_first_here = int(np.count_nonzero(is_first_here))
        facts.repeats_within += len(chunk.ids) - n_first_here
        facts.repeats_across += n_first_here - int(np.count_nonzero(is_first))
        self.found.spread.add(chunk.ids[is_first])
        if facts.owners is not None and self.found.owners is not None:
            facts.owners.add(compress(chunk.owners, is_first_here.tolist()))
            self.found.owners.add(compress(chunk.owners, is_first.tolist()))

    def _parted(self, ids: Ids) -> tuple[_Mask, _Mask]:
        """Which of the IDs come for the first time in the file, and which for the first time at all."""
        if not self.found.counts_repeats:
            every = np.ones(len(ids), np.bool_)
            return every, every
        if self._seen_in_file is None:
            is_first = self._seen.first_seen(ids)
            return is_first, is_first
        is_first_here = self._seen_in_file.first_seen(ids)
        is_first = is_first_here.copy()
        is_first[is_first_here] = self._seen.first_seen(ids[is_first_here])
        return is_first_here, is_first


def _file_of(chunk: Chunk) -> str | None:
    """The name of the file that a chunk is from, if the chunk says it."""
    if chunk.origin:
        return chunk.origin.file
    return chunk.rejected[0].file if chunk.rejected else None
