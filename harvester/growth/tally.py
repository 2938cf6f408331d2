"""What the gains of all tweets come to: sums, top lists, and how they are spread. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.tweet_id import DAY_MS, FIRST_SNOWFLAKE, SNOWFLAKE_EPOCH_MS
from harvester.growth.gains import Gains, gains_of
from harvester.growth.joining import Joined
from harvester.growth.ranking import Ranking
from harvester.growth.rows import OK, STATUSES

GAIN_EDGES: Final = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
"""Where the classes of gains begin that are above 0."""
AGE_EDGES_DAYS: Final = (1, 7, 30, 90, 365)
"""Where the classes of ages end, but for the last one; a tweet from before Snowflake is in that."""
_BELOW: Final = np.array([0, *GAIN_EDGES])


@dataclass(frozen=True, slots=True)
class AgeClass:
    """Tweets of an age at their old record. up_to_days: None for all that are older. per_hour: of all together."""

    up_to_days: int | None
    tweets: int
    gained: int
    per_hour: float

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "up_to_days": self.up_to_days,
            "tweets": self.tweets,
            "gained": self.gained,
            "per_hour": round(self.per_hour, 6),
        }


class MetricTally:
    """What a metric gained. top: the length of its top lists.

    tweets: that have it counted in both runs, n_not_counted: the others. by_gain: tweets that fell, stood still,
    and gained, by class. per_hour: the sum over all tweets, but those that both runs retrieved in one second.
    """

    def __init__(self, top: int) -> None:
        self.tweets = 0
        self.n_not_counted = 0
        self.rose_by = 0
        self.fell_by = 0
        self.by_gain = np.zeros(len(_BELOW) + 1, np.int64)
        self.best = Ranking(top, np.int64)
        self.fastest = Ranking(top, np.float64)
        self._age_tweets = np.zeros(len(AGE_EDGES_DAYS) + 1, np.int64)
        self._age_gained = np.zeros_like(self._age_tweets)
        self._age_per_hour = np.zeros(len(self._age_tweets))

    @property
    def gained(self) -> int:
        """All that was gained, less what was lost."""
        return self.rose_by - self.fell_by

    @property
    def n_fell(self) -> int:
        """Tweets that have less than before."""
        return int(self.by_gain[0])

    @property
    def n_rose(self) -> int:
        """Tweets that have more than before."""
        return int(self.by_gain[2:].sum())

    @property
    def per_hour(self) -> float:
        """Of all tweets together."""
        return float(self._age_per_hour.sum())

    def by_age(self) -> list[AgeClass]:
        """The gains by the age that tweets had at their old record, the youngest first."""
        columns = (self._age_tweets.tolist(), self._age_gained.tolist(), self._age_per_hour.tolist())
        return [AgeClass(*each) for each in zip((*AGE_EDGES_DAYS, None), *columns, strict=True)]

    def add(self, gains: Gains, column: int, ages: NDArray[np.intp]) -> None:
        """Take some tweets. ages: the class of each."""
        is_counted = gains.is_counted[:, column]
        gained, per_hour = gains.gained[:, column], gains.per_hour[:, column]
        n_counted = int(np.count_nonzero(is_counted))
        self.tweets += n_counted
        self.n_not_counted += len(gains) - n_counted
        self.rose_by += int(gained[gained > 0].sum())
        self.fell_by -= int(gained[gained < 0].sum())
        classes = np.searchsorted(_BELOW, gained[is_counted], "right")
        self.by_gain += np.bincount(classes, minlength=len(self.by_gain))
        self._add_ages(ages[is_counted], gained[is_counted], np.nan_to_num(per_hour[is_counted]))
        self.best.offer(gained, gains, column)
        self.fastest.offer(per_hour, gains, column)

    def _add_ages(
        self, ages: NDArray[np.intp], gained: NDArray[np.int64], per_hour: NDArray[np.float64]
    ) -> None:
        np.add.at(self._age_tweets, ages, 1)
        np.add.at(self._age_gained, ages, gained)
        np.add.at(self._age_per_hour, ages, per_hour)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "tweets": self.tweets,
            "not_counted": self.n_not_counted,
            "gained": self.gained,
            "per_hour": round(self.per_hour, 6),
            "rose": {"tweets": self.n_rose, "by": self.rose_by},
            "fell": {"tweets": self.n_fell, "by": self.fell_by},
            "by_gain": dict(zip(gain_classes(), self.by_gain.tolist(), strict=True)),
            "by_age": [each.to_dict() for each in self.by_age()],
            "top": {"gained": self.best.ranked(), "per_hour": self.fastest.ranked()},
        }


class Tally:
    """What the tweets of two runs come to.

    not_ok: tweets of both runs by their two statuses, if one of them is not ok. n_out_of_order: ok in both, but
    retrieved later in the old run; they are not compared. n_at_once: compared, though no time has passed. hours:
    the sum over those that are compared.
    """

    def __init__(self, metrics: Sequence[str], top: int) -> None:
        self.metrics = {metric: MetricTally(top) for metric in metrics}
        self.n_compared = 0
        self.n_only_old = 0
        self.n_only_new = 0
        self.n_out_of_order = 0
        self.n_at_once = 0
        self.n_repeated = 0
        self.not_ok: Counter[tuple[str, str]] = Counter()
        self.hours = 0.0

    @property
    def n_not_ok(self) -> int:
        """Tweets of both runs of which one has no counts."""
        return self.not_ok.total()

    def left_out(self) -> list[tuple[str, int]]:
        """Tweets that are not compared, by why that is; reasons that no tweet has are not there."""
        statuses = (
            (f"{old} in both" if old == new else f"{old}, then {new}", n)
            for (old, new), n in self.not_ok.most_common()
        )
        reasons = (
            ("only in the old run", self.n_only_old),
            ("only in the new run", self.n_only_new),
            *statuses,
            ("retrieved later in the old run", self.n_out_of_order),
        )
        return [(reason, n) for reason, n in reasons if n]

    def add(self, joined: Joined) -> Gains:
        """Take the tweets of a range; gives those of them that are compared."""
        gains, n_out_of_order = gains_of(joined)
        self.n_compared += len(gains)
        self.n_only_old += len(joined.only_old)
        self.n_only_new += len(joined.only_new)
        self.n_out_of_order += n_out_of_order
        self.n_repeated += joined.n_repeated
        self.not_ok.update(_not_ok(joined))
        self.n_at_once += int(np.count_nonzero(gains.hours == 0))
        self.hours += float(gains.hours.sum())
        ages = age_classes(gains)
        for column, tally in enumerate(self.metrics.values()):
            tally.add(gains, column, ages)
        return gains

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "tweets": {
                "compared": self.n_compared,
                "only_in_old": self.n_only_old,
                "only_in_new": self.n_only_new,
                "not_ok": self.n_not_ok,
                "out_of_order": self.n_out_of_order,
                "at_once": self.n_at_once,
            },
            "not_ok": [
                {"old": old, "new": new, "tweets": n} for (old, new), n in sorted(self.not_ok.items())
            ],
            "repeated": self.n_repeated,
            "mean_hours": round(self.hours / self.n_compared, 4) if self.n_compared else None,
            "metrics": {metric: tally.to_dict() for metric, tally in self.metrics.items()},
        }


def gain_classes() -> list[str]:
    """What the classes of gains are called."""
    ends = (edge - 1 for edge in GAIN_EDGES[1:])
    classes = (f"{first}-{last}" for first, last in zip(GAIN_EDGES, ends, strict=False))
    return ["fell", "0", *classes, f"{GAIN_EDGES[-1]}+"]


def age_classes(gains: Gains) -> NDArray[np.intp]:
    """The class of each tweet's age at its old record."""
    created = (gains.tweet_ids >> 22) + SNOWFLAKE_EPOCH_MS
    days = (gains.old_at * 1000 - created) / DAY_MS
    classes = np.searchsorted(np.array(AGE_EDGES_DAYS), days, "right")
    return np.where(gains.tweet_ids < FIRST_SNOWFLAKE, len(AGE_EDGES_DAYS), classes)


def _not_ok(joined: Joined) -> Counter[tuple[str, str]]:
    old, new = joined.old["status"], joined.new["status"]
    pairs = old.astype(np.int64) * len(STATUSES) + new
    codes, n = np.unique(pairs[(old != OK) | (new != OK)], return_counts=True)
    found = (divmod(code, len(STATUSES)) for code in codes.tolist())
    names = ((STATUSES[old_code], STATUSES[new_code]) for old_code, new_code in found)
    return Counter(dict(zip(names, n.tolist(), strict=True)))
