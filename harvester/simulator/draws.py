"""Chance that can be repeated: numbers from a seed, what was asked, and the how-manieth time it was.

What a request draws does not depend on what others asked in between, so a run with many workers meets the same
faults as one with a single worker. Asking the very same again draws anew.
"""

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True)
class Draw:
    """The chances of one request."""

    key: bytes

    def uniform(self, purpose: str) -> float:
        """A number in [0, 1), always the same for the same purpose."""
        digest = blake2b(purpose.encode(), digest_size=8, key=self.key).digest()
        return (int.from_bytes(digest, "big") >> 11) * 2.0**-53


class Draws:
    """Counts how often each request was asked."""

    def __init__(self, seed: int) -> None:
        self._seed = seed.to_bytes(8, "big", signed=True)
        self._asked: Counter[bytes] = Counter()

    def next(self, request: bytes) -> Draw:
        """The chances of this request, this time."""
        digest = blake2b(request, digest_size=16, key=self._seed).digest()
        self._asked[digest] += 1
        return Draw(blake2b(self._asked[digest].to_bytes(8, "big"), digest_size=16, key=digest).digest())
