"""How a table is written, and what its lines are with quotes that are characters like others."""

import re
from dataclasses import dataclass
from typing import Final

from harvester.engagement.tweet_id import FIRST_SNOWFLAKE, parse_tweet_id

_BLANKS: Final = re.compile(b" +")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written. Both are one ASCII character; a blank as delimiter stands for several, too."""

    delimiter: str
    quote: str = '"'

    @property
    def escaped_quote(self) -> bytes:
        """A quote behind a backslash, which may be one within quotes."""
        return b"\\" + self.quote.encode()

    def literal_cells(self, line: bytes) -> list[bytes]:
        """The cells of a line whose quotes quote nothing."""
        if self.delimiter == " ":
            return _BLANKS.split(line.lstrip(b" "))
        return line.split(self.delimiter.encode())


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rows of a table are like: so many cells, and the tweet ID in that column of them, from 0."""

    n_cells: int
    column: int

    def literal_row(self, line: bytes, dialect: Dialect) -> list[str] | None:
        """The cells of a line that is a row with an ID if its quotes quote nothing; None if it is none."""
        line = line.removesuffix(b"\r")
        is_parted = dialect.delimiter == " " or line.count(dialect.delimiter.encode()) == self.n_cells - 1
        if not is_parted or b"\r" in line or len(cells := dialect.literal_cells(line)) != self.n_cells:
            return None
        row = [cell.decode("utf-8", "surrogateescape") for cell in cells]
        has_id = self.column < len(row) and isinstance(parse_tweet_id(row[self.column]), int)
        return row if has_id else None

    def snowflake(self, line: bytes, dialect: Dialect, *, is_plain: bool) -> int | None:
        """The ID of such a line, if it is a Snowflake: smaller numbers are in many a text.

        is_plain: whether links count for none, and only digits do; see `is_plain_id`.
        """
        row = self.literal_row(line, dialect)
        if row is None or (is_plain and not is_plain_id(row[self.column])):
            return None
        found = parse_tweet_id(row[self.column])
        return found if isinstance(found, int) and found >= FIRST_SNOWFLAKE else None


def is_plain_id(cell: str) -> bool:
    """Whether a cell holds digits alone, as it stands or in quotes."""
    digits = cell.strip("\"'")
    return digits.isascii() and digits.isdigit()
