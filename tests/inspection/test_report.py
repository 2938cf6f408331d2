"""An input as a whole: its files, what repeats, what cannot be read. Never by how it is cut into chunks."""

import gzip
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.engagement.tweet_id import Ids
from harvester.inspection import report
from harvester.inspection.report import Inspection, inspect_input
from harvester.sources import STDIN, Chunk, Form, Origin, Rejected, Source, find_sources, read_chunks

NOW_MS = 1_795_535_000_000
FIRST_ID = 1060976163948904448


def inspected(*names: Path, form: Form = Form(), dedupe: bool = True) -> Inspection:  # noqa: B008  # frozen
    return inspect_input(find_sources([str(name) for name in names]), form, NOW_MS, dedupe=dedupe)


def written(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_repeats_within_a_file_are_told_from_those_of_earlier_files(tmp_path: Path) -> None:
    first = written(tmp_path / "a.txt", 1, 2, 2, 3)
    second = written(tmp_path / "b.txt", 3, 4, 3, 4, 5)
    found = inspected(first, second)
    assert [each.repeats for each in found.files] == [(1, 0), (2, 1)]
    assert found.spread.n_tweets == 5


def test_without_dedupe_no_repeats_are_counted(tmp_path: Path) -> None:
    found = inspected(written(tmp_path / "a.txt", 1, 1), dedupe=False)
    assert found.spread.n_tweets == 2
    document = found.to_dict()
    assert document["input"]["distinct"] is document["files"][0]["repeats_within"] is None


def test_every_file_is_listed_also_an_empty_one(tmp_path: Path) -> None:
    empty = written(tmp_path / "empty.txt")
    table = written(tmp_path / "table.csv", "name,tweet_id", f"ada,{FIRST_ID}", "", "bob,x")
    packed = tmp_path / "nothing.gz"
    packed.write_bytes(gzip.compress(b""))
    found = inspected(empty, table, packed)
    told = [(each.file_format, each.column, each.lines, each.ids) for each in found.files]
    assert told == [(None, None, 0, 0), ("csv", "tweet_id", 4, 1), (None, None, 0, 0)]
    facts = found.files[1]
    assert (facts.blank, facts.headers, facts.rejected) == (1, 1, 1)
    assert [each.bytes for each in found.files] == [p.stat().st_size for p in (empty, table, packed)]


def test_a_cut_file_keeps_what_came_before_and_says_where_it_ends(tmp_path: Path) -> None:
    whole = gzip.compress("".join(f"{FIRST_ID + n * 977_777}\n" for n in range(20_000)).encode())
    cut = tmp_path / "cut.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    found = inspected(cut, written(tmp_path / "b.txt", 1))
    facts = found.files[0]
    assert facts.unreadable is not None
    assert 0 < facts.ids == facts.lines == facts.unreadable.line - 1
    assert (found.exit_code, facts.rejected, found.files[1].ids) == (3, 0, 1)


def test_a_file_that_is_unreadable_from_its_beginning_has_its_name(tmp_path: Path) -> None:
    path = tmp_path / "broken.gz"
    path.write_bytes(b"\x1f\x8b" + bytes(100))
    (facts,) = inspected(path).files
    assert facts.file == str(path)
    assert facts.unreadable is not None


def test_owners_are_counted_by_file_and_for_all_by_distinct_tweets(tmp_path: Path) -> None:
    rows = ("tweet_id,author", "1,ada", "1,ada", "2,bob", "3,")
    found = inspected(
        written(tmp_path / "a.csv", *rows),
        written(tmp_path / "b.csv", *rows, "4,ada"),
        form=Form(owner_column="author"),
    )
    assert [each.owners and each.owners.tweets for each in found.files] == [
        {"ada": 1, "bob": 1},
        {"ada": 2, "bob": 1},
    ]
    assert found.owners is not None
    assert (found.owners.tweets, found.owners.nameless) == ({"ada": 2, "bob": 1}, 1)


def test_members_of_an_archive_are_files_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def chunk(ids: list[int], member: str | None, *rejected: Rejected) -> Chunk:
        origin = Origin(f"a.zip/{member}", "zip", "text", None) if member else None
        n_lines = len(ids) + len(rejected)
        return Chunk(np.array(ids, np.int64), rejected, n_lines, 0, 0, 10, None, origin=origin)

    chunks = [
        chunk([], None),
        chunk([1], "b"),
        chunk([1], "b"),
        chunk([2, 1], "c"),
        chunk([], None, Rejected("a.zip/d", 1, "", "no text")),
    ]
    monkeypatch.setattr(report, "read_chunks", lambda _sources, _form: iter(chunks))
    found = inspect_input([Source("a.zip", 50)], Form(), NOW_MS)
    told = [(each.file, each.bytes, each.repeats, each.rejected) for each in found.files]
    assert told == [("a.zip/b", 30, (1, 0), 0), ("a.zip/c", 10, (0, 1), 0), ("a.zip/d", 10, (0, 0), 1)]


LINES = st.lists(
    st.sampled_from([b"1", b"2", b"3", b"31", b"", b"no", b"1.5", b"1e9", b"tweet_id", b"\xff", b"1,ada"]),
    max_size=30,
)


@given(st.lists(LINES, min_size=1, max_size=3), st.integers(1, 40))
def test_what_is_found_does_not_depend_on_the_chunks(files: list[list[bytes]], chunk_bytes: int) -> None:
    def pieces_of(text: bytes, n_bytes: int, _stop: object) -> Iterator[bytes]:
        return (text[i : i + n_bytes] for i in range(0, len(text), n_bytes))

    texts = [b"\n".join(lines) for lines in files]
    sources = [Source(f"f{n}", len(text), pieces=partial(pieces_of, text)) for n, text in enumerate(texts)]
    with pytest.MonkeyPatch.context() as patched:
        whole = inspect_input(sources, Form(), NOW_MS)
        patched.setattr(report, "read_chunks", partial(read_chunks, chunk_bytes=chunk_bytes))
        cut = inspect_input(sources, Form(), NOW_MS)
    assert cut.to_dict() == whole.to_dict()
    for each in whole.files:
        assert each.lines == each.ids + each.blank + each.headers + each.rejected


@given(st.lists(st.lists(st.integers(1, 9), max_size=12), max_size=4))
def test_ids_are_distinct_or_repeated(files: list[list[int]]) -> None:
    def read(sources: list[Source], _form: Form) -> Iterator[Chunk]:
        ids: Ids = np.array(files[int(sources[0].name)], np.int64)
        yield Chunk(ids, (), len(ids), 0, 0, 0, None, origin=Origin(sources[0].name, None, "text", None))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(report, "read_chunks", read)
        found = inspect_input([Source(str(n), None) for n in range(len(files))], Form(), NOW_MS)
    before: set[int] = set()
    for facts, ids in zip(found.files, files, strict=True):
        assert facts.repeats == (len(ids) - len(set(ids)), len(set(ids) & before))
        before |= set(ids)
    assert found.spread.n_tweets == len(before)


def test_document_has_the_fields_that_programs_rely_on(tmp_path: Path) -> None:
    document: dict[str, Any] = inspected(written(tmp_path / "a.txt", FIRST_ID, "x")).to_dict()
    assert orjson.loads(orjson.dumps(document)) == document
    assert set(document) == {
        *("schema", "files", "input", "reasons", "span", "ages", "years", "endpoints"),
        *("within_historical_reach", "owners", "exit"),
    }
    counts = {"bytes", "lines", "ids", "repeats_within", "repeats_across", "blank", "headers", "rejected"}
    assert set(document["input"]) == {*counts, "files", "distinct", "unreadable", "looks_rounded"}
    assert set(document["files"][0]) == {
        *counts,
        *("file", "format", "compression", "column", "reasons", "unreadable", "rounded", "owners"),
    }
    assert document["reasons"][0]["examples"] == [{"file": str(tmp_path / "a.txt"), "line": 2, "text": "x"}]
    assert document["years"] == {"2018": 1}
    assert document["endpoints"]["totals"]["impressions"] == {"tweets": 0, "too_old": 1, "limit_days": 90}
    assert document["ages"][0] == {"age": "up to 28 hours", "up_to_hours": 28, "tweets": 0}


def test_standard_input_that_holds_nothing_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "read_chunks", lambda _sources, _form: iter(()))
    (facts,) = inspect_input([Source(STDIN, None)], Form(), NOW_MS).files
    assert (facts.file, facts.lines) == ("-", 0)
