"""Of the columns of a table the one with the tweets is taken, in CSV and in Parquet."""

import io
import random
import threading

import pytest

from harvester.sources import Form, Source, read_chunks
from harvester.sources.columnar.tables import read_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

FIRST = 1_850_000_000_000_000_003
ROWS = 110
Table = dict[str, list[object]]


def tweets(n: int = ROWS) -> list[int]:
    return [FIRST + place * 7919 for place in range(n)]


def sometimes(share: float, seed: int = 1) -> list[bool]:
    return [value < share for value in random.Random(seed).choices([0.1, 0.3, 0.5, 0.7, 0.9], k=ROWS)]


def some(values: list[int], share: float) -> list[object]:
    return [value if is_there else None for value, is_there in zip(values, sometimes(share), strict=True)]


LINKS = [f"https://twitter.com/a/status/{tweet_id}" for tweet_id in tweets()]
FEW_LINKS: list[object] = [
    link if is_there else "https://example.com/a"
    for link, is_there in zip(LINKS, sometimes(0.4), strict=True)
]
OLDER = [tweet_id - 9 for tweet_id in tweets()]
COUNTS: list[object] = [place * 977 + 100 for place in range(ROWS)]

TABLES: list[tuple[Table, str]] = [
    ({"Tweet": [*tweets()], "In reply to": some(OLDER, 0.6)}, "Tweet"),
    ({"In reply to": some(OLDER, 0.6), "Tweet": [*tweets()]}, "Tweet"),
    ({"n": [*range(ROWS)], "a": [*tweets()], "b": some(OLDER, 0.6)}, "a"),
    ({"Tweet": [*tweets()], "lang": ["en" if is_there else "" for is_there in sometimes(0.5)]}, "Tweet"),
    ({"tweet": [*tweets()], "url": FEW_LINKS, "text": ["hi"] * ROWS}, "tweet"),
    ({"conv": [*OLDER[:33], *tweets()[33:]], "tweet": [*tweets()]}, "tweet"),
    ({"Query Id": [1_999_123_456] * ROWS, "Url": FEW_LINKS, "Reach": COUNTS}, "Url"),
    ({"Tweet": some(tweets(), 0.4), "Likes": COUNTS, "Note": ["x"] * ROWS}, "Tweet"),
    ({"id": [*range(ROWS)], "Permalink": FEW_LINKS}, "Permalink"),
    (
        {"tweet": [1_234_567 + 3 * n for n in range(ROWS)], "ts": [1_262_304_000 + n for n in range(ROWS)]},
        "tweet",
    ),
]


def expected(table: Table, column: str) -> list[int]:
    return [int(str(value).rpartition("/")[2]) for value in table[column] if str(value)[-1:].isdigit()]


@pytest.mark.parametrize(("table", "column"), TABLES, ids=[",".join(table) for table, _ in TABLES])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_column_of_a_text_is_the_one_with_the_tweets(table: Table, column: str, delimiter: str) -> None:
    rows = [list(table), *zip(*table.values(), strict=True)]
    content = "".join(
        delimiter.join("" if cell is None else str(cell) for cell in row) + "\n" for row in rows
    ).encode()
    source = Source("x", len(content), pieces=lambda *_: iter([content]))
    chunks = list(read_chunks([source]))
    assert {chunk.origin.column for chunk in chunks if chunk.origin} == {column}
    assert [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()] == expected(table, column)


@pytest.mark.parametrize(("table", "column"), TABLES, ids=[",".join(table) for table, _ in TABLES])
def test_column_of_a_parquet_file_is_the_one_with_the_tweets(table: Table, column: str) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table(table), file)
    chunks = list(read_table("x", "parquet", file, Form(), None, 1, threading.Event()))
    assert {chunk.origin.column for chunk in chunks if chunk.origin} == {column}
    assert [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()] == expected(table, column)
