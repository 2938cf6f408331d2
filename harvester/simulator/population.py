"""Tweet IDs as they occur: for samples, demonstrations and measurements."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.tweet_id import DAY_MS, FIRST_SNOWFLAKE, SNOWFLAKE_EPOCH_MS, Ids

_RECENT_DAYS: Final = 90
_RECENT_SHARE: Final = 0.75
_ARCHIVE_SHARE: Final = 0.22
_ARCHIVE_MS: Final = (1_514_764_800_000, 1_704_067_200_000)  # 2018-01-01 to 2024-01-01, UTC
_MACHINES: Final = 64
_BUSIEST_SEQUENCE: Final = 48


def make_ids(n: int, seed: int, now_ms: int) -> Ids:
    """n different tweet IDs: most of the last 90 days, some of 2018 to 2023, a few from before Snowflake.

    In no order. The same arguments give the same IDs. now_ms: since 1970 UTC; no ID is younger.
    """
    random = np.random.default_rng(seed)
    ids: Ids = np.empty(0, dtype=np.int64)
    while len(ids) < n:
        more = np.concatenate((ids, _draw_ids(n - len(ids), random, now_ms)))
        _, first = np.unique(more, return_index=True)
        ids = more[np.sort(first)]
    return ids


def _draw_ids(n: int, random: np.random.Generator, now_ms: int) -> Ids:
    kind = random.random(n)
    snowflakes = _snowflakes(_recent_ms(n, random, now_ms), random)
    archived = _snowflakes(random.integers(*_ARCHIVE_MS, size=n), random)
    early = random.integers(20, FIRST_SNOWFLAKE, size=n)
    return np.where(
        kind < _RECENT_SHARE, snowflakes, np.where(kind < _RECENT_SHARE + _ARCHIVE_SHARE, archived, early)
    )


def _recent_ms(n: int, random: np.random.Generator, now_ms: int) -> NDArray[np.int64]:
    """Times of the last 90 days, the nearer the more."""
    ages: NDArray[np.float64] = random.random(n) ** 1.5 * (_RECENT_DAYS * DAY_MS - 1)
    return now_ms - 1 - ages.astype(np.int64)


def _snowflakes(times_ms: NDArray[np.int64], random: np.random.Generator) -> Ids:
    """IDs of those times. The lower 22 bits are a machine's number and its count within the millisecond."""
    machines = random.integers(0, _MACHINES, size=len(times_ms)) + 320
    sequences = random.integers(0, _BUSIEST_SEQUENCE, size=len(times_ms))
    ids: Ids = ((times_ms - SNOWFLAKE_EPOCH_MS) << 22) | (machines << 12) | sequences
    return ids
