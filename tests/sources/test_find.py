"""From arguments to files."""

import os
import socket
from pathlib import Path

import pytest

from harvester.errors import UsageError
from harvester.sources import Source, find_sources
from harvester.sources.naming import has_data_ending, is_documentation


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "b.txt",
        "a.csv",
        "README.md",
        ".hidden.txt",
        "_SUCCESS",
        "deep/c.txt.gz",
        "deep/part-00000",
    ):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*arguments: str, run_directory: str | None = None) -> list[str]:
    return [source.name for source in find_sources(arguments, run_directory)]


IN_FOLDER = ["in/a.csv", "in/b.txt", "in/deep/c.txt.gz", "in/deep/part-00000"]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["in"], IN_FOLDER),
        (["in/b.txt", "in"], ["in/b.txt", "in/a.csv", *IN_FOLDER[2:]]),
        (["in/README.md"], ["in/README.md"]),
        (["in/.hidden.txt"], ["in/.hidden.txt"]),
        (["in/*.*"], ["in/a.csv", "in/b.txt"]),
        (["in/**/*.gz", "in/deep/../deep/c.txt.gz"], ["in/deep/c.txt.gz"]),
        (["-", "in/a.csv", "-"], ["-", "in/a.csv"]),
    ],
)
def test_arguments_mean_their_files_once_and_in_order(
    folder: Path, arguments: list[str], found: list[str]
) -> None:
    assert names(*arguments) == found


@pytest.fixture
def runs(folder: Path) -> Path:
    """Beside the input, a run directory of somebody's and this run's own, which both hold a list and IDs."""
    for run in ("in/other", "in/own"):
        Path(run, "ids").mkdir(parents=True)
        for name in ("run.json", "journal.db", "top_tweets.csv", "ids/d.txt"):
            Path(run, name).write_text("1\n")
    return folder


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["in"], IN_FOLDER),
        (["in/*"], ["in/_SUCCESS", *IN_FOLDER]),
        (["in/a.csv", "in/deep", "in/other", "in/own"], ["in/a.csv", *IN_FOLDER[2:]]),
        (["in/o*/*.csv"], ["in/other/top_tweets.csv"]),
        (["in/**/d.txt"], ["in/other/ids/d.txt"]),
        (["in/own/top_tweets.csv", "in/own/ids/d.txt"], ["in/own/top_tweets.csv", "in/own/ids/d.txt"]),
        (["in/own/ids"], ["in/own/ids/d.txt"]),
    ],
)
def test_what_a_run_wrote_is_no_input_unless_it_is_named(
    runs: Path, arguments: list[str], found: list[str]
) -> None:
    """As a shell spells the glob out, too: then the run directories are among the arguments."""
    assert names(*arguments, run_directory="in/../in/own") == found


@pytest.mark.parametrize("arguments", [["in"], ["in/*"], ["."], ["*/*"]])
def test_arguments_mean_the_same_files_before_and_after_a_run_that_writes_among_them(
    folder: Path, arguments: list[str]
) -> None:
    before = names(*arguments, run_directory="in/new")
    Path("in/new").mkdir()
    for name in ("run.json", "top_tweets.csv"):
        Path("in/new", name).write_text("1\n")
    assert names(*arguments, run_directory="in/new") == before


@pytest.mark.parametrize("arguments", [["in/own"], ["in/own/*"], ["in/other", "in/own"]])
def test_nothing_but_run_directories_is_a_usage_error(runs: Path, arguments: list[str]) -> None:
    with pytest.raises(UsageError, match="no data files there") as caught:
        names(*arguments, run_directory="in/own")
    assert "itself is named" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("name", "is_data"),
    [
        ("ids.txt", True),
        ("IDS.TXT", True),
        ("ids.csv.gz", True),
        ("ids.gz", True),
        ("part-00000", True),
        ("ids.2026-11-01", True),
        ("tweets.ndjson", True),
        ("tweets.js", True),
        ("ids.csv.zst", True),
        ("ids.csv.bz2", True),
        ("archive.zip", True),
        ("part-0.snappy.parquet", True),
        ("notes.md.xz", False),
        ("README.md", False),
        ("notes.md.gz", False),
        ("run.ipynb", False),
        ("report.html", False),
    ],
)
def test_file_in_a_folder_is_taken_by_its_ending(name: str, is_data: bool) -> None:
    assert has_data_ending(name) is is_data


def test_documentation_is_left_out_beside_data_and_that_is_said_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("LICENSE", "figure.png", "CHANGES.csv"):
        Path("in", name).write_text("1\n")
    assert names("in/README.md", "in/LICENSE", "in/figure.png", "in/CHANGES.csv") == ["in/CHANGES.csv"]
    assert caplog.messages == ["left out, as they are no data: in/README.md, in/LICENSE, in/figure.png"]


def test_documentation_without_data_beside_it_is_taken(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert names("in/README.md") == names("in/*.md") == ["in/README.md"]
    assert not caplog.messages


def test_much_documentation_is_said_in_a_short_line(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(9):
        Path("in", f"{number}.md").write_text("1\n")
    assert names("in/*.*") == ["in/a.csv", "in/b.txt"]
    assert caplog.messages[0].endswith("in/0.md, in/1.md, in/2.md, in/3.md, in/4.md and 5 more")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("in/LICENSE", True),
        ("Readme.TXT", True),
        ("README.de.md", True),
        ("license_ids.txt", False),
        ("readme.csv", False),
        ("notes/ids.txt", False),
        ("s3://b/README.md", True),
        ("-", False),
    ],
)
def test_documentation_is_known_by_its_name(name: str, is_one: bool) -> None:
    assert is_documentation(name) is is_one


def test_what_a_mac_adds_to_an_archive_is_no_input(folder: Path) -> None:
    Path("in/__MACOSX").mkdir()
    Path("in/__MACOSX/b.txt").write_text("1\n")
    assert names("in") == IN_FOLDER


def test_what_a_glob_finds_is_never_taken_for_a_list_or_standard_input(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("in/deep")
    Path("@ids.txt").write_text("1\n")
    Path("-").write_text("1\n")
    assert names("*") == ["./-", "./@ids.txt", "c.txt.gz", "part-00000"]


def test_url_of_a_local_file_is_its_path(folder: Path) -> None:
    Path("in/a b.txt").write_text("1\n")
    found = [f"{folder}/in/a b.txt", f"{folder}/in/a.csv"]
    assert names(f"file://{folder}/in/a%20b.txt", f"file://localhost{folder}/in/a.csv") == found
    assert names(f"file://{folder}/in/a*") == found


def test_name_with_glob_characters_is_a_file_when_it_exists(folder: Path) -> None:
    Path("a[1].txt").write_text("1\n")
    assert names("a[1].txt") == ["a[1].txt"]


def test_linked_folder_is_walked_once_when_it_links_back(folder: Path) -> None:
    Path("in/deep/up").symlink_to(folder / "in")
    assert names("in") == IN_FOLDER


def test_source_knows_the_size_of_a_file_only(folder: Path) -> None:
    os.mkfifo("in/pipe")
    assert find_sources(["in/a.csv", "-", "in/pipe"]) == (
        Source("in/a.csv", 2),
        Source("-", None),
        Source("in/pipe", None),
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no input given"),
        (["in/nothing.txt"], "'in/nothing.txt': no such file or folder"),
        (["in/*.parquet"], r"in/\*.parquet: no file matches"),
        (["in/empty"], "in/empty: no data files in this folder"),
        (["in/dangling.txt"], "in/dangling.txt: cannot be opened: no such file or directory"),
        (["in/socket"], "in/socket: neither a file nor a folder nor a pipe"),
    ],
)
def test_argument_without_files_is_a_usage_error_with_a_hint(
    folder: Path, arguments: list[str], message: str
) -> None:
    Path("in/empty").mkdir()
    Path("in/dangling.txt").symlink_to("gone.txt")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("in/socket")
        with pytest.raises(UsageError, match=message) as caught:
            find_sources(arguments)
    assert caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission_is_a_usage_error(folder: Path) -> None:
    Path("in/a.csv").chmod(0)
    with pytest.raises(UsageError, match="permission denied"):
        find_sources(["in"])
