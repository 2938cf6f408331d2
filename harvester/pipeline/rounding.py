"""Whether a spreadsheet or JavaScript seems to have rounded the IDs of an input."""

from collections.abc import Sequence
from threading import Event
from typing import Final

from harvester.engagement.tweet_id import count_rounded
from harvester.errors import UsageError
from harvester.sources import LOST_DIGITS, Chunk, Form, Source, read_heads

ACCEPT: Final = "--accept-rounded"
FEWEST_IDS: Final = 20
LARGE_PART: Final = 0.2
"""Of 20 IDs five end in 00 by chance once in a million files."""
LOOKED_AT_BYTES: Final = 8 * 2**20
"""Of all files together, but at least FEWEST_BYTES of each."""
FEWEST_BYTES: Final = 64 * 1024


class Rounding:
    """Counts the IDs that seem to have lost their last digits: they end in 00, or were turned away for it."""

    def __init__(self) -> None:
        self.n_large = self.n_rounded = 0

    def add(self, chunk: Chunk) -> None:
        """Count what comes next."""
        n_large, n_rounded = count_rounded(chunk.ids)
        n_lost = sum(entry.reason in LOST_DIGITS for entry in chunk.rejected)
        self.n_large += n_large + n_lost
        self.n_rounded += n_rounded + n_lost

    @property
    def is_large_part(self) -> bool:
        """Whether that are too many for chance, and for single slips."""
        return self.n_large >= FEWEST_IDS and self.n_rounded > LARGE_PART * self.n_large

    def refusal(self, what: str) -> UsageError:
        """The error for an input that is not asked for."""
        return UsageError(
            f"{what}: {self}",
            f"Export the IDs as text from where they are whole. {ACCEPT} asks for these all the same.",
        )

    def __str__(self) -> str:
        return (
            f"{self.n_rounded:,} of the first {self.n_large:,} IDs look rounded by a spreadsheet or JavaScript:"
            " they end in 00, where one in a hundred would by chance, or are written like 1.06E+18;"
            " such are other tweets, or none"
        )


def demand_exact(sources: Sequence[Source], form: Form, stop: Event) -> None:
    """Look at the beginnings of the files before anything is asked. Streams are left alone.

    Raises UsageError: a large part of one is rounded, and `form` does not accept that; a column is not there.
    """
    files = [source for source in sources if source.size_bytes is not None]
    for file in files:
        rounding = Rounding()
        for chunk in read_heads(file, form, max(LOOKED_AT_BYTES // len(files), FEWEST_BYTES), stop):
            rounding.add(chunk)
        if rounding.is_large_part and not form.accept_rounded:
            raise rounding.refusal(file.name)
