"""Compressed files: the same is found however they are read, and what is sound before damage is kept."""

import gzip
import lzma
import os
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvester.sources import find_sources, read_chunks
from harvester.sources.layers import decompress, slices
from harvester.sources.layers.decompress import Codec, Inflater
from harvester.sources.layers.zstandard import zstd
from tests.sources.compressed import COMPRESS, ID, Found, read

RNG = random.Random(4)
IDS = [RNG.randrange(2**60, 2**61) for _ in range(400)]
TEXT = b"".join(b"%d\n" % tweet_id for tweet_id in IDS)
STORED = {name: compress(TEXT) for name, compress in COMPRESS.items()}
STREAMS = [name for name in COMPRESS if name != "zip"]
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices and steps so small that a test's file has many."""
    monkeypatch.setattr(slices, "SLICE_BYTES", 100)
    monkeypatch.setattr("harvester.sources.layers.zip_members.SLICE_BYTES", 100)
    monkeypatch.setattr(decompress, "STEP_BYTES", 150)


@pytest.fixture(params=["isal", "zlib"])
def inflating(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what is installed, and as without it."""
    if request.param == "zlib":
        by_zlib = Codec("gzip", partial(Inflater, 31), (b"\x1f\x8b",))
        monkeypatch.setitem(decompress.CODECS, "gzip", by_zlib)


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Found]:
    def read_content(content: bytes, chunk_bytes: int = 256 * 1024) -> Found:
        path = tmp_path / "file"
        path.write_bytes(content)
        return read(path, chunk_bytes)

    return read_content


ReadBytes = Callable[..., Found]


@pytest.mark.parametrize("name", COMPRESS)
def test_compressed_text_is_read_whatever_compressed_it(read_bytes: ReadBytes, name: str) -> None:
    found = read_bytes(STORED[name])
    assert (found.ids, found.rejected, found.reasons, found.compressions) == (IDS, [], [], {name})


@pytest.mark.parametrize("name", STREAMS)
def test_members_and_padding_are_one_text(read_bytes: ReadBytes, inflating: None, name: str) -> None:
    compress = COMPRESS[name]
    stored = compress(b"1\n2") + compress(b"") + compress(b"3\n4\n") + b"\0" * 512
    found = read_bytes(stored)
    assert (found.ids, found.reasons) == ([1, 23, 4], [])


@quick
@given(
    st.sampled_from([b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff"]),
    st.binary(max_size=60),
    st.integers(1, 9),
)
def test_any_bytes_after_a_byte_order_mark_give_the_same_however_they_are_read(
    read_bytes: ReadBytes, mark: bytes, rest: bytes, chunk_bytes: int
) -> None:
    assert read_bytes(mark + rest, chunk_bytes) == read_bytes(mark + rest)


@quick
@given(st.sampled_from(sorted(COMPRESS)), st.integers(0, 10**6), st.integers(1, 255), st.integers(20, 5000))
def test_damaged_file_gives_the_same_however_it_is_read(
    read_bytes: ReadBytes, small: None, name: str, place: int, change: int, chunk_bytes: int
) -> None:
    damaged = bytearray(STORED[name])
    damaged[place % len(damaged)] ^= change
    assert read_bytes(bytes(damaged), chunk_bytes) == read_bytes(bytes(damaged))


@quick
@given(st.sampled_from(sorted(COMPRESS)), st.integers(14, 10**6), st.integers(1, 5000))
def test_cut_file_keeps_what_came_before_and_says_so(
    read_bytes: ReadBytes, small: None, name: str, place: int, chunk_bytes: int
) -> None:
    cut = STORED[name][: max(14, place % len(STORED[name]))]
    found = read_bytes(cut, chunk_bytes)
    assert found.ids == IDS[: len(found.ids)]
    assert found.reasons
    assert "cut off" in found.reasons[-1]
    assert found == read_bytes(cut)


@pytest.mark.parametrize("name", STREAMS)
def test_torn_last_line_is_no_id(read_bytes: ReadBytes, inflating: None, name: str) -> None:
    whole = COMPRESS[name](b"%d\n%d" % (ID, ID)) if name != "gzip" else gzip.compress(b"%d\n%d" % (ID, ID), 0)
    found = read_bytes(whole[:-2])
    assert found.ids == [ID][: len(found.ids)]
    (reason,) = found.reasons
    assert reason == f"the {name} data ends in the middle, the file is cut off"
    assert all(line == len(found.ids) + 1 for _, line, _ in found.unreadable)


def test_gzip_that_is_cut_loses_nothing_that_was_there(read_bytes: ReadBytes, inflating: None) -> None:
    found = read_bytes(gzip.compress(TEXT, 0)[:-12])
    assert found.ids == IDS[:-1]
    assert [(line, text) for _, line, text in found.unreadable] == [(400, str(IDS[-1])[:16])]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 7, 1000])
def test_text_in_wide_characters_is_read_wherever_its_mark_is_cut(
    read_bytes: ReadBytes, encoding: str, chunk_bytes: int
) -> None:
    found = read_bytes("\ufefftweet_id\tJörg 😀\r\n5\t😀\r\n6\tx".encode(encoding), chunk_bytes)
    assert (found.ids, found.rejected, found.reasons) == ([5, 6], [], [])


@pytest.mark.parametrize("name", STREAMS)
def test_what_follows_that_is_not_compressed_is_named(
    read_bytes: ReadBytes, inflating: None, name: str
) -> None:
    found = read_bytes(STORED[name] + b"\0\0some text, long enough to be none")
    assert found.ids == IDS
    assert [reason.partition(" (")[0] for reason in found.reasons] == [
        f"bytes that are no {name} data follow it"
    ]


def test_skippable_zstd_frames_are_passed_over(read_bytes: ReadBytes) -> None:
    skippable = b"\x5a\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"99\n99"
    found = read_bytes(skippable + zstd.compress(b"1\n") + skippable + zstd.compress(b"2\n") + skippable)
    assert (found.ids, found.reasons) == ([1, 2], [])


def with_large_window() -> bytes:
    compressor = zstd.ZstdCompressor(options={int(zstd.CompressionParameter.window_log): 30})
    return compressor.compress(b"1\n") + compressor.flush()


def with_large_dictionary() -> bytes:
    return lzma.compress(b"1\n", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 2**29}])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (with_large_window(), "the zstd data cannot be decompressed, it takes more than 128 MiB of memory"),
        (with_large_dictionary(), "the xz data cannot be decompressed, it takes more than 256 MiB of memory"),
    ],
)
def test_what_takes_too_much_memory_is_refused(read_bytes: ReadBytes, content: bytes, reason: str) -> None:
    assert read_bytes(content).reasons == [reason]


@pytest.mark.parametrize(("n_times", "is_read"), [(1, True), (2, True), (3, True), (4, False)])
def test_layers_are_decompressed_up_to_three(read_bytes: ReadBytes, n_times: int, is_read: bool) -> None:
    content = b"7\n"
    for name in ("gzip", "bzip2", "zstd", "xz")[:n_times]:
        content = COMPRESS[name](content)
    found = read_bytes(content)
    assert found.ids == ([7] if is_read else [])
    assert found.reasons == ([] if is_read else ["compressed more than 3 times over; decompress it"])
    assert found.compressions in ({"gzip"}, {"bzip2, gzip"}, {"zstd, bzip2, gzip"}, {"xz, zstd, bzip2"})


@pytest.mark.parametrize("name", STREAMS)
def test_decompression_bomb_is_cut_off(tmp_path: Path, name: str) -> None:
    member = COMPRESS[name](b"0" * 2**25)
    path = tmp_path / "bomb"
    path.write_bytes(member * 4)
    (reason,) = read(path).reasons
    assert reason.startswith("a decompression bomb: more than 64 MiB and more than 500 times what is stored")


def test_reading_that_is_given_up_leaves_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "ids.gz"
    path.write_bytes(gzip.compress(b"".join(b"%d\n" % (ID + n) for n in range(200_000))))
    before = set(threading.enumerate())
    chunks = read_chunks(find_sources([str(path)]), chunk_bytes=1000)
    assert all(len(next(chunks).ids) for _ in range(3))
    (thread,) = set(threading.enumerate()) - before
    del chunks
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_slow_compressed_pipe_gives_what_its_slices_hold(tmp_path: Path, small: None) -> None:
    """Of what was written, all but what is not yet a slice."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    chunks = read_chunks(find_sources([str(pipe)]))
    with pipe.open("r+b", buffering=0) as writer:
        writer.write(STORED["gzip"][:2050])
        ids = next(chunks).ids.tolist()
        assert len(ids) > 150
        writer.write(STORED["gzip"][2050:2350])
        ids += next(chunks).ids.tolist()
    assert ids == IDS[: len(ids)]
    assert len(ids) > 180


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("chunk_bytes", [1, 50, 1000, 10**6])
def test_file_that_grew_by_members_is_parted_where_it_ended(
    tmp_path: Path, small: None, name: str, chunk_bytes: int
) -> None:
    path = tmp_path / "ids"
    first = STORED[name]
    path.write_bytes(first + COMPRESS[name](b"1\n") + b"damage" * 50)
    (source,) = find_sources([str(path)])
    parts: list[list[int]] = [[]]
    for chunk in read_chunks([replace(source, ends_bytes=(len(first),))], chunk_bytes=chunk_bytes):
        parts[-1] += chunk.ids.tolist()
        if chunk.ends_part:
            parts.append([])
    assert parts == [IDS, [1]]
