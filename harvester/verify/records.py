"""Records judged one by one: whether each is what the encoder writes, and agrees with itself. Pure.

A block of lines is decoded in one typed pass and encoded again: where that gives the same bytes, no field is
unknown, doubled, out of its order or written in another form, and only what the values mean is left to look at.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import UNSET
from msgspec.structs import astuple

from harvester.engagement.answer import Counts
from harvester.engagement.groupings import HOUR, TYPE, Series
from harvester.engagement.request import Request
from harvester.engagement.settling import Status
from harvester.engagement.tweet_id import MAX_TWEET_ID, created_at_texts
from harvester.engagement.windows import utc_text
from harvester.recorded.records import record_type
from harvester.report.summary import RECORD_STATUSES
from harvester.rundir.records import Span

_STATUSES: Final = frozenset(status.value for status in RECORD_STATUSES)
_encoder = msgspec.json.Encoder()


@dataclass(slots=True)
class Fault:
    """What is wrong with a line. index: its place in its block."""

    index: int
    what: str


@dataclass(slots=True)
class Judged:
    """What a block of lines holds.

    ids: of all records that have one. ok_ids, rows: IDs and counts of those that are OK. n_lacking: those of them
    with a metric that is neither counted nor unsupported: the API has left it out.
    """

    n_by_status: Counter[Status] = field(default_factory=Counter)
    ids: list[int] = field(default_factory=list)
    ok_ids: list[str] = field(default_factory=list)
    rows: list[Counts] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    n_lacking: int = 0


class RecordJudge:
    """Judges the records of an endpoint.

    blank: what was asked. span: the time that all of them count, None where the API's answers told it.
    """

    def __init__(self, blank: Request, span: Span | None) -> None:
        self._columns = blank.columns
        self._decoder = msgspec.json.Decoder(record_type(blank))
        self._series = blank.series
        self._levels = {g.name: g.group_by[1:] for g in blank.groupings if g.is_of_tweets}
        self._sums_series = len(blank.own_groupings) == 1
        self._span = span

    def judge(self, lines: bytes) -> Judged:
        """lines: whole ones."""
        judged = Judged()
        try:
            records = list(enumerate(self._decode(lines)))
        except ValueError:
            records = list(self._decode_each(lines, judged))
        ids = [canonical_id(record.tweet_id) for _, record in records]
        texts = created_at_texts(np.array(ids, dtype=np.int64))
        for (index, record), tweet_id, created_at in zip(records, ids, texts, strict=True):
            if what := self._fault_of(record, tweet_id, created_at):
                judged.faults.append(Fault(index, what))
            if tweet_id:
                self._take(judged, record, tweet_id)
        return judged

    def _decode(self, lines: bytes) -> list[Any]:
        """The records. Raises ValueError where they are not as they are written."""
        try:
            records = self._decoder.decode_lines(lines)
            if _encoder.encode_lines(records) == lines:
                return records
        except (msgspec.MsgspecError, RecursionError, OverflowError) as exc:
            raise ValueError(exc) from exc
        raise ValueError("its fields are not written as the harvester writes them")

    def _decode_each(self, lines: bytes, judged: Judged) -> Iterator[tuple[int, Any]]:
        """Those that are sound, with their places; of the others it is told what is wrong."""
        for index, line in enumerate(lines.split(b"\n")[:-1]):
            try:
                yield index, *self._decode(line + b"\n")
            except ValueError as exc:
                judged.faults.append(Fault(index, f"no record: {str(exc)[:200]}"))

    def _take(self, judged: Judged, record: Any, tweet_id: int) -> None:
        judged.ids.append(tweet_id)
        if record.status not in _STATUSES:
            return
        judged.n_by_status[Status(record.status)] += 1
        if record.status == "ok" and record.metrics is not UNSET:
            judged.ok_ids.append(record.tweet_id)
            judged.rows.append(record.metrics)
            n_unsupported = 0 if record.unsupported is UNSET else len(record.unsupported)
            judged.n_lacking += astuple(record.metrics).count(UNSET) > n_unsupported

    def _fault_of(self, record: Any, tweet_id: int, created_at: str | None) -> str | None:
        """What is wrong with a record, None if nothing is."""
        if not tweet_id:
            return f"{record.tweet_id[:40]!r} is no tweet ID"
        if record.status not in _STATUSES:
            return f"{record.status[:40]!r} is no status"
        if record.created_at != (created_at or UNSET):
            return f"created_at is {record.created_at}, and the ID says {created_at or 'nothing'}"
        if not _is_time(record.retrieved_at):
            return f"retrieved_at is {record.retrieved_at[:40]!r}"
        if self._span and (record.start, record.end) != self._span:
            return f"it counts from {record.start} to {record.end}, not the time asked for"
        if record.status != "ok":
            return _fault_of_uncounted(record)
        return self._fault_of_counts(record) or self._fault_of_details(record)

    def _fault_of_counts(self, record: Any) -> str | None:
        if record.metrics is UNSET:
            return "no metrics"
        if record.unsupported is not UNSET:
            if not _is_choice(record.unsupported, self._columns):
                return f"unsupported is {', '.join(record.unsupported)[:200]!r}"
            for metric in record.unsupported:
                if getattr(record.metrics, metric) is not UNSET:
                    return f"{metric} is counted and unsupported"
        return None

    def _fault_of_details(self, record: Any) -> str | None:
        series, groupings = getattr(record, "series", UNSET), getattr(record, "groupings", UNSET)
        if (series is UNSET) != (self._series is None):
            return "no series" if series is UNSET else "a series that was not asked for"
        if series is not UNSET and self._series and (what := self._fault_of_series(record.metrics, series)):
            return what
        if (groupings is UNSET) != (not self._levels):
            return "no groupings" if groupings is UNSET else "groupings that were not asked for"
        for name, nested in () if groupings is UNSET else groupings.items():
            if name not in self._levels:
                return f"a grouping {name[:40]!r} that was not asked for"
            if what := _fault_of_nested(nested, self._levels[name], self._columns):
                return f"grouping {name}: {what}"
        return None

    def _fault_of_series(self, metrics: Counts, series: Mapping[str, Mapping[str, int]]) -> str | None:
        for metric, points in series.items():
            if metric not in self._columns or (count := getattr(metrics, metric)) is UNSET:
                return f"a series of {metric[:40]!r}, which is not counted"
            if not all(_is_label(label, self._series) for label in points):
                return f"the series of {metric} has a time that is none"
            if list(points) != sorted(points):
                return f"the series of {metric} is not in the order of time"
            if self._sums_series and sum(points.values()) != count:
                return f"{metric} is {count:,}, and its series adds up to {sum(points.values()):,}"
        return None


def canonical_id(text: str) -> int:
    """The ID that a text is in its one form; 0 for any other text."""
    if text.isascii() and text.isdigit() and text[0] != "0" and len(text) < 20 and int(text) <= MAX_TWEET_ID:
        return int(text)
    return 0


def _fault_of_uncounted(record: Any) -> str | None:
    for name in ("metrics", "series", "groupings", "unsupported"):
        if getattr(record, name, UNSET) is not UNSET:
            return f"it is {record.status} and has {name}"
    return None


@lru_cache(maxsize=4096)
def _is_choice(chosen: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether these are some of the columns, at least one, in their order."""
    return bool(chosen) and tuple(column for column in columns if column in chosen) == chosen


@lru_cache(maxsize=4096)
def _is_time(text: str) -> bool:
    try:
        return utc_text(int(datetime.fromisoformat(text).timestamp())) == text
    except ValueError:
        return False


@lru_cache(maxsize=32_768)
def _is_label(text: str, series: Series) -> bool:
    """Whether this is a day, or an hour of one, as a series has it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return text == moment.strftime("%Y-%m-%d" if series == "day" else "%Y-%m-%dT%H")


def _fault_of_nested(nested: object, levels: Sequence[str], columns: Sequence[str]) -> str | None:
    """Nested counts: ints, as many levels as there are values, and where hours come without days, maybe days."""
    if not levels:
        is_count = isinstance(nested, int) and not isinstance(nested, bool) and nested >= 0
        return None if is_count else f"{str(nested)[:40]!r} is no count"
    if not isinstance(nested, dict):
        return f"{str(nested)[:40]!r} instead of counts by {levels[0]}"
    level, *rest = levels
    for key, inner in nested.items():
        if level == TYPE and key not in columns:
            return f"{key[:40]!r} was not asked for"
        is_day = level == HOUR and "-" in key
        if what := _fault_of_nested(inner, levels if is_day else rest, columns):
            return what
    return None
