"""What URLs mean: objects, folders and patterns of stores, and what is missing to read them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from harvester.errors import RunDirectoryError, UsageError
from harvester.sources import find_sources
from harvester.sources.remote.buckets import told_by
from harvester.sources.remote.objects import Told
from tests.sources.test_remote import CANARY, CONTENT, IDS, ids_of


@pytest.mark.parametrize(("url", "extra"), [("https://h/x", "remote"), ("s3://b/x", "s3")])
def test_url_without_the_extra_says_what_to_install(
    url: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UsageError, match="takes more than is installed") as caught:
        find_sources([url])
    assert caught.value.hint == f"pip install 'harvester[{extra}]'"


@pytest.mark.parametrize(
    ("url", "module", "extra"), [("s3://b/x", "s3fs", "s3"), ("gs://b/x", "gcsfs", "gcs")]
)
def test_store_without_its_extra_says_what_to_install(
    url: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match="takes more than is installed") as caught:
        find_sources([url])
    assert caught.value.hint == f"pip install 'harvester[{extra}]'"


@pytest.fixture
def memory() -> Iterator[None]:
    """A store with a bucket `in`: data, documentation, hidden files, a run directory."""
    files = fsspec.filesystem("memory")
    for name in (
        "a.csv",
        "b/c.txt.gz",
        "b/.hidden.txt",
        "b/README.md",
        "__MACOSX/a.csv",
        "run/run.json",
        "run/journal.db",
        "run/ids/top.csv",
        "z.txt",
    ):
        files.pipe_file(f"/in/{name}", b"1\n")
    yield
    files.store.clear()
    files.pseudo_dirs[:] = [""]


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("memory://in", ["a.csv", "b/c.txt.gz", "z.txt"]),
        ("memory://in/", ["a.csv", "b/c.txt.gz", "z.txt"]),
        ("memory://in/*.?s*", ["a.csv"]),
        (
            "memory://in/*/*",
            ["__MACOSX/a.csv", "b/c.txt.gz", "run/journal.db", "run/run.json", "run/ids/top.csv"],
        ),
        ("memory://in/b/README.md", ["b/README.md"]),
        ("memory://in/run/run.json", ["run/run.json"]),
        ("memory://in/b/.hidden.txt", ["b/.hidden.txt"]),
    ],
)
def test_folders_and_globs_of_a_store_mean_their_files(url: str, found: list[str]) -> None:
    assert sorted(source.name for source in find_sources([url])) == sorted(f"memory://in/{n}" for n in found)


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("memory://in/none.txt", "cannot be opened: nothing is there"),
        ("memory://in/*.parquet", "cannot be opened: nothing matches"),
        ("memory://none/*", "cannot be opened: nothing matches"),
        ("memory://in/run", "no data files there"),
    ],
)
def test_url_of_nothing_is_told(url: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        find_sources([url])
    assert caught.value.hint


@pytest.mark.usefixtures("memory")
def test_object_of_a_store_is_read_with_its_version() -> None:
    fsspec.filesystem("memory").pipe_file("/in/a.csv", CONTENT)
    (source,) = find_sources(["memory://in/a.csv"])
    assert (source.size_bytes, ids_of(source)) == (len(CONTENT), IDS)
    assert str(source.version).startswith("created 2")
    fsspec.filesystem("memory").pipe_file("/in/a.csv", CONTENT)
    assert find_sources(["memory://in/a.csv"])[0].version != source.version
    with pytest.raises(RunDirectoryError, match=r"memory://in/a\.csv: the input has changed"):
        ids_of(source)


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ({"size": 5, "ETag": '"e"', "LastModified": "then", "VersionId": "v"}, Told(5, 'ETag "e"')),
        ({"size": 5, "md5Hash": "m", "etag": "e", "generation": "1"}, Told(5, "md5Hash m")),
        ({"size": 5, "generation": "1"}, Told(5, "generation 1")),
        ({"size": None}, Told(None, None)),
    ],
)
def test_version_is_what_tells_content_best(details: dict[str, object], told: Told) -> None:
    assert told_by(details) == told


@pytest.mark.usefixtures("memory")
def test_list_names_urls_and_errors_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"memory://in/a.csv\nmemory://in/no.csv?sig={CANARY}\n")
    with pytest.raises(UsageError, match=r"list\.txt:2: memory://in/no\.csv: cannot be opened") as caught:
        find_sources([f"@{path}"])
    assert CANARY not in str(caught.value)
