"""Lists of inputs."""

import io
import os
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.errors import UsageError
from harvester.sources import find_sources
from harvester.sources.places.listing import spelled_out


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder one is in: a.txt, b.txt, @c.txt, in/d.csv."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for name in ("a.txt", "b.txt", "@c.txt", "in/d.csv"):
        Path(name).write_text("1\n")
    return tmp_path


def names(*arguments: str) -> list[str]:
    return [source.name for source in find_sources(arguments)]


def test_list_stands_for_what_is_written_in_it(folder: Path) -> None:
    Path("list.txt").write_text("# ours\n\nin\n  b.txt\t\n?.txt\n")
    assert names("@list.txt", "./@c.txt") == ["in/d.csv", "b.txt", "a.txt", "./@c.txt"]


def test_list_as_windows_writes_it_is_read(folder: Path) -> None:
    Path("list.txt").write_bytes(b"\xef\xbb\xbfa.txt\r\n\r\nb.txt")
    assert names("@list.txt") == ["a.txt", "b.txt"]


def test_names_in_a_list_need_not_be_text(folder: Path) -> None:
    Path(os.fsdecode(b"\xff.txt")).write_text("1\n")
    Path("list.txt").write_bytes(b"\xff.txt\n")
    assert names("@list.txt") == [os.fsdecode(b"\xff.txt")]


def test_list_is_read_from_standard_input(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a.txt\nb.txt\n"), fileno=unsupported)
    )
    assert names("@-") == ["a.txt", "b.txt"]


@pytest.mark.parametrize("is_none", [True, False])
def test_list_on_closed_standard_input_is_told(monkeypatch: pytest.MonkeyPatch, *, is_none: bool) -> None:
    with Path(os.devnull).open() as closed:
        pass
    monkeypatch.setattr("sys.stdin", None if is_none else closed)
    with pytest.raises(UsageError, match=r"the list on standard input: .* standard input is closed"):
        names("@-")


def unsupported() -> int:
    raise io.UnsupportedOperation


def test_list_is_read_from_a_pipe_until_told_to_stop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"a.txt\nb.")
    stop = Event()
    with os.fdopen(reading) as pipe, os.fdopen(writing, "w"):
        monkeypatch.setattr("sys.stdin", pipe)
        entries = spelled_out(["@-"], stop)
        assert next(entries).text == "a.txt"
        stop.set()
        with pytest.raises(UsageError, match="told to stop"):
            next(entries)


def test_list_may_name_a_list_but_that_no_further(folder: Path) -> None:
    Path("one").write_text("@two\n")
    Path("two").write_text("a.txt\n")
    assert names("@one") == ["a.txt"]
    Path("two").write_text("a.txt\n@three\n")
    with pytest.raises(UsageError, match=r"^two:2: @three: a list in a list of lists is too deep"):
        names("@one")


def test_list_that_names_itself_ends(folder: Path) -> None:
    Path("one").write_text("@one\n")
    with pytest.raises(UsageError, match=r"one:1: .* too deep"):
        names("@one")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a.txt\n\nnone.txt\n", r"^list:3: 'none.txt': no such file"),
        (b"*.csv\n", r"^list:1: \*.csv: no file matches"),
        (b"a.txt\n1060976163948904448\n", r"^list:2: '1060976163948904448' is a tweet ID and no path"),
        (b"x" * 70_000, "^list:1: the line is too long for a path"),
        (b"a\0b\n", "^list:1: .*no such file"),
        (b"# nothing\n", "^@list: no data files there"),
    ],
)
def test_what_is_wrong_in_a_list_is_told_with_its_line(folder: Path, content: bytes, message: str) -> None:
    Path("list").write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        names("@list")
    assert caught.value.hint


@pytest.mark.parametrize("argument", ["@none", "@in", "@"])
def test_list_that_cannot_be_read_is_told(folder: Path, argument: str) -> None:
    with pytest.raises(UsageError, match="this list cannot be read") as caught:
        names(argument)
    assert "./@" in str(caught.value.hint)


@pytest.mark.parametrize("arguments", [("-", "@-"), ("@-", "-"), ("@-", "@-"), ("@list", "-")])
def test_standard_input_is_not_wanted_twice(
    folder: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("list").write_text("@-\n")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a.txt\n"), fileno=unsupported))
    with pytest.raises(UsageError, match="is wanted once more"):
        names(*arguments)


@given(st.binary(max_size=300))
def test_no_list_crashes_the_reader(content: bytes) -> None:
    path = Path("/dev/shm" if Path("/dev/shm").is_dir() else ".") / f"harvester-list-{os.getpid()}"
    path.write_bytes(content)
    try:
        entries = list(spelled_out([f"@{path}"], Event()))
    except UsageError:
        return
    finally:
        path.unlink()
    assert all(entry.text.strip() and entry.place for entry in entries)
