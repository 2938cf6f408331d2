"""Groupings: how counts are grouped in an answer, and sums of what comes back. Pure. Source: contract, 3 and 4."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from harvester.engagement.metrics import EndpointName
from harvester.errors import UsageError, did_you_mean

Series = Literal["day", "hour"]
Nested = dict[str, Any]
"""Counts in nested objects, as many levels as the grouping has values; the leaves are ints."""

OWN: Final = "harvester"
OWN_SERIES: Final = "harvester_series"
"""The names of the groupings that the records are made of."""
TWEET, TYPE, DAY, HOUR = "tweet.id", "engagement.type", "engagement.day", "engagement.hour"
MOST_GROUPINGS: Final = 3
FOUR_VALUES: Final = ((TWEET, TYPE, DAY, HOUR), (TYPE, TWEET, DAY, HOUR))
"""The only orders in which a grouping may have four values."""
RESERVED_NAMES: Final = frozenset(
    {
        OWN,
        OWN_SERIES,
        "start",
        "end",
        "error",
        "errors",
        "unavailable_tweet_ids",
        "unsupported_for_impressions_engagements_tweet_ids",
        "unsupported_for_video_views_tweet_ids",
    }
)


@dataclass(frozen=True, slots=True)
class Grouping:
    """A grouping by its name; the counts nest in the order of group_by."""

    name: str
    group_by: tuple[str, ...]

    @property
    def is_of_tweets(self) -> bool:
        """Whether it begins with the tweet: then it stands in the tweet's record, else in the summary."""
        return self.group_by[0] == TWEET


def values_on(endpoint: EndpointName) -> tuple[str, ...]:
    """What the endpoint can group by."""
    return (TWEET, TYPE) if endpoint == "totals" else (TWEET, TYPE, DAY, HOUR)


def own_groupings(series: Series | None, groupings: Sequence[Grouping] = ()) -> tuple[Grouping, ...]:
    """The groupings that the records are made of: the tweets' counts, and their time series if it is wanted.

    One of the user's takes the place of ours where it is the same. Where a series leaves no room for the counts
    beside it, they are summed from it; beside it they are worth having, since a series may leave zeros out.
    """
    counts = _ours(OWN, (TWEET, TYPE), groupings)
    if series is None:
        return (counts,)
    levels = (TWEET, TYPE, DAY) if series == "day" else (TWEET, TYPE, DAY, HOUR)
    points = _ours(OWN_SERIES, levels, groupings)
    both = {grouping.name for grouping in (*groupings, counts, points)}
    return (counts, points) if len(both) <= MOST_GROUPINGS else (points,)


def _ours(name: str, group_by: tuple[str, ...], groupings: Sequence[Grouping]) -> Grouping:
    return next((g for g in groupings if g.group_by == group_by), Grouping(name, group_by))


def parse_grouping(text: str) -> Grouping:
    """`NAME=A,B,…` as a grouping. Raises UsageError for what no endpoint could take."""
    name, has_name, values = text.partition("=")
    name, group_by = name.strip(), tuple(value.strip() for value in values.split(","))
    if not has_name or not name or not all(group_by):
        raise UsageError(
            f"--group {text[:60]!r} is no grouping", f"Write for instance --group by_day={TYPE},{DAY}"
        )
    if name in RESERVED_NAMES:
        raise UsageError(f"--group: {name!r} is no name for a grouping, the API's answers use it already")
    known = values_on("historical")
    for value in group_by:
        if value not in known:
            hint = did_you_mean(value, known) or f"The values are: {', '.join(known)}."
            raise UsageError(f"--group {name}: {value[:60]!r} is nothing to group by", hint)
    if len(set(group_by)) < len(group_by):
        raise UsageError(f"--group {name}: a value stands in it twice")
    if len(group_by) == len(known) and group_by not in FOUR_VALUES:
        orders = " or ".join(",".join(order) for order in FOUR_VALUES)
        raise UsageError(
            f"--group {name}: four values in an order that the API refuses", f"It takes {orders}."
        )
    return Grouping(name, group_by)


def choose_groupings(
    groupings: Sequence[Grouping], series: Series | None, endpoints: Sequence[EndpointName]
) -> dict[EndpointName, tuple[tuple[Grouping, ...], Series | None]]:
    """The user's groupings and the series of each endpoint: of several, each gets those that it knows.

    Raises UsageError for what none of them knows, and for what one request to an endpoint may not hold.
    """
    if series and all(endpoint == "totals" for endpoint in endpoints):
        raise UsageError("totals has no time series", "Leave out --series, or ask 28hr or historical.")
    for grouping in groupings:
        if not any(_unknown(grouping, endpoint) is None for endpoint in endpoints):
            unknown = _unknown(grouping, endpoints[0])
            raise UsageError(f"--group {grouping.name}: {endpoints[0]} cannot group by {unknown}")
    chosen = {}
    for endpoint in endpoints:
        known = tuple(grouping for grouping in groupings if _unknown(grouping, endpoint) is None)
        own_series = None if endpoint == "totals" else series
        _check_together(known, own_series)
        chosen[endpoint] = known, own_series
    return chosen


def _unknown(grouping: Grouping, endpoint: EndpointName) -> str | None:
    return next((value for value in grouping.group_by if value not in values_on(endpoint)), None)


def _check_together(groupings: Sequence[Grouping], series: Series | None) -> None:
    """Demand that one request may hold them all beside our own."""
    names = [grouping.name for grouping in groupings]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"--group: two groupings have the name {twice!r}")
    own = own_groupings(series, groupings)
    in_all = {grouping.name: grouping for grouping in (*groupings, *own)}
    if len(in_all) > MOST_GROUPINGS:
        raise UsageError(
            f"the API takes {MOST_GROUPINGS} groupings in a request, and these are {len(in_all)} with the one "
            "that the records are made of",
            f"Leave one --group out, or make one of them {','.join(own[-1].group_by)}.",
        )
    if sum(len(grouping.group_by) == len(FOUR_VALUES[0]) for grouping in in_all.values()) > 1:
        by_hour = ", and --series hour is one" if series == "hour" else ""
        raise UsageError(f"the API takes one grouping of four values in a request{by_hour}")


def add_nested(total: Nested, more: Nested) -> None:
    """Add nested counts to others, in place; both have the same form, either may lack parts."""
    for key, value in more.items():
        if isinstance(value, dict):
            add_nested(total.setdefault(key, {}), value)
        else:
            total[key] = total.get(key, 0) + value
