"""Requests as a client would send them."""

from collections.abc import Callable, Sequence

import pytest

Ask = Callable[..., dict[str, object]]
PUBLIC = ("favorites", "retweets", "replies", "quote_tweets", "video_views")


@pytest.fixture
def ask() -> Ask:
    """Builds the JSON document of a request on totals."""

    def build(
        ids: Sequence[object],
        metrics: Sequence[str] = PUBLIC,
        **groupings: Sequence[str],
    ) -> dict[str, object]:
        return {
            "tweet_ids": [str(tweet_id) for tweet_id in ids],
            "engagement_types": list(metrics),
            "groupings": {
                name: {"group_by": list(group_by)}
                for name, group_by in (groupings or {"g": ("tweet.id", "engagement.type")}).items()
            },
        }

    return build
