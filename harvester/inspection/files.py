"""What is told of one file, and how it adds up."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from typing import Any, Final

from harvester.pipeline.rounding import Rounding
from harvester.rundir.inputs import printable
from harvester.sources import Chunk, FileFormat, Rejected

EXAMPLES: Final = 3
"""So many lines are shown for each reason."""
MOST_REASONS: Final = 50
OTHER_REASONS: Final = "other reasons"
MOST_OWNERS: Final = 100_000
"""So many names are told apart. The tweets of those that come later are counted together."""
SHOWN_OWNERS: Final = 10


class Reasons:
    """Lines that are no tweet ID by the reason, with the first of each. After a few reasons the rest is one."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[Rejected]] = {}

    def add(self, rejected: Iterable[Rejected]) -> None:
        """Count these lines."""
        for line in rejected:
            shown = self._shown_for(line.reason)
            if len(shown) < EXAMPLES:
                shown.append(line)

    def _shown_for(self, reason: str) -> list[Rejected]:
        if reason not in self.counts and len(self.counts) >= MOST_REASONS:
            reason = OTHER_REASONS
        self.counts[reason] += 1
        return self.examples.setdefault(reason, [])

    @classmethod
    def of_all(cls, each: Iterable["Reasons"]) -> "Reasons":
        """Those of several files together, with examples of as many files as there is room for."""
        together = cls()
        found: dict[str, list[list[Rejected]]] = {}
        for reasons in each:
            together.counts += reasons.counts
            for reason, lines in reasons.examples.items():
                if len(of_files := found.setdefault(reason, [])) < EXAMPLES:
                    of_files.append(lines)
        for reason, of_files in found.items():
            turns = chain.from_iterable(zip_longest(*of_files))
            together.examples[reason] = list(islice((line for line in turns if line), EXAMPLES))
        return together

    def __iter__(self) -> Iterator[tuple[str, int, list[Rejected]]]:
        """Reason, number of lines, examples; the most frequent first."""
        return ((reason, n, self.examples[reason]) for reason, n in self.counts.most_common())

    def to_list(self) -> list[dict[str, Any]]:
        """For JSON."""
        return [
            {"reason": reason, "lines": n, "examples": [_place(line) for line in examples]}
            for reason, n, examples in self
        ]


@dataclass(slots=True)
class Owners:
    """Tweets by whose they are. nameless: where the input names nobody. others: of names beyond MOST_OWNERS."""

    tweets: Counter[str] = field(default_factory=Counter)
    nameless: int = 0
    others: int = 0

    def add(self, names: Iterable[str]) -> None:
        """Count a tweet for each of the names."""
        for name, n in Counter(names).items():
            if not name:
                self.nameless += n
            elif name in self.tweets or len(self.tweets) < MOST_OWNERS:
                self.tweets[name] += n
            else:
                self.others += n

    def largest(self) -> list[tuple[str, int]]:
        """The owners of the most tweets, each with their number."""
        return sorted(self.tweets.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_OWNERS]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "owners": len(self.tweets),
            "has_more_owners": bool(self.others),
            "nameless": self.nameless,
            "largest": [{"owner": name, "tweets": n} for name, n in self.largest()],
        }


@dataclass(slots=True)
class FileFacts:
    """What is in a file, or in a member of an archive.

    file_format, compression, column: as in Origin; no format if nothing was read. repeats_within: IDs that came
    before in the file itself; repeats_across: in an earlier file of the input, and here for the first time. Both
    are 0 where repeats are not counted. unreadable: where its rest begins that could not be read, and why.
    rounding: how many of its IDs look rounded. owners: None if nobody asked; each ID of the file counts once.
    lines == ids + blank + headers + rejected lines.
    """

    file: str
    file_format: FileFormat | None = None
    compression: str | None = None
    column: str | None = None
    bytes: int = 0
    lines: int = 0
    ids: int = 0
    repeats_within: int = 0
    repeats_across: int = 0
    blank: int = 0
    headers: int = 0
    reasons: Reasons = field(default_factory=Reasons)
    unreadable: Rejected | None = None
    rounding: Rounding = field(default_factory=Rounding)
    owners: Owners | None = None

    @property
    def rejected(self) -> int:
        """Lines that are no tweet ID."""
        return self.reasons.counts.total()

    @property
    def repeats(self) -> tuple[int, int]:
        """IDs that came before: in the file itself, in an earlier one."""
        return self.repeats_within, self.repeats_across

    @property
    def looks_rounded(self) -> bool:
        """Whether a spreadsheet or JavaScript seems to have rounded its IDs."""
        return self.rounding.is_large_part

    def add(self, chunk: Chunk) -> None:
        """Count what a chunk says by itself."""
        self.bytes += chunk.n_bytes
        self.lines += chunk.n_lines
        self.ids += len(chunk.ids)
        self.blank += chunk.n_blank
        self.headers += chunk.n_headers
        rejected = chunk.rejected
        if chunk.unreadable is not None:
            *rejected_lines, self.unreadable = rejected
            rejected = tuple(rejected_lines)
        self.reasons.add(rejected)
        self.rounding.add(chunk)
        if chunk.origin:
            self.file_format = chunk.origin.file_format
            self.compression = chunk.origin.compression
            self.column = chunk.origin.column and printable(chunk.origin.column)

    def to_dict(self, *, counts_repeats: bool) -> dict[str, Any]:
        """For JSON."""
        return {
            "file": self.file,
            "format": self.file_format,
            "compression": self.compression,
            "column": self.column,
            **counts_of([self], counts_repeats=counts_repeats),
            "reasons": self.reasons.to_list(),
            "unreadable": self.unreadable and {**_place(self.unreadable), "reason": self.unreadable.reason},
            "rounded": {
                "large": self.rounding.n_large,
                "rounded": self.rounding.n_rounded,
                "suspect": self.looks_rounded,
            },
            "owners": self.owners and self.owners.to_dict(),
        }


def counts_of(files: Iterable[FileFacts], *, counts_repeats: bool) -> dict[str, int | None]:
    """The sums over files, for JSON."""
    names = ("bytes", "lines", "ids", "repeats_within", "repeats_across", "blank", "headers", "rejected")
    there = list(files)
    sums: Mapping[str, int] = {name: sum(getattr(each, name) for each in there) for name in names}
    return {name: n if counts_repeats or not name.startswith("repeats") else None for name, n in sums.items()}


def _place(line: Rejected) -> dict[str, Any]:
    return {"file": line.file, "line": line.line, "text": line.text}
