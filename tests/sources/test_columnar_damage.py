"""Damaged, cut and lying Parquet and Arrow files: a reason, and what came before; never more."""

import io
import random
import struct
import threading
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.errors import UsageError
from harvester.sources import Form
from harvester.sources.columnar import arrow_messages, files
from harvester.sources.columnar.tables import read_table
from tests.sources.test_columnar import ID, STORED, Found, every, read, together, write

IDS = [ID + number for number in range(90)]


def table_of(kind: str) -> pa.Table:
    texts = [str(tweet_id) for tweet_id in IDS]
    return pa.table(
        {
            "numbers": {"n": pa.array(IDS), "t": pa.array(texts)},
            "strings": {"t": pa.array(texts), "v": pa.array(texts, pa.string_view())},
            "entries": {"t": pa.array(texts).dictionary_encode()},
            "structs": {"s": pa.array([{"id": tweet_id, "x": [1]} for tweet_id in IDS])},
        }[kind]
    )


KINDS = ("numbers", "strings", "entries", "structs")
CONTENTS = [
    (stored, write(stored, table_of(kind), 30, compression=compression))
    for stored in STORED
    for kind in KINDS
    for compression in ("zstd", "lz4" if stored != "parquet" else "snappy")
]
damages = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from([b"\0", b"\xff", b"\x7f", b"\x80", b"\0" * 8, b"\xff" * 8, b"\xff\xff\xff\x7f"]),
    ),
    min_size=1,
    max_size=4,
)


@given(st.sampled_from(CONTENTS), damages, st.sampled_from([None, "t", "s.id"]), st.floats(0.5, 1))
def test_damage_never_raises_but_for_a_column_that_is_gone(
    content: tuple[str, bytes], damages: list[tuple[float, bytes]], column: str | None, left: float
) -> None:
    stored, sound = content
    damaged = bytearray(sound)
    for place, damage in damages:
        at = int(place * len(damaged))
        damaged[at : at + len(damage)] = damage
    if left < 0.75:
        del damaged[int(left * len(damaged)) :]
    try:
        found = read(stored, bytes(damaged), column=column)
    except UsageError:
        return
    assert len(found.ids) <= len(IDS)
    assert found.unreadable is None or found.rejected[-1][2] == f"the rest is unreadable: {found.unreadable}"


@every
@pytest.mark.parametrize("kind", KINDS)
def test_single_bytes_flipped_never_raise(stored: str, kind: str) -> None:
    sound = write(stored, table_of(kind), 30)
    flips = random.Random(7)
    for at in range(0, len(sound), max(1, len(sound) // 150)):
        damaged = bytearray(sound)
        damaged[at] ^= flips.randrange(1, 256)
        try:
            read(stored, bytes(damaged))
        except UsageError:
            continue


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stored", ["arrow file", "arrow stream"])
def test_cut_arrow_keeps_the_record_batches_before_the_cut(stored: str, kind: str) -> None:
    sound = write(stored, table_of(kind), 30)
    column = {"numbers": "n", "structs": "s.id"}.get(kind, "t")
    counts = []
    for length in range(len(sound) - 1, 0, -7):
        found = read(stored, sound[:length], column=column) if length > len(sound) // 2 else None
        if found:
            assert found.ids == IDS[: len(found.ids)]
            assert found.unreadable or (stored == "arrow stream" and not len(found.ids) % 30)
            counts.append(len(found.ids))
    assert counts == sorted(counts, reverse=True)
    assert {90, 60} <= set(counts)


def test_cut_parquet_says_that_its_footer_is_missing() -> None:
    found = read("parquet", write("parquet", table_of("numbers"))[:-9])
    reason = "the Parquet file is cut off: it ends without the footer that tells where everything is"
    assert (found.ids, found.unreadable) == ([], reason)
    assert found.rejected == [(1, "", f"the rest is unreadable: {reason}")]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"ARROW1", b"ARROW1\0\0", b"\xff\xff\xff\xff", b"x" * 99])
@every
def test_what_is_no_table_is_unreadable(stored: str, content: bytes) -> None:
    found = read(stored, content)
    assert (found.ids, len(found.rejected)) == ([], 1)
    assert found.unreadable


def test_ids_before_a_damaged_page_are_kept() -> None:
    sound = write(
        "parquet", table_of("numbers"), 30, compression="none", use_dictionary=False, write_page_checksum=True
    )
    at = sound.rindex(struct.pack("<q", IDS[-1]), 0, sound.index(str(IDS[-1]).encode()))
    damaged = sound[:at] + b"\1" + sound[at + 1 :]
    found = read("parquet", damaged, column="n")
    assert found.ids == IDS[:60]
    assert found.rejected[-1][0] == 61
    assert "CRC" in (found.unreadable or "")


class Failing(io.BytesIO):
    """A file on a disk that fails at a place."""

    def __init__(self, content: bytes, fails_at: int) -> None:
        super().__init__(content)
        self._fails_at = fails_at

    def read(self, size: int | None = -1) -> bytes:
        place = self.tell()
        got = super().read(size)
        if place < self._fails_at < self.tell():
            raise OSError(5, "Input/output error")
        return got


@every
@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_failing_disk_is_a_reason_wherever_it_fails(stored: str, share: float) -> None:
    content = write(stored, table_of("numbers"), 30)
    failing = Failing(content, 1 + round(share * (len(content) - 2)))
    chunks = read_table(
        "f", "parquet" if stored == "parquet" else "arrow", failing, Form(), None, 7, threading.Event()
    )
    assert together(list(chunks), 7).unreadable == "it cannot be read: input/output error"


def unreadable(stored: str, content: bytes, **options: Any) -> str:
    found: Found = read(stored, content, **options)
    assert found.ids == []
    return found.unreadable or ""


@every
def test_more_rows_than_bytes_can_tell_are_a_bomb(stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_ROWS_ALWAYS", 10)
    monkeypatch.setattr(files, "ROWS_A_BYTE", 1)
    content = write(stored, pa.table({"id": pa.array([5] * 100_000)}), 100_000, compression="zstd")
    assert "a decompression bomb: 100,000 rows in" in unreadable(stored, content)


def test_parquet_column_that_inflates_too_much_is_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_INFLATED_ALWAYS", 10)
    table = pa.table({"id": ["0" * 3_000_000], "n": [5]})
    content = write("parquet", table, use_dictionary=False, compression="zstd")
    assert "a decompression bomb: 3,000," in unreadable("parquet", content)
    assert read("parquet", content, column="n").ids == [5]


@pytest.mark.parametrize("is_encoded", [False, True])
def test_arrow_record_batch_that_inflates_too_much_is_refused(
    is_encoded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_messages, "BODY_CAP", 1_000_000)
    column = pa.array(["0" * 3_000_000])
    table = pa.table({"id": column.dictionary_encode() if is_encoded else column})
    content = write("arrow stream", table, compression="zstd")
    assert "write smaller record batches" in unreadable("arrow stream", content)


def test_dictionaries_that_grow_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_messages, "BODY_CAP", 1_000_000)
    out = io.BytesIO()
    texts = ["0" * 300_000 + str(number) for number in range(9)]
    kind = pa.dictionary(pa.int8(), pa.string())
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True, compression="zstd")
    with pa.ipc.new_stream(out, pa.schema({"id": kind}), options=options) as writer:
        for n in range(1, 9):
            grown = pa.DictionaryArray.from_arrays(pa.array([n - 1], pa.int8()), pa.array(texts[:n]))
            writer.write_batch(pa.record_batch({"id": grown}))
    found = read("arrow stream", out.getvalue(), column="id")
    assert "the dictionaries, of 1," in (found.unreadable or "")
    assert len(found.rejected) == 4


@pytest.mark.parametrize(
    "options", [{}, {"use_dictionary": False, "column_encoding": {"id": "DELTA_BYTE_ARRAY"}}]
)
def test_long_value_that_is_stored_once_for_many_rows_takes_bounded_memory(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_VALUES_CAP", 1_000_000)
    monkeypatch.setattr(files, "_FEW_ROWS", 10)
    content = write("parquet", pa.table({"id": ["7" * 100_000] * 900}), compression="zstd", **options)
    before = pa.total_allocated_bytes()
    peak_bytes = n_rejected = 0
    for chunk in read_table("f", "parquet", io.BytesIO(content), Form(), None, 9, threading.Event()):
        n_rejected += len(chunk.rejected)
        peak_bytes = max(peak_bytes, pa.total_allocated_bytes() - before)
    assert (n_rejected, peak_bytes < 4_000_000) == (900, True)


def test_long_value_in_every_row_is_not_copied_for_each() -> None:
    views = pa.array(["7" * 70_000], pa.string_view()).buffers()
    many = pa.Array.from_buffers(
        pa.string_view(), 3000, [None, pa.py_buffer(views[1].to_pybytes()[:16] * 3000), views[2]]
    )
    content = write("arrow stream", pa.table({"id": many, "who": many}), 3000)
    before = pa.default_memory_pool().max_memory()
    found = read("arrow stream", content, owner_column="who")
    assert len(found.rejected) == 3000
    assert pa.default_memory_pool().max_memory() - before < 50_000_000
