"""A run directory: whom it belongs to, and what it does not pass over in silence."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harvester.errors import RunDirectoryError
from harvester.rundir.directory import RunDirectory
from harvester.rundir.journal import EndpointMark, InputMark, Step
from harvester.rundir.manifest import InputFile

RECORD = b'{"tweet_id":"1"}\n'


def opened(
    path: Path, *endpoints: str, column: str = "a", inputs: Sequence[str] = ("a.csv",)
) -> RunDirectory:
    """The directory, taken into use by a command."""
    names = endpoints or ("totals",)
    files = [InputFile(name, 10) for name in inputs]
    options: dict[str, Any] = {"endpoint": names, "column": column}
    return RunDirectory(path, options, files, names, now_ms=1_000 * len(column), version="1")


def commit_record(directory: RunDirectory) -> None:
    directory.commit(Step("totals", EndpointMark(1, b"c" * 16, len(RECORD))), [RECORD])


def commit_rejected(directory: RunDirectory) -> None:
    directory.commit_rejected(InputMark(1, len(RECORD), b"h"), [RECORD])


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
