"""One outcome a tweet from the outcomes of several windows. Pure."""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET
from msgspec.structs import astuple, replace

from harvester.engagement.answer import Counts, Detail, Points
from harvester.engagement.groupings import add_nested
from harvester.engagement.nested import MAX_COUNT
from harvester.engagement.request import Request
from harvester.engagement.settling import DeadLetter, Fate, Settled, Status

STRONGEST: Final = (Status.DEAD, Status.UNAVAILABLE, Status.FORBIDDEN)
"""Whichever of these a tweet has in one window it has for the whole range: a sum of some windows is no count."""


def join_windows(request: Request, parts: Sequence[Settled]) -> Settled:
    """The outcomes of a request's tweets over all windows: counts summed, series joined.

    parts: by window, each for those tweets that were there to be asked for. A tweet that no window asked for
    was made after the range; it is OK, and nothing of it is counted. One that is counted in some windows and
    left out in others (asked twice) was not touched in those.
    """
    if len(parts) == 1 and parts[0].request.tweet_ids == request.tweet_ids:
        return parts[0]
    joined = Settled(request, [None] * len(request.tweet_ids))
    if request.has_details:
        joined.details = [None] * len(request.tweet_ids)
    places = [{i: place for place, i in enumerate(part.request.tweet_ids)} for part in parts]
    for index, tweet_id in enumerate(request.tweet_ids):
        own = [
            (part, place[tweet_id]) for part, place in zip(parts, places, strict=True) if tweet_id in place
        ]
        _join_tweet(joined, index, tweet_id, own)
    for part in parts:
        add_nested(joined.sums, part.sums)
    return joined


def _join_tweet(joined: Settled, index: int, tweet_id: str, own: Sequence[tuple[Settled, int]]) -> None:
    if not own:
        joined.fates[tweet_id] = Fate(Status.OK, joined.request.columns)
        return
    fates = [fate for part, _ in own if (fate := part.fates.get(tweet_id))]
    if strongest := next((f for status in STRONGEST for f in fates if f.status is status), None):
        joined.fates[tweet_id] = strongest
        return
    counted = [
        (part, place)
        for part, place in own
        if not ((fate := part.fates.get(tweet_id)) and fate.status is Status.NO_DATA)
    ]
    if not counted:
        joined.fates[tweet_id] = Fate(Status.NO_DATA)
        return
    if (row := _sum_rows([part.rows[place] for part, place in counted])) and max(_counts(row)) > MAX_COUNT:
        joined.fates[tweet_id] = Fate(
            Status.DEAD, (), DeadLetter("malformed", f"{max(_counts(row))} in all", len(own))
        )
        return
    lacking = {metric for part, _ in counted for metric in _lacking(part, tweet_id)}
    for metric in lacking if row is not None else ():
        setattr(row, metric, UNSET)
    joined.rows[index] = row
    if joined.details:
        found = [part.details[place] for part, place in counted if part.details]
        joined.details[index] = _join_details([detail for detail in found if detail], lacking)
    if lacking != set(joined.request.unasked):
        joined.fates[tweet_id] = Fate(Status.OK, tuple(m for m in joined.request.columns if m in lacking))


def _lacking(part: Settled, tweet_id: str) -> tuple[str, ...]:
    fate = part.fates.get(tweet_id)
    return fate.unsupported if fate else part.request.unasked


def _counts(row: Counts) -> list[int]:
    return [0, *(count for count in astuple(row) if count is not UNSET)]


def _sum_rows(rows: Sequence[Counts | None]) -> Counts | None:
    total: Counts | None = None
    for row in rows:
        if row is None:
            continue
        if total is None:
            total = replace(row)
            continue
        for metric in row.__struct_fields__:
            if (count := getattr(row, metric)) is not UNSET:
                before = getattr(total, metric)
                setattr(total, metric, count if before is UNSET else before + count)
    return total


def _join_details(details: Sequence[Detail], lacking: set[str]) -> Detail | None:
    if not details:
        return None
    joined = Detail(details[0].start, details[-1].end)
    for detail in details:
        for metric, points in detail.series.items():
            if metric not in lacking:
                before = joined.series.get(metric)
                joined.series[metric] = points if before is None else _joined(before, points)
        add_nested(joined.groupings, detail.groupings)
    return joined


def _joined(first: Points, second: Points) -> Points:
    return Points(first.at + second.at, first.counts + second.counts)
