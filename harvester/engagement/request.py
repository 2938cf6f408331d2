"""What is asked of the API: one HTTP request as a value, and its body. Source: contract, section 3."""

from collections.abc import Collection, Iterable
from enum import Enum
from functools import lru_cache

import msgspec
import orjson
from msgspec.structs import replace

from harvester.engagement.endpoints import Endpoint
from harvester.engagement.groupings import Grouping, Series, own_groupings
from harvester.engagement.windows import Window


class Access(Enum):
    """With which kind of credential a request is sent; NONE where there is none that could read the tweets."""

    USER_CONTEXT = "user context"
    APP_ONLY = "app-only"
    NONE = "none"


Credential = tuple[Access, str]
"""A kind of credential and, of user context, the account; "" is the default one."""


class Request(msgspec.Struct, frozen=True):
    """One request: distinct tweet IDs in decimal, and the metrics asked of them.

    columns: all metrics of the run, of which `metrics` are those that this request may ask for. A row of
    the answer has a field for each column, so that the rows of all requests are alike.
    account: whose access token signs it, "" for the default one. window: on historical, the time asked for.
    series: whether counts are wanted by day or hour. groupings: the user's own.
    """

    endpoint: Endpoint
    tweet_ids: tuple[str, ...]
    metrics: tuple[str, ...]
    columns: tuple[str, ...]
    access: Access
    account: str = ""
    window: Window | None = None
    series: Series | None = None
    groupings: tuple[Grouping, ...] = ()

    @property
    def own_groupings(self) -> tuple[Grouping, ...]:
        """The groupings that the records are made of: counts, time series, or both."""
        return own_groupings(self.series, self.groupings)

    @property
    def credential(self) -> Credential:
        """Which credential it needs."""
        return self.access, self.account if self.access is Access.USER_CONTEXT else ""

    @property
    def has_details(self) -> bool:
        """Whether its answers hold more of a tweet than a row: of a range of time, or the user's own groupings."""
        return bool(self.groupings) or self.endpoint.name != "totals"

    @property
    def unasked(self) -> tuple[str, ...]:
        """The columns that this request does not ask for."""
        return tuple(m for m in self.columns if m not in self.metrics)

    def of(self, tweet_ids: Iterable[str]) -> "Request":
        """The same request for other tweets."""
        return replace(self, tweet_ids=tuple(tweet_ids))

    def without_tweets(self, tweet_ids: Collection[str]) -> "Request":
        """The same request, these tweets left out; order is kept."""
        return self.of(i for i in self.tweet_ids if i not in tweet_ids)

    def without_metrics(self, metrics: Collection[str]) -> "Request":
        """The same request, these metrics left out; order is kept."""
        return replace(self, metrics=tuple(m for m in self.metrics if m not in metrics))

    def with_access(self, access: Access) -> "Request":
        """The same request with another kind of credential."""
        return replace(self, access=access)

    def asking(self, metrics: tuple[str, ...], access: Access, account: str) -> "Request":
        """The same request for other metrics, with somebody's credential."""
        return replace(self, metrics=metrics, access=access, account=account)

    def in_window(self, window: Window) -> "Request":
        """The same request for a part of the time."""
        return replace(self, window=window)

    def of_tweets_alone(self) -> "Request":
        """The same request without the groupings that sum over its tweets."""
        return replace(self, groupings=tuple(g for g in self.groupings if g.is_of_tweets))

    def halves(self) -> tuple["Request", "Request"]:
        """The same request in two parts, the first not smaller than the second."""
        middle = (len(self.tweet_ids) + 1) // 2
        return self.of(self.tweet_ids[:middle]), self.of(self.tweet_ids[middle:])


def encode_request(request: Request) -> bytes:
    """The body of a request as JSON. The same request gives the same bytes."""
    rest = _encode_rest(request.metrics, request.series, request.groupings, request.window)
    return b'{"tweet_ids":%b,%b' % (orjson.dumps(request.tweet_ids), rest)


@lru_cache(maxsize=1024)
def _encode_rest(
    metrics: tuple[str, ...], series: Series | None, groupings: tuple[Grouping, ...], window: Window | None
) -> bytes:
    """What follows the tweets in the body, the same for many requests."""
    in_all = (*own_groupings(series, groupings), *groupings)
    document: dict[str, object] = {
        "engagement_types": metrics,
        "groupings": {grouping.name: {"group_by": grouping.group_by} for grouping in in_all},
    }
    if window:
        document |= {"start": window.start, "end": window.end}
    return orjson.dumps(document)[1:]
