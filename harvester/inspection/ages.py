"""When tweets were made, by their IDs, and what each endpoint can be asked for at that age. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

import numpy as np

from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import CATALOGUE, EndpointName, metrics_of
from harvester.engagement.tweet_id import (
    FIRST_SNOWFLAKE,
    Ids,
    created_ms,
    first_id_at,
)
from harvester.engagement.windows import OLDEST_DAYS, WINDOW_HOURS, utc_text
from harvester.planning import age_classes

HOUR_MS: Final = 3_600_000
_YEARS: Final = range(2010, 2081)
"""All that an ID can carry."""
_YEAR_EDGES: Final = tuple(
    first_id_at(int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000) for year in _YEARS
)
_AGE_LIMITS_DAYS: Final = frozenset(
    days for metric in CATALOGUE.values() for name in ENDPOINTS if (days := metric.age_limit_days(name))
)
UP_TO_HOURS: Final = tuple(
    sorted({28, WINDOW_HOURS, *(24 * days for days in (OLDEST_DAYS, *_AGE_LIMITS_DAYS))})
)
"""The ages at which something ends: 28hr, a window, what historical goes back, what a metric is counted for."""


@dataclass(frozen=True, slots=True)
class Band:
    """How many tweets are of an age. up_to_hours: the oldest of them; None if no number says it."""

    name: str
    tweets: int
    up_to_hours: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"age": self.name, "up_to_hours": self.up_to_hours, "tweets": self.tweets}


@dataclass(frozen=True, slots=True)
class Askable:
    """For how many tweets a metric can be asked, and for how many not. limit_days: the oldest, if any."""

    tweets: int
    too_old: int
    limit_days: int | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"tweets": self.tweets, "too_old": self.too_old, "limit_days": self.limit_days}


class Spread:
    """Counts tweets by when they were made, parted at each moment that a rule or a year asks for.

    now_ms: from which ages count, since 1970 UTC. Counting an ID takes about 20 ns.
    """

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._classes = {
            name: age_classes(
                name, metrics_of(name, user_context=True), now_ms, has_user_context=True, has_bearer=True
            )
            for name in ENDPOINTS
        }
        ages = (self._first_within(hours) for hours in (0, *UP_TO_HOURS))
        classes = (each.first_id for found in self._classes.values() for each in found)
        self._edges = np.array(sorted({0, FIRST_SNOWFLAKE, *ages, *classes, *_YEAR_EDGES}), np.int64)
        self._counts = np.zeros(len(self._edges), np.int64)
        self._oldest: int | None = None
        self._newest: int | None = None

    def add(self, ids: Ids) -> None:
        """Count these tweets."""
        if not len(ids):
            return
        cells = np.searchsorted(self._edges, ids, side="right") - 1
        self._counts += np.bincount(cells, minlength=len(self._counts))
        oldest, newest = int(ids.min()), int(ids.max())
        self._oldest = oldest if self._oldest is None else min(self._oldest, oldest)
        self._newest = newest if self._newest is None else max(self._newest, newest)

    @property
    def n_tweets(self) -> int:
        """All that were counted."""
        return int(self._counts.sum())

    @property
    def span(self) -> tuple[str | None, str | None]:
        """When the tweets with the smallest and with the largest ID were made; None where the ID does not tell."""
        return _made_at(self._oldest), _made_at(self._newest)

    def bands(self) -> list[Band]:
        """The tweets by age, the youngest first. Each is in one band."""
        now = self._since(self._first_within(0))
        bands = [Band("later than now", now)] if now else []
        n_before = now
        for hours in UP_TO_HOURS:
            n = self._since(self._first_within(hours))
            bands.append(Band(_age(hours), n - n_before, hours))
            n_before = n
        dated = self._since(FIRST_SNOWFLAKE)
        return [*bands, Band("older", dated - n_before), Band("before 2010-11-04", self.n_tweets - dated)]

    def years(self) -> dict[int, int]:
        """The tweets whose ID tells when they were made, by the year; years without any are left out."""
        since = [self._since(edge) for edge in _YEAR_EDGES] + [0]
        return {year: n for year, n in zip(_YEARS, _parts(since), strict=True) if n}

    def askable(self) -> dict[EndpointName, dict[str, Askable]]:
        """By endpoint and metric, for how many of the tweets it could be asked, with every kind of credential."""
        return {name: self._askable_on(name) for name in ENDPOINTS}

    def within_reach(self) -> int:
        """How many tweets are no older than what historical goes back, so that all of their life is there."""
        return self._since(self._first_within(24 * OLDEST_DAYS))

    def _askable_on(self, endpoint: EndpointName) -> dict[str, Askable]:
        classes = self._classes[endpoint]
        sizes = list(_parts([*(self._since(each.first_id) for each in classes), 0]))
        found = {}
        for metric in metrics_of(endpoint, user_context=True):
            n = sum(size for each, size in zip(classes, sizes, strict=True) if metric in each.metrics)
            found[metric] = Askable(n, self.n_tweets - n, CATALOGUE[metric].age_limit_days(endpoint))
        return found

    def _first_within(self, hours: int) -> int:
        return first_id_at(self._now_ms - hours * HOUR_MS)

    def _since(self, edge: int) -> int:
        """How many have this ID or a larger one; it has to be one of the edges."""
        return int(self._counts[np.searchsorted(self._edges, edge) :].sum())


def _parts(since: Sequence[int]) -> list[int]:
    """How many lie between each two edges."""
    return [first - second for first, second in pairwise(since)]


def _age(hours: int) -> str:
    return f"up to {hours} hours" if hours < 48 else f"up to {hours // 24} days"


def _made_at(tweet_id: int | None) -> str | None:
    ms = None if tweet_id is None else created_ms(tweet_id)
    return None if ms is None else utc_text(ms // 1000)
