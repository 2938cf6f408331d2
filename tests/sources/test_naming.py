"""Which files of a folder are taken, and in which order: the same on a disk, in a store and in an archive."""

from pathlib import Path
from tempfile import TemporaryDirectory

import fsspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harvester.sources import find_sources, read_chunks
from harvester.sources.naming import RUN_DIRECTORY_FILES, data_files
from tests.sources.compressed import zipped

NAMES = ("a", "a-b", "a.csv", "b.TXT", "é", "x y", "notes.md", ".hidden", "_SUCCESS", "__MACOSX")
paths = st.builds(
    lambda above, name: (*above, name),
    st.lists(st.sampled_from(NAMES), max_size=3),
    st.sampled_from((*NAMES, *RUN_DIRECTORY_FILES)),
)
trees = st.sets(paths, min_size=1, max_size=12).map(
    lambda files: {"/".join(f) for f in files if not any(f == o[: len(f)] for o in files - {f})}
)


@pytest.mark.parametrize(
    ("paths", "taken"),
    [
        (["a-b/c.csv", "a.csv", "a/b.csv"], ["a/b.csv", "a-b/c.csv", "a.csv"]),
        (["run/run.json", "run/journal.db", "run/ids/b.txt", "run-2/b.txt"], ["run-2/b.txt"]),
        (["a/run.json", "b/journal.db", "b/a.txt"], ["a/run.json", "b/a.txt"]),
        (["run.json", "journal.db", "a.txt"], []),
        (["a/", ""], []),
    ],
)
def test_data_files_are_those_of_a_walk(paths: list[str], taken: list[str]) -> None:
    assert data_files(paths) == taken


@given(trees)
def test_folder_store_and_archive_mean_the_same_files_in_the_same_order(tree: set[str]) -> None:
    expected = data_files(tree)
    assume(expected)
    assert in_folder(tree) == in_store(tree) == in_archive(tree) == expected


def in_folder(tree: set[str]) -> list[str]:
    with TemporaryDirectory() as folder:
        for path in tree:
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_bytes(b"1\n")
        return [source.name.removeprefix(f"{folder}/") for source in find_sources([folder])]


def in_store(tree: set[str]) -> list[str]:
    files = fsspec.filesystem("memory")
    try:
        for path in tree:
            files.pipe_file(f"/in/{path}", b"1\n")
        return [source.name.removeprefix("memory://in/") for source in find_sources(["memory://in"])]
    finally:
        files.store.clear()
        files.pseudo_dirs[:] = [""]


def in_archive(tree: set[str]) -> list[str]:
    content = zipped(dict.fromkeys(tree, b"1\n"))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "in"
        path.write_bytes(content)
        chunks = list(read_chunks(find_sources([str(path)])))
    return [chunk.origin.file.removeprefix(f"{path}/") for chunk in chunks if chunk.origin and len(chunk.ids)]
