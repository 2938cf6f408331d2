"""How likely a column of a table is that of the tweet IDs, by what its first values are."""

import re
from dataclasses import dataclass
from typing import Final

from harvester.engagement.damaged import FLOATING, LARGEST_EXACT_DOUBLE, SPREADSHEET
from harvester.engagement.tweet_id import FIRST_SNOWFLAKE, MAX_TWEET_ID

_DECIMAL: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?(?:e\+?[0-9]+)?", re.IGNORECASE)


def lost_number(text: str, reason: str) -> int | None:
    """About which number an ID was, if that is the reason why a text is none: that its last digits are lost."""
    found = _DECIMAL.search(text) if reason in (SPREADSHEET, FLOATING) else None
    about = float(found[0].replace(",", ".")) if found else 0.0
    return int(about) if LARGEST_EXACT_DOUBLE < about < MAX_TWEET_ID else None


@dataclass(frozen=True, slots=True)
class Candidate:
    """The first values of a column.

    numbers: IDs, and about what those were that have lost digits; sorted, at least one. n_lost: how many have.
    is_link: whether the column's name says that it has links to tweets.
    """

    n_rows: int
    numbers: list[int]
    n_lost: int
    is_link: bool

    @property
    def is_likely(self) -> bool:
        """Whether at least half of the rows have an ID here."""
        return 2 * len(self.numbers) >= self.n_rows

    @property
    def is_sure(self) -> bool:
        """Whether nearly all rows have one that is no small number."""
        return 10 * len(self.numbers) >= 9 * (self.n_rows - 1) and self.twice_median > 2 * FIRST_SNOWFLAKE

    @property
    def is_large(self) -> bool:
        """Whether most are too large for an index, a count, or a time."""
        return self.twice_median > 2 * LARGEST_EXACT_DOUBLE

    @property
    def rank(self) -> tuple[int, bool, bool, bool]:
        """The larger the likelier, the first value most.

        Rows with an ID in at least half of them; a name that says links to tweets; Snowflakes, so that indexes,
        counts and times stand back; with all their digits.
        """
        n_rows = self.n_rows if self.is_likely else 0
        return n_rows, self.is_link, self.is_large, 2 * self.n_lost <= len(self.numbers)

    @property
    def tie_break(self) -> tuple[bool, int]:
        """Of those with equal rank: nine in ten are distinct, so that authors stand back; and the median, because
        an account is older than its tweets.
        """
        return 10 * len(set(self.numbers)) >= 9 * len(self.numbers), self.twice_median

    @property
    def twice_median(self) -> int:
        """Of the numbers."""
        return self.numbers[(len(self.numbers) - 1) // 2] + self.numbers[len(self.numbers) // 2]

    def outdoes(self, named: "Candidate | None") -> bool:
        """Whether this holds tweet IDs, while the column called `id` holds the rows' numbers, or nothing."""
        if not self.is_likely or not (self.is_large or self.is_link):
            return False
        return named is None or (not named.is_large and self.twice_median > named.twice_median)
