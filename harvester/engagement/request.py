"""What is asked of the API: one HTTP request as a value, and its body. Source: contract, section 3."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import orjson

from harvester.engagement.endpoints import Endpoint

GROUPING: Final = "harvester"
"""The name of our grouping in request and answer: tweet, then metric."""


class Access(Enum):
    """With which kind of credential a request is sent."""

    USER_CONTEXT = "user context"
    APP_ONLY = "app-only"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: distinct tweet IDs in decimal, and the metrics asked of them.

    columns: all metrics of the run, of which `metrics` are those that this request may ask for. A row of
    the answer has a field for each column, so that the rows of all requests are alike.
    """

    endpoint: Endpoint
    tweet_ids: tuple[str, ...]
    metrics: tuple[str, ...]
    columns: tuple[str, ...]
    access: Access

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

    def halves(self) -> tuple["Request", "Request"]:
        """The same request in two parts, the first not smaller than the second."""
        middle = (len(self.tweet_ids) + 1) // 2
        return self.of(self.tweet_ids[:middle]), self.of(self.tweet_ids[middle:])


def encode_request(request: Request) -> bytes:
    """The body of a request as JSON. The same request gives the same bytes."""
    return orjson.dumps(
        {
            "tweet_ids": request.tweet_ids,
            "engagement_types": request.metrics,
            "groupings": {GROUPING: {"group_by": ("tweet.id", "engagement.type")}},
        }
    )
