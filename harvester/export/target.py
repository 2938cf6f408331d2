"""Where an export goes: which format a file's ending means, and which files are refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from harvester.errors import UsageError, did_you_mean
from harvester.export.layout import TableName
from harvester.rundir.names import MANIFEST, TOP_TWEETS

Ending = Literal[".parquet", ".csv", ".csv.gz", ".duckdb", ".xlsx"]
ENDINGS: Final[tuple[Ending, ...]] = (".parquet", ".csv", ".csv.gz", ".duckdb", ".xlsx")
OTHER_NAMES: Final[dict[str, Ending]] = {
    ".pq": ".parquet",
    ".tsv": ".csv",
    ".txt": ".csv",
    ".gz": ".csv.gz",
    ".db": ".duckdb",
    ".ddb": ".duckdb",
    ".xls": ".xlsx",
    ".ods": ".xlsx",
}
"""What is not written, and the nearest that is."""
STANDARD_OUTPUT: Final = "-"
IN_ONE_FILE: Final = (".duckdb", ".xlsx")


@dataclass(frozen=True, slots=True)
class Target:
    """A file that is to be written. path: None for standard output, which is CSV without time series."""

    ending: Ending
    path: Path | None

    def path_of(self, table: TableName) -> Path | None:
        """The file in which a table is. None for standard output, and for a table that is nowhere."""
        if self.path is None or table == "tweets" or self.ending in IN_ONE_FILE:
            return self.path
        stem = self.path.name[: -len(self.ending)]
        return self.path.with_name(f"{stem}.series{self.path.name[-len(self.ending) :]}")


def read_target(text: str) -> Target:
    """What `--to` means. Raises UsageError for an ending that means no format, naming the nearest."""
    if text == STANDARD_OUTPUT:
        return Target(".csv", None)
    path = Path(text)
    for ending in reversed(ENDINGS):
        if path.name.lower().endswith(ending) and len(path.name) > len(ending):
            return Target(ending, path)
    known = f"The endings are: {' '.join(ENDINGS)}."
    if path.suffix.lower() in (".json", ".ndjson", ".jsonl"):
        raise UsageError(f"{text}: the records of a run directory are NDJSON already", known)
    raise UsageError(f"{text}: {_shown(path.suffix)} means no format", _nearest(path.suffix.lower()) or known)


def _shown(suffix: str) -> str:
    return f"the ending {suffix[:20]!r}" if suffix else "a name without an ending"


def _nearest(suffix: str) -> str | None:
    if suffix in OTHER_NAMES:
        return f"Did you mean {OTHER_NAMES[suffix]!r}?"
    return did_you_mean(suffix, ENDINGS)


def demand_free(paths: Sequence[Path], *, replaces: bool) -> None:
    """Raises UsageError where the files cannot be, or may not be replaced."""
    for path in paths:
        if not path.parent.is_dir():
            raise UsageError(f"{path}: there is no folder {path.parent}")
        if path.is_dir():
            raise UsageError(f"{path} is a folder")
        if path.name == TOP_TWEETS and (path.parent / MANIFEST).exists():
            raise UsageError(f"{path} is a file of the run itself", "Choose another name.")
        if path.exists() and not replaces:
            raise UsageError(f"{path} is there already", "--force replaces it.")
