"""A harvest as a source of dlt: its records are merged into a table of any destination that dlt knows.

    pipeline = dlt.pipeline("engagement", destination="duckdb", dataset_name="tweets")
    pipeline.run(harvest_source("ids.txt", out="runs/july"))

The run directory makes it resumable: a pipeline that failed, for whatever reason, is run again, asks for nothing
that was answered, and loads all of it, merged by tweet and endpoint.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Unpack

from harvester.engagement.credentials import Credentials
from harvester.errors import UsageError
from harvester.library.asking import HarvestOptions
from harvester.library.given import Paths
from harvester.library.harvesting import SyncRecords, harvest_sync
from harvester.library.id_stream import TweetId

if TYPE_CHECKING:
    from dlt.extract import DltResource

PAGE_RECORDS: Final = 1000
_COLUMNS: Final = {
    "endpoint": {"data_type": "text", "nullable": False},
    "tweet_id": {"data_type": "text", "nullable": False},
    "status": {"data_type": "text", "nullable": False},
    "created_at": {"data_type": "timestamp"},
    "start": {"data_type": "timestamp"},
    "end": {"data_type": "timestamp"},
    "series": {"data_type": "json"},
    "groupings": {"data_type": "json"},
    "unsupported": {"data_type": "json"},
    "retrieved_at": {"data_type": "timestamp", "nullable": False},
}
"""As dlt wants them. Each metric has a column `metrics__NAME` besides, as dlt names what is nested."""


def harvest_source(
    ids: Paths | Iterable[TweetId],
    *,
    out: str | os.PathLike[str],
    table: str = "engagement",
    credentials: Credentials | None = None,
    accept_incomplete: bool = False,
    **options: Unpack[HarvestOptions],
) -> "DltResource":
    """The records of a harvest as a dlt resource, with the arguments of `harvester.harvest_sync`.

    table: where they are loaded, by `merge` on tweet_id and endpoint, so a later harvest of a tweet takes the
    place of an earlier one; `apply_hints` on the resource says otherwise. IDs are text. Metrics have a column
    each, null where there is no count; series, groupings and unsupported metrics are JSON.

    Nothing is asked before the pipeline runs. A harvest that ends early, or is incomplete and not accepted so,
    fails the pipeline's extraction with its error, and nothing of it is loaded. Raises UsageError where dlt is
    not installed.
    """
    try:
        import dlt  # noqa: PLC0415  # an extra
    except ImportError as exc:
        raise UsageError("dlt is not installed", "pip install 'harvester[dlt]'") from exc

    def records() -> Iterator[list[dict[str, Any]]]:
        harvested = harvest_sync(
            ids, out=out, credentials=credentials, accept_incomplete=accept_incomplete, **options
        )
        yield from _pages(harvested)

    resource: DltResource = dlt.resource(
        records,
        name=table,
        primary_key=("tweet_id", "endpoint"),
        write_disposition="merge",
        columns=_COLUMNS,
    )
    return resource


def _pages(harvested: SyncRecords) -> Iterator[list[dict[str, Any]]]:
    with harvested:
        records = iter(harvested)
        while page := [record.to_dict() for record in islice(records, PAGE_RECORDS)]:
            yield page
