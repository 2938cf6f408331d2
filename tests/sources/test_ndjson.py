"""JSON, a value a line."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.sources import Form
from harvester.sources.json_texts.findings import Findings
from harvester.sources.json_texts.values import JSON_CAP, Values
from tests.sources.json_found import read_json

id_values: st.SearchStrategy[Any] = st.one_of(
    st.integers(-5, 2**65),
    st.integers(1, 2**63 - 1).map(str),
    st.sampled_from(["", "0", "007", "x", "tag:search.twitter.com,2005:5", "5 ", None, True, 5.5, [], {}]),
    st.sampled_from([2**60, 2**60 + 64, 2.0**60, str(2**60 + 1), str(2**60 + 64)]),
    st.just("https://twitter.com/ann/status/5"),
)
KEYS = (
    "id id_str tweet_id status_id data results statuses tweets tweet username name screen_name text includes "
    "rest_id legacy followers_count public_metrics connection_status meta info delete "
    "url likes lang user_id source like_count"
)
keys = st.sampled_from(KEYS.split())
values = st.recursive(
    id_values,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=8,
)
raw_lines = st.lists(
    st.one_of(
        values.map(lambda value: json.dumps(value).encode()),
        st.sampled_from(
            [b"", b" ", b"{", b'{"id":1.06E+18}', b"1E5", b'"\xff"', b'{"id":5,"id":6}', b"\xef\xbb\xbf5"]
        ),
    ),
    max_size=12,
)


def found_in(text: bytes, *, may_hurry: bool, before: Any = None) -> Findings:
    """before: what the value before was like, which decides what is tried first."""
    findings, reader = Findings("file"), Values(Form())
    reader.read(orjson.dumps(before), 1, Findings("file"))
    reader._may_hurry = may_hurry
    reader.read(text, 1, findings)
    return findings


@given(values, values)
def test_what_is_found_in_a_hurry_is_what_patience_finds(value: Any, before: Any) -> None:
    """White box: the same value with and without the decoder that passes over most keys."""
    try:
        text = orjson.dumps(value)
        before = orjson.loads(orjson.dumps(before))
    except TypeError:  # an integer beyond 64 bits
        text, before = json.dumps(value).encode(), None

    assert found_in(text, may_hurry=True, before=before) == found_in(text, may_hurry=False)


@given(raw_lines, st.integers(1, 40))
def test_findings_are_the_same_when_pieces_are_any(lines: list[bytes], piece_bytes: int) -> None:
    text = b"\n".join(lines)

    assert read_json(text, piece_bytes, file_format="ndjson") == read_json(text, file_format="ndjson")


def test_lines_are_told_of_ids_and_of_what_is_none() -> None:
    found = read_json(b'{"id":1}\n\n{"data":[{"id":2},{"id":3}]}\r\n{"id":"4"\n{"id":5}\n{"info":{}}\n')

    assert [*zip(found.ids, found.lines, strict=True)] == [(1, 1), (2, 3), (3, 3), (5, 5)]
    assert found.reasons == [(4, "not valid JSON: unexpected end of data")]
    assert (found.n_blank, found.n_headers) == (1, 1)


@pytest.mark.parametrize(
    ("line", "text", "reason"),
    [
        (b'{"id":1.06098E+18}', "1.06098E+18", "a spreadsheet has rounded it"),
        (b"1.06098E+18", "1.06098E+18", "a spreadsheet has rounded it"),
        (b'{"id":1060976163948904448.0}', "1060976163948904448.0", "it was a floating-point number"),
        (b'{"id":18446744073709551616}', "18446744073709551616", "larger than a tweet ID can be"),
        (b'{"id":-5,"text":"..."}', "-5", "negative"),
        (b'[{"id":1,"a":1.5},{"x":1}]', '{"x": …}', "an object without a tweet ID; --column"),
        (b'{"x":1}', '{"x":1}', "an object without a tweet ID; --column"),
    ],
)
def test_damaged_id_is_shown_as_it_was_written(line: bytes, text: str, reason: str) -> None:
    found = read_json(line, file_format="ndjson")

    assert [shown for _, shown, _ in found.rejected] == [text]
    assert found.rejected[0][2].startswith(reason)


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":5,"x":NaN}',
        b'{"id":5,"x":"\\ud83d"}',
        b'{"id":5,"x":"\xff"}',
        b'{"text":"\xff","id":5,"user":{}}',
    ],
)
def test_damage_beside_the_id_costs_nothing(line: bytes) -> None:
    assert read_json(line, file_format="ndjson").ids == [5]
    assert read_json(line, file_format="ndjson", column="id").ids == [5]


def test_places_are_told_of_what_is_none_among_ids_of_one_line() -> None:
    found = read_json(b'{"id":1}\n[2,"x",3,"y"]\n{"data":[{"id":1.5},{"id":4},{"x":1}]}\n')

    assert (found.ids, found.places) == ([1, 2, 3, 4], [2, 3, 3, 4])


def test_exact_text_is_found_beside_a_rounded_number_when_numbers_are_read_as_written() -> None:
    found = read_json(b'[{"id":1.5},{"tweet_id":1850000000000000000,"id_str":"1850000000000000003"}]')

    assert (found.ids, len(found.rejected)) == ([1850000000000000003], 1)


def test_line_that_is_too_long_is_rejected_and_the_next_is_read() -> None:
    found = read_json(b'{"id":1}\n["' + b"x" * (JSON_CAP + 1) + b'"]\n{"id":2}\n')

    assert found.ids == [1, 2]
    assert found.reasons == [(2, "longer than 16 MiB")]


def test_owners_stand_beside_the_ids() -> None:
    text = b'{"id":1,"author_id":"7"}\n{"data":[{"id":2,"author_id":8},{"id":3}]}\n'

    found = read_json(text, owner_column="author_id")

    assert [*zip(found.ids, found.owners, strict=True)] == [(1, "7"), (2, "8")]
    assert found.reasons == [(2, "no key 'author_id' for the owner")]
