"""What a request asks for, read as strictly as the contract allows. Source: contract, section 3.

Read on its own, not with the client's code, so that a misreading on one side shows on the other.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.endpoints import Endpoint
from harvester.engagement.metrics import CATALOGUE, EndpointName
from harvester.engagement.tweet_id import MAX_TWEET_ID, Ids
from harvester.simulator.groupings import groupings_trouble
from harvester.simulator.ranges import HourRange, read_range, recent_range

_DIGITS: Final = re.compile("[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that can be answered.

    texts: the IDs as asked, each once; ids: the same as numbers. hours: None on totals, which has no range.
    """

    endpoint: EndpointName
    texts: tuple[str, ...]
    ids: Ids
    metrics: tuple[str, ...]
    groupings: dict[str, tuple[str, ...]]
    hours: HourRange | None

    def named(self, mask: NDArray[np.bool_]) -> list[str]:
        """The IDs where the mask is, as asked."""
        return [self.texts[index] for index in np.flatnonzero(mask).tolist()]


def read_asked(document: object, endpoint: Endpoint, now_ms: int) -> Asked | str:
    """What the JSON document asks of the endpoint, or why that is a bad request. now_ms: since 1970 UTC."""
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
    hours = _read_hours(document, endpoint, now_ms)
    if isinstance(hours, str):
        return hours
    texts = tuple(dict.fromkeys(document["tweet_ids"]))
    return Asked(
        endpoint.name,
        texts,
        np.array([int(text) for text in texts], dtype=np.int64),
        tuple(dict.fromkeys(document["engagement_types"])),
        {name: tuple(grouping["group_by"]) for name, grouping in document["groupings"].items()},
        hours,
    )


def _read_hours(document: dict[str, Any], endpoint: Endpoint, now_ms: int) -> HourRange | str | None:
    match endpoint.name:
        case "totals":
            return None
        case "28hr":
            return recent_range(now_ms)
        case "historical":
            return read_range(document, now_ms)


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
    return groupings_trouble(document.get("groupings"), endpoint.name)
