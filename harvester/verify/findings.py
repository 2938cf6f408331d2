"""What was looked at in a run directory, and what is wrong with it. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from harvester.errors import HarvesterError, StorageError
from harvester.rundir.inputs import printable

SHOWN: Final = 10
"""So many problems of a kind are told one by one; a damaged file may have millions."""


class NoRoomError(StorageError):
    """There is no room for temporary files; that says nothing of the run directory."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong.

    file: its name in the run directory, or that of an input. line: counted from 1, offset: of its first byte;
    None where it is no line that is wrong. n_more: so many further ones of the same kind are not told.
    """

    file: str
    what: str
    line: int | None = None
    offset: int | None = None
    n_more: int = 0

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what is not known is left out."""
        where = {"line": self.line, "offset": self.offset, "more": self.n_more or None}
        return {"file": self.file, "what": self.what} | {k: v for k, v in where.items() if v is not None}

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.what}" + (f" (and {self.n_more:,} more like this)" if self.n_more else "")


@dataclass(slots=True)
class Check:
    """One thing that was looked at. says: its numbers, a line each. holds: nothing is wrong with it."""

    subject: str
    says: list[str] = field(default_factory=list)
    holds: bool = True


class Findings:
    """Collects checks, problems and notes of a run directory.

    notes: what is worth knowing and not wrong. told, n_of: by file and kind, the problems that are told, and how
    many there are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.checks: list[Check] = []
        self.notes: list[str] = []
        self.told: dict[tuple[str, str], list[Problem]] = {}
        self.n_of: Counter[tuple[str, str]] = Counter()

    def add(
        self, file: str, what: str, *, kind: str = "", line: int | None = None, offset: int | None = None
    ) -> None:
        """Something is wrong. kind: by what it is counted together with others of the same file."""
        self.add_many(file, kind or what, 1, (Problem(file, what, line, offset),))

    def add_many(self, file: str, kind: str, n: int, problems: Iterable[Problem]) -> None:
        """The same for n things of a kind, of which no more are put into words than are told."""
        if n:
            told = self.told.setdefault((file, kind), [])
            told.extend(islice(problems, SHOWN - len(told)))
            self.n_of[file, kind] += n

    def take(self, other: "Findings") -> None:
        """Take over what another one has collected."""
        self.checks += other.checks
        self.notes += other.notes
        for key, told in other.told.items():
            self.told[key] = [*self.told.get(key, ()), *told][:SHOWN]
            self.n_of[key] += other.n_of[key]

    @property
    def n_problems(self) -> int:
        """How many things are wrong, told or not."""
        return sum(self.n_of.values())

    def problems(self) -> list[Problem]:
        """Those that are told, kind by kind in the order in which they showed; the last of a kind has n_more."""
        found = []
        for key, told in self.told.items():
            *first, last = told
            n_more = self.n_of[key] - len(told)
            found += [*first, Problem(last.file, last.what, last.line, last.offset, n_more)]
        return found

    def check(self, subject: str, file: str | None = None) -> "_Checking":
        """A check, as a context; it holds if no problem shows within. What ends it early is one of the file."""
        return _Checking(self, subject, file or subject)

    def add_error(self, file: str, error: HarvesterError) -> None:
        """What an error says is wrong with a file."""
        self.add(file, printable(error.message.removeprefix(str(self._folder / file)).lstrip(": ")))


class _Checking:
    def __init__(self, findings: Findings, subject: str, file: str) -> None:
        self._findings = findings
        self._file = file
        self._check = Check(subject)
        self._n_before = findings.n_problems

    def __enter__(self) -> Check:
        self._findings.checks.append(self._check)
        return self._check

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(exc, HarvesterError) and not isinstance(exc, NoRoomError):
            self._findings.add_error(self._file, exc)
            exc = None
        self._check.holds = self._findings.n_problems == self._n_before
        return kind is not None and exc is None
