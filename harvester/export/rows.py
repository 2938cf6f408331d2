"""From records, time series and dead letters to rows of a table, column by column. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from harvester.engagement.tweet_id import created_at_texts
from harvester.export.layout import (
    CREATED_AT,
    END,
    ENDPOINT,
    ERROR,
    GROUPINGS,
    METRIC,
    NUMBER,
    RETRIEVED_AT,
    RUN,
    START,
    STATUS,
    TIME,
    TWEET_ID,
    UNSUPPORTED,
    VALUE,
    Column,
    Layout,
)
from harvester.recorded.records import NOT_COUNTED, RecordBlock

FAILED: Final = "failed"
"""The status of a tweet that has a dead letter instead of a record."""
Values = Sequence[str | None] | NDArray[np.int64]
"""Of numbers and counts an array, NOT_COUNTED where there is none; of all else texts, times as in the records."""


@dataclass(frozen=True, slots=True)
class Whose:
    """What all rows of a piece have in common."""

    run: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a table: the values of each column, in the order of the columns."""

    columns: tuple[Column, ...]
    values: tuple[Values, ...]

    def __len__(self) -> int:
        return len(self.values[0])


def tweet_rows(layout: Layout, whose: Whose, block: RecordBlock) -> Rows:
    """A row for each record. Raises ValueError for a record that is damaged."""
    records = block.records
    counts = np.ascontiguousarray(block.counts.T)
    return _rows(
        layout.tweets,
        whose,
        len(records),
        {
            TWEET_ID.name: [record.tweet_id for record in records],
            NUMBER.name: block.ids,
            STATUS.name: [record.status for record in records],
            **{column.name: _texts(records, column.name) for column in (CREATED_AT, START, END)},
            **dict(zip(block.columns, counts, strict=True)),
            GROUPINGS.name: _groupings(records),
            UNSUPPORTED.name: [
                None if record.unsupported is UNSET else ",".join(record.unsupported) for record in records
            ],
            RETRIEVED_AT.name: [record.retrieved_at for record in records],
        },
    )


def series_rows(layout: Layout, whose: Whose, block: RecordBlock) -> Rows:
    """A row for each point of the records' time series, in the order in which they stand there; zeros are not."""
    tweet_ids: list[str] = []
    metrics: list[str] = []
    times: list[str] = []
    values: list[int] = []
    for record in block.records:
        if record.series is UNSET:
            continue
        for metric, points in record.series.items():
            if metric in layout.metrics:
                tweet_ids.extend(repeat(record.tweet_id, len(points)))
                metrics.extend(repeat(metric, len(points)))
                times.extend(map(_moment, points))
                values.extend(points.values())
    found: dict[str, Values] = {
        TWEET_ID.name: tweet_ids,
        NUMBER.name: np.array(tweet_ids, dtype=np.int64) if tweet_ids else _nothing(0),
        METRIC.name: metrics,
        TIME.name: times,
        VALUE.name: np.array(values, dtype=np.int64),
    }
    return _rows(layout.series, whose, len(values), found)


def dead_rows(layout: Layout, whose: Whose, letters: Iterable[bytes]) -> Rows:
    """A row for each dead letter: its tweet, and why that was given up."""
    documents = [msgspec.json.decode(letter) for letter in letters]
    tweet_ids = [document["tweet_id"] for document in documents]
    numbers = np.array(list(map(int, tweet_ids)), dtype=np.int64)
    found: dict[str, Values] = {
        TWEET_ID.name: tweet_ids,
        NUMBER.name: numbers,
        STATUS.name: [FAILED] * len(documents),
        CREATED_AT.name: created_at_texts(numbers),
        ERROR.name: [f"{document['reason']}: {document['error']}" for document in documents],
    }
    return _rows(layout.tweets, whose, len(documents), found)


def is_of_series(records: Sequence[Any]) -> bool:
    """Whether records are such that have a time series."""
    return bool(records) and hasattr(records[0], "series")


def python_values(rows: Rows) -> Iterator[list[Any]]:
    """The values of each column as Python has them; None where there is none."""
    for values in rows.values:
        if not isinstance(values, np.ndarray):
            yield list(values)
            continue
        lacks = values == NOT_COUNTED
        numbers = values.tolist()
        yield (
            [None if lack else n for lack, n in zip(lacks, numbers, strict=True)] if lacks.any() else numbers
        )


def _rows(columns: Sequence[Column], whose: Whose, n: int, found: Mapping[str, Values]) -> Rows:
    """Rows with what was found, and nothing where nothing was."""
    common = {RUN.name: [whose.run] * n, ENDPOINT.name: [whose.endpoint] * n}
    values = (common.get(column.name, found.get(column.name)) for column in columns)
    return Rows(
        tuple(columns),
        tuple(
            value if value is not None else _nothing(n) if column.kind == "count" else [None] * n
            for column, value in zip(columns, values, strict=True)
        ),
    )


def _nothing(n: int) -> NDArray[np.int64]:
    return np.full(n, NOT_COUNTED, dtype=np.int64)


def _texts(records: Sequence[Any], name: str) -> list[str | None]:
    found = [getattr(record, name, UNSET) for record in records]
    return [None if text is UNSET else text for text in found]


def _groupings(records: Sequence[Any]) -> list[str | None]:
    found = [getattr(record, "groupings", UNSET) for record in records]
    return [None if nested is UNSET else msgspec.json.encode(nested).decode() for nested in found]


@lru_cache(maxsize=16_384)
def _moment(label: str) -> str:
    """The moment at which a day or an hour of a time series begins: `2026-11-22T17` is one at 17:00."""
    return f"{label}:00:00Z" if "T" in label else f"{label}T00:00:00Z"
