"""Hashes of many numbers at once: what the world draws its traits and counts from.

splitmix64, element by element, so that a result never depends on what else is in the array.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
"""The step between the words of one sequence."""


def mix(words: Words) -> Words:
    """splitmix64's finalizer: every bit of a word depends on every bit of the one it came from."""
    mixed = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def uniform(words: Words) -> NDArray[np.float64]:
    """A number in [0, 1) for each word."""
    return (mix(words) >> np.uint64(11)).astype(np.float64) * 2.0**-53


@lru_cache(maxsize=256)
def salt(seed: int, trait: str) -> np.uint64:
    """What makes the hash of one trait another than that of the next."""
    return np.uint64(int.from_bytes(blake2b(f"{seed}/{trait}".encode(), digest_size=8).digest(), "big"))
