"""How likely a column of a table is that of the tweet IDs, by what its first values are."""

import math
import re
from dataclasses import dataclass
from typing import Final

from harvester.engagement.damaged import FLOATING, LARGEST_EXACT_DOUBLE, SPREADSHEET
from harvester.engagement.tweet_id import FIRST_SNOWFLAKE, MAX_TWEET_ID
from harvester.sources.text import LINK_NAMES

_OTHER_TWEETS: Final = re.compile(r"repl|conv|quot|retweeted|rt_|parent|referenced|thread|origin")
_TWEETS: Final = re.compile(r"tweet|status")
_FEWEST_PARTS: Final = 10
_DECIMAL: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?(?:e\+?[0-9]+)?", re.IGNORECASE)


def lost_number(text: str, reason: str) -> int | None:
    """About which number an ID was, if that is the reason why a text is none: that its last digits are lost."""
    found = _DECIMAL.search(text) if reason in (SPREADSHEET, FLOATING) else None
    about = float(found[0].replace(",", ".")) if found else 0.0
    return int(about) if LARGEST_EXACT_DOUBLE < about < MAX_TWEET_ID else None


@dataclass(frozen=True, slots=True)
class Candidate:
    """The first values of a column.

    name: as header_name gives it, "" where there is none. numbers: IDs, and about what those were that have lost
    digits; sorted, at least one. n_lost: how many have.
    """

    name: str
    n_rows: int
    numbers: list[int]
    n_lost: int

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
    def is_telling(self) -> bool:
        """Whether there are tweets without a doubt, in a tenth of the rows at least."""
        is_seen = _FEWEST_PARTS * len(self.numbers) >= self.n_rows
        return is_seen and (self.is_large or self.is_link)

    @property
    def is_link(self) -> bool:
        """Whether the name says that there are links to tweets."""
        return self.name in LINK_NAMES

    @property
    def rank(self) -> tuple[bool, bool, int, bool, bool, bool]:
        """The larger the likelier, the first value most.

        Snowflakes or links, also where few rows have one, so that indexes, counts and times stand back; not by
        their name other tweets, such as the one replied to; how many, in steps of a tenth; a name that says
        tweets, or links to them; with all their digits.
        """
        return (
            self.is_telling,
            not _OTHER_TWEETS.search(self.name),
            round(10 * math.log(len(self.numbers))),
            bool(_TWEETS.search(self.name)),
            self.is_link,
            2 * self.n_lost <= len(self.numbers),
        )

    @property
    def tie_break(self) -> tuple[bool, int, int]:
        """Of those with equal rank: nine in ten are distinct, so that authors stand back; and the median, because
        an account, a conversation, a tweet that is answered are older; and so their sum.
        """
        is_distinct = 10 * len(set(self.numbers)) >= 9 * len(self.numbers)
        return is_distinct, self.twice_median, sum(self.numbers)

    @property
    def twice_median(self) -> int:
        """Of the numbers."""
        return self.numbers[(len(self.numbers) - 1) // 2] + self.numbers[len(self.numbers) // 2]

    def outdoes(self, named: "Candidate | None") -> bool:
        """Whether this holds tweet IDs, while the column called `id` holds the rows' numbers, or nothing."""
        if not self.is_telling or _OTHER_TWEETS.search(self.name):
            return False
        return named is None or (not named.is_large and self.twice_median > named.twice_median)
