"""What came of one window of a batch, as the journal keeps it until the batch is settled.

A batch of a long range takes a request a window, and one that lacks tweets waits for company to ask again; what
they have by then is not lost with the process.
"""

from array import array
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import astuple

from harvester.engagement.answer import Detail, Points
from harvester.engagement.body import counts_type
from harvester.engagement.request import Request
from harvester.engagement.settling import DeadLetter, Fate, Settled, Status
from harvester.engagement.windows import Window
from harvester.planning import Batch


def key_of(window: Window | None) -> int:
    """By what the windows of a batch are told apart: the first hour, 0 where there is none."""
    return window.start_hour if window else 0


def window_of(request: Request) -> int:
    """The same for its requests."""
    return key_of(request.window)


def encode_part(settled: Settled) -> bytes:
    """The outcomes of one request of a batch."""
    rows = [
        None if row is None else [None if count is UNSET else count for count in astuple(row)]
        for row in settled.rows
    ]
    fates = {
        tweet_id: (fate.status.value, fate.unsupported, fate.dead_letter)
        for tweet_id, fate in settled.fates.items()
    }
    request = settled.request
    return msgspec.msgpack.encode(
        {
            "window": window_of(request),
            "tweet_ids": request.tweet_ids,
            "metrics": request.metrics,
            "rows": rows,
            "fates": fates,
            "missing": settled.missing,
            "details": [detail and _encode_detail(detail) for detail in settled.details],
            "sums": settled.sums,
        }
    )


def decode_part(batch: Batch, content: bytes) -> Settled:
    """What `encode_part` said of a request of this batch."""
    part: dict[str, Any] = msgspec.msgpack.decode(content)
    window = next((w for w in batch.windows if w and w.start_hour == part["window"]), None)
    blank = batch.blank if window is None else batch.blank.in_window(window)
    request = blank.asking(tuple(part["metrics"]), blank.access, blank.account).of(part["tweet_ids"])
    row_type = counts_type(request.columns)
    return Settled(
        request,
        [
            None if row is None else row_type(*(UNSET if n is None else n for n in row))
            for row in part["rows"]
        ],
        {tweet_id: _decode_fate(*fate) for tweet_id, fate in part["fates"].items()},
        part["missing"],
        details=[detail and _decode_detail(detail) for detail in part["details"]],
        sums=part["sums"],
    )


def _decode_fate(status: str, unsupported: list[str], letter: dict[str, Any] | None) -> Fate:
    return Fate(Status(status), tuple(unsupported), DeadLetter(**letter) if letter else None)


def _encode_detail(detail: Detail) -> dict[str, Any]:
    series = {name: (points.at.tobytes(), points.counts.tobytes()) for name, points in detail.series.items()}
    return {"start": detail.start, "end": detail.end, "series": series, "groupings": detail.groupings}


def _decode_detail(detail: dict[str, Any]) -> Detail:
    series = {
        name: Points(array("i", at), array("q", counts)) for name, (at, counts) in detail["series"].items()
    }
    return Detail(detail["start"], detail["end"], series, detail["groupings"])
