"""JSON documents as a stream: whole, damaged, and larger than memory should be."""

import gzip
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.sources import Form, Rejected, find_sources, read_chunks
from harvester.sources.json_texts.documents import DocumentReader
from harvester.sources.json_texts.findings import Findings
from harvester.sources.json_texts.values import JSON_CAP, Values
from tests.sources.json_found import Found, read_json

MIB = 1024 * 1024
ENDS = "the JSON document ends in the middle"
KEYS = "id id_str data results statuses tweets tweet includes meta quoted_status x columns"
leaves: st.SearchStrategy[Any] = st.one_of(
    st.integers(1, 2**63 - 1),
    st.integers(1, 2**63 - 1).map(str),
    st.sampled_from([None, -5, "x", "id", "", '"\\', "}\n{", "\\\\", "],[", [], {}]),
    st.sampled_from([["id", "x"], [5, 6], [2**60, 6], [2**60, "x"], [[2**60, None]]]),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4)
    ),
    max_leaves=12,
)
documents = st.lists(
    st.tuples(
        values, st.sampled_from([None, 0, 1, 2]), st.sampled_from(["\n", " ", "\n\n", ";\n", ",\n", "\r\n"])
    ),
    max_size=4,
)
TOKENS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "\n",
    " ",
    "5",
    "null",
    '"id":6',
    '"data":[',
    '"includes":{',
]
soups = st.lists(
    st.one_of(
        st.sampled_from(
            [*TOKENS, '"tweets":[', "[7,8]", '\n{"id":9}', "\n[", "window.YTD.like.part0 =", "\ufeff"]
        ).map(str.encode),
        st.binary(max_size=2),
    ),
    max_size=30,
).map(b"".join)


def read_document(text: bytes, piece_bytes: int = MIB, **options: Any) -> Found:
    return read_json(text, piece_bytes, file_format="json", **options)


@given(documents, st.booleans(), st.integers(1, 30))
def test_stream_holds_what_the_documents_hold(
    documents: list[tuple[Any, int | None, str]], include_referenced: bool, piece_bytes: int
) -> None:
    text = "".join(json.dumps(value, indent=indent) + end for value, indent, end in documents).encode()
    expected = Findings("file")
    for value, _, _ in documents:
        Values(Form(include_referenced=include_referenced)).read(json.dumps(value).encode(), 1, expected)

    found = read_document(text, piece_bytes, include_referenced=include_referenced)

    assert found.ids == expected.ids
    assert [reason for _, reason in found.reasons] == [entry.reason for entry in expected.rejected]
    assert (found.n_headers, found.unreadable) == (expected.n_headers, None)


@given(soups, st.booleans(), st.integers(1, 40))
def test_findings_are_the_same_when_pieces_are_any(
    text: bytes, include_referenced: bool, piece_bytes: int
) -> None:
    found = read_document(text, piece_bytes, include_referenced=include_referenced)

    assert found == read_document(text, include_referenced=include_referenced)


@given(soups, st.integers(1, 40))
def test_ids_are_kept_when_a_document_is_cut(text: bytes, n_kept: int) -> None:
    reader = DocumentReader("file", Form())
    whole, cut = Found(), Found()
    cut.take(reader.read(text[:n_kept]))
    left, torn = reader.cut()
    cut.take(left)
    whole.take(DocumentReader("file", Form()).read(text))

    assert cut.ids == whole.ids[: len(cut.ids)]
    assert torn.line <= text[:n_kept].count(b"\n") + 1


def test_lines_are_those_on_which_the_elements_begin() -> None:
    found = read_document(b'\n{"meta":{},\n"data":[\n\n  {\n"id":1},{"id":2}\n,\n"x",3]}\n[4,\n5]\n\n6')

    assert [*zip(found.ids, found.lines, strict=True)] == [(1, 5), (2, 6), (3, 8), (4, 9), (5, 10), (6, 12)]
    assert found.reasons == [(8, "not a decimal number")]


@pytest.mark.parametrize("section", ["tweets", "tweet", "community_tweet", "tweet_headers"])
def test_archive_is_read_behind_its_assignment(section: str) -> None:
    text = f'window.YTD.{section}.part0 = [\n  {{\n    "tweet" : {{\n "id_str" : "5"\n }}\n }},\n'
    found = read_json(text.encode() + b'{"tweet":{"id_str":"6"}} ];\n')

    assert (found.ids, found.lines, found.rejected) == ([5, 6], [2, 7], [])


def test_archive_of_old_is_read_behind_its_assignment() -> None:
    assert read_json(b'Grailbird.data.tweets_2012_11 = \n [ {"id_str":"5"}, {"id":6} ]').ids == [5, 6]


def test_other_section_of_an_archive_is_read_when_a_key_of_it_is_named() -> None:
    text = b'window.YTD.like.part0 = [ {"like":{"tweetId":"5"}} ]'

    assert read_json(text, column="like.tweetId").ids == [5]
    assert read_json(text, column="tweet.id").ids == []


@pytest.mark.parametrize("end", [b"", b"\n", b";\n", b"\n[7]\n"])
def test_other_section_of_an_archive_is_one_rejected_entry(end: bytes) -> None:
    found = read_json(b'window.YTD.like.part0 = [ {"like":{"tweetId":"5"}}, {"id":6} ]' + end)

    reason = "the archive's section like, which holds no tweets"
    assert (found.ids, found.rejected) == ([], [(1, "window.YTD.like.part0 =", reason)])


@pytest.mark.parametrize("indent", [None, 1])
def test_rows_of_a_table_are_read_by_its_columns(indent: int | None) -> None:
    table = {
        "columns": ["likes", "id"],
        "index": [0, 1],
        "data": [[25, 2**60], [30, 2**60 + 1], [7, "x"]],
    }
    found = read_json(json.dumps(table, indent=indent).encode())

    assert found.ids == [2**60, 2**60 + 1]
    assert [reason for _, reason in found.reasons] == ["not a decimal number"]


ROWS = [[2**60, 25], ["7", "x"], [5, 1.5], [None, 5], [5, {"id": 6}]]
NO_ROWS = [[2**60, 2**60 + 1], [5], [{"id": 8}, 7, {"id": 9}]]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "page", ["%s", '{"data":%s}', '{"data":%s,"columns":["id","x"]}', '{"columns":[[1],[2]],"data":%s}']
)
def test_rows_without_columns_are_no_ids(page: str, indent: int | None) -> None:
    found = read_json((page % json.dumps(ROWS + NO_ROWS, indent=indent)).encode())

    assert found.ids == [2**60, 2**60 + 1, 5, 8, 7, 9]
    assert [reason for _, reason in found.reasons] == ["a row of several values, not one ID"] * len(ROWS)


DAMAGED: dict[str, tuple[bytes, list[int], list[tuple[int, str]], str | None]] = {
    "a bad element": (
        b'[{"id":1},\n{"id":},\n{"id":3}]',
        [1, 3],
        [(2, "not valid JSON: unexpected character")],
        None,
    ),
    "a missing comma": (b'[{"id":1} {"id":2},3]', [3], [(1, "not valid JSON: unexpected content")], None),
    "a comma at the end": (b"[1,2,\n]", [1, 2], [(2, "a comma too many")], None),
    "two commas": (b"[1,,2]", [1, 2], [(1, "a comma too many")], None),
    "an end in an element": (b'[{"id":1},\n{"id":2', [1], [(2, ENDS)], ENDS),
    "an end in a string": (b'[{"id":1},\n{"id":"2', [1], [(2, ENDS)], ENDS),
    "an end between elements": (b'{"data":[{"id":1},\n', [1], [(2, ENDS)], ENDS),
    "an end behind a page": (b'{"data":[{"id":1}],\n', [1], [(2, ENDS)], ENDS),
    "an end in an object": (b'{\n"id":1,', [], [(1, ENDS)], ENDS),
    "a quote that is not closed": (
        b'[{"id":1},\n{"id":2,"x":"y},\n{"id":3},\n{"id":4}]\n{"id":5}',
        [1, 3, 4, 5],
        [(2, "a string goes on beyond the end of its line")],
        None,
    ),
    "such a quote at the end": (
        b'[{"id":1},\n{"id":"2}\n]',
        [1],
        [(2, "a string goes on beyond the end of its line")],
        "a string goes on beyond the end of its line",
    ),
    "another bracket": (b"[1}\n[2]", [2], [(1, "brackets do not match")], None),
    "another bracket at the end": (b"[1,2}", [1], [(1, "brackets do not match")], "brackets do not match"),
    "a bracket too many": (b"[1]]\n[2]", [1, 2], [(1, "a bracket is closed")], None),
    "a key without quotes": (b"{\nid:1}", [], [(1, "not valid JSON: unexpected character")], None),
    "words between documents": (b"[1]\nx y\n[2]", [1, 2], [(2, "not valid JSON")], None),
    "a head that is missing": (
        b'"x"},\n{"id":2},\n{"id":3}\n]\n',
        [2, 3],
        [(1, "a bracket is closed")],
        None,
    ),
}


@pytest.mark.parametrize(("text", "ids", "reasons", "unreadable"), DAMAGED.values(), ids=DAMAGED)
def test_damage_costs_no_more_than_it_must(
    text: bytes, ids: list[int], reasons: list[tuple[int, str]], unreadable: str | None
) -> None:
    found = read_document(text)

    assert found.ids == ids
    assert [line for line, _ in found.reasons] == [line for line, _ in reasons]
    for (_, reason), (_, beginning) in zip(found.reasons, reasons, strict=True):
        assert reason.removeprefix("the rest is unreadable: ").startswith(beginning)
    assert found.unreadable == unreadable


def test_reading_is_not_taken_up_again_for_ever() -> None:
    """A text that is broken on each line costs time for each break, so there is an end to it."""
    found = read_document(b'["\n' * 5000 + b"[5]")

    assert (found.ids, len(found.rejected)) == ([], 1001)
    assert found.unreadable


def test_document_that_is_torn_is_told_as_such() -> None:
    reader = DocumentReader("file", Form())
    found = Found()
    found.take(reader.read(b'[1,\n{"id":2'))
    left, torn = reader.cut()

    assert reader.is_within
    assert (found.ids, left.n_lines, torn.line, torn.text) == ([1], 0, 2, b'{"id":2')


@pytest.mark.parametrize("text", [b"", b"[1]", b"[1]\n", b'{"data":[1]}\n', b"5\n"])
def test_nothing_is_within_between_documents(text: bytes) -> None:
    reader = DocumentReader("file", Form())
    reader.read(text)

    assert not reader.is_within


def test_document_of_which_more_was_included_than_told_first_is_a_page() -> None:
    text = b'{"data":{},"includes":{"tweets":[{"id":6}]},"results":[5],"includes":{"tweets":[7]}}'

    assert read_document(text, include_referenced=True).ids == [6, 5, 7]


def test_rest_is_unreadable_when_a_file_ends_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "page.json.gz"
    path.write_bytes(gzip.compress(b'{"results":[{"id":1},\n{"id":2'))

    chunks = [*read_chunks(find_sources([str(path)]))]

    assert [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()] == [1]
    assert chunks[-1].unreadable == ENDS
    assert chunks[-1].rejected == (Rejected(str(path), 2, '{"id":2', f"the rest is unreadable: {ENDS}"),)
    assert sum(chunk.n_bytes for chunk in chunks) == path.stat().st_size


def n_found_and_peak(pieces: Iterable[bytes]) -> tuple[int, list[str], int]:
    """How many IDs there are in the stream, the reasons, and the most bytes that were in use."""
    reader, found = DocumentReader("file", Form()), Found()
    n_ids = 0
    tracemalloc.start()
    try:
        for piece in pieces:
            found.take(reader.read(piece))
            n_ids += len(found.ids)
            found.ids, found.lines = [], []
        found.take(reader.flush())
        return (
            n_ids + len(found.ids),
            [reason for _, reason in found.reasons],
            tracemalloc.get_traced_memory()[1],
        )
    finally:
        tracemalloc.stop()


def stream(begin: bytes, repeated: bytes, n_mib: int, end: bytes) -> Iterator[bytes]:
    return chain([begin], repeat((repeated * (MIB // len(repeated) + 1)), n_mib), [end])


LONG = f"longer than {JSON_CAP // MIB} MiB"
STREAMS = {
    "a string": (b'[1,{"id":2,"x":"', b"x", b'"},3]', 2, [LONG]),
    "a string that does not end": (b'[1,"', b"x", b"", 1, [f"the rest is unreadable: {ENDS}"]),
    "backslashes": (b'[1,"', b"\\\\", b'",3]', 2, [LONG]),
    "an element": (b'[1,{"id":2,"x":[', b'{"x":5},\n', b"5]},3]", 2, [LONG]),
    "another key": (b'{"data":[1],"x":[', b'{"x":5},\n', b'5],"results":[3]}', 2, []),
    "an object": (b'[1]{"id":2,"x":[', b'{"x":5},\n', b"5]}[3]", 2, [LONG]),
    "brackets": (b"[1,", b"[", b"", 1, [f"the rest is unreadable: {ENDS}"]),
    "blanks": (b"[1,", b" \n", b"3]", 2, []),
    "words": (b"[1]", b"x", b"\n[3]", 2, [LONG]),
    "what follows a break": (
        b'[1,{"id":"\n',
        b"x\n",
        b"\n[3]",
        2,
        ["a string goes on beyond the end of its line"],
    ),
}


@pytest.mark.parametrize(("begin", "repeated", "end", "n_ids", "reasons"), STREAMS.values(), ids=STREAMS)
def test_memory_is_bounded_when_something_is_endless(
    begin: bytes, repeated: bytes, end: bytes, n_ids: int, reasons: list[str]
) -> None:
    n_found, found_reasons, peak_bytes = n_found_and_peak(stream(begin, repeated, 40, end))

    assert (n_found, found_reasons) == (n_ids, reasons)
    assert peak_bytes < 4 * JSON_CAP


def test_memory_is_flat_when_elements_are_many() -> None:
    tweet = json.dumps({"id_str": "5", "text": "x" * 500, "entities": {"urls": [{}] * 20}}).encode() + b",\n"

    n_found, reasons, peak_bytes = n_found_and_peak(stream(b'{"results":[', tweet, 60, b"5]}"))

    assert (n_found, reasons) == (60 * (MIB // len(tweet) + 1) + 1, [])
    assert peak_bytes < 16 * MIB
