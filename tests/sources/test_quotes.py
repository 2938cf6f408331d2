"""Quotes that stand in a table for nothing, or are never closed, and texts that go over lines in earnest."""

import csv
import io
import re
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harvester.sources import Form, find_sources, read_chunks
from harvester.sources.delimited import quotes

ID = 1_060_976_163_948_904_448
Found = tuple[list[int], list[tuple[int, str]]]
Read = Callable[..., Found]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    path = tmp_path_factory.mktemp("quotes") / "file"

    def read_content(content: str, chunk_bytes: int = 256 * 1024) -> Found:
        path.write_text(content, newline="")
        chunks = list(read_chunks(find_sources([str(path)]), Form(), chunk_bytes=chunk_bytes))
        rejected = [(entry.line, entry.reason) for chunk in chunks for entry in chunk.rejected]
        return [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()], rejected

    return read_content


def exported(delimiter: str, columns: str, texts: dict[int, str], n_rows: int = 50) -> str:
    """Rows as a database that does not quote writes them. columns: the header with commas."""
    rows = [columns]
    for n in range(n_rows):
        cells = {"tweet_id": str(ID + n), "text": texts.get(n, f"text {n}"), "user": "bob", "n": str(n)}
        rows.append(",".join(cells[name] for name in columns.split(",")))
    return "".join(row.replace(",", delimiter) + "\n" for row in rows)


@pytest.mark.parametrize("chunk_bytes", [17, 700, 256 * 1024])
@pytest.mark.parametrize(
    "columns", ["tweet_id,text,user", "tweet_id,text", "text,tweet_id", "n,tweet_id,text,user"]
)
@pytest.mark.parametrize("delimiter", ["\t", "|", ",", " "])
@pytest.mark.parametrize("last", [6, 7, 25])
def test_quotes_at_the_ends_of_two_texts_swallow_no_rows_between(
    read: Read, delimiter: str, columns: str, last: int, chunk_bytes: int
) -> None:
    texts = {n: f"text{n}" for n in range(50)} | {5: '"To-be', last: 'question"'}
    content = exported(delimiter, columns, texts)
    assert read(content, chunk_bytes) == ([ID + n for n in range(50)], [])


@pytest.mark.parametrize("columns", ["tweet_id,text,user", "tweet_id,text", "text,tweet_id"])
def test_row_is_read_when_the_quote_at_its_text_is_never_closed(read: Read, columns: str) -> None:
    content = exported("\t", columns, {5: '"To be', 9: '"is" the', 20: '"', 30: '"a\\"b'})
    assert read(content) == ([ID + n for n in range(50)], [])


def test_table_without_header_is_read_when_every_text_begins_with_a_quote(read: Read) -> None:
    content = exported("\t", "tweet_id,text,user", {n: f'"text {n}' for n in range(50)})
    assert read(content.partition("\n")[2]) == ([ID + n for n in range(50)], [])


def test_row_with_an_open_quote_keeps_its_id_when_that_stands_before_the_quote(read: Read) -> None:
    texts = {5: '"To be, or not', 25: 'that"'}
    assert read(exported(",", "tweet_id,text,user", texts)) == ([ID + n for n in range(50)], [])
    ids, rejected = read(exported(",", "text,tweet_id,user", texts | {25: '"'}))
    assert ids == [ID + n for n in range(50) if n != 5]
    assert rejected == [(7, "a quote is opened and not closed")]


@pytest.mark.parametrize("chunk_bytes", [17, 256 * 1024])
@pytest.mark.parametrize(
    "columns", ["tweet_id,text,user", "tweet_id,text", "text,tweet_id", "user,text,tweet_id"]
)
@pytest.mark.parametrize(
    "text", ["a\nb", "a\n\nb", "1,2,3\n4,5,6\n7,8,9", "a, b\nc, d", f"{ID + 8}\n{ID + 9}", 'a ""quote""\n,b']
)
def test_text_over_lines_is_one_cell(read: Read, columns: str, text: str, chunk_bytes: int) -> None:
    content = exported(",", columns, dict.fromkeys((5, 6, 20, 49), f'"{text}"'))
    assert read(content, chunk_bytes) == ([ID + n for n in range(50)], [])


@pytest.mark.parametrize(
    "line",
    ['{n},5",",y', 'x",",y', '{n},"a', '{n},"a\\"b', '{n},5\\",",\\"y', '"', '{n},""",y', '{n},"a\\', '",x'],
)
@pytest.mark.parametrize("end", ["", '{n},5",y', '{n},5",",y\\n{n},5,5",y', '{n}",5'])
def test_work_is_linear_when_every_line_opens_a_quote(
    read: Read, line: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_bytes = 0
    give = quotes._Feed.__next__

    def count(feed: quotes._Feed) -> str:
        nonlocal n_bytes
        given = give(feed)
        n_bytes += len(given)
        return given

    monkeypatch.setattr(quotes._Feed, "__next__", count)
    rows = "".join(line.replace("{n}", str(ID + n)) + "\n" for n in range(3000))
    content = "tweet_id,size,text\n" + rows + end.replace("{n}", str(ID))
    read(content)
    assert n_bytes < 20 * len(content)


DOUBTFUL = re.compile(rf"""(^|,)["']*{ID + 99}["']*(,|$)""", re.MULTILINE)
LINK = "https://twitter.com/x/status/1849999999999999999"


@pytest.mark.parametrize("chunk_bytes", [17, 256 * 1024])
@pytest.mark.parametrize("columns", ["tweet_id,text", "text,tweet_id"])
@pytest.mark.parametrize(
    "text",
    [
        f"Great thread\nRead this, {LINK}\n",
        f"Look, a thread:\n{LINK}, enjoy",
        f"x\na, {ID + 99}\n{ID + 99} ,b",
    ],
)
def test_link_within_a_text_is_no_row_of_its_own(
    read: Read, text: str, columns: str, chunk_bytes: int
) -> None:
    content = exported(",", columns, dict.fromkeys((5, 6, 49), f'"{text}"'))
    assert read(content, chunk_bytes) == ([ID + n for n in range(50)], [])


@pytest.mark.parametrize("columns", ["tweet_id,text", "text,tweet_id"])
def test_quotes_swallow_no_rows_when_the_ids_are_links(read: Read, columns: str) -> None:
    content = exported(",", columns, {5: '"To-be', 9: 'question"'})
    content = content.replace(str(ID)[:10], "https://x.com/a/status/" + str(ID)[:10])
    assert read(content) == ([ID + n for n in range(50)], [])


words = st.sampled_from(["a", " ", ",", "\n", '"', "'", LINK, f"{ID + 99}", " 12 ", ", ", ";", "\t", "x: "])
texts = st.lists(words, max_size=12).map("".join)


@given(st.lists(texts, min_size=1, max_size=6), st.booleans(), st.integers(20, 300))
def test_tables_are_read_as_the_csv_module_writes_them(
    read: Read, cells: list[str], is_first: bool, chunk_bytes: int
) -> None:
    """Only a line within a text that is a row with digits for its ID is doubtful."""
    assume(not any(DOUBTFUL.search(text) for text in cells))
    rows = [["tweet_id", "text"], *([str(ID + n), text] for n, text in enumerate(cells))]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(row if is_first else row[::-1] for row in rows)
    assert read(out.getvalue(), chunk_bytes) == ([ID + n for n in range(len(cells))], [])


def test_rows_that_all_end_in_a_lone_quote_are_read(read: Read) -> None:
    assert read("".join(f'{ID + n}\t"\n' for n in range(30))) == ([ID + n for n in range(30)], [])
