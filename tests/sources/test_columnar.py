"""Parquet and Arrow files: which column is read, what of it is an ID, and what becomes of damaged ones."""

import io
import sys
import threading
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.errors import UsageError
from harvester.sources import Chunk, Form
from harvester.sources.columnar.tables import read_table

ID = 1_060_976_163_948_904_448
Stored = Literal["parquet", "arrow file", "arrow stream"]
STORED: tuple[Stored, ...] = get_args(Stored)
KINDS: dict[str, Literal["parquet", "arrow"]] = {
    "parquet": "parquet",
    "arrow file": "arrow",
    "arrow stream": "arrow",
}
every = pytest.mark.parametrize("stored", STORED)


def write(stored: str, table: pa.Table, rows: int = 1000, **options: Any) -> bytes:
    """The table as that kind of file. rows: how many a row group or record batch has."""
    out = io.BytesIO()
    if stored == "parquet":
        pq.write_table(table, out, row_group_size=rows, **options)
        return out.getvalue()
    new = pa.ipc.new_file if stored == "arrow file" else pa.ipc.new_stream
    with new(out, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return out.getvalue()


@dataclass(frozen=True)
class Found:
    """All chunks of a table put together."""

    ids: list[int]
    lines: list[int]
    owners: list[str]
    rejected: list[tuple[int, str, str]]
    n_blank: int
    column: str | None
    unreadable: str | None


def together(chunks: list[Chunk], size_bytes: int) -> Found:
    for chunk in chunks:
        n_settled = len(chunk.ids) + len(chunk.rejected) - (chunk.unreadable is not None)
        assert chunk.n_lines == n_settled + chunk.n_blank + chunk.n_headers
        assert len(chunk.lines) == len(chunk.ids)
        assert chunk.n_bytes >= 0
    assert sum(chunk.n_bytes for chunk in chunks) == size_bytes
    assert all(chunk.unreadable is None for chunk in chunks[:-1])
    last = chunks[-1]
    assert last.origin is not None
    return Found(
        [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()],
        [line for chunk in chunks for line in chunk.lines.tolist()],
        [owner for chunk in chunks for owner in chunk.owners],
        [(entry.line, entry.text, entry.reason) for chunk in chunks for entry in chunk.rejected],
        sum(chunk.n_blank for chunk in chunks),
        last.origin.column,
        last.unreadable,
    )


def read(stored: str, content: bytes, batch_rows: int = 65_536, **options: Any) -> Found:
    chunks = read_table(
        "ids",
        KINDS[stored],
        io.BytesIO(content),
        Form(**options),
        None,
        len(content),
        threading.Event(),
        batch_rows=batch_rows,
    )
    return together(list(chunks), len(content))


def read_values(kind: pa.DataType, values: list[Any], stored: str = "arrow file") -> Found:
    return read(stored, write(stored, pa.table({"id": pa.array(values, kind)})))


@every
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.int64(), ID),
        (pa.uint64(), ID),
        (pa.int32(), ID % 2**31),
        (pa.decimal128(20, 0), Decimal(ID)),
        (pa.decimal128(38, 9), Decimal(ID)),
        (pa.decimal256(60, 2), Decimal(ID)),
        (pa.string(), str(ID)),
        (pa.large_string(), f' "{ID}"\r\n'),
        (pa.string_view(), str(ID)),
        (pa.binary(), b"%d" % ID),
        (pa.large_binary(), b"000%d" % ID),
        (pa.binary_view(), b"%d" % ID),
        (pa.binary(19), b"%d" % ID),
        (pa.float64(), float(ID % 2**53)),
        (pa.float32(), float(ID % 2**24)),
    ],
    ids=str,
)
def test_ids_are_read_when_the_type_can_hold_them(stored: str, kind: pa.DataType, value: Any) -> None:
    found = read_values(kind, [None, value, value, None], stored)
    text = value.decode() if isinstance(value, bytes) else str(value).strip().strip('"')
    assert found.ids == [int(Decimal(text))] * 2
    assert (found.lines, found.rejected, found.n_blank, found.column) == ([2, 3], [], 2, "id")


@every
@pytest.mark.parametrize("kind", [pa.int64(), pa.string(), pa.large_string(), pa.float64()], ids=str)
def test_ids_are_read_when_the_column_is_dictionary_encoded(stored: str, kind: pa.DataType) -> None:
    values = pa.array([7, None, 8, 7, 0], pa.int64()).cast(kind).dictionary_encode()
    found = read(stored, write(stored, pa.table({"id": values}), 2))
    assert (found.ids, found.lines, found.n_blank) == ([7, 8, 7], [1, 3, 4], 1)
    assert [line for line, _, _ in found.rejected] == [5]


@pytest.mark.parametrize(
    ("kind", "value", "text", "reason"),
    [
        (pa.int64(), -5, "-5", "negative"),
        (pa.int64(), 0, "0", "zero is no tweet ID"),
        (pa.uint64(), 2**63, str(2**63), "larger than a tweet ID can be"),
        (pa.decimal128(20, 0), Decimal(10**19), str(10**19), "larger than a tweet ID can be"),
        (
            pa.float64(),
            float(ID),
            repr(float(ID)),
            "it was a floating-point number, its last digits are lost",
        ),
        (pa.float64(), 2.0**53, repr(2.0**53), "it was a floating-point number, its last digits are lost"),
        (pa.float32(), 2.0**24, "16777216.0", "it was a floating-point number, its last digits are lost"),
        (pa.float64(), -5.0, "-5.0", "negative"),
        (pa.float64(), 0.0, "0.0", "zero is no tweet ID"),
        (pa.float64(), 1e300, "1e+300", "larger than a tweet ID can be"),
        (pa.float64(), float("inf"), "inf", "not a decimal number"),
        (pa.string(), "1.12E+18", "1.12E+18", "a spreadsheet has rounded it"),
        (pa.string(), "", "", "an empty cell"),
        (pa.string(), "5\n6", "5\\x0a6", "several numbers, not one"),
        (pa.binary(), b"\xff", "\\xff", "not valid UTF-8"),
        (pa.string_view(), "7" * 70_000, "7" * 200, "longer than 64 KiB"),
    ],
)
def test_value_is_rejected_with_its_row_and_reason(
    kind: pa.DataType, value: Any, text: str, reason: str
) -> None:
    found = read_values(kind, [value])
    assert (found.ids, found.rejected) == ([], [(1, text, reason)])


def test_nan_is_blank() -> None:
    assert read_values(pa.float64(), [float("nan"), 5.0]).n_blank == 1


@every
def test_string_that_is_no_utf_8_costs_its_own_row_only(stored: str) -> None:
    broken = pa.Array.from_buffers(pa.string(), 3, pa.array([b"5", b"\xff", b"6"]).buffers())
    found = read(stored, write(stored, pa.table({"id": broken})))
    assert (found.ids, [line for line, _, _ in found.rejected]) == ([5, 6], [2])


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_strings_are_read_however_parquet_stores_them(encoding: str) -> None:
    table = pa.table({"id": [str(ID + number) for number in range(3000)]})
    content = write("parquet", table, use_dictionary=False, column_encoding={"id": encoding})
    assert read("parquet", content).ids == [ID + number for number in range(3000)]


values_of = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.string(): st.one_of(st.integers(0, 2**64).map(str), st.text(max_size=5), st.just("7" * 70)),
    pa.float64(): st.one_of(st.integers(0, 2**54).map(float), st.floats()),
}
columns = st.sampled_from(list(values_of)).flatmap(
    lambda kind: st.lists(st.one_of(st.none(), values_of[kind]), max_size=30).map(
        lambda values: pa.array(values, kind)
    )
)


@given(columns, st.sampled_from(STORED), st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_what_is_found_is_independent_of_row_groups_and_batches(
    column: pa.Array, stored: str, rows: int, batch_rows: int, is_encoded: bool
) -> None:
    table = pa.table({"id": column.dictionary_encode() if is_encoded else column})
    if is_encoded:
        table = table.unify_dictionaries()
    assert read(stored, write(stored, table, rows), batch_rows) == read_values(
        column.type, column.to_pylist()
    )


@given(st.lists(st.one_of(st.none(), st.integers(-2, 2**63 - 1)), max_size=20), st.sampled_from(STORED))
def test_strings_and_integers_agree(values: list[int | None], stored: str) -> None:
    as_text = [None if value is None else str(value) for value in values]
    assert read_values(pa.string(), as_text, stored) == read_values(pa.int64(), values, stored)


@every
@pytest.mark.parametrize(
    ("columns", "options", "name"),
    [
        ({"id": [1], "Tweet ID": [2]}, {}, "Tweet ID"),
        ({"id": [[1]], "n": [2]}, {}, "n"),
        ({"author": [6], "n": [2]}, {"owner_column": "author"}, "n"),
        ({"id": [6], "n": [2]}, {"owner_column": "1"}, "n"),
        ({"a": [1], "b": [3], "c": [2]}, {}, "b"),
        ({"a": [9], "b": [2]}, {"column": "B"}, "b"),
        ({"a": [9], "b": [2]}, {"column": "2"}, "b"),
        ({"text": ["x"], "b": ["2"]}, {}, "b"),
        ({"tweet": [{"id": 2}], "a": [9]}, {"column": "tweet.id"}, "tweet.id"),
        ({"tweet": [{"user": {"id": 9}, "id": 2}]}, {"column": "Tweet.User.ID"}, "tweet.user.id"),
        ({"tweet": [{"text": "x", "n": 2}]}, {}, "tweet.n"),
        ({"t": [{"id": 9}], "n": [2]}, {}, "n"),
        ({"a.b": [2], "a": [{"c": 9}]}, {"column": "a.b"}, "a.b"),
        ({"author_id": [2 * ID], "n": [ID]}, {}, "n"),
        ({"user": [{"id": 2 * ID}], "tweet": [{"id": ID, "author": {"id": 3 * ID}}]}, {}, "tweet.id"),
        ({"n": [5], "tweet": [{"id": ID}]}, {}, "tweet.id"),
        ({"id": [1], "tweet": [ID], "user_id": [2 * ID]}, {}, "tweet"),
        ({"id": [1], "url": [f"https://x.com/a/status/{ID}"]}, {}, "url"),
        ({"id": [ID], "n": [2 * ID]}, {}, "id"),
        ({"id": [5], "user_id": [ID]}, {}, "id"),
        ({"n": [5], "__index_level_0__": [ID]}, {}, "__index_level_0__"),
    ],
)
def test_column_is_found(
    stored: str, columns: dict[str, list[Any]], options: dict[str, Any], name: str
) -> None:
    found = read(stored, write(stored, pa.table(columns)), **options)
    assert (found.column, len(found.ids)) == (name, 1)


@every
@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({"a": [1], "b": [{"c": 1}]}, {"column": "d"}, "ids: no column 'd'"),
        ({"a": [1]}, {"column": "2"}, "ids: no column '2'"),
        ({"a": [1]}, {"owner_column": "who"}, "ids: no column 'who'"),
        ({"a": [[1]]}, {"column": "a"}, "cannot hold a tweet ID"),
        ({"a": [{"b": 1}]}, {"column": "1"}, "cannot hold a tweet ID"),
        ({"id": [5], "a": [1.5]}, {"owner_column": "a"}, "cannot hold a name"),
        ({"a": ["x"], "b": [True]}, {}, "ids: no column holds tweet IDs"),
        ({"a": ["x"], "__index_level_0__": [5], "user_id": [ID]}, {}, "ids: no column holds tweet IDs"),
    ],
)
def test_column_that_is_not_there_or_holds_no_ids_is_refused(
    stored: str, columns: dict[str, list[Any]], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as refused:
        read(stored, write(stored, pa.table(columns)), **options)
    assert message in refused.value.message
    assert refused.value.hint


@every
@pytest.mark.parametrize("kind", [pa.float64(), pa.string()], ids=str)
def test_column_of_ids_that_have_lost_digits_goes_before_small_numbers(
    stored: str, kind: pa.DataType
) -> None:
    tweets = pa.array([float(ID + n * 2**32) for n in range(50)]).cast(kind)
    found = read(stored, write(stored, pa.table({"likes": list(range(1, 51)), "tweet": tweets})))
    assert (found.column, found.ids, len(found.rejected)) == ("tweet", [], 50)


def test_refusal_lists_the_columns_with_those_in_structs() -> None:
    with pytest.raises(UsageError) as refused:
        read("parquet", write("parquet", pa.table({"a": [1], "b": [{"c": 1}]})), column="d")
    assert refused.value.hint == "The table has 'a', 'b', 'b.c'. A number works too, from 1."


@every
def test_table_without_rows_holds_nothing(stored: str) -> None:
    found = read(stored, write(stored, pa.table({"n": pa.array([], pa.int64())})))
    assert (found.ids, found.rejected, found.column) == ([], [], None)


@every
def test_field_of_a_struct_that_is_null_is_blank(stored: str) -> None:
    tweets = pa.array([{"id": 5}, None, {"id": None}, {"id": 6}])
    found = read(stored, write(stored, pa.table({"tweet": tweets}), 3), column="tweet.id")
    assert (found.ids, found.n_blank) == ([5, 6], 2)


@every
@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_owners_stay_with_their_ids(stored: str, kind: pa.DataType) -> None:
    names = [" alice ", None, "", "bob", "n" * 201, "n" * 9000, "eve"]
    table = pa.table({"id": [1, 2, 3, None, 5, 6, 0], "who": pa.array(names, pa.string()).cast(kind)})
    found = read(stored, write(stored, table, 3), 2, owner_column="who")
    assert list(zip(found.ids, found.owners, strict=True)) == [(1, "alice"), (2, ""), (3, "")]
    assert [(line, reason) for line, _, reason in found.rejected] == [
        (5, "the owner's name is longer than 200 characters"),
        (6, "the owner's name is longer than 200 characters"),
        (7, "zero is no tweet ID"),
    ]


@every
def test_owners_may_be_numbers(stored: str) -> None:
    table = pa.table({"id": [1, 2], "who": pa.array([2**62 + 1, None])})
    assert read(stored, write(stored, table), owner_column="2").owners == [str(2**62 + 1), ""]


def test_stop_ends_the_iteration() -> None:
    content = write("parquet", pa.table({"id": list(range(1, 100))}))
    stop = threading.Event()
    chunks = read_table("f", "parquet", io.BytesIO(content), Form(), None, 9, stop, batch_rows=10)
    next(chunks)
    stop.set()
    assert list(chunks) == []


def test_memory_is_flat_when_a_row_group_is_large() -> None:
    content = write(
        "parquet", pa.table({"id": pa.array(range(1, 2_000_000))}), 2_000_000, use_dictionary=False
    )
    before = pa.total_allocated_bytes()
    peak_bytes = n_ids = 0
    for chunk in read_table("f", "parquet", io.BytesIO(content), Form(), None, 9, threading.Event()):
        n_ids += len(chunk.ids)
        peak_bytes = max(peak_bytes, pa.total_allocated_bytes() - before)
    assert (n_ids, peak_bytes < 8_000_000) == (1_999_999, True)


def test_missing_pyarrow_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"ids\.parquet: reading Parquet needs pyarrow") as refused:
        read_table("ids.parquet", "parquet", io.BytesIO(), Form(), None, 0, threading.Event())
    assert refused.value.hint == "pip install 'harvester[parquet]'"
