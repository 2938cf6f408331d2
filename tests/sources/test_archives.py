"""Zip archives: which members are read, and what damage costs; what is refused; what goes to who reads tables."""

import errno
import gzip
import io
import os
import random
import struct
import tarfile
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvester.errors import StorageError
from harvester.sources import Form, Source, ends_whole, find_sources, read_chunks
from harvester.sources.layers.decoding import open_parts
from harvester.sources.layers.parts import Table, Text
from harvester.sources.layers.signatures import Foreign, recognise
from tests.sources.compressed import COMPRESS, Found, read, streamed_zip, zipped

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
RNG = random.Random(5)
MEMBERS = {
    name: b"".join(b"%d\n" % RNG.randrange(2**60, 2**61) for _ in range(60))
    for name in ("a.txt", "b/c.csv", "d")
}
IDS = [int(line) for content in MEMBERS.values() for line in content.split()]
quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Found]:
    def read_content(content: bytes, chunk_bytes: int = 256 * 1024) -> Found:
        path = tmp_path / "file.zip"
        path.write_bytes(content)
        found = read(path, chunk_bytes)
        found.files = [name.removeprefix(f"{tmp_path}/") for name in found.files]
        return found

    return read_content


ReadBytes = Callable[..., Found]


@pytest.mark.parametrize("pack", [zipped, streamed_zip])
def test_members_are_read_as_a_folder_s_files(
    read_bytes: ReadBytes, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    taken = {"b.txt": b"3\n", "a.txt": b"2\n", "a/z.csv": b"tweet_id\n1\n"}
    left_out = {
        "a/": b"",
        "README.md": b"9\n",
        ".hidden.txt": b"9\n",
        "x/.git/ids.txt": b"9\n",
        "__MACOSX/ids.txt": b"9\n",
        "x/_SUCCESS": b"9\n",
        "run/run.json": b"9\n",
        "run/journal.db": b"9\n",
        "run/old/ids.txt": b"9\n",
    }
    found = read_bytes(pack(left_out | taken))
    assert (found.ids, found.reasons) == ([1, 2, 3], [])
    assert found.files == ["file.zip/a/z.csv", "file.zip/a.txt", "file.zip/b.txt"]


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_member_is_read_whatever_packed_it(read_bytes: ReadBytes, method: int) -> None:
    found = read_bytes(zipped(MEMBERS, method))
    assert (found.ids, found.reasons, found.compressions) == (IDS, [], {"zip"})


def test_archive_without_a_data_file_is_unreadable(read_bytes: ReadBytes) -> None:
    assert read_bytes(zipped({"README.md": b"1\n"})).reasons == ["a zip archive without a data file"]
    assert read_bytes(zipped({})).reasons == ["a zip archive without a data file"]


def test_compressed_members_are_decompressed_in_their_turn(read_bytes: ReadBytes) -> None:
    inner = zipped({"deep.txt": b"2\n"})
    found = read_bytes(zipped({"a.gz": gzip.compress(b"1\n"), "b": inner, "c.txt": b"3\n"}))
    assert (found.ids, found.reasons) == ([1, 2, 3], [])
    assert found.compressions == {"zip, gzip", "zip, zip", "zip"}
    assert found.files == ["file.zip/a.gz", "file.zip/b/deep.txt", "file.zip/c.txt"]


def test_zip_in_gzip_is_read_from_a_temporary_file(read_bytes: ReadBytes) -> None:
    found = read_bytes(gzip.compress(zipped(MEMBERS)))
    assert (found.ids, found.compressions) == (IDS, {"gzip, zip"})


def test_control_characters_of_a_member_s_name_are_escaped(read_bytes: ReadBytes) -> None:
    assert read_bytes(zipped({"\x1b[31m.txt": b"1\n"})).files == ["file.zip/\\x1b[31m.txt"]


def patched(archive: bytes, name: bytes, **values: int) -> bytes:
    """The archive with other flags or another method of one member, in both of its headers."""
    changed = bytearray(archive)
    places = {"flags": (6, 8), "method": (8, 10)}
    for what, value in values.items():
        for signature, n_header, at in zip((b"PK\3\4", b"PK\1\2"), (30, 46), places[what], strict=True):
            header = (
                archive.index(name) - n_header if signature == b"PK\3\4" else archive.rindex(name) - n_header
            )
            assert archive[header : header + 4] == signature
            struct.pack_into("<H", changed, header + at, value)
    return bytes(changed)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"flags": 1}, "encrypted; unpack the archive with its password"),
        ({"method": 9}, "compressed with deflate64; unpack the archive, or pack it with deflate"),
        ({"method": 77}, "compressed with method 77; unpack the archive, or pack it with deflate"),
    ],
)
def test_member_that_cannot_be_read_does_no_harm_to_others(
    read_bytes: ReadBytes, values: dict[str, int], reason: str
) -> None:
    found = read_bytes(patched(zipped(MEMBERS), b"b/c.csv", **values))
    assert found.ids == IDS[:60] + IDS[120:]
    assert found.reasons == [reason]
    assert found.unreadable[0][0].endswith("file.zip/b/c.csv")


def test_damaged_member_does_no_harm_to_others(read_bytes: ReadBytes) -> None:
    archive = zipped(MEMBERS, zipfile.ZIP_STORED)
    found = read_bytes(archive.replace(b"%d" % IDS[70], b"%d" % (IDS[70] + 1)))
    assert found.ids[:60] + found.ids[-60:] == IDS[:60] + IDS[120:]
    assert found.reasons == ["the zip archive is damaged, the member's checksum is another one"]


@quick
@given(st.sampled_from([zipped, streamed_zip]), st.integers(4, 10**6))
def test_cut_archive_gives_the_members_that_are_whole_and_says_so(
    read_bytes: ReadBytes, pack: Callable[[dict[str, bytes]], bytes], place: int
) -> None:
    whole = pack(MEMBERS)
    found = read_bytes(whole[: max(4, place % len(whole))])
    assert found.ids == IDS[: len(found.ids)]
    assert found.reasons[-1].startswith("the zip archive is cut off or damaged: it has no directory")


def test_archive_that_lacks_only_its_directory_is_read_whole(read_bytes: ReadBytes) -> None:
    for whole in (zipped(MEMBERS), streamed_zip(MEMBERS)):
        found = read_bytes(whole[: whole.index(b"PK\1\2") + 20])
        assert found.ids == IDS
        assert len(found.reasons) == 1


def without_directory(members: dict[str, bytes]) -> bytes:
    """What makes that its members are found one after the other."""
    whole = streamed_zip(members)
    return whole[: whole.index(b"PK\1\2") + 4]


def test_nothing_is_found_behind_a_bomb(read_bytes: ReadBytes) -> None:
    found = read_bytes(without_directory({"a.txt": b"1\n", "b.txt": b"0" * 2**27, "c.txt": b"2\n"}))
    assert found.ids == [1]
    assert [reason.partition(":")[0] for reason in found.reasons] == ["a decompression bomb"]


@pytest.mark.parametrize("passed_over", [{}, {"README.md": b"9\n"}])
def test_stop_is_noticed_between_the_members_that_are_found(
    tmp_path: Path, passed_over: dict[str, bytes]
) -> None:
    path = tmp_path / "ids.zip"
    path.write_bytes(without_directory({"a.txt": b"1\n", **passed_over, "b.txt": b"2\n"}))
    stop = threading.Event()
    (source,) = find_sources([str(path)])
    parts = open_parts(source, 1000, stop)
    first = next(parts)
    assert isinstance(first, Text)
    assert b"".join(block.text for block in first.blocks) == b"1\n"
    stop.set()
    assert list(parts) == []


@quick
@given(
    st.sampled_from([zipped(MEMBERS), streamed_zip(MEMBERS), zipped(MEMBERS, zipfile.ZIP_LZMA)]),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6),
    st.integers(0, 400),
    st.integers(20, 5000),
)
def test_damaged_archive_gives_the_same_however_it_is_read(
    read_bytes: ReadBytes, archive: bytes, changes: list[tuple[int, int]], n_cut: int, chunk_bytes: int
) -> None:
    """Also with its directory damaged: the last of the archive is changed as often as all before it."""
    damaged = bytearray(archive)
    for place, byte in changes:
        damaged[-1 - place % (len(damaged) if place % 2 else 300)] = byte
    damaged = damaged[: len(damaged) - max(0, n_cut - 200)]
    found = read_bytes(bytes(damaged), chunk_bytes)
    assert found == read_bytes(bytes(damaged))
    assert all(tweet_id > 0 for tweet_id in found.ids)


def test_archives_behind_one_another_are_not_taken_for_the_last_of_them(read_bytes: ReadBytes) -> None:
    found = read_bytes(zipped({"a.txt": b"1\n"}) + zipped({"b.txt": b"2\n"}))
    assert found.ids == [1]
    assert found.reasons[0].startswith("the zip archive is cut off or damaged")


@pytest.mark.parametrize("is_cut", [False, True])
def test_archive_with_wide_numbers_is_read(
    read_bytes: ReadBytes, monkeypatch: pytest.MonkeyPatch, *, is_cut: bool
) -> None:
    """As of members beyond 4 GiB, by the directory and by the members' own headers."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    archive = zipped(MEMBERS)
    assert b"PK\6\6" in archive
    found = read_bytes(archive[:-1] if is_cut else archive)
    assert (found.ids, len(found.reasons)) == (IDS, is_cut)


def overlapping(content: bytes, n_members: int) -> bytes:
    """An archive with one member that its directory lists many times."""
    archive = zipped({"a.txt": content})
    begin = archive.index(b"PK\1\2")
    entry = archive[begin : archive.index(b"PK\5\6")]
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, n_members % 65536, n_members % 65536, len(entry) * n_members, begin, 0
    )
    return archive[:begin] + entry * n_members + end


def test_overlapping_members_are_a_bomb(read_bytes: ReadBytes) -> None:
    """What is stored is counted once, what comes out each time."""
    (reason,) = read_bytes(overlapping(b"0" * 2**20, 300)).reasons
    assert reason.startswith("a decompression bomb")


def test_archive_of_too_many_members_is_refused(read_bytes: ReadBytes) -> None:
    found = read_bytes(overlapping(b"1\n", 100_001))
    assert (found.ids, found.reasons) == ([], ["an archive of more than 100,000 members; unpack it"])


def test_archive_is_read_from_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(zipped(MEMBERS),))
    writer.start()
    chunks = list(read_chunks(find_sources([str(pipe)])))
    writer.join()
    assert [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()] == IDS
    assert sum(chunk.n_bytes for chunk in chunks) == len(zipped(MEMBERS))


def test_archive_that_changed_meanwhile_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "ids.zip"
    path.write_bytes(zipped(MEMBERS))
    (source,) = find_sources([str(path)])
    path.write_bytes(path.read_bytes() + b"more")
    (chunk,) = [chunk for chunk in read_chunks([source]) if chunk.unreadable]
    assert "it was changed meanwhile" in str(chunk.unreadable)


def tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("ids.txt"), io.BytesIO())
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (
            zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b"", "a.txt": b"1\n"}),
            "save the sheet as CSV",
        ),
        (tar(), "a tar archive"),
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 30, "a 7z archive"),
        (b"Rar!\x1a\x07\x01\x00", "a rar archive"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document"),
        (b"SQLite format 3\0" + b"\0" * 84, "an SQLite database"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504, "an old Office document"),
    ],
)
@pytest.mark.parametrize("compress", [bytes, COMPRESS["gzip"], COMPRESS["zip"]])
def test_foreign_content_is_refused_with_advice(
    read_bytes: ReadBytes, content: bytes, advice: str, compress: Callable[[bytes], bytes]
) -> None:
    found = read_bytes(compress(content))
    assert found.ids == []
    assert [advice in reason for reason in found.reasons] == [True]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"]\0\0",
        b"BZh9 is a flight\n",
        b"PARENT,id\n",
        b"ORCID,id\n",
        b"PK\n1\n",
        b"x" * 300,
        b"\xff" * 300,
    ],
)
def test_what_only_looks_like_a_signature_is_text(text: bytes) -> None:
    assert recognise(text) is None


TABLE = pa.table({"tweet_id": [1, 2, 3]})


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(TABLE, file)
    return file.getvalue()


def arrow(*, is_stream: bool) -> bytes:
    file = io.BytesIO()
    new = pa.ipc.new_stream if is_stream else pa.ipc.new_file
    with new(file, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(parquet(), "parquet"), (arrow(is_stream=False), "arrow"), (arrow(is_stream=True), "arrow")],
)
@pytest.mark.parametrize("compress", [bytes, COMPRESS["zstd"], COMPRESS["zip"]])
def test_table_is_handed_on_to_be_sought_in(
    tmp_path: Path, content: bytes, kind: str, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "table"
    path.write_bytes(compress(content))
    (source,) = find_sources([str(path)])
    parts = open_parts(source, 1000, threading.Event())
    table = next(parts)
    assert isinstance(table, Table)
    assert (table.kind, table.opened.seek(0)) == (kind, 0)
    assert table.opened.read() == content
    assert list(parts) == []
    assert table.opened.closed


def test_source_is_opened_by_what_it_brings_to_be_opened_with() -> None:
    content = zipped(MEMBERS)
    source = Source(
        "s3://bucket/ids.zip",
        len(content),
        pieces=lambda _n, _stop: iter((content,)),
        open=lambda _stop: io.BytesIO(content),
    )
    chunks = list(read_chunks([source]))
    assert [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()] == IDS


@pytest.mark.parametrize(
    "content", [zipped({"a.txt": b"1\n"}), parquet(), COMPRESS["gzip"](zipped({"a.txt": b"1\n"}))]
)
def test_archives_and_tables_have_no_lines_to_grow_by(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    (source,) = find_sources([str(path)])
    assert not ends_whole(source, len(content), Form(), threading.Event())
    assert not ends_whole(
        replace(source, size_bytes=len(content) - 1), len(content) - 1, Form(), threading.Event()
    )


@quick
@given(
    st.sampled_from(
        [b"\x1f\x8b\x08", b"BZh91AY&SY", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"PK\3\4", b"PK\5\6", b"PAR1"]
    ),
    st.binary(max_size=400),
    st.integers(1, 500),
)
def test_any_bytes_after_a_signature_give_the_same_however_they_are_read(
    read_bytes: ReadBytes, signature: bytes, rest: bytes, chunk_bytes: int
) -> None:
    assert read_bytes(signature + rest, chunk_bytes) == read_bytes(signature + rest)
    assert not isinstance(recognise(signature), Foreign)


def test_full_disk_is_no_damage_of_what_is_spooled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an end of the input it would be committed, and the run could not be gone on with."""

    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    source = Source("-", None, pieces=lambda *_: iter([b"PK\x03\x04" + b"\0" * 50]))
    with pytest.raises(StorageError, match="temporary files: no space left on device"):
        list(read_chunks([source]))
