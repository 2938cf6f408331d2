"""Records read back are those that were written, as far as the journal counts them, and damage is told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec import UNSET

from harvester.engagement.metrics import EndpointName
from harvester.errors import RunDirectoryError
from harvester.recorded import lines
from harvester.recorded.records import NOT_COUNTED, RecordBlock, read_records
from harvester.recorded.run import open_run

GetRun = Callable[[str], Path]


def blocks_of(folder: Path, endpoint: EndpointName) -> list[RecordBlock]:
    with open_run(folder) as run:
        return list(read_records(run, endpoint))


def documents_in(folder: Path, endpoint: EndpointName) -> list[dict[str, Any]]:
    """The lines that the journal counts, by plain Python."""
    with open_run(folder) as run:
        n_bytes = run.marks[endpoint].records_bytes
    return [json.loads(line) for line in (folder / f"{endpoint}.ndjson").read_bytes()[:n_bytes].splitlines()]


@pytest.mark.parametrize("block_bytes", [100, 5_000, 1 << 20])
@pytest.mark.parametrize(
    ("kind", "endpoint"), [("totals", "totals"), ("killed", "28hr"), ("interrupted", "totals")]
)
def test_blocks_hold_each_committed_record_once_and_in_order(
    kind: str, endpoint: EndpointName, block_bytes: int, run_of: GetRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", block_bytes)
    blocks = blocks_of(run_of(kind), endpoint)
    documents = documents_in(run_of(kind), endpoint)
    assert documents
    assert [record.tweet_id for block in blocks for record in block.records] == [
        document["tweet_id"] for document in documents
    ]
    assert max(map(len, blocks)) <= 1 + block_bytes // 60


def test_numbers_of_a_block_are_those_of_its_records(run_of: GetRun) -> None:
    documents = documents_in(run_of("totals"), "totals")
    (block,) = blocks_of(run_of("totals"), "totals")
    assert block.ids.tolist() == [int(document["tweet_id"]) for document in documents]
    assert block.counts.dtype == np.int64
    assert block.counts.tolist() == [
        [document.get("metrics", {}).get(metric, NOT_COUNTED) for metric in block.columns]
        for document in documents
    ]


def test_block_without_records_has_numbers_of_the_same_shape() -> None:
    block = RecordBlock([], ("favorites", "retweets"))
    assert (len(block), block.ids.shape, block.counts.shape) == (0, (0,), (0, 2))


def test_record_has_what_was_asked_for_and_all_else_is_unset(run_of: GetRun) -> None:
    documents = documents_in(run_of("ranges"), "historical")
    records = [record for block in blocks_of(run_of("ranges"), "historical") for record in block.records]
    for record, document in zip(records, documents, strict=True):
        for name in ("created_at", "start", "end", "series", "groupings", "unsupported"):
            value = getattr(record, name)
            assert msgspec.to_builtins(value) == document[name] if name in document else value is UNSET


def test_endpoint_of_which_nothing_is_committed_has_no_block(copy_of: GetRun) -> None:
    folder = copy_of("totals")
    (folder / "journal.db").write_bytes(b"")
    for path in (*folder.glob("*.ndjson"), folder / "_SUCCESS"):
        path.unlink()
    assert blocks_of(folder, "totals") == []


def test_what_is_behind_the_journal_is_not_read(copy_of: GetRun) -> None:
    folder = copy_of("interrupted")
    before = documents_in(folder, "totals")
    with (folder / "totals.ndjson").open("ab") as file:
        file.write(b'{"tweet_id":"20","status":"o')
    assert sum(map(len, blocks_of(folder, "totals"))) == len(before)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda text: text[:-1], "damaged: it is not what the journal vouches for"),
        (lambda text: text.replace(b'"favorites":', b'"favorites":1', 1)[: len(text)], "damaged"),
        (lambda text: text.replace(b'"ok"', b'"OK"', 1), "damaged: it is not what the journal vouches for"),
        (
            lambda text: text.replace(b'"tweet_id"', b'"tweet_iD"', 1),
            "damaged: Object missing required field",
        ),
        (lambda text: text.replace(b"{", b"[", 1), "damaged: "),
        (lambda text: text.replace(b'"ok"', b'"\xff\xff"', 1), "damaged: "),
        (lambda text: b"", "damaged: it is not what the journal vouches for"),
        (lambda text: bytes(len(text)), "damaged"),
    ],
)
def test_damage_is_told_with_the_file(harm: Callable[[bytes], bytes], says: str, copy_of: GetRun) -> None:
    path = copy_of("totals") / "totals.ndjson"
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(RunDirectoryError) as caught:
        blocks_of(path.parent, "totals")
    assert str(path) in caught.value.message
    assert says in caught.value.message


def test_file_that_is_gone_is_told(copy_of: GetRun) -> None:
    path = copy_of("totals") / "totals.ndjson"
    path.unlink()
    with pytest.raises(RunDirectoryError, match=r"totals\.ndjson cannot be read: no such file"):
        blocks_of(path.parent, "totals")


def test_file_without_line_ends_is_not_read_into_memory(
    copy_of: GetRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 20_000)
    monkeypatch.setattr(lines, "BLOCK_BYTES", 4_096)
    path = copy_of("totals") / "totals.ndjson"
    path.write_bytes(path.read_bytes().replace(b"\n", b" "))
    with pytest.raises(RunDirectoryError, match="line 1 has no end"):
        blocks_of(path.parent, "totals")
