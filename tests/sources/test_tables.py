"""Which column of a table is read, in whatever way the table is written."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harvester.errors import UsageError
from harvester.sources import LOST_DIGITS, Chunk, Form, find_sources, read_chunks
from harvester.sources.chunk import NOTHING, joined
from harvester.sources.delimited.dialect import Dialect, Shape
from harvester.sources.delimited.rows import CsvRows
from harvester.sources.delimited.samples import DELIMITERS, RARE_DELIMITERS

ID = 1_060_976_163_948_904_448

BITS = [
    *(",", ";", '"', "'", "\n", "\r\n", "\r", '""', '","', '"\n"', " ", "\\", '\\"', "\ufeff", "\0"),
    *(f'{ID + 1},"x', f'x,"\n{ID + 2},y', f'x",{ID + 3}\n', f'"{ID + 4},x\n', ',"', '",'),
    *(f"x,{ID}\n", f'x,"{ID}"\r\n', f'"x","{ID}"\n', f"'x','{ID}'\n", "\n\n", "id,n\n", "x", "ä", "1.5"),
]
bits = st.one_of(st.sampled_from(BITS), st.integers(0, 2**64).map(str))
tables = st.lists(bits, max_size=30).map("".join)
shapes = (
    st.tuples(st.integers(1, 3), st.integers(0, 2))
    .map(lambda pair: Shape(*pair))
    .filter(lambda shape: shape.column < shape.n_cells)
)
dialects = st.builds(Dialect, st.sampled_from([",", ";", " "]), st.sampled_from(['"', "'"]))


def read_rows(rows: CsvRows, pieces: Iterable[bytes]) -> Chunk:
    chunk = NOTHING
    for piece in pieces:
        chunk = joined(chunk, rows.read(piece))
    return joined(chunk, rows.flush())


def plain(chunk: Chunk) -> tuple[object, ...]:
    counts = (chunk.n_lines, chunk.n_blank, chunk.n_headers)
    return chunk.ids.tolist(), chunk.lines.tolist(), chunk.rejected, *counts


@settings(max_examples=300)
@given(tables, dialects, shapes, st.sampled_from([None, "id"]), st.integers(1, 4))
@example('"a"\r\n,5\n', Dialect(","), Shape(2, 1), None, 1)
@example("\t\n5,6\n", Dialect(","), Shape(2, 0), "id", 1)
def test_blocks_are_read_as_rows_are(
    text: str, dialect: Dialect, shape: Shape, name: str | None, n_at_once: int
) -> None:
    lines = [line + b"\n" for line in text.encode().split(b"\n")]
    pieces = [b"".join(lines[first : first + n_at_once]) for first in range(0, len(lines), n_at_once)]
    by_block = read_rows(CsvRows("f", dialect, shape, name=name), pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harvester.sources.delimited.rows.read_block", lambda *_: None)
        by_row = read_rows(CsvRows("f", dialect, shape, name=name), pieces)
        at_once = read_rows(CsvRows("f", dialect, shape, name=name), [b"".join(lines)])
    assert plain(by_block) == plain(by_row) == plain(at_once)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables") / "file"


def read(path: Path, content: bytes | str, chunk_bytes: int = 256 * 1024, **options: Any) -> Chunk:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    chunk = NOTHING
    for part in read_chunks(find_sources([str(path)]), Form(**options), chunk_bytes=chunk_bytes):
        chunk = replace(joined(chunk, part), origin=part.origin)
    return chunk


def column_of(chunk: Chunk) -> str | None:
    return chunk.origin.column if chunk.origin else None


def table(delimiter: str, header: str | None, row: str, n_rows: int = 5) -> str:
    """Rows with `,` where the delimiter is meant. {n} counts, {id} is an ID, {user} one of three users."""
    rows = [row.format(n=n, id=ID + 7 * n, user=ID - 9 - n % 3) for n in range(n_rows)]
    return "".join(line.replace(",", delimiter) + "\n" for line in ([header] if header else []) + rows)


IDS = [ID + 7 * n for n in range(5)]


@pytest.mark.parametrize("chunk_bytes", [1, 30, 256 * 1024])
@pytest.mark.parametrize("delimiter", [*DELIMITERS, *RARE_DELIMITERS, "   "])
@pytest.mark.parametrize("header", [None, "n,tweet_id,lang", "n,Tweet_Id,lang", "n,post,lang"])
def test_columns_are_parted_by_any_delimiter(
    path: Path, delimiter: str, header: str | None, chunk_bytes: int
) -> None:
    chunk = read(path, table(delimiter, header, "{n},{id},en"), chunk_bytes)
    assert (chunk.ids.tolist(), chunk.rejected, chunk.n_headers) == (IDS, (), header is not None)
    assert chunk.lines.tolist() == [n + 1 + (header is not None) for n in range(5)]
    assert column_of(chunk) == (header.split(",")[1] if header else "2")


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (table(",", None, "{n},{id}"), "2"),
        (table(",", None, "{user},{id},{n}", 30), "2"),
        (table(",", None, "{id},{user}", 30), "1"),
        (table(",", "user_id,post", f"{ID * 2},{{id}}"), "post"),
        (table(",", "a,url", "{id},https://x.com/a/status/{id}"), "url"),
        (table(",", "link,text", "https://twitter.com/a/status/{id},hello"), "link"),
        (table(",", "url,post", "https://example.org/{n},{id}"), "post"),
        (table(",", None, "{id},{id}"), "1"),
        (table(",", None, "1700000000000,{id},20181109"), "2"),
        (table(",", "n,TWEETID", "{n},{id}"), "TWEETID"),
        (table(",", "n, Tweet Id ", "{n},{id}"), "Tweet Id"),
        (table(",", "n,statusid", "{n},{id}"), "statusid"),
        (table(",", "#,tweet_id", "{n},{id}"), "tweet_id"),
        (table("\t", "# n,tweet_id", "{n},{id}"), "tweet_id"),
        (table(",", "id,tweet_id", "{n},{id}"), "tweet_id"),
        (table(",", "id,user,url", "{n},{user},https://twitter.com/a/status/{id}"), "url"),
        (table(",", "id,user_id,tweet", "{n},{user},{id}"), "tweet"),
        (table(",", "id,likes,Tweet", "{n},20{n},https://x.com/a/status/{id}"), "Tweet"),
        (table(",", "id,conversation", "{id},{user}"), "id"),
        (table(",", "user.id,post.id", f"{ID * 2},{{id}}"), "post.id"),
        (table(",", "post,n", "https://x.com/a/status/{id},{n}"), "post"),
    ],
)
def test_column_is_the_one_with_the_most_telling_name_or_the_likeliest_ids(
    path: Path, text: str, column: str
) -> None:
    chunk = read(path, text)
    assert chunk.ids.tolist()[:5] == IDS
    assert (column_of(chunk), chunk.rejected) == (column, ())


def test_damage_in_a_few_cells_does_not_make_another_column_likelier(path: Path) -> None:
    rows = (
        table(",", None, "{user},{id}", 50).replace(str(IDS[1]), "1.06E+18").replace(str(IDS[2]), str(IDS[0]))
    )
    chunk = read(path, rows)
    assert (column_of(chunk), chunk.n_lines, len(chunk.rejected)) == ("2", 50, 1)


@pytest.mark.parametrize("row", ["{n},{lost:.5E},hello", "{n},{lost:.0f}.0,hello", '{n},"{lost:.5E}",1.5E+3'])
@pytest.mark.parametrize("header", [None, "No,Tweet,Likes", "id,Tweet,Text"])
def test_column_of_ids_that_have_lost_digits_goes_before_small_numbers(
    path: Path, header: str | None, row: str
) -> None:
    rows = [row.format(n=n, lost=float(ID + n * 2**32)) for n in range(1, 60)]
    chunk = read(path, "\n".join([*([header] if header else []), *rows]))
    assert (chunk.ids.tolist(), len(chunk.rejected)) == ([], 59)
    assert {entry.reason for entry in chunk.rejected} <= LOST_DIGITS


@pytest.mark.parametrize("row", ["{lost:.5E},{id}", "{lost:.0f}.0,{id}"])
def test_column_of_whole_ids_goes_before_one_of_ids_that_have_lost_digits(path: Path, row: str) -> None:
    rows = [row.format(lost=float(2 * ID + n), id=ID + n) for n in range(60)]
    assert column_of(read(path, "\n".join(rows))) == "2"


@pytest.mark.parametrize("text", ["id,target\n1,0\n2,1\n", "id,author_id\n1,1060976163948904448\n2,5\n"])
def test_column_called_id_is_read_when_no_other_has_tweet_ids(path: Path, text: str) -> None:
    assert read(path, text).ids.tolist() == [1, 2]


@pytest.mark.parametrize("chunk_bytes", [1, 7, 256 * 1024])
@pytest.mark.parametrize(
    ("text", "n_headers"),
    [
        ("sep=;\n5;x\n6;y\n", 1),
        ("\ufeffSEP=|\r\ntweet_id|x\r\n5|a,b\r\n6|c\r\n", 2),
        ('"sep=^"\n5^x\n6^y\n', 1),
        ("sep=\t\nx\t5\ny\t6\n", 1),
        ("# from the archive, it's \"big\n\n# 2 tweets\ntweet_id,x\n5,a\n6,b\n", 3),
        ("# from the archive\n\n5\n6\n", 1),
        ("# from the archive\n# tweet_id\n5\n6\n", 2),
        ("#5,first\nx,5\ny,6\n", 1),
        ("'tweet_id','a'\n'5','it, is'\n'6','x\ny'\n", 1),
        ("'a, b',5\n'c',6\n", 0),
        ('id,text\n5,"say \\"hi, you\\""\n6,"a\\"",\n', 1),
        ('id,path\n5,"C:\\"\n6,"D:\\"\n', 1),
        ('text,id\n"a \\"b\\",\n c",5\nx,6\n', 1),
        ("tweet_id,x\r5,a\r6,b\r", 1),
        ("5\r6", 0),
        ("      3 5000000000000\n     12 6000000000000\n", 0),
    ],
)
def test_oddly_written_table_is_read(path: Path, text: str, n_headers: int, chunk_bytes: int) -> None:
    chunk = read(path, text, chunk_bytes)
    assert [int(str(tweet_id).rstrip("0")) for tweet_id in chunk.ids.tolist()] == [5, 6]
    assert (chunk.rejected, chunk.n_headers) == ((), n_headers)


@pytest.mark.parametrize(
    ("text", "options", "ids"),
    [
        ("1 5\n2 6\n", {"column": "2"}, [5, 6]),
        ("1 5\n2 6\n", {"column": "1"}, [1, 2]),
        ("n post\n1 5\n", {"column": "Post"}, [5]),
        ("n:my post\n1:5\n", {"column": "my post"}, [5]),
        ("owner post\nann 5\n", {"column": "post", "owner_column": "owner"}, [5]),
        ("x|5;6\n", {"column": "2", "file_format": "csv"}, [6]),
        ("x,1\t5\n", {"file_format": "tsv"}, [5]),
    ],
)
def test_wanted_column_is_found_with_any_delimiter(
    path: Path, text: str, options: dict[str, Any], ids: list[int]
) -> None:
    assert read(path, text, **options).ids.tolist() == ids


@pytest.mark.parametrize(
    "text",
    [
        "tweets of 2020\nthere are 12 of them\n",
        "10:20:30 started\n10:20:31 ended\n",
        "user_id,text\n1060976163948904448,hello\n",
        "name,text\nann,hello\n",
    ],
)
def test_lines_without_a_likely_column_are_rejected_one_by_one(path: Path, text: str) -> None:
    chunk = read(path, text)
    assert (chunk.ids.tolist(), len(chunk.rejected)) == ([], 2)


def test_table_without_ids_behind_its_separator_is_a_usage_error(path: Path) -> None:
    with pytest.raises(UsageError, match="no column holds tweet IDs"):
        read(path, "sep=;\na;b\n")


PARTS = [
    *(
        b"sep=;\n",
        b"# a, comment\n",
        b"#5,x\n",
        b"tweet_id",
        b"'tweet_id'",
        b"'x'",
        b" ",
        b":",
        b"^",
        b"|",
        b"\x01",
    ),
    *(b"\r", b"\n", b"\r\n", b",", b"\t", b";", b"'", b'"', b'\\"', b"5", b"user_id", b"url", b"\xff", b"a"),
    *(
        b"%d" % ID,
        b"https://x.com/a/status/%d" % ID,
        b"1 %d\n" % ID,
        b"'a,b',%d\n" % ID,
        b"\xef\xbb\xbf",
        b"\0",
    ),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(PARTS), max_size=30).map(b"".join),
    st.sampled_from([None, "csv", "tsv", "text"]),
    st.sampled_from([None, "2", "x"]),
    st.sampled_from([None, "1", "a"]),
    st.integers(1, 40),
)
def test_what_is_found_is_independent_of_chunks_and_nothing_is_raised_but_usage_errors(
    path: Path, content: bytes, file_format: str | None, column: str | None, owner: str | None, size: int
) -> None:
    if file_format == "text":
        column = owner = None

    def found(chunk_bytes: int) -> tuple[object, ...]:
        options = {"file_format": file_format, "column": column, "owner_column": owner}
        try:
            chunk = read(path, content, chunk_bytes, **options)
        except UsageError as exc:
            return str(exc), exc.hint
        return *plain(chunk), chunk.owners, chunk.origin

    assert found(size) == found(256 * 1024)
