"""In what an input is another one than it was, and when it only grew."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import orjson
import pytest

from harvester.errors import UsageError
from harvester.rundir.inputs import Change, Found, InputFile, change_between, look_at, look_at_sizes
from harvester.rundir.manifest import new_manifest, read_manifest, write_manifest
from harvester.rundir.seals import sealed
from harvester.sources import Form, Source, find_sources


def files_now(*paths: Path) -> list[InputFile]:
    """The inputs as a run notes them."""
    return [found.file for found in look_at(find_sources([str(path) for path in paths]), (), Form())]


def change(before: list[InputFile], *paths: Path) -> Change | None:
    return change_between(before, look_at(find_sources([str(path) for path in paths]), before, Form()))


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    path = tmp_path / "ids.txt"
    path.write_bytes(b"1\n2\n3\n")
    return path


def test_same_input_has_not_changed(ids: Path) -> None:
    assert change(files_now(ids), ids) is None


@pytest.mark.parametrize(
    ("content", "how"),
    [
        (b"1\n2\n4\n", "was edited: it has 6 bytes as before, but others"),
        (b"1\n2\n", "has shrunk from 6 bytes to 4 bytes"),
        (b"1\n2\n4\n5\n", "has grown from 6 bytes to 8 bytes, and its beginning is another"),
        (b"", "has shrunk from 6 bytes to 0 bytes"),
    ],
)
def test_other_content_is_told_and_cannot_be_gone_on_with(ids: Path, content: bytes, how: str) -> None:
    before = files_now(ids)
    ids.write_bytes(content)
    found = change(before, ids)
    assert found
    assert (found.how, found.grown) == (f"{ids} {how}", None)
    assert "--continue-grown" not in str(found.error(ids).hint)


def test_file_that_grew_at_its_end_can_be_gone_on_with_again_and_again(ids: Path) -> None:
    before = files_now(ids)
    for n_bytes in (8, 10):
        ids.write_bytes(b"1\n2\n3\n4\n5\n"[:n_bytes])
        found = change(before, ids)
        assert found
        assert found.grown
        assert found.how == f"{ids} has grown from {n_bytes - 2} bytes to {n_bytes} bytes"
        assert "--continue-grown" in str(found.error(ids).hint)
        before = list(found.grown)
    assert (before[0].size_bytes, before[0].ends_bytes) == (10, (6, 8))
    assert change(before, ids) is None


def test_line_that_was_not_whole_is_no_end_to_grow_at(ids: Path) -> None:
    ids.write_bytes(b"1\n2\n3")
    before = files_now(ids)
    ids.write_bytes(b"1\n2\n345\n")
    found = change(before, ids)
    assert found
    assert (found.how, found.grown) == (
        f"{ids} has grown from 5 bytes to 8 bytes, within its last line",
        None,
    )


def test_file_of_a_single_byte_can_be_looked_at_again(ids: Path) -> None:
    ids.write_bytes(b"7")
    before = files_now(ids)
    ids.write_bytes(b"78\n")
    found = change(before, ids)
    assert found
    assert found.how.endswith("within its last line")


def test_gzip_grows_by_members(ids: Path) -> None:
    ids.write_bytes(gzip.compress(b"1\n"))
    before = files_now(ids)
    ids.write_bytes(ids.read_bytes() + gzip.compress(b"2\n"))
    found = change(before, ids)
    assert found
    assert found.grown


TORN = gzip.compress(b"1\n2")
CUT = gzip.compress(b"1\n2\n" * 99)[:-12]


@pytest.mark.parametrize("content", [TORN, CUT], ids=["torn", "cut"])
def test_gzip_that_ended_within_a_line_or_was_cut_is_no_end_to_grow_at(ids: Path, content: bytes) -> None:
    ids.write_bytes(content)
    before = files_now(ids)
    ids.write_bytes(content + gzip.compress(b"345\n"))
    found = change(before, ids)
    assert found
    assert found.grown is None


@pytest.mark.parametrize(
    ("content", "rest"),
    [
        (b'[\n {"id_str":"21"},\n', b' {"id_str":"22"}\n]\n'),
        (b'tweet_id,note\n21,"a\n', b'b"\n22,x\n'),
    ],
    ids=["document", "quoted cell"],
)
def test_end_of_a_line_within_something_is_no_end_to_grow_at(ids: Path, content: bytes, rest: bytes) -> None:
    ids.write_bytes(content)
    before = files_now(ids)
    ids.write_bytes(content + rest)
    found = change(before, ids)
    assert found
    assert found.grown is None
    ids.write_bytes(content + rest)
    before = files_now(ids)
    ids.write_bytes(content + rest + b"\n")
    found = change(before, ids)
    assert found
    assert found.grown


def test_sample_that_grew_is_not_said_to_be_another() -> None:
    found = change_between([InputFile("a", 5)], [Found(InputFile("a", 9))])
    assert found
    assert found.how == "a has grown from 5 bytes to 9 bytes"


def test_new_file_at_the_end_is_growth_and_elsewhere_it_is_not(ids: Path, tmp_path: Path) -> None:
    before = files_now(ids)
    other = tmp_path / "other.txt"
    other.write_bytes(b"9\n")
    behind, ahead = change(before, ids, other), change(before, other, ids)
    assert behind
    assert ahead
    assert behind.how == f"{other} is new"
    assert behind.grown
    assert [(file.name, file.ends_bytes) for file in behind.grown] == [(str(ids), (6,)), (str(other), ())]
    assert (ahead.how, ahead.grown) == (f"{ids} was there, and now it is {other}", None)


def test_file_before_the_last_one_may_not_grow(ids: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_bytes(b"9\n")
    before = files_now(ids, other)
    ids.write_bytes(b"1\n2\n3\n4\n")
    found = change(before, ids, other)
    assert found
    assert found.grown is None


def test_moved_and_missing_files_are_named(ids: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_bytes(b"9\n")
    before = files_now(ids, other)
    fewer = change(before, ids)
    moved = other.rename(tmp_path / "moved.txt")
    elsewhere = change(before, ids, moved)
    assert fewer
    assert elsewhere
    assert fewer.how == f"{other} is not there any more"
    assert elsewhere.how == f"{other} was moved to {moved}"


def test_stream_is_looked_at_elsewhere() -> None:
    stream = Source("-", None)
    assert change_between([InputFile("-", None)], look_at([stream], (), Form())) is None


def test_file_that_went_meanwhile_is_told(ids: Path) -> None:
    sources = find_sources([str(ids)])
    ids.unlink()
    with pytest.raises(UsageError, match="cannot be read: no such file"):
        look_at(sources, (), Form())


REMOTE = InputFile("https://host/ids.txt", 6, version='ETag "one"')


def no_pieces(chunk_bytes: int, stop: Event) -> Iterator[bytes]:
    pytest.fail(f"{chunk_bytes} bytes are read, until {stop}")


def remote(
    version: str | None = 'ETag "one"', size_bytes: int | None = 6, *, is_shortened: bool = False
) -> Source:
    name = "https://host/ids.txt"
    return Source(name, size_bytes, pieces=no_pieces, version=version, is_shortened=is_shortened)


def test_object_is_looked_at_without_being_read() -> None:
    assert [found.file for found in look_at([remote()], (), Form())] == [REMOTE]
    assert [found.file for found in look_at_sizes([remote()])] == [REMOTE]
    (shortened,) = look_at([remote(is_shortened=True)], (), Form())
    assert shortened.file.is_shortened


def test_object_without_a_size_is_looked_at_as_a_stream() -> None:
    assert [found.file for found in look_at([remote(size_bytes=None)], (), Form())] == [
        InputFile("https://host/ids.txt", None)
    ]


@pytest.mark.parametrize(
    ("now", "how"),
    [
        (remote(), None),
        (remote('ETag "two"'), 'has version ETag "two", and had version ETag "one"'),
        (remote(None), 'has no known version, and had version ETag "one"'),
        (remote('ETag "two"', 9), "has grown from 6 bytes to 9 bytes"),
        (remote('ETag "two"', 3), "has shrunk from 6 bytes to 3 bytes"),
        (remote(None, None), "had 6 bytes and has no known size"),
    ],
)
def test_object_has_changed_when_its_version_or_size_is_another(now: Source, how: str | None) -> None:
    found = change_between([REMOTE], look_at([now], [REMOTE], Form()))
    assert (found and found.how) == (how and f"https://host/ids.txt {how}")
    assert found is None or found.grown is None


def test_file_behind_an_object_may_be_new(ids: Path) -> None:
    found = change_between([REMOTE], look_at([remote(), *find_sources([str(ids)])], [REMOTE], Form()))
    assert found
    assert found.grown
    assert found.grown[0] == replace(REMOTE, ends_bytes=(6,))


@pytest.mark.parametrize("missing", [("version", "is_shortened"), ()])
def test_manifest_of_an_older_version_is_read(tmp_path: Path, missing: tuple[str, ...]) -> None:
    path = tmp_path / "run.json"
    write_manifest(path, new_manifest({"endpoint": ["totals"]}, [InputFile("a", 5, "00")], 0, "0.1"))
    document = json.loads(path.read_text())
    del document["check"]
    for name in missing:
        del document["inputs"][0][name]
    path.write_bytes(orjson.dumps(sealed(document), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    found = read_manifest(path)
    assert found
    assert found.inputs == [InputFile("a", 5, "00")]


def test_manifest_keeps_the_version_of_an_object(tmp_path: Path) -> None:
    file = replace(REMOTE, is_shortened=True)
    write_manifest(tmp_path / "run.json", new_manifest({"endpoint": ["totals"]}, [file], 0, "0.1"))
    found = read_manifest(tmp_path / "run.json")
    assert found
    assert found.inputs == [file]
