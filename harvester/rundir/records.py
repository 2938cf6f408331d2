"""What stands in the files: records, dead letters and rejected lines as NDJSON. No I/O."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import repeat
from typing import Any, Final

import msgspec
import orjson
from msgspec import UNSET, UnsetType

from harvester.engagement.answer import Detail, Points
from harvester.engagement.groupings import Nested, Series
from harvester.engagement.settling import Settled, Status
from harvester.engagement.tweet_id import Ids, created_at_texts
from harvester.rundir.marks import Dead

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
Span = tuple[str, str]
"""Start and end of the time that a record counts."""


class Record(msgspec.Struct, gc=False):
    """One tweet of an endpoint's records, its fields in their order; UNSET ones are left out."""

    tweet_id: str
    status: str
    created_at: str | UnsetType
    metrics: msgspec.Struct | UnsetType
    unsupported: tuple[str, ...] | UnsetType
    retrieved_at: str


class DetailedRecord(msgspec.Struct, gc=False):
    """One tweet where the time counts: of 28hr or historical, or with groupings of the user's own."""

    tweet_id: str
    status: str
    created_at: str | UnsetType
    start: str | UnsetType
    end: str | UnsetType
    metrics: msgspec.Struct | UnsetType
    series: msgspec.Raw | UnsetType
    groupings: Nested | UnsetType
    unsupported: tuple[str, ...] | UnsetType
    retrieved_at: str


class _NoCounts(msgspec.Struct):
    """What `metrics` is for a tweet that is answered, but of which nothing can be counted."""


_NO_COUNTS = _NoCounts()
_NO_DETAIL: Final = Detail()
_encoder = msgspec.json.Encoder()


def encode_records(
    ids: Ids, settled: Settled, retrieved_at: str, span: Span | None = None
) -> tuple[bytes, ...]:
    """The records of a settled batch, a line each, in the batch's order; dead letters are not among them.

    In one piece, or in one for each tweet where a time series may make it long: so they are nowhere twice.

    span: the range of the run; None where the answers alone tell what they count. One call encodes them all;
    msgspec is here twice as fast as a dict for each tweet and orjson.
    """
    common = settled.request.unasked or UNSET
    if settled.request.has_details:
        detailed = _with_details(ids, settled, retrieved_at, span)
        return tuple(_encoder.encode_lines([record]) for record in detailed)
    if settled.fates:
        records = [
            Record(tweet_id, status.value, created_at, counts, uncounted, retrieved_at)
            for _, tweet_id, status, created_at, counts, uncounted in _with_fates(ids, settled)
        ]
    else:
        created_at, counts = _filled(created_at_texts(ids), UNSET), _filled(settled.rows, _NO_COUNTS)
        columns = (settled.request.tweet_ids, repeat("ok"), created_at, counts, repeat(common))
        records = [*map(Record, *columns, repeat(retrieved_at))]
    return (_encoder.encode_lines(records),)


def _filled(values: Sequence[Any], instead: object) -> Sequence[Any]:
    """The values, with something instead of None. None of them is false otherwise."""
    return values if all(values) else [value or instead for value in values]


_Parts = tuple[int, str, Status, str | UnsetType, msgspec.Struct | UnsetType, tuple[str, ...] | UnsetType]


def _with_fates(ids: Ids, settled: Settled) -> Iterator[_Parts]:
    """Of each tweet that is no dead letter: its place, ID, status, time, counts, and what is unsupported."""
    common = settled.request.unasked or UNSET
    rows = zip(settled.request.tweet_ids, created_at_texts(ids), settled.rows, strict=True)
    for place, (tweet_id, created_at, row) in enumerate(rows):
        fate = settled.fates.get(tweet_id)
        status, unsupported = (fate.status, fate.unsupported or UNSET) if fate else (Status.OK, common)
        if status is Status.OK:
            yield place, tweet_id, status, created_at or UNSET, row or _NO_COUNTS, unsupported
        elif status is not Status.DEAD:
            yield place, tweet_id, status, created_at or UNSET, UNSET, UNSET


def _with_details(
    ids: Ids, settled: Settled, retrieved_at: str, span: Span | None
) -> Iterator[DetailedRecord]:
    series, groups_tweets = settled.request.series, any(g.is_of_tweets for g in settled.request.groupings)
    for place, tweet_id, status, created_at, counts, uncounted in _with_fates(ids, settled):
        detail = (settled.details[place] if settled.details else None) or _NO_DETAIL
        start, end = span or (detail.start or UNSET, detail.end or UNSET)
        is_ok = status is Status.OK
        yield DetailedRecord(
            tweet_id,
            status.value,
            created_at,
            start,
            end,
            counts,
            msgspec.Raw(_encode_series(detail, series)) if series and is_ok else UNSET,
            detail.groupings if groups_tweets and is_ok else UNSET,
            uncounted,
            retrieved_at,
        )


def _encode_series(detail: Detail, series: Series) -> bytes:
    """`{"impressions":{"2026-11-22T17":551}}`, in order of time; the API's zeros are not there."""
    metrics = (f'"{metric}":{{{_encode_points(points, series)}}}' for metric, points in detail.series.items())
    return f"{{{','.join(metrics)}}}".encode()


def _encode_points(points: Points, series: Series) -> str:
    by_time: dict[int, int] = {}
    for at, count in zip(points.at, points.counts, strict=True):
        # A day may be cut by the border of two windows.
        by_time[at] = by_time.get(at, 0) + count
    label = _day_text if series == "day" else _hour_text
    return ",".join(f'"{label(at)}":{by_time[at]}' for at in sorted(by_time))


@lru_cache(maxsize=1024)
def _day_text(day: int) -> str:
    return date.fromordinal(_EPOCH_DAY + day).isoformat()


def _hour_text(hour: int) -> str:
    return f"{_day_text(hour // 24)}T{hour % 24:02d}"


def encode_dead_letters(settled: Settled) -> list[Dead]:
    """The dead letters of a batch, in its order: what was asked, the last error, the attempts."""
    request = settled.request
    letters = []
    for tweet_id in request.tweet_ids if settled.fates else ():
        if (fate := settled.fates.get(tweet_id)) and fate.dead_letter:
            letter = {
                "tweet_id": tweet_id,
                "endpoint": request.endpoint.name,
                "metrics": request.metrics,
                "access": request.access.value,
                **({"account": request.account} if request.account else {}),
                "reason": fate.dead_letter.reason,
                "error": fate.dead_letter.error,
                "attempts": fate.dead_letter.attempts,
                **({"body": fate.dead_letter.body} if fate.dead_letter.body else {}),
            }
            letters.append(Dead(int(tweet_id), request.account, orjson.dumps(letter)))
    return letters


def encode_rejected(file: str, line: int, text: str, reason: str) -> bytes:
    """One line of `rejected.ndjson`. A file's name may hold bytes that are no text; they are escaped."""
    name = file.encode(errors="backslashreplace").decode()
    return orjson.dumps(
        {"file": name, "line": line, "text": text, "reason": reason}, option=orjson.OPT_APPEND_NEWLINE
    )
