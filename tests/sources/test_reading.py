"""Whole files: what is counted, rejected and kept, however the file is cut into chunks."""

import gzip
import io
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harvester.engagement.tweet_id import parse_tweet_id
from harvester.errors import UsageError
from harvester.sources import Chunk, Form, Rejected, Source, find_sources, read_chunks
from harvester.sources.delimited.line_ends import end_with_returns
from harvester.sources.layers.signatures import recognise
from harvester.sources.layers.unicode_forms import unicode_form
from harvester.sources.text import HEADER_NAMES, header_name

SAMPLES = Path(__file__).parents[2] / "input_samples"
ID = 1_060_976_163_948_904_448


@dataclass
class Everything:
    """All chunks of a file put together."""

    ids: list[int]
    rejected: list[Rejected]
    n_lines: int
    n_blank: int
    n_headers: int
    n_bytes: int
    unreadable: str | None

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(entry.line, entry.reason) for entry in self.rejected]


def together(chunks: Iterable[Chunk]) -> Everything:
    everything = Everything([], [], 0, 0, 0, 0, None)
    for chunk in chunks:
        n_settled = len(chunk.ids) + len(chunk.rejected) - (chunk.unreadable is not None)
        assert chunk.n_lines == n_settled + chunk.n_blank + chunk.n_headers
        assert len(chunk.lines) == len(chunk.ids)
        everything.ids += chunk.ids.tolist()
        everything.rejected += chunk.rejected
        everything.n_lines += chunk.n_lines
        everything.n_blank += chunk.n_blank
        everything.n_headers += chunk.n_headers
        everything.n_bytes += chunk.n_bytes
        everything.unreadable = everything.unreadable or chunk.unreadable
    return everything


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Everything]:
    path = tmp_path_factory.mktemp("read") / "file"

    def read_content(content: bytes, chunk_bytes: int = 256 * 1024, **options: Any) -> Everything:
        path.write_bytes(content)
        everything = together(
            read_chunks(find_sources([str(path)]), Form(**options), chunk_bytes=chunk_bytes)
        )
        assert everything.n_bytes == len(content)
        return everything

    return read_content


Read = Callable[..., Everything]

pieces = st.one_of(
    st.binary(max_size=4),
    st.integers(0, 2**65).map(lambda n: str(n).encode()),
    st.sampled_from(
        [b"\n", b"\r\n", b"\n\n", b"\r", b" ", b"\t", b"\xc2\xa0", b'"', b"'", b",", b"0", b"-1", b"\x00"]
    ),
    st.sampled_from([b"id\n", b"Tweet ID\n", b'"tweet_id"\r\n', b"\xef\xbb\xbf", b"1.12E+18"]),
    st.sampled_from([b"9223372036854775807", b"9223372036854775808"]),
)
contents = st.lists(pieces, max_size=30).map(b"".join)
csv_contents = st.lists(
    st.one_of(
        pieces, st.sampled_from([b'"', b'","', b"\n", b",", b"1,2,", b'"a\nb",', b'""', b"tweet_id,x\n"])
    ),
    max_size=40,
).map(b"".join)
chunk_sizes = st.integers(1, 50)
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(contents, chunk_sizes)
def test_text_agrees_with_line_by_line_parsing_when_bytes_and_chunks_are_any(
    read: Read, content: bytes, chunk_bytes: int
) -> None:
    ids, bad, n_blank, n_headers = [], [], 0, 0
    has_returns = end_with_returns(content, is_all=True)
    lines = (content.replace(b"\r", b"\n") if has_returns else content).split(b"\n")
    for number, line in enumerate(lines if lines[-1] else lines[:-1], 1):
        text = line.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
        found = parse_tweet_id(text)
        if not text.strip():
            n_blank += 1
        elif isinstance(found, int):
            ids.append(found)
        elif header_name(text) in HEADER_NAMES and number - n_blank == 1:
            n_headers += 1
        else:
            bad.append(number)

    assume(recognise(content) is None and unicode_form(content) == (None, 0))

    everything = read(content, chunk_bytes, file_format="text")

    assert everything.ids == ids
    assert [entry.line for entry in everything.rejected] == bad
    assert (everything.n_blank, everything.n_headers) == (n_blank, n_headers)


@quick
@given(st.one_of(contents, csv_contents), chunk_sizes)
def test_found_out_format_is_independent_of_chunks(read: Read, content: bytes, chunk_bytes: int) -> None:
    assert read(content, chunk_bytes) == read(content)


@quick
@given(csv_contents, chunk_sizes)
def test_csv_is_independent_of_chunks(read: Read, content: bytes, chunk_bytes: int) -> None:
    content = b"tweet_id,x\n" + content
    assert read(content, chunk_bytes) == read(content)


@pytest.mark.parametrize("chunk_bytes", [1, 100, 256 * 1024])
@pytest.mark.parametrize(
    ("content", "n_headers"),
    [
        (b"\r".join(b"%d" % n for n in range(1, 51)) + b"\n", 0),
        (b"tweet_id\r" + b"\r".join(b"%d" % n for n in range(1, 51)) + b"\r\n", 1),
        (b"tweet_id,text\r" + b"".join(b'%d,"a\nb\nc"\r' % n for n in range(1, 51)), 1),
        (b'"tweet\nid",tweet_id\r' + b"".join(b'"a\nb\nc",%d\r' % n for n in range(1, 51)), 1),
        (b"tweet_id,text\n" + b"".join(b'%d,"a\rb\rc"\n' % n for n in range(1, 51)), 1),
        (b"".join(b'%d,"a\rb\rc"\n' % n for n in range(1, 51)), 0),
    ],
)
def test_lines_may_end_with_returns_and_cells_have_other_ends_within(
    read: Read, content: bytes, n_headers: int, chunk_bytes: int
) -> None:
    everything = read(content, chunk_bytes)
    assert (everything.ids, everything.rejected) == (list(range(1, 51)), [])
    assert everything.n_headers == n_headers


@pytest.mark.parametrize("chunk_bytes", [1, 3, 256 * 1024])
@pytest.mark.parametrize("form", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("text", ["5\r\n6\r\n", "tweet_id\tx\n5\tä\n6\t\U0001f600\n"])
def test_other_forms_of_unicode_are_read_with_and_without_a_mark(
    read: Read, text: str, mark: str, form: str, chunk_bytes: int
) -> None:
    everything = read((mark + text).encode(form), chunk_bytes)
    assert (everything.ids, everything.rejected) == ([5, 6], [])


LONG = b"x" * 10_000_000


@pytest.mark.parametrize(
    ("content", "line", "reason", "text"),
    [
        (LONG, 1, "longer than 64 KiB", "x" * 200),
        (b"1\n" + LONG + b"\n2\n", 2, "longer than 64 KiB", "x" * 200),
        (b"1\n" + b"7" * 65_536 + b"\r7\n2", 2, "longer than 64 KiB", "7" * 200),
        (b"1\n\xff\xfe7\n", 2, "not valid UTF-8", "\\xff\\xfe7"),
        (b"1\n\x00\x01\x1b[31m\n", 2, "binary data, no text", "\\x00\\x01\\x1b[31m"),
        (b"1\n1.12E+18\n", 2, "a spreadsheet has rounded it", "1.12E+18"),
        (b"1\ntweet_id\n", 2, "not a decimal number", "tweet_id"),
        (b'1\n""\n', 2, "empty", '""'),
        (b"1\n0\n", 2, "zero is no tweet ID", "0"),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [1000, 256 * 1024])
def test_bad_line_is_rejected_once_with_its_reason(
    read: Read, content: bytes, line: int, reason: str, text: str, chunk_bytes: int
) -> None:
    everything = read(content, chunk_bytes)
    (entry,) = everything.rejected
    assert (entry.line, entry.text) == (line, text)
    assert entry.reason.startswith(reason)


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        (b"tweet_id\n5\n", [5]),
        (b'\n\n\xef\xbb\xbf"Tweet ID"\r\n5\r\n6', [5, 6]),
        (b'i,tweet_id\n0,"5"\n1,6\n', [5, 6]),
        (b'id;id_str;text\n1;5;"a;b\nc"\n1;6;x\n', [5, 6]),
        (b",id\n0,5\n", [5]),
        ("\ufefftweet_id\tx\r\n5\tä\r\n".encode("utf-16"), [5]),
        ("text|status_id\nä|5\n".encode("latin-1"), [5]),
        (b"author,tweet\nx,5\ny,6\n", [5, 6]),
    ],
)
def test_header_is_counted_and_its_column_read(read: Read, content: bytes, ids: list[int]) -> None:
    everything = read(content)
    assert (everything.ids, everything.rejected, everything.n_headers) == (ids, [], 1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_column_without_header_is_the_one_with_the_largest_ids(read: Read, delimiter: str) -> None:
    rows = "".join(delimiter.join([str(n), "a word", f'"{ID + n}"', "2026-11-01"]) + "\n" for n in range(300))
    everything = read(rows.encode())
    assert everything.ids == [ID + n for n in range(300)]
    assert everything.n_headers == 0


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        (b"a,id\nx\nx,5\n", [(2, "a row of 1 column, the tweet ID is in column 2")]),
        (b"a,id\nx,\nx,5\n", [(2, "an empty cell")]),
        (b"a,id\nx,\xff\nx,5\n", [(2, "not valid UTF-8")]),
        (b'a,id\n"x\ny",\nx,5\n', [(2, "an empty cell")]),
        (b'a,id\n"x,y,4\nx,5\n', [(2, "a quote is opened and not closed")]),
        (b'a,id\n"x,y,4\nx,5\n"y",6\n', [(2, "a quote is opened and not closed")]),
        (b'a,id\nx,"1\\"2\nx,5\n', [(2, "a quote is opened and not closed")]),
        (b'a,id\n"x"y,z,4\nx,5\n', [(2, "a quote is closed in the middle of a cell")]),
        (b"a,id\nx,4\ry\nx,5\n", [(2, "a carriage return in the middle of the line")]),
        (b'a,id\nx,"12\n34"\n', [(2, "several numbers, not one")]),
    ],
)
def test_bad_csv_row_is_rejected_at_its_line(
    read: Read, content: bytes, reasons: list[tuple[int, str]]
) -> None:
    assert read(content).reasons == reasons


def test_open_quote_costs_one_line_when_the_file_is_long(read: Read) -> None:
    rows = b"".join(b"x,%d\n" % n for n in range(1, 100_001))
    everything = read(b'text,id\n"never closed, 7,8\n' + rows)
    assert everything.ids == list(range(1, 100_001))
    assert everything.reasons == [(2, "a quote is opened and not closed")]


@pytest.mark.parametrize("chunk_bytes", [1, 7, 1000])
def test_wanted_column_is_found_when_the_header_goes_over_lines(read: Read, chunk_bytes: int) -> None:
    everything = read(b'"the\nnumber",tweet\n1,5\n', chunk_bytes, column="tweet")
    assert (everything.ids, everything.rejected) == ([5], [])


@pytest.mark.parametrize("column", ["tweet", "Tweet", "2"])
def test_wanted_column_is_read_by_name_and_by_number(read: Read, column: str) -> None:
    everything = read(b"id,tweet\n1,5\n2,6\n", column=column)
    assert (everything.ids, everything.n_headers) == ([5, 6], 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"column": "nope"}, "no column 'nope'"),
        ({"column": "3"}, "no column 3, the rows have 2"),
        ({"column": "0"}, "no column 0"),
        ({"column": "1", "file_format": "text"}, "text has no columns"),
        ({"file_format": "xlsx"}, "unknown input format 'xlsx'"),
    ],
)
def test_wrong_option_is_a_usage_error(read: Read, options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(b"id,tweet\n1,5\n", **options)


@pytest.mark.parametrize(
    ("name", "file_format", "what"),
    [
        ("export.parquet", "csv", "a file in columns"),
        ("ids.txt", "parquet", "a text"),
        ("tweets.js", "arrow", "a text"),
    ],
)
def test_format_that_a_file_cannot_have_is_a_usage_error(name: str, file_format: str, what: str) -> None:
    sources = find_sources([str(SAMPLES / name)])
    with pytest.raises(UsageError, match=f"{name}: {what}.*, and --format says {file_format}"):
        list(read_chunks(sources, Form(file_format)))


def test_empty_file_gives_nothing(read: Read) -> None:
    assert read(b"") == Everything([], [], 0, 0, 0, 0, None)


def test_file_that_vanished_is_unreadable_not_an_exception(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("1\n")
    sources = find_sources([str(path)])
    path.unlink()
    everything = together(read_chunks(sources))
    assert everything.unreadable == "it cannot be read: no such file or directory"


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_pipe_gives_what_is_there_without_waiting_for_more(pipe: Path) -> None:
    chunks = read_chunks(find_sources([str(pipe)]))
    with pipe.open("r+b", buffering=0) as writer:
        writer.write(b"1\n2\n3")
        assert next(chunks).ids.tolist() == [1, 2]
        writer.write(b"4\n")
        assert next(chunks).ids.tolist() == [34]


def test_silent_pipe_is_left_when_stop_is_set(pipe: Path) -> None:
    stop = threading.Event()
    chunks = read_chunks(find_sources([str(pipe)]), stop=stop)
    timer = threading.Timer(0.02, stop.set)
    with pipe.open("r+b", buffering=0):
        timer.start()
        assert list(chunks) == []
    timer.join()


@pytest.mark.parametrize("behind", [(), (b"3\n4\n",)])
def test_line_that_a_stop_has_cut_is_no_id(behind: tuple[bytes, ...]) -> None:
    stop = threading.Event()

    def pieces(_chunk_bytes: int, _stop: threading.Event) -> Iterator[bytes]:
        yield b"1\n" * 100_000 + b"12"
        stop.set()
        yield from behind

    chunks = list(read_chunks([Source("ids", None, pieces=pieces)], stop=stop))
    assert {tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()} == {1}
    assert not any(chunk.rejected for chunk in chunks)


def test_stop_ends_a_file_between_two_chunks(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("1\n2\n3\n")
    stop = threading.Event()
    chunks = read_chunks(find_sources([str(path)]), stop=stop, chunk_bytes=4)
    assert next(chunks).ids.tolist() == [1, 2]
    stop.set()
    assert list(chunks) == []


def test_standard_input_is_read_in_binary_from_its_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, gzip.compress(b"1\n2\n"))
    os.close(writing)
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert together(read_chunks(find_sources(["-"]))).ids == [1, 2]


def test_standard_input_is_read_when_it_is_a_stream_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"1\n2")))
    assert together(read_chunks(find_sources(["-"]))).ids == [1, 2]


def test_closed_standard_input_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    everything = together(read_chunks(find_sources(["-"])))
    assert everything.unreadable == "it cannot be read: standard input is closed"
