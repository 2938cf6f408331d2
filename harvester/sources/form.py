"""How the input is to be read: what the user says of it. What is not said is found out."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from harvester.errors import UsageError, did_you_mean

FileFormat = Literal["text", "csv", "tsv", "ndjson", "json", "parquet", "arrow"]
FORMATS: Final[tuple[FileFormat, ...]] = get_args(FileFormat)
TABLE_FORMATS: Final = frozenset({"parquet", "arrow"})


@dataclass(frozen=True, slots=True)
class Form:
    """How all files of an input are to be read.

    file_format: one of FORMATS; None finds it out for each file. In `csv` any delimiter will do. `json` is a
        document, or several one after the other.
    column: its name in the header, or its number from 1; the files are tables then. In JSON it is the key that
        holds the ID, `tweet.id` for one within another.
    owner_column: the column that says whose tweet it is, given and compared as `column` is. It is never taken for
        the column of IDs unless `column` says so. A row that is too short to have it, or has in it more than 200
        characters or no UTF-8, is rejected.
    owner_from_folder: the folder in which a file lies says it; for `inbox/alice/ids.txt` it is `alice`.
    include_referenced: in JSON, retweeted, quoted and replied-to tweets that stand in a tweet count, too, after
        it.
    began_ms: since 1970 UTC. IDs of tweets that were made a day after it and more are rejected, and so are those
        below the first tweet, and rows of rounded ones; see Screen. None lets all numbers pass.
    accept_rounded: take IDs that a spreadsheet or JavaScript seems to have rounded.

    Raises UsageError: an unknown format, a column for text, owners by both ways.
    """

    file_format: str | None = None
    column: str | None = None
    owner_column: str | None = None
    owner_from_folder: bool = False
    include_referenced: bool = False
    began_ms: int | None = None
    accept_rounded: bool = False

    def __post_init__(self) -> None:
        if self.file_format is not None and self.file_format not in FORMATS:
            hint = did_you_mean(self.file_format, FORMATS) or f"One of {', '.join(FORMATS)}."
            raise UsageError(f"unknown input format {self.file_format!r}", hint)
        for name in (self.column, self.owner_column):
            if name is not None and self.file_format == "text":
                raise UsageError(
                    f"text has no columns, but column {name!r} is wanted", "Leave one of the two out."
                )
        if -1 in (self.column_number, self.owner_number):
            raise UsageError("no column 0", "Columns count from 1.")
        if self.owner_column is not None and self.owner_from_folder:
            raise UsageError(
                f"owners are wanted from column {self.owner_column!r} and from the folders' names",
                "Leave one of the two out.",
            )

    @property
    def column_number(self) -> int | None:
        """The wanted column from 0, if it was given as a number."""
        return _number(self.column)

    @property
    def owner_number(self) -> int | None:
        """The owners' column from 0, if it was given as a number."""
        return _number(self.owner_column)


def _number(column: str | None) -> int | None:
    return int(column) - 1 if column is not None and column.isdecimal() else None
