"""The equations that hold where nothing is lost: lines, IDs, and what became of each on every endpoint. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harvester.pipeline.reading import InputCounts
from harvester.recorded.run import RecordedRun
from harvester.verify.endpoint import Seen
from harvester.verify.input import InputSeen


def input_equations(counts: InputCounts) -> list[str]:
    """Lines and IDs of the input, as sentences."""
    lines = {"IDs": counts.ids, "rejected": counts.rejected, "blank": counts.blank, "headers": counts.headers}
    ids = {"distinct": counts.distinct, "duplicates": counts.duplicates}
    said = [_equation("lines", counts.lines, lines), _equation("IDs", counts.ids, ids)]
    if counts.too_old:
        wanted = {"asked for": counts.distinct - counts.too_old, "left out by --newer-than": counts.too_old}
        said.append(_equation("distinct", counts.distinct, wanted))
    return said


@dataclass(frozen=True, slots=True)
class Balance:
    """What became of the IDs that an endpoint is asked for.

    asked: how many those are, None where the input was not read. counts: by status, and the dead letters under
    "failed". left: those that are not settled. repeated: those that came again within a batch, and are not asked.
    """

    asked: int | None
    counts: Mapping[str, int]
    left: int = 0
    repeated: int = 0

    @property
    def settled(self) -> int:
        """Records and dead letters."""
        return sum(self.counts.values())

    def equation(self) -> str:
        """All of it as a sentence."""
        parts = {("dead letters" if name == "failed" else name): n for name, n in self.counts.items()}
        beside = {"not yet asked": self.left, "repeated": self.repeated}
        parts |= beside
        if self.asked is None:
            return _equation("settled", self.settled, parts)
        return _equation("asked for", self.asked, parts)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"asked": self.asked, **self.counts, "left": self.left, "repeated": self.repeated}


def balance_of(told: RecordedRun, seen: Seen, read: InputSeen | None, n_left: int) -> Balance:
    """The balance of an endpoint. n_left: distinct IDs of the input that it has not settled."""
    if read is None:
        return Balance(None, seen.counts())
    asked = read.counts.distinct - read.counts.too_old
    if told.options.dedupe:
        return Balance(asked, seen.counts(), left=0 if told.is_finished else n_left)
    rest = asked - sum(seen.counts().values())
    return Balance(asked, seen.counts(), *((0, rest) if told.is_finished else (rest, 0)))


def _equation(name: str, n: int, parts: Mapping[str, int]) -> str:
    sign = "=" if n == sum(parts.values()) else "≠"
    told = [f"{part:,} {of}" for of, part in parts.items() if part]
    return f"{n:,} {name} {sign} {' + '.join(told) or 0}"
