"""The records of a run as rows of numbers, as much of them as two runs are compared by. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harvester.engagement.settling import Status
from harvester.engagement.tweet_id import Ids
from harvester.recorded.records import RecordBlock
from harvester.report.summary import RECORD_STATUSES

Rows = NDArray[np.void]
"""A row for each tweet, see `row_type`."""
FAILED: Final = "failed"
"""What a tweet is that has a dead letter instead of a record."""
STATUSES: Final = (*(status.value for status in RECORD_STATUSES), FAILED)
OK: Final = STATUSES.index(Status.OK.value)
_CODES: Final = {status: code for code, status in enumerate(STATUSES)}


def row_type(n_metrics: int) -> np.dtype[np.void]:
    """The type of a row.

    tweet_id. at: when it was retrieved, seconds since 1970, 0 for a dead letter. status: its place in STATUSES.
    counts: one for each metric, NOT_COUNTED where there is none.
    """
    return np.dtype(
        [("tweet_id", np.int64), ("at", np.int64), ("status", np.uint8), ("counts", np.int64, (n_metrics,))]
    )


def rows_of_block(block: RecordBlock, metrics: Sequence[str]) -> Rows:
    """The rows of some records, in their order. metrics: some of the block's columns.

    Raises ValueError for a status or a time that is none.
    """
    rows = np.empty(len(block), row_type(len(metrics)))
    rows["tweet_id"] = block.ids
    rows["at"] = [_seconds(record.retrieved_at) for record in block.records]
    rows["status"] = [_code(record.status) for record in block.records]
    rows["counts"] = block.counts[:, [block.columns.index(metric) for metric in metrics]]
    return rows


def rows_of_dead(tweet_ids: Iterable[int], n_metrics: int, not_counted: int) -> Rows:
    """The rows of tweets that have a dead letter."""
    ids: Ids = np.fromiter(tweet_ids, np.int64)
    rows = np.zeros(len(ids), row_type(n_metrics))
    rows["tweet_id"] = ids
    rows["status"] = _CODES[FAILED]
    rows["counts"] = not_counted
    return rows


def _code(status: str) -> int:
    try:
        return _CODES[status]
    except KeyError:
        raise ValueError(f"{status[:40]!r} is no status") from None


@lru_cache(maxsize=4096)
def _seconds(text: Any) -> int:
    """A time as records have it, in seconds since 1970. All of a batch have the same."""
    return int(datetime.fromisoformat(text).timestamp())
