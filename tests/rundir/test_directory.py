"""A run directory: whom it belongs to, and what it does not pass over in silence."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from harvester.errors import RunDirectoryError, StorageError
from harvester.rundir.directory import RunDirectory
from harvester.rundir.marks import EndpointMark, InputMark, Step
from harvester.sources import Form, Source, find_sources

RECORD = b'{"tweet_id":"1"}\n'


def opened(
    path: Path, *endpoints: str, column: str = "a", inputs: Sequence[str] = ("a.csv",)
) -> RunDirectory:
    """The directory, taken into use by a command."""
    names = endpoints or ("totals",)
    for name in inputs:
        (path.parent / name).write_bytes(b"0123456789")
    files = find_sources([str(path.parent / name) for name in inputs])
    options: dict[str, Any] = {"endpoint": names, "column": column}
    return RunDirectory(path, options, files, names, Form(), now_ms=1_000 * len(column), version="1")


def commit_record(directory: RunDirectory) -> None:
    directory.commit(Step("totals", EndpointMark(1, b"c" * 16)), [RECORD])


def commit_rejected(directory: RunDirectory) -> None:
    directory.commit_rejected(InputMark(1, len(RECORD), sha256(RECORD).digest()), [RECORD])


def test_directory_without_a_commit_is_taken_over_by_another_command(tmp_path: Path) -> None:
    first = opened(tmp_path, column="bb")
    first.close()
    second = opened(tmp_path, column="b", inputs=("b.csv", "c.csv"))
    assert second.manifest.options["column"] == "b"
    assert second.manifest.run_id == first.manifest.run_id
    commit_record(second)
    second.close()
    third = opened(tmp_path, column="b", inputs=("b.csv", "c.csv"))
    assert third.manifest.started_ms == second.manifest.started_ms == 1_000
    assert third.marks["totals"].batches == 1
    third.close()


def test_directory_that_is_taken_over_keeps_no_file_that_only_its_last_command_wanted(tmp_path: Path) -> None:
    opened(tmp_path, "totals", "28hr").close()
    (tmp_path / "28hr.ndjson").write_bytes(b"never committed")
    (tmp_path / "mine.ndjson").write_bytes(b"of somebody else")
    opened(tmp_path, "totals").close()
    assert {path.name for path in tmp_path.glob("*.ndjson")} == {
        "totals.ndjson",
        "rejected.ndjson",
        "mine.ndjson",
    }


@pytest.mark.parametrize("commit", [commit_record, commit_rejected])
def test_directory_with_a_commit_belongs_to_its_command(tmp_path: Path, commit: Any) -> None:
    directory = opened(tmp_path, column="bb")
    commit(directory)
    directory.close()
    with pytest.raises(RunDirectoryError, match="begun with column bb, now it is b"):
        opened(tmp_path, column="b")
    assert json.loads((tmp_path / "run.json").read_text())["options"]["column"] == "bb"


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def removed(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("lose", [removed, emptied])
@pytest.mark.parametrize("holder", ["totals.ndjson", "rejected.ndjson", "28hr.failed.ndjson"])
def test_records_beside_a_lost_journal_are_damage_and_stay(tmp_path: Path, holder: str, lose: Any) -> None:
    opened(tmp_path).close()
    (tmp_path / holder).write_bytes(RECORD)
    lose(tmp_path / "journal.db")
    for _ in range(2):
        with pytest.raises(RunDirectoryError, match=r"journal\.db is missing or empty beside records"):
            opened(tmp_path)
    assert (tmp_path / holder).read_bytes() == RECORD


@pytest.mark.parametrize("names", [(), ("totals.ndjson", "rejected.ndjson")])
def test_kill_between_manifest_and_journal_is_gone_on_from(tmp_path: Path, names: tuple[str, ...]) -> None:
    opened(tmp_path).close()
    for path in tmp_path.iterdir():
        if path.name not in ("run.json", *names):
            path.unlink()
    directory = opened(tmp_path)
    commit_record(directory)
    directory.close()


@pytest.mark.parametrize("name", ["totals.ndjson", "historical.failed.ndjson", "journal.db", "_SUCCESS"])
def test_files_of_a_run_beside_no_manifest_are_damage_and_stay(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(RECORD)
    with pytest.raises(RunDirectoryError, match=r"run\.json is missing beside files of a run"):
        opened(tmp_path)
    assert (tmp_path / name).read_bytes() == RECORD


@pytest.fixture
def complete(tmp_path: Path) -> Path:
    """A complete run directory with one record."""
    directory = opened(tmp_path)
    commit_record(directory)
    directory.write_success({"total": {"ok": 1}}, ())
    directory.close()
    return tmp_path


def test_complete_directory_is_opened_as_complete(complete: Path) -> None:
    directory = opened(complete)
    assert directory.is_complete
    assert directory.success.total == {"ok": 1}
    directory.close()


@pytest.mark.parametrize(("content", "has"), [(RECORD * 2, str(2 * len(RECORD))), (b"", "0"), (None, "0")])
def test_complete_directory_whose_files_have_other_sizes_is_damaged(
    complete: Path, content: bytes | None, has: str
) -> None:
    if content is None:
        (complete / "totals.ndjson").unlink()
    else:
        (complete / "totals.ndjson").write_bytes(content)
    message = rf"totals\.ndjson is damaged: _SUCCESS counts {len(RECORD)} bytes, the file has {has}$"
    with pytest.raises(RunDirectoryError, match=message):
        opened(complete)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"total":{}}', '{"total":{},"files":{"a":{"bytes":"x"}}}', '{"files":{}}']
)
def test_success_file_that_is_none_is_damaged(complete: Path, text: str) -> None:
    (complete / "_SUCCESS").write_text(text)
    with pytest.raises(RunDirectoryError, match="_SUCCESS is damaged") as caught:
        opened(complete)
    assert "Remove it" in str(caught.value.hint)


def test_success_that_may_not_be_on_the_disk_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = opened(tmp_path)
    commit_record(directory)

    def refuse(_folder: Path) -> None:
        raise StorageError("Input/output error")

    monkeypatch.setattr("harvester.rundir.files.sync_folder", refuse)
    with pytest.raises(StorageError):
        directory.write_success({"total": {"ok": 1}}, ())
    directory.close()
    assert not (tmp_path / "_SUCCESS").exists()


def of_stream(path: Path, content: bytes, column: str) -> RunDirectory:
    """The directory, taken into use by a command that reads a stream; all of that is kept."""
    source = Source("-", None, pieces=lambda _n, _stop: iter((content,)))
    options: dict[str, Any] = {"endpoint": ("totals",), "column": column}
    directory = RunDirectory(path, options, (source,), ("totals",), Form(), now_ms=1_000, version="1")
    pieces = directory.sources[0].pieces
    assert pieces
    assert b"".join(pieces(3, Event())) == content
    return directory


def test_stream_of_which_nothing_was_committed_is_left_for_another_command(tmp_path: Path) -> None:
    of_stream(tmp_path, b"1\n2\n", "a").close()
    of_stream(tmp_path, b"3\n4\n5\n", "b").close()
    assert (tmp_path / "input-0.kept").read_bytes() == b"3\n4\n5\n"
    with pytest.raises(RunDirectoryError, match="standard input has changed since the run began"):
        of_stream(tmp_path, b"1\n2\n", "b")
