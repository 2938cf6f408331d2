"""The truth about every tweet, derived from its ID and a seed, so that nothing needs to be stored.

The same seed gives the same world in any process, at any time and in any order of asking. Each trait is a
hash of (ID, seed, name of the trait), so one share can change without moving any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.tweet_id import DAY_MS, Ids, first_id_at
from harvester.simulator.hours import hourly_counts
from harvester.simulator.mixing import salt, uniform
from harvester.simulator.options import Shares

_FEWEST_IMPRESSIONS: Final = 30
_MOST_IMPRESSIONS: Final = 1_000_000_000
_VIDEO_SHARE: Final = 0.15
_OTHER_AUTHORS: Final = 7

_PARTS: Final[dict[str, tuple[str, float, float]]] = {
    # metric: the metric it is a part of, the smallest part, the largest part
    "engagements": ("impressions", 0.005, 0.09),
    "favorites": ("engagements", 0.1, 0.5),
    "retweets": ("favorites", 0.0, 0.5),
    "quote_tweets": ("retweets", 0.0, 0.4),
    "replies": ("engagements", 0.0, 0.1),
    # Above 1: totals counts a video over all tweets that carry it.
    "video_views": ("impressions", 0.1, 1.6),
}
COUNTED: Final = frozenset({"impressions", *_PARTS})


@dataclass(frozen=True, slots=True)
class World:
    """What is true of any tweet. ids are int64 arrays of any length; every answer has their order and length."""

    seed: int = 0
    shares: Shares = field(default_factory=Shares)

    def are_gone(self, ids: Ids, now_ms: int) -> NDArray[np.bool_]:
        """Deleted, suspended, or not posted yet."""
        gone: NDArray[np.bool_] = (self._uniform(ids, "gone") < self.shares.deleted) | (
            ids >= first_id_at(now_ms)
        )
        return gone

    def are_protected(self, ids: Ids) -> NDArray[np.bool_]:
        """Of accounts that show their tweets to followers only."""
        return self._uniform(ids, "protected") < self.shares.protected

    def are_untouched(self, ids: Ids) -> NDArray[np.bool_]:
        """Never seen by anybody: all counts are 0."""
        return self._uniform(ids, "untouched") < self.shares.untouched

    def are_owned(self, ids: Ids) -> NDArray[np.bool_]:
        """By one of the accounts whose access tokens the simulator accepts."""
        return self._uniform(ids, "owned") < self.shares.owned

    def owners(self, ids: Ids, names: Sequence[str]) -> list[str | None]:
        """Which of the accounts made each tweet, None for somebody else.

        Of each tweet that is owned the ID's hash chooses one of the names in sorted order, whatever order they
        are given in. Without names nobody owns anything.
        """
        if not names:
            return [None] * len(ids)
        ranked = sorted(names)
        chosen = (self._uniform(ids, "owner") * len(ranked)).astype(np.int64).tolist()
        owned = self.are_owned(ids).tolist()
        return [ranked[index] if is_owned else None for index, is_owned in zip(chosen, owned, strict=True)]

    def author_ids(self, ids: Ids) -> list[int]:
        """Whose the tweets are that no account owns: one of a few."""
        authors = (self._uniform(ids, "author") * _OTHER_AUTHORS).astype(np.int64)
        named: list[int] = (authors * 1_000_003 + 185_728_888).tolist()
        return named

    def counts(self, ids: Ids, metrics: tuple[str, ...]) -> NDArray[np.int64]:
        """The counts of some tweets, a row a tweet and a column a metric.

        Impressions follow Pareto's law (exponent 1), so a few tweets hold most of them; every other metric is a
        part of one above it: impressions >= engagements >= favorites >= retweets >= quote_tweets.
        """
        columns: dict[str, NDArray[np.int64]] = {}
        for metric in metrics:
            self._count(ids, metric, columns)
        return np.stack([columns[metric] for metric in metrics], axis=1)

    def hourly(self, ids: Ids, metrics: tuple[str, ...], first_hour: int, n_hours: int) -> NDArray[np.int64]:
        """The counts of some tweets by the hour: (ids, metrics, hours), all that 28hr and historical tell of them.

        first_hour: hours since 1970 UTC; the last hour is first_hour + n_hours - 1. metrics: any of the 17 that
        28hr and historical count. A cell is the same in whatever window it is asked, so a window's count is
        the sum of its hours exactly. Zero before the hour in which the tweet was made and for untouched
        tweets; deleted, protected and future tweets have counts, which nobody is told. The sums are near those
        of counts() for impressions, but they are not the same truth, and parts may exceed their whole.
        """
        hours = np.arange(first_hour, first_hour + n_hours, dtype=np.int64)
        return hourly_counts(ids, self._impressions(ids), metrics, hours, self.seed)

    def _count(self, ids: Ids, metric: str, columns: dict[str, NDArray[np.int64]]) -> NDArray[np.int64]:
        if metric not in columns:
            columns[metric] = (
                self._impressions(ids) if metric == "impressions" else self._part(ids, metric, columns)
            )
        return columns[metric]

    def _impressions(self, ids: Ids) -> NDArray[np.int64]:
        pareto = np.minimum(
            _FEWEST_IMPRESSIONS / (1.0 - self._uniform(ids, "impressions")), _MOST_IMPRESSIONS
        )
        return np.where(self.are_untouched(ids), 0, pareto * self.shares.growth).astype(np.int64)

    def _part(self, ids: Ids, metric: str, columns: dict[str, NDArray[np.int64]]) -> NDArray[np.int64]:
        whole, least, most = _PARTS[metric]
        share = least + (most - least) * self._uniform(ids, metric)
        if metric == "video_views":
            share = np.where(self._uniform(ids, "video") < _VIDEO_SHARE, share, 0.0)
        return (self._count(ids, whole, columns) * share).astype(np.int64)

    def _uniform(self, ids: Ids, trait: str) -> NDArray[np.float64]:
        return uniform(ids.view(np.uint64) ^ salt(self.seed, trait))


def are_older_than(ids: Ids, days: int, now_ms: int) -> NDArray[np.bool_]:
    """Which tweets are more than so many days old. Those from before Snowflake all are. Source: contract, 7."""
    old: NDArray[np.bool_] = ids < first_id_at(now_ms - days * DAY_MS)
    return old
