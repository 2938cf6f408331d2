"""What a request asks for, read as strictly as the contract allows. Source: contract, section 3.

Read on its own, not with the client's code, so that a misreading on one side shows on the other.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from harvester.engagement.endpoints import Endpoint
from harvester.engagement.metrics import CATALOGUE, EndpointName
from harvester.engagement.tweet_id import MAX_TWEET_ID, Ids

GROUP_BY: Final[dict[EndpointName, tuple[str, ...]]] = {"totals": ("tweet.id", "engagement.type")}
MOST_GROUPINGS: Final = 3
BESIDE_GROUPINGS: Final = frozenset(
    {
        "start",
        "end",
        "errors",
        "unavailable_tweet_ids",
        "unsupported_for_impressions_engagements_tweet_ids",
        "unsupported_for_video_views_tweet_ids",
    }
)

_DIGITS: Final = re.compile("[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that can be answered. texts: the IDs as asked, each once; ids: the same as numbers."""

    texts: tuple[str, ...]
    ids: Ids
    metrics: tuple[str, ...]
    groupings: dict[str, tuple[str, ...]]


def read_asked(document: object, endpoint: Endpoint) -> Asked | str:
    """What the JSON document asks of the endpoint, or why that is a bad request."""
    if not isinstance(document, dict):
        return "The request body is not a JSON object"
    checks: tuple[Callable[[dict[str, Any], Endpoint], str | None], ...] = (
        _keys_trouble,
        _ids_trouble,
        _metrics_trouble,
        _groupings_trouble,
    )
    for check in checks:
        if trouble := check(document, endpoint):
            return trouble
    texts = tuple(dict.fromkeys(document["tweet_ids"]))
    return Asked(
        texts,
        np.array([int(text) for text in texts], dtype=np.int64),
        tuple(dict.fromkeys(document["engagement_types"])),
        {name: tuple(grouping["group_by"]) for name, grouping in document["groupings"].items()},
    )


def _keys_trouble(document: dict[str, Any], endpoint: Endpoint) -> str | None:
    if endpoint.name != "historical" and ("start" in document or "end" in document):
        return f"start and end are not supported on {endpoint.name}"
    return None


def _ids_trouble(document: dict[str, Any], endpoint: Endpoint) -> str | None:
    ids = document.get("tweet_ids")
    if not isinstance(ids, list) or not ids:
        return "tweet_ids must be a list of tweet IDs"
    if len(ids) > endpoint.ids_per_request:
        return f"At most {endpoint.ids_per_request} tweet IDs are supported in a request, not {len(ids)}"
    if not all(isinstance(text, str) for text in ids):
        return "tweet_ids must be strings"
    return next((f"Not a tweet ID: {text[:40]}" for text in ids if not _is_tweet_id(text)), None)


def _is_tweet_id(text: str) -> bool:
    return _DIGITS.fullmatch(text) is not None and 0 < int(text) <= MAX_TWEET_ID


def _metrics_trouble(document: dict[str, Any], endpoint: Endpoint) -> str | None:
    metrics = document.get("engagement_types")
    if not isinstance(metrics, list) or not metrics:
        return "engagement_types must be a list of metrics"
    for name in metrics:
        if not isinstance(name, str) or name not in CATALOGUE or not CATALOGUE[name].is_on(endpoint.name):
            return f"Not an engagement type of {endpoint.name}: {str(name)[:40]}"
    return None


def _groupings_trouble(document: dict[str, Any], endpoint: Endpoint) -> str | None:
    groupings = document.get("groupings")
    if not isinstance(groupings, dict) or not groupings:
        return "groupings must be an object with at least one grouping"
    if len(groupings) > MOST_GROUPINGS:
        return f"At most {MOST_GROUPINGS} groupings are supported in a request, not {len(groupings)}"
    if taken := BESIDE_GROUPINGS & groupings.keys():
        return f"Not a name for a grouping: {min(taken)}"
    for grouping in groupings.values():
        if trouble := _grouping_trouble(grouping, GROUP_BY[endpoint.name]):
            return trouble
    return None


def _grouping_trouble(grouping: object, allowed: tuple[str, ...]) -> str | None:
    group_by = grouping.get("group_by") if isinstance(grouping, dict) else None
    if (
        not isinstance(group_by, list)
        or not group_by
        or not all(isinstance(value, str) for value in group_by)
    ):
        return "A grouping must be an object with a list group_by"
    if unsupported := [value for value in group_by if value not in allowed]:
        return (
            "One or more of the groupBys you have specified are not supported: "
            f"({', '.join(unsupported)}). Please adjust your request and try again."
        )
    if len(set(group_by)) < len(group_by):
        return "A grouping must not have a groupBy twice"
    return None
