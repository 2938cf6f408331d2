"""What happened when in a run, in a bounded number of equal spans of time. Pure.

A run of a minute has it by the second, one of a week by the hour: whenever it outgrows its spans, pairs of them
become one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any, Final, Self

MOST_SPANS: Final = 240


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened in a span of time.

    settled: tweets. sent: requests; rate_limited and errors: those of them that were refused for their rate, or
    came to nothing. …_s: seconds for which nothing was sent because of the allowance, the service or the disk.
    """

    settled: int = 0
    sent: int = 0
    rate_limited: int = 0
    errors: int = 0
    rate_limit_s: float = 0.0
    service_s: float = 0.0
    disk_s: float = 0.0

    def __add__(self, other: Self) -> "Happened":
        return Happened(*(mine + its for mine, its in zip(_values(self), _values(other), strict=True)))

    def __sub__(self, other: Self) -> "Happened":
        return Happened(*(mine - its for mine, its in zip(_values(self), _values(other), strict=True)))


_FIELDS: Final = [field.name for field in fields(Happened)]
_values: Final = attrgetter(*_FIELDS)
NOTHING: Final = Happened()


class Timeline:
    """An endpoint's run over time. width_s: of a span. spans: from the moment the run began, gaps between its
    processes too.
    """

    def __init__(self, width_s: int = 1) -> None:
        self.width_s = width_s
        self.spans: list[Happened] = []

    def add(self, at_s: float, happened: Happened) -> None:
        """Take what happened since the time before. at_s: seconds since the run began; below 0 counts as 0."""
        while at_s >= self.width_s * MOST_SPANS:
            self._double()
        place = int(max(at_s, 0.0) // self.width_s)
        while len(self.spans) <= place:
            self.spans.append(NOTHING)
        self.spans[place] += happened

    def add_since(self, since_s: float, at_s: float, happened: Happened) -> None:
        """Take what happened between two moments: the seconds waited are spread over that time, the rest is of
        the second one.
        """
        self.add(at_s, replace(happened, rate_limit_s=0.0, service_s=0.0, disk_s=0.0))
        begin = max(min(since_s, at_s), 0.0)
        took_s = at_s - begin
        waited = (happened.rate_limit_s, happened.service_s, happened.disk_s)
        if took_s <= 0 or not any(waited):
            self.add(at_s, Happened(0, 0, 0, 0, *waited))
            return
        while begin < at_s:
            end = min(self.width_s * (begin // self.width_s + 1), at_s)
            share = (end - begin) / took_s
            self.add(begin, Happened(0, 0, 0, 0, *(share * seconds for seconds in waited)))
            begin = end

    def _double(self) -> None:
        self.width_s *= 2
        even, odd = self.spans[::2], self.spans[1::2]
        odd += [NOTHING] * (len(even) - len(odd))
        self.spans = [first + second for first, second in zip(even, odd, strict=True)]

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can hold it: a list for each field of which there is any, so that it is short.

        A checkpoint has it, many times a second at full speed.
        """
        columns = zip(_FIELDS, zip(*map(_values, self.spans), strict=True), strict=bool(self.spans))
        short = {
            name: [round(value, 1) for value in column] if name.endswith("_s") else list(column)
            for name, column in columns
            if any(column)
        }
        return {"width_s": self.width_s, "spans": len(self.spans), **short}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> "Timeline":
        """The timeline that `to_dict` described; one without spans for a run that kept none."""
        timeline = cls(state.get("width_s", 1))
        none = [0] * state.get("spans", 0)
        columns = [state.get(name, none) for name in _FIELDS]
        timeline.spans = [Happened(*values) for values in zip(*columns, strict=True)]
        return timeline
