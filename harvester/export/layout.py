"""Which columns the tables have: the union over all runs, decided before the first record is read. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from harvester.config.options import parse_list
from harvester.engagement.metrics import CATALOGUE, OLD_NAMES, RATE, RATE_PARTS, EndpointName
from harvester.errors import UsageError, did_you_mean
from harvester.recorded.run import Asked
from harvester.sources.source import printable_name

Kind = Literal["label", "text", "number", "count", "time"]
"""label: text of few values. number: a tweet ID as an integer. count: an integer, or not counted. time: UTC, in
seconds."""
TableName = Literal["tweets", "series"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    kind: Kind


RUN: Final = Column("run", "label")
ENDPOINT: Final = Column("endpoint", "label")
TWEET_ID: Final = Column("tweet_id", "text")
NUMBER: Final = Column("tweet_id_int", "number")
STATUS: Final = Column("status", "label")
CREATED_AT: Final = Column("created_at", "time")
START: Final = Column("start", "time")
END: Final = Column("end", "time")
GROUPINGS: Final = Column("groupings", "text")
UNSUPPORTED: Final = Column("unsupported", "label")
ERROR: Final = Column("error", "text")
RETRIEVED_AT: Final = Column("retrieved_at", "time")
METRIC: Final = Column("metric", "label")
TIME: Final = Column("time", "time")
VALUE: Final = Column("value", "count")
SERIES: Final = (RUN, ENDPOINT, TWEET_ID, NUMBER, METRIC, TIME, VALUE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the runs is wanted. endpoints, metrics: all where empty; metrics as they are asked for."""

    endpoints: tuple[EndpointName, ...] = ()
    metrics: tuple[str, ...] = ()
    dead_letters: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of the tables; of series none, where no run has them. metrics: those among the columns."""

    tweets: tuple[Column, ...]
    series: tuple[Column, ...]
    metrics: tuple[str, ...]

    def columns_of(self, table: TableName) -> tuple[Column, ...]:
        """Of one of the two."""
        return self.tweets if table == "tweets" else self.series


def choose_columns(text: str | None) -> tuple[str, ...]:
    """The metrics of a list with commas; none where there is none. Raises UsageError for unknown ones."""
    named = parse_list(text or "")
    for name in named:
        if name not in {*CATALOGUE, *OLD_NAMES, RATE}:
            hint = did_you_mean(name, (*CATALOGUE, RATE)) or f"The metrics are: {', '.join(CATALOGUE)}."
            raise UsageError(f"unknown metric {name[:60]!r}", hint)
    parts = [
        part for name in named for part in (RATE_PARTS if name == RATE else (OLD_NAMES.get(name, name),))
    ]
    return tuple(dict.fromkeys(parts))


def lay_out(runs: Sequence[Asked], wanted: Wanted) -> Layout:
    """The columns for all of the runs; metrics that are wanted are there, whether or not a run has them.

    Raises UsageError when no run has an endpoint that is wanted.
    """
    blanks = [blank for asked in runs for blank, _ in asked.recalled.blanks.values()]
    if wanted.endpoints:
        there = ", ".join(dict.fromkeys(blank.endpoint.name for blank in blanks))
        blanks = [blank for blank in blanks if blank.endpoint.name in wanted.endpoints]
        if not blanks:
            raise UsageError(f"no run has {' or '.join(wanted.endpoints)}", f"There is: {there}.")
    asked_for = wanted.metrics or tuple(metric for blank in blanks for metric in blank.columns)
    metrics = tuple(dict.fromkeys((*(m for m in CATALOGUE if m in asked_for), *asked_for)))
    has_span = any(blank.endpoint.name != "totals" for blank in blanks)
    has_groupings = any(grouping.is_of_tweets for blank in blanks for grouping in blank.groupings)
    tweets = (
        *(RUN, ENDPOINT, TWEET_ID, NUMBER, STATUS, CREATED_AT),
        *((START, END) if has_span else ()),
        *(Column(metric, "count") for metric in metrics),
        *((GROUPINGS,) if has_groupings else ()),
        UNSUPPORTED,
        *((ERROR,) if wanted.dead_letters else ()),
        RETRIEVED_AT,
    )
    return Layout(tweets, SERIES if any(blank.series for blank in blanks) else (), metrics)


def name_runs(folders: Sequence[Path]) -> list[str]:
    """A name for each run: its directory's, and as much before that as it takes to tell it from the others.

    Raises UsageError for one that is named twice.
    """
    parts = [tuple(map(printable_name, folder.resolve().parts)) for folder in folders]
    for folder, path in zip(folders, parts, strict=True):
        if parts.count(path) > 1:
            raise UsageError(f"{folder} is named twice")
    names: list[str | None] = [None] * len(parts)
    depth = 0
    while None in names:
        depth += 1
        ends = Counter(path[-depth:] for path in parts)
        for index, path in enumerate(parts):
            if names[index] is None and ends[path[-depth:]] == 1:
                names[index] = "/".join(path[-depth:]).replace("//", "/")
    return cast("list[str]", names)
