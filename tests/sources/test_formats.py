"""Which texts are taken for JSON, and of which kind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.sources.formats import find_json
from tests.sources.json_found import read_json

CASES = {
    "a tweet a line": (b'{"id":1}\n{"id":2}\n', "ndjson"),
    "a document on one line": (b'{"results":[{"id":1}]}', "ndjson"),
    "a document on a line that is long": (b'[{"id":1}' + b',{"id":2}' * 150_000 + b"]", "json"),
    "a bracket alone": (b'[\n{"id":1}\n]', "json"),
    "a brace alone": (b'{\n"id":1\n}', "json"),
    "a bracket with the first element": (b'[{"id":1},\n{"id":2}]', "json"),
    "a damaged first line": (b'{"id":1\n{"id":2}\n{"id":3}\n', "ndjson"),
    "a first line of zeros": (b'{\0\0\n{"id":2}\n{"id":3}\n', "ndjson"),
    "documents on one line": (b'{"id":1}{"id":2}\n{"id":3}{"id":4}\n', "json"),
    "a comma behind each": (b'{"id":1},\n{"id":2},\n', "json"),
    "NaN in it": (b'{"id":1,"x":NaN}\n', "ndjson"),
    "a byte-order mark and blanks": (b"\xef\xbb\xbf \r\n\t[1]\n", "ndjson"),
    "an archive": (b"window.YTD.tweets.part0 = [ {", "json"),
    "an archive of old": (b"Grailbird.data.tweets_2012_11 = \n[ {", "json"),
    "a bracket in plain text": (b"[deleted]\n1\n2\n", None),
    "a brace in plain text": (b"{x}\n1\n2\n", None),
    "an ID and tweets": (b'1\n{"id":2}\n{"id":3}\n', "ndjson"),
    "an ID and blanks and a tweet": (b'\xef\xbb\xbf\n1\r\n \r\n{"id":2}\r\n', "ndjson"),
    "a torn line and tweets": (b'id":"1"}\n{"id":2}\n{"id":3}\n', "ndjson"),
    "a header and tweets": (b'tweet_id\n{"id":2}\n', "ndjson"),
    "an ID and a bracket": (b"1\n{\n2\n3\n", None),
    "an ID and one tweet of three": (b'1\n{"id":2}\n3\n4\n', None),
    "IDs and a tweet": (b'1\n2\n{"id":3}\n', None),
    "an ID and pages": (b"1\n[2]\n[3]\n", None),
    "an ID alone": (b"1", None),
    "a long line and a tweet": (b"1" * 70_000 + b'\n{"id":2}\n', None),
    "a quoted ID": (b'"1"\n', None),
    "a word like an archive's": (b"window\n1\n", None),
    "nothing": (b"", None),
    "blanks": (b" \n" * 40_000 + b"[1]", None),
}


@pytest.mark.parametrize(("content", "file_format"), CASES.values(), ids=CASES)
def test_format_is_found_by_the_content(content: bytes, file_format: str | None) -> None:
    assert find_json(content, is_all=True) == file_format


@pytest.mark.parametrize("content", [case[0] for case in CASES.values() if len(case[0]) < 1000])
def test_format_is_the_same_when_bytes_come_one_by_one(content: bytes) -> None:
    whole = find_json(content, is_all=True)

    assert {find_json(content[:end], is_all=False) for end in range(len(content) + 1)} <= {whole, "more"}


@given(
    st.lists(st.sampled_from([b"{", b"[", b"]", b'"', b"\n", b" ", b"1", b"{}\n", b"\n{}", b"x"])).map(
        b"".join
    )
)
def test_format_does_not_depend_on_how_much_has_come(content: bytes) -> None:
    whole = find_json(content, is_all=True)

    assert {find_json(content[:end], is_all=False) for end in range(len(content) + 1)} <= {whole, "more"}


@pytest.mark.parametrize("file_format", ["ndjson", "json", "text"])
def test_format_is_obeyed_when_it_is_forced(file_format: str) -> None:
    assert read_json(b'["5"]\n[6]\n["7",8]\n', file_format=file_format).file_format == file_format
