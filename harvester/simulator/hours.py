"""The truth by the hour: how often a tweet was touched in each UTC hour, as `28hr` and `historical` count it.

A count is a function of (seed, tweet, metric, hour) and of nothing else, so a window holds the sum of its hours
however it is cut. Rates fall with the tweet's age and never to zero; where a rate is below one an hour, most
hours have no count and some have one.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.tweet_id import FIRST_SNOWFLAKE, SNOWFLAKE_EPOCH_MS, Ids
from harvester.simulator.mixing import GOLDEN, mix, salt, uniform

HOUR_MS: Final = 3_600_000
COUNTED_LATE: Final = ("favorites", "replies", "retweets")
FIRST_HOUR_COUNTED_LATE: Final = 1_442_275_200 // 3600  # 2015-09-15, UTC

_SHARES: Final[dict[str, tuple[float, float]]] = {
    # metric: the smallest and the largest part of the impressions
    "impressions": (1.0, 1.0),
    "engagements": (0.02, 0.15),
    "favorites": (0.005, 0.05),
    "retweets": (0.005, 0.03),
    "replies": (0.005, 0.02),
    "video_views": (0.1, 0.8),
    "media_views": (0.05, 0.7),
    "media_engagements": (0.005, 0.08),
    "url_clicks": (0.002, 0.05),
    "hashtag_clicks": (0.005, 0.04),
    "detail_expands": (0.005, 0.06),
    "permalink_clicks": (0.005, 0.03),
    "app_install_attempts": (0.005, 0.05),
    "app_opens": (0.005, 0.04),
    "email_tweet": (0.005, 0.03),
    "user_follows": (0.005, 0.03),
    "user_profile_clicks": (0.002, 0.03),
}
COUNTED_BY_HOUR: Final = frozenset(_SHARES)

_FIRST_HOURS_SHARE: Final = 1 / 16
_DECAY_HOURS: Final = 3.0
_DECAY_EXPONENT: Final = 1.1
_SLOWEST: Final = 1e-4
_DECAYING_HOURS: Final = 1 << 14


def hourly_counts(
    ids: Ids, impressions: NDArray[np.int64], metrics: tuple[str, ...], hours: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """The counts of each tweet, metric and hour: (ids, metrics, hours).

    impressions: those of the tweets on totals, about what a first year of hours adds up to; 0 for a tweet that
    nobody touched. hours: since 1970 UTC. Nothing is counted before the hour in which a tweet was made, and
    favorites, replies and retweets not before 2015-09-15. Source: contract, section 1.
    """
    rates = impressions[:, None] * _FIRST_HOURS_SHARE * _decay(ids, hours)
    parts = np.stack([_parts(ids, metric, seed) for metric in metrics], axis=1)
    counts: NDArray[np.int64] = (
        rates[:, None, :] * parts[:, :, None] + _chances(ids, metrics, hours, seed)
    ).astype(np.int64)
    is_late = [metric in COUNTED_LATE for metric in metrics]
    counts[:, np.outer(is_late, hours < FIRST_HOUR_COUNTED_LATE)] = 0
    return counts


def _decay(ids: Ids, hours: NDArray[np.int64]) -> NDArray[np.float64]:
    """What is left of the first hour's rate, (ids, hours). Tweets from before Snowflake are past all decay."""
    made = np.where(ids < FIRST_SNOWFLAKE, 0, (ids >> 22) + SNOWFLAKE_EPOCH_MS) // HOUR_MS
    ages = hours - made[:, None]
    left = _decay_by_age()[np.clip(ages, 0, _DECAYING_HOURS - 1)]
    return np.where(ages < 0, 0.0, left)


@cache
def _decay_by_age() -> NDArray[np.float64]:
    """A table, since a power's last bit may depend on where in an array it stands."""
    ages = np.arange(_DECAYING_HOURS)
    return np.maximum((1.0 + ages / _DECAY_HOURS) ** -_DECAY_EXPONENT, _SLOWEST)


def _parts(ids: Ids, metric: str, seed: int) -> NDArray[np.float64]:
    least, most = _SHARES[metric]
    return least + (most - least) * uniform(ids.view(np.uint64) ^ salt(seed, f"part/{metric}"))


def _chances(ids: Ids, metrics: tuple[str, ...], hours: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """A number in [0, 1) for each cell; with it a rate is rounded up as often as its fraction says."""
    salts = np.array([salt(seed, f"hour/{metric}") for metric in metrics], dtype=np.uint64)
    series = mix(ids.view(np.uint64)[:, None] ^ salts)
    return uniform(series[:, :, None] + hours.view(np.uint64) * GOLDEN)
