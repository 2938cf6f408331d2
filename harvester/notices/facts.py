"""What the journal of a run counts, for whoever is told of it. Pure, but for `read_facts`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harvester.engagement.metrics import EndpointName
from harvester.recorded.run import opened_journal
from harvester.report.summary import RECORD_STATUSES
from harvester.rundir.marks import EndpointMark


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """What is committed of an endpoint, over all processes of the run.

    tweets: records by status. requests: by what came of them. elapsed_s: that it was worked at.
    """

    tweets: Mapping[str, int] = field(default_factory=dict)
    dead_letters: int = 0
    requests: Mapping[str, int] = field(default_factory=dict)
    records_bytes: int = 0
    elapsed_s: float = 0.0

    @property
    def records(self) -> int:
        """Tweets that have a record."""
        return sum(self.tweets.values())

    @property
    def settled(self) -> int:
        """Tweets that have a record or a dead letter."""
        return self.records + self.dead_letters


Facts = Mapping[EndpointName, EndpointFacts]


def facts_of(mark: EndpointMark) -> EndpointFacts:
    """What a mark says. One that has no state yet says nothing."""
    state = mark.state
    counts = state.get("reduction", {}).get("counts", {})
    return EndpointFacts(
        {status.value: counts.get(status.value, 0) for status in RECORD_STATUSES},
        state.get("dead_letters", 0),
        _requests(state.get("requests", {})),
        mark.records_bytes,
        float(state.get("elapsed_s", 0.0)),
    )


def _requests(counts: Mapping[str, Any]) -> dict[str, int]:
    came_of = {"answered": counts.get("answered", 0), "rate limited": counts.get("rate_limited", 0)}
    return {**came_of, **counts.get("errors", {})}


def read_facts(folder: Path, endpoints: Iterable[EndpointName]) -> Facts:
    """What the journal counts at this moment, also while the run goes on. Blocking, for some milliseconds.

    Raises RunDirectoryError and StorageError where it cannot be read.
    """
    with opened_journal(folder) as journal:
        return {name: facts_of(journal.endpoint_mark(name)) for name in endpoints}
