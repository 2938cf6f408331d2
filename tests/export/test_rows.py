"""Rows from records that nobody harvested."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.request import Access, Request
from harvester.export.layout import ENDPOINT, NUMBER, RUN, SERIES, STATUS, TWEET_ID, Column, Layout
from harvester.export.rows import Rows, Whose, python_values, series_rows, tweet_rows
from harvester.recorded.records import RecordBlock, record_type

METRICS = ("impressions", "favorites")
BLANK = Request(ENDPOINTS["historical"], (), (), METRICS, Access.NONE, series="hour")
TWEETS = (RUN, ENDPOINT, TWEET_ID, NUMBER, STATUS)
TIMES = tuple(Column(name, "time") for name in ("created_at", "start", "end"))
REST = (Column("groupings", "text"), Column("unsupported", "label"), Column("retrieved_at", "time"))
LAYOUT = Layout(
    (*TWEETS, *TIMES, *(Column(name, "count") for name in (*METRICS, "replies")), *REST), SERIES, METRICS
)
DECODER = msgspec.json.Decoder(record_type(BLANK))
WHOSE = Whose("july", "historical")

counts = st.integers(0, 2**63 - 1)
times = st.sampled_from(["2018-11-09T19:23:24Z", "2026-02-28T00:00:00Z"])
points = st.dictionaries(
    st.sampled_from(["2026-11-22T17", "2026-11-22T18", "2026-11-23T00"]), counts.filter(bool)
)
texts = st.text('ab",\n\u00e9', max_size=3)
records = st.fixed_dictionaries(
    {
        "tweet_id": st.integers(20, 2**63 - 1).map(str),
        "status": st.sampled_from(["ok", "unavailable"]),
        "retrieved_at": times,
    },
    optional={
        "created_at": times,
        "start": times,
        "end": times,
        "metrics": st.dictionaries(st.sampled_from(METRICS), counts),
        "series": st.dictionaries(st.sampled_from(METRICS), points),
        "groupings": st.dictionaries(texts, st.dictionaries(texts, counts)),
        "unsupported": st.lists(st.sampled_from(METRICS), unique=True, min_size=1),
    },
)


def block_of(documents: list[dict[str, Any]]) -> RecordBlock:
    text = b"".join(json.dumps(document).encode() + b"\n" for document in documents)
    return RecordBlock(DECODER.decode_lines(text), BLANK.columns)


def named_values(rows: Rows) -> list[Mapping[str, Any]]:
    names = [column.name for column in rows.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*python_values(rows), strict=True)]


@given(st.lists(records, max_size=4))
def test_each_record_is_a_row_with_nothing_where_it_says_nothing(documents: list[dict[str, Any]]) -> None:
    rows = named_values(tweet_rows(LAYOUT, WHOSE, block_of(documents)))
    for row, document in zip(rows, documents, strict=True):
        said = document.get("metrics", {})
        assert row == {
            "run": "july",
            "endpoint": "historical",
            "tweet_id_int": int(document["tweet_id"]),
            **{name: document.get(name) for name in ("tweet_id", "status", "created_at", "start", "end")},
            **{metric: said.get(metric) for metric in METRICS},
            "replies": None,
            "groupings": row["groupings"],
            "unsupported": ",".join(document["unsupported"]) if "unsupported" in document else None,
            "retrieved_at": document["retrieved_at"],
        }
        assert json.loads(row["groupings"] or "null") == document.get("groupings")


@given(st.lists(records, max_size=4))
def test_each_point_of_a_time_series_is_a_row(documents: list[dict[str, Any]]) -> None:
    rows = named_values(series_rows(LAYOUT, WHOSE, block_of(documents)))
    assert [(row["tweet_id"], row["metric"], row["time"], row["value"]) for row in rows] == [
        (document["tweet_id"], metric, f"{label}:00:00Z", value)
        for document in documents
        for metric, of_metric in document.get("series", {}).items()
        for label, value in of_metric.items()
    ]
    assert all(row["tweet_id_int"] == int(row["tweet_id"]) for row in rows)


def test_points_of_metrics_that_are_not_wanted_are_left_out() -> None:
    document = {"tweet_id": "20", "status": "ok", "retrieved_at": "2026-02-28T00:00:00Z"}
    series = {"impressions": {"2026-11-22": 4}, "favorites": {"2026-11-22": 5}}
    layout = Layout(TWEETS, SERIES, ("favorites",))
    (row,) = named_values(series_rows(layout, WHOSE, block_of([{**document, "series": series}])))
    assert (row["metric"], row["time"], row["value"]) == ("favorites", "2026-11-22T00:00:00Z", 5)


@pytest.mark.parametrize(
    ("counts", "values"), [([3, 0], [3, 0]), ([3, -1], [3, None]), ([-1, -1], [None, None])]
)
def test_count_that_is_not_there_is_none_and_never_zero(counts: list[int], values: list[int | None]) -> None:
    rows = Rows((Column("favorites", "count"),), (np.array(counts, dtype=np.int64),))
    assert list(python_values(rows)) == [values]
