"""Records judged one by one: what the encoder writes is sound, and whatever else is said with its line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harvester.engagement.settling import Status
from harvester.questions import recall
from harvester.rundir.manifest import read_manifest
from harvester.rundir.records import DetailedRecord
from harvester.verify.records import Judged, RecordJudge

Record = dict[str, Any]
Judge = Callable[[bytes], Judged]


def judge_of(run_dir: Path, name: Any) -> RecordJudge:
    manifest = read_manifest(run_dir / "run.json")
    assert manifest
    blank, span = recall(manifest.options, manifest.started_ms, run_dir).blanks[name]
    return RecordJudge(blank, (span.start, span.end) if span else None)


def line(record: Record) -> bytes:
    """The record as it is written, what it has beyond that behind the rest."""
    order = [*DetailedRecord.__struct_fields__, *record]
    return msgspec.json.encode(dict(sorted(record.items(), key=lambda item: order.index(item[0])))) + b"\n"


def records_of(run_dir: Path, name: str) -> list[Record]:
    return [msgspec.json.decode(text) for text in (run_dir / f"{name}.ndjson").read_bytes().splitlines()]


@pytest.mark.parametrize(
    ("kind", "name"), [("totals", "totals"), ("ranges", "28hr"), ("ranges", "historical")]
)
def test_written_records_are_sound_and_all_taken(run_of: Callable[[str], Path], kind: str, name: str) -> None:
    run_dir = run_of(kind)
    records = records_of(run_dir, name)
    judged = judge_of(run_dir, name).judge((run_dir / f"{name}.ndjson").read_bytes())
    assert not judged.faults
    assert judged.ids == [int(record["tweet_id"]) for record in records]
    assert judged.ok_ids == [record["tweet_id"] for record in records if record["status"] == "ok"]
    assert judged.n_by_status[Status.UNAVAILABLE] == sum(r["status"] == "unavailable" for r in records)


def put(**fields: Any) -> Callable[[Record], object]:
    return lambda record: record.update(fields)


def without(name: str) -> Callable[[Record], object]:
    return lambda record: record.pop(name)


def inside(name: str, **fields: Any) -> Callable[[Record], object]:
    return lambda record: record[name].update(fields)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (put(tweet_id="01060976163948904448"), "is no tweet ID"),
        (put(tweet_id="9223372036854775808"), "is no tweet ID"),
        (put(tweet_id="20"), "the ID says nothing"),
        (put(tweet_id=20), "Expected `str`"),
        (put(status="gone"), "'gone' is no status"),
        (put(created_at="2018-11-09T19:23:24Z"), "and the ID says"),
        (without("created_at"), "and the ID says"),
        (put(retrieved_at="2026-11-31T00:00:00Z"), "retrieved_at is"),
        (put(retrieved_at="2026-11-23 10:15:00"), "retrieved_at is"),
        (without("retrieved_at"), "missing required field"),
        (put(status="unavailable"), "it is unavailable and has metrics"),
        (without("metrics"), "no metrics"),
        (inside("metrics", favorites=-1), ">= 0"),
        (inside("metrics", favorites=1.5), "Expected `int`"),
        (inside("metrics", clicks=1), "not written as the harvester writes them"),
        (put(extra=1), "not written as the harvester writes them"),
        (put(unsupported=["favorites"]), "favorites is counted and unsupported"),
        (put(unsupported=[]), "unsupported is"),
        (put(unsupported=["video_views", "impressions"]), "unsupported is"),
        (put(series={}), "not written as the harvester writes them"),
    ],
)
def test_record_that_is_wrong_is_told_with_its_place(
    run_of: Callable[[str], Path], harm: Callable[[Record], object], says: str
) -> None:
    run_dir = run_of("totals")
    records = [r for r in records_of(run_dir, "totals") if "favorites" in r.get("metrics", ())][:5]
    harm(records[3])
    judged = judge_of(run_dir, "totals").judge(b"".join(map(line, records)))
    ((fault),) = judged.faults
    assert (fault.index, says in fault.what) == (3, True), fault.what
    assert len(judged.ids) >= 4


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (put(start="2026-10-01T00:00:00Z"), "not the time asked for"),
        (without("end"), "not the time asked for"),
        (without("series"), "no series"),
        (inside("series", url_clicks={"2026-11-01T24": 1}), "has a time that is none"),
        (inside("series", url_clicks={"2026-11-01": 1}), "has a time that is none"),
        (inside("series", url_clicks={"2026-11-02T01": 1, "2026-11-01T01": 1}), "not in the order of time"),
        (inside("series", url_clicks={"2026-11-02T01": 0}), ">= 1"),
        (inside("series", clicks={}), "'clicks', which is not counted"),
        (without("groupings"), "no groupings"),
        (inside("groupings", all={}), "'all' that was not asked for"),
        (put(groupings={"by day": {"clicks": {}}}), "'clicks' was not asked for"),
        (put(groupings={"by day": {"url_clicks": 3}}), "'3' instead of counts by engagement.day"),
        (put(groupings={"by day": {"url_clicks": {"2026-11-01": -3}}}), "'-3' is no count"),
    ],
)
def test_record_of_a_range_that_is_wrong_is_told(
    run_of: Callable[[str], Path], harm: Callable[[Record], object], says: str
) -> None:
    run_dir = run_of("ranges")
    record = next(r for r in records_of(run_dir, "historical") if "url_clicks" in r.get("metrics", ()))
    harm(record)
    ((fault),) = judge_of(run_dir, "historical").judge(line(record)).faults
    assert says in fault.what, fault.what


@pytest.mark.parametrize(
    "text",
    [b"", b" ", b"{}", b"[]", b"\xff", b'{"tweet_id":"20"', b"[" * 5000, b'{"a":1}{"a":1}'],
    ids=lambda text: text[:20].decode("ascii", "replace"),
)
def test_line_that_is_no_record_is_told_and_its_neighbours_are_taken(
    run_of: Callable[[str], Path], text: bytes
) -> None:
    run_dir = run_of("totals")
    first, second = map(line, records_of(run_dir, "totals")[:2])
    judged = judge_of(run_dir, "totals").judge(first + text + b"\n" + second)
    ((fault),) = judged.faults
    assert (fault.index, fault.what.startswith("no record: ")) == (1, True)
    assert len(judged.ids) == 2


def test_spaces_and_another_order_are_not_as_it_is_written(run_of: Callable[[str], Path]) -> None:
    run_dir = run_of("totals")
    record = records_of(run_dir, "totals")[0]
    turned = msgspec.json.encode(dict(reversed(record.items()))) + b"\n"
    spaced = line(record).replace(b",", b", ")
    assert len(judge_of(run_dir, "totals").judge(turned + spaced).faults) == 2


def test_tweet_with_a_metric_that_the_api_left_out_is_counted_and_not_wrong(
    run_of: Callable[[str], Path],
) -> None:
    run_dir = run_of("totals")
    record = next(r for r in records_of(run_dir, "totals") if "favorites" in r.get("metrics", ()))
    del record["metrics"]["favorites"]
    judged = judge_of(run_dir, "totals").judge(line(record))
    assert (judged.faults, judged.n_lacking) == ([], 1)
