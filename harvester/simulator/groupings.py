"""What groupings a request may have. Source: contract, section 3."""

from typing import Final

from harvester.engagement.metrics import EndpointName

TWEET: Final = "tweet.id"
TYPE: Final = "engagement.type"
DAY: Final = "engagement.day"
HOUR: Final = "engagement.hour"
GROUP_BY: Final[dict[EndpointName, tuple[str, ...]]] = {
    "totals": (TWEET, TYPE),
    "28hr": (TWEET, TYPE, DAY, HOUR),
    "historical": (TWEET, TYPE, DAY, HOUR),
}
MOST_GROUPINGS: Final = 3
ORDERS_OF_FOUR: Final = ((TWEET, TYPE, DAY, HOUR), (TYPE, TWEET, DAY, HOUR))
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


def groupings_trouble(groupings: object, endpoint: EndpointName) -> str | None:
    """Why these groupings are a bad request; None where they are not."""
    if not isinstance(groupings, dict) or not groupings:
        return "groupings must be an object with at least one grouping"
    if len(groupings) > MOST_GROUPINGS:
        return f"At most {MOST_GROUPINGS} groupings are supported in a request, not {len(groupings)}"
    if taken := BESIDE_GROUPINGS & groupings.keys():
        return f"Not a name for a grouping: {min(taken)}"
    for grouping in groupings.values():
        if trouble := _grouping_trouble(grouping, GROUP_BY[endpoint]):
            return trouble
    if sum(len(grouping["group_by"]) == 4 for grouping in groupings.values()) > 1:
        return "Only one grouping with four groupBys is supported in a request"
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
    if len(group_by) == 4 and tuple(group_by) not in ORDERS_OF_FOUR:
        return f"Four groupBys are not supported in this order: ({', '.join(group_by)})"
    return None
