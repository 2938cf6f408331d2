"""Tables of a page, as values: what stands in a cell, and by what a column is sorted. Pure.

The templates draw them; the page's script makes a table sortable by its headers. Without scripts the rows stay in
the order given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from harvester.report.summary import TWEET_URL
from harvester.report.wording import NOTHING, number

Kind = Literal["text", "number", "id"]
"""Of a column. Numbers stand right and are sorted as such, the highest first; IDs by their value, however long."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its header. note: what explains the header, shown beside it as a tooltip."""

    title: str
    kind: Kind = "number"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is shown, and by what it is sorted: None stands behind all others.

    share: the length of a bar behind it, 0 to 1.
    """

    text: str
    sort: str | int | float | None = None
    href: str | None = None
    share: float | None = None


EMPTY: Final = Cell(NOTHING)


@dataclass(frozen=True, slots=True)
class Table:
    """A table. rows: one cell a column; the first one is the row's header. total: a row below that stays there.

    sorted_by: the place of the column by which the rows come sorted, None where by none. note: a line below.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] | None = None
    sorted_by: int | None = None
    note: str = ""
    is_sortable: bool = True

    @property
    def order(self) -> str:
        """In what order the rows come, as `aria-sort` says it."""
        if self.sorted_by is None:
            return "none"
        return "ascending" if self.columns[self.sorted_by].kind == "text" else "descending"


def number_cell(value: float | None, share: float | None = None) -> Cell:
    """A count, a mean or a rate; a dash for None."""
    return EMPTY if value is None else Cell(number(value), value, share=share)


def text_cell(text: str) -> Cell:
    """A text, sorted without regard to case."""
    return Cell(text, text.casefold())


def tweet_cell(tweet_id: int | str) -> Cell:
    """A tweet's ID, which leads to the tweet."""
    return Cell(str(tweet_id), str(tweet_id), f"{TWEET_URL}{tweet_id}")
