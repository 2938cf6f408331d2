"""What a page tells of a run, read from its directory in one pass: up to what the journal counts, and no more."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from threading import Event
from typing import Any, Final

import msgspec
import numpy as np
import orjson
from msgspec import UNSET
from msgspec.structs import asdict

from harvester.engagement.metrics import RATE, RATE_PARTS, EndpointName
from harvester.errors import RunDirectoryError
from harvester.recorded.lines import Prefix
from harvester.recorded.records import RecordBlock, read_records
from harvester.recorded.run import RecordedRun
from harvester.report.summary import RECORD_STATUSES
from harvester.report.tallies import SeriesTally, Spread, Tally
from harvester.report.times import day_sums
from harvester.rundir.files import NEVER, Stopped
from harvester.rundir.names import REJECTED, SUMMARY
from harvester.timeline import Timeline

MOST_EXAMPLES: Final = 3
MOST_REASONS: Final = 100
"""More are not told apart."""
MOST_RANKED: Final = 100
"""Of a top list; more are in the files of the run."""
MOST_LINES: Final = 5
"""Tweets of a top list of which the days are wanted."""
OTHER_REASONS: Final = "other reasons"


@dataclass(slots=True)
class Reason:
    """Why some were given up or turned away: how many, and the first few of them."""

    name: str
    n: int = 0
    examples: list[Mapping[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tweet:
    """A tweet of a top list, as its record has it.

    values: its counts, and its engagement rate if it has one. days: by metric, its counts by day, for the metrics
    of which it is among the very best.
    """

    tweet_id: int
    created_at: str | None
    values: Mapping[str, int | float]
    days: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What came of an endpoint so far.

    counts: tweets by what became of them. tops: by metric, (value, tweet ID), the best first. spreads: of metrics
    that any tweet has. series: by metric, what all tweets have together by time. dead: the reasons of the dead
    letters, the most frequent first. as_of: when the last step was committed, or else when the last record was
    answered, seconds since 1970; None before the first. limit_per_minute: the allowance as last seen. n_total: IDs
    to settle, as far as that is known; whether that is_exact.
    """

    name: EndpointName
    columns: Sequence[str]
    span: tuple[str, str] | None
    counts: Mapping[str, int]
    totals: Mapping[str, int]
    tops: Mapping[str, Sequence[tuple[int | float, int]]]
    tweets: Mapping[int, Tweet]
    spreads: Mapping[str, Spread]
    series: Mapping[str, Mapping[str, int]]
    groupings: Mapping[str, Any]
    requests: Mapping[str, Any]
    elapsed_s: float
    timeline: Timeline
    dead: Sequence[Reason]
    as_of: float | None
    limit_per_minute: float | None
    n_total: int | None
    is_exact: bool

    @property
    def n_settled(self) -> int:
        """Tweets that have a record or a dead letter."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that a page tells of a run. summary: the document of `summary.json`, empty before the run's end."""

    run: RecordedRun
    endpoints: Sequence[Endpoint]
    rejected: Sequence[Reason]
    n_rejected: int
    summary: Mapping[str, Any]


def gather(run: RecordedRun, stop: Event = NEVER) -> Gathered:
    """Read it. Raises RunDirectoryError where a file is not what the journal vouches for, and Stopped."""
    endpoints = [_read_endpoint(run, name, stop) for name in run.marks]
    summary = _read_summary(run)
    return Gathered(run, endpoints, _read_rejected(run, stop), run.input_mark.rejected_lines, summary)


def _read_endpoint(run: RecordedRun, name: EndpointName, stop: Event) -> Endpoint:
    state = run.marks[name].state
    blank, span = run.recalled.blanks[name]
    reduction = state.get("reduction", {})
    tops = {
        metric: [(value, tweet) for value, tweet in top] for metric, top in reduction.get("top", {}).items()
    }
    seen = _Pass(blank.columns, run.manifest.started_ms, tops)
    for block in read_records(run, name):
        if stop.is_set():
            raise Stopped
        seen.add(block)
    dead = reasons_of(_dead_letters(run, name, stop))
    by_status = reduction.get("counts", {})
    counts = {status.value: by_status.get(status.value, 0) for status in RECORD_STATUSES}
    told = state.get("input", {})
    return Endpoint(
        name,
        blank.columns,
        (span.start, span.end) if span else seen.span,
        counts | {"failed": sum(reason.n for reason in dead)},
        reduction.get("totals", {}),
        tops,
        seen.tweets,
        {metric: spread for metric in blank.columns if (spread := seen.tally.spread(metric))},
        seen.series.sums(),
        reduction.get("groupings", {}),
        state.get("requests", {}),
        float(state.get("elapsed_s", 0.0)),
        Timeline.from_dict(state.get("timeline", {})),
        dead,
        state.get("committed_at") or seen.seen_s,
        state.get("limit_per_minute"),
        *_total_of(told),
    )


def _total_of(told: Mapping[str, Any]) -> tuple[int | None, bool]:
    """How many IDs there are to settle, by what was read so far, and whether that is all of them."""
    n, fraction = told.get("distinct"), told.get("fraction")
    if n is None or told.get("is_done"):
        return n, n is not None
    return (round(n / fraction) if fraction else None), False


class _Pass:
    """One pass over the records of an endpoint. tops: (value, tweet ID) by metric."""

    def __init__(
        self, columns: Sequence[str], began_ms: int, tops: Mapping[str, Sequence[tuple[int | float, int]]]
    ) -> None:
        self.tally = Tally(columns, began_ms)
        self.series = SeriesTally()
        self.tweets: dict[int, Tweet] = {}
        self._seen_at = ""
        self.span: tuple[str, str] | None = None
        ranked = {tweet for top in tops.values() for _, tweet in top[:MOST_RANKED]}
        self._wanted = np.array(sorted(ranked), dtype=np.int64)
        self._lines: dict[int, list[str]] = {}
        for metric, top in tops.items():
            for _, tweet in top[:MOST_LINES]:
                self._lines.setdefault(tweet, []).append(metric)

    def add(self, block: RecordBlock) -> None:
        """Take some records in."""
        ids = block.ids
        self.tally.add(ids, block.counts)
        for place in np.flatnonzero(np.isin(ids, self._wanted)).tolist():
            tweet_id = int(ids[place])
            tweet = _tweet_of(block.records[place], self._lines.get(tweet_id, ()))
            self.tweets.setdefault(tweet_id, tweet)
        last = block.records[-1]
        self._seen_at = max(self._seen_at, *map(attrgetter("retrieved_at"), block.records))
        if hasattr(last, "start"):
            self._widen([record for record in block.records if record.start is not UNSET])
        if getattr(last, "series", None) is not None:
            self.series.add(record.series for record in block.records if record.series is not UNSET)

    @property
    def seen_s(self) -> float | None:
        """When the last record was answered, seconds since 1970."""
        return datetime.fromisoformat(self._seen_at).timestamp() if self._seen_at else None

    def _widen(self, records: Sequence[Any]) -> None:
        """Take in what time some records count."""
        if records:
            start, end = min(record.start for record in records), max(record.end for record in records)
            earlier = self.span or (start, end)
            self.span = (min(earlier[0], start), max(earlier[1], end))


def _tweet_of(record: Any, lines: Sequence[str]) -> Tweet:
    counts = {} if record.metrics is UNSET else asdict(record.metrics)
    values = {metric: value for metric, value in counts.items() if value is not UNSET}
    part, whole = map(values.get, RATE_PARTS)
    if part is not None and whole:
        values[RATE] = part / whole
    series = getattr(record, "series", UNSET)
    return Tweet(
        int(record.tweet_id),
        None if record.created_at is UNSET else record.created_at,
        values,
        {} if series is UNSET else {metric: day_sums(series[metric]) for metric in lines if metric in series},
    )


def reasons_of(entries: Iterable[Mapping[str, Any]]) -> list[Reason]:
    """Entries by their field `reason`, the most frequent reason first."""
    reasons: dict[str, Reason] = {}
    for entry in entries:
        name = str(entry.get("reason", OTHER_REASONS))
        if name not in reasons and len(reasons) >= MOST_REASONS:
            name = OTHER_REASONS
        reason = reasons.setdefault(name, Reason(name))
        reason.n += 1
        if len(reason.examples) < MOST_EXAMPLES:
            reason.examples.append(entry)
    return sorted(reasons.values(), key=lambda reason: (-reason.n, reason.name))


def _dead_letters(run: RecordedRun, name: EndpointName, stop: Event) -> Iterator[Mapping[str, Any]]:
    for letter in run.journal.dead_letters(name):
        if stop.is_set():
            raise Stopped
        yield orjson.loads(letter)


class _Rejected(msgspec.Struct, gc=False):
    """A line of `rejected.ndjson`."""

    file: str
    line: int
    text: str
    reason: str


def _read_rejected(run: RecordedRun, stop: Event) -> list[Reason]:
    """The rejected lines that the journal counts, by reason."""
    mark, path = run.input_mark, run.folder / REJECTED
    if not mark.rejected_bytes:
        return []
    decoder = msgspec.json.Decoder(_Rejected)
    found: dict[str, Reason] = {}
    try:
        for block in Prefix(path, mark.rejected_bytes).blocks():
            if stop.is_set():
                raise Stopped
            _count_rejected(found, decoder.decode_lines(block.text))
    except (msgspec.MsgspecError, RunDirectoryError) as exc:
        raise RunDirectoryError(
            f"{path} is damaged: {str(exc)[:200]}", "harvester verify tells more."
        ) from exc
    return sorted(found.values(), key=lambda reason: (-reason.n, reason.name))


def _count_rejected(found: dict[str, Reason], lines: Sequence[_Rejected]) -> None:
    for name, n in Counter(line.reason for line in lines).items():
        kept = name if name in found or len(found) < MOST_REASONS else OTHER_REASONS
        reason = found.setdefault(kept, Reason(kept))
        reason.n += n
        if len(reason.examples) < MOST_EXAMPLES:
            of_this = (asdict(line) for line in lines if line.reason == name)
            wanted = MOST_EXAMPLES - len(reason.examples)
            reason.examples += [example for example, _ in zip(of_this, range(wanted), strict=False)]


def _read_summary(run: RecordedRun) -> Mapping[str, Any]:
    """`summary.json`, where it is of now."""
    if not run.is_finished:
        return {}
    try:
        document = orjson.loads((run.folder / SUMMARY).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return document if isinstance(document, dict) else {}
