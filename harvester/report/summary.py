"""`summary.json` and `top_tweets.csv`, made from what the run has counted. Pure."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harvester.engagement.settling import Status
from harvester.reduce import Reduction

SCHEMA: Final = 1
TWEET_URL: Final = "https://twitter.com/lookup/status/"
"""Leads to a tweet by its ID alone. Source: contract, section 9."""
RECORD_STATUSES: Final = (Status.OK, Status.UNAVAILABLE, Status.FORBIDDEN, Status.NO_DATA)


@dataclass(frozen=True, slots=True)
class EndpointResult:
    """What came of an endpoint.

    n_failed: its dead letters. requests: what it took, by name. span: start and end of the time asked for.
    n_repeated: where duplicates are let through, IDs that came twice in a batch and were asked for once, and
        tweets that would have had a second dead letter.
    """

    name: str
    reduction: Reduction
    n_failed: int
    requests: Mapping[str, Any]
    span: tuple[str, str] | None = None
    n_repeated: int = 0

    def counts(self) -> dict[str, int]:
        """Tweets by what became of them; the sum is the number of distinct IDs asked for."""
        by_status = {status.value: self.reduction.n_by_status[status] for status in RECORD_STATUSES}
        return {**by_status, "failed": self.n_failed}

    def top(self) -> dict[str, list[dict[str, Any]]]:
        """The top lists, by metric; tweet IDs as strings, as everywhere in JSON."""
        return {
            metric: [{"tweet_id": str(tweet_id), "value": value} for value, tweet_id in top.ranked()]
            for metric, top in self.reduction.tops.items()
        }


def make_summary(
    results: Sequence[EndpointResult], input_counts: Mapping[str, Any], **about: object
) -> dict[str, Any]:
    """The document of `summary.json`. about: fields of the run as a whole, such as its times."""
    return {
        "schema": SCHEMA,
        **about,
        "input": dict(input_counts),
        "endpoints": {result.name: _describe(result) for result in results},
    }


def _describe(result: EndpointResult) -> dict[str, Any]:
    described: dict[str, Any] = {}
    if result.span:
        described["start"], described["end"] = result.span
    described |= {
        "counts": result.counts(),
        "totals": result.reduction.totals,
        "top": result.top(),
        "requests": dict(result.requests),
    }
    if result.reduction.groupings:
        described["groupings"] = result.reduction.groupings
    if result.n_repeated:
        described["repeated"] = result.n_repeated
    return described


def make_top_tweets_csv(results: Sequence[EndpointResult]) -> bytes:
    """The content of `top_tweets.csv`: endpoint, metric, rank from 1, tweet_id, value, url."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("endpoint", "metric", "rank", "tweet_id", "value", "url"))
    for result in results:
        for metric, top in result.reduction.tops.items():
            for rank, (value, tweet_id) in enumerate(top.ranked(), start=1):
                writer.writerow((result.name, metric, rank, tweet_id, value, f"{TWEET_URL}{tweet_id}"))
    return text.getvalue().encode()
