"""What an endpoint's checkpoint remembers beside its totals, and what of it a later process still believes.

    requests, elapsed_s     over all processes of the run
    timeline                what happened when (`harvester.timeline`), by the clock since the run was begun
    input                   {"distinct": IDs wanted so far, "is_done", "fraction" read or null, "bytes" or null}
    limit_per_minute        the allowance as last seen, or null
    committed_at            seconds since 1970

Journals of earlier versions lack some of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from harvester.pipeline.reading import InputCounts
from harvester.timeline import Happened, Timeline


@dataclass(frozen=True, slots=True)
class InputSeen:
    """How much of the input is known. distinct: IDs to harvest so far, all of them if is_done.

    fraction: how much of it is read, from 0 to 1, None where nobody knows. bytes: of all of it, None for streams.
    """

    distinct: int
    is_done: bool
    fraction: float | None = None
    bytes: int | None = None

    @classmethod
    def of(cls, counts: InputCounts, n_bytes: int | None, *, is_done: bool) -> Self:
        """What the reading has seen so far."""
        fraction = 1.0 if is_done else min(counts.bytes / n_bytes, 1.0) if n_bytes else None
        return cls(counts.distinct - counts.too_old, is_done, fraction, n_bytes)

    def or_earlier(self, earlier: "InputSeen | None") -> "InputSeen":
        """The same, or what an earlier process knew, where that read further in the input as it is now."""
        if earlier is None or self.is_done or earlier.bytes != self.bytes:
            return self
        return earlier if earlier.is_done or earlier.distinct > self.distinct else self


def input_seen(state: Mapping[str, Any]) -> InputSeen | None:
    """What a checkpoint knows of the input; None where it says nothing."""
    if (seen := state.get("input")) is None:
        return None
    return InputSeen(seen["distinct"], seen["is_done"], seen.get("fraction"), seen.get("bytes"))


def size_of(sizes: Sequence[int | None]) -> int | None:
    """Of all inputs together; None where one is a stream."""
    return None if None in sizes else sum(size or 0 for size in sizes)


class History:
    """What happened when, over all processes of a run. state: what the checkpoint had of it. at_s: as now."""

    def __init__(self, state: Mapping[str, Any], at_s: float) -> None:
        self._timeline = Timeline.from_dict(state.get("timeline", {}))
        self._until_s = at_s
        self._happened = Happened()

    def add(self, at_s: float, happened: Happened) -> None:
        """Take what has happened in this process so far. at_s: seconds since the run was begun."""
        self._timeline.add_since(self._until_s, at_s, happened - self._happened)
        self._until_s, self._happened = at_s, happened

    def to_dict(self) -> dict[str, Any]:
        """The timeline, as JSON can hold it."""
        return self._timeline.to_dict()


def added(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The sum of two sets of counts, of which either may lack some."""
    return {
        name: added(earlier.get(name, {}), now.get(name, {}))
        if isinstance(earlier.get(name, now.get(name)), dict)
        else earlier.get(name, 0) + now.get(name, 0)
        for name in {**earlier, **now}
    }
