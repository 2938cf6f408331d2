"""A run directory at one moment: finished, interrupted, barely begun, going on, damaged, or none."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from harvester.errors import RunDirectoryError
from harvester.recorded.records import read_records
from harvester.recorded.run import open_run, read_asked
from harvester.rundir.files import AppendFile
from harvester.rundir.journal import Journal

GetRun = Callable[[str], Path]


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("totals", "complete"),
        ("ranges", "complete"),
        ("dead letters", "incomplete"),
        ("interrupted", "unfinished"),
        ("killed", "unfinished"),
    ],
)
def test_state_of_a_run_is_told_and_nothing_written(kind: str, state: str, run_of: GetRun) -> None:
    folder = run_of(kind)
    with open_run(folder):  # of a killed one, SQLite reads the log again
        pass
    before = stamps(folder)
    with open_run(folder) as run:
        assert run.state == state
        assert run.is_complete == (state == "complete")
        assert run.is_finished == (state != "unfinished")
        assert not run.has_moved()
    assert stamps(folder) == before


def test_counts_of_the_marks_are_those_of_the_records(run_of: GetRun) -> None:
    for kind in ("totals", "killed", "dead letters"):
        with open_run(run_of(kind)) as run:
            for endpoint, mark in run.marks.items():
                n = sum(map(len, read_records(run, endpoint)))
                assert n == sum(mark.state.get("reduction", {"counts": {}})["counts"].values())


def test_run_keeps_its_moment_while_another_goes_on(copy_of: GetRun) -> None:
    folder = copy_of("interrupted")
    asked = read_asked(folder)
    assert asked
    live = Journal(folder / "journal.db", asked.manifest.run_id)
    try:
        with open_run(folder) as run:
            n_before = sum(map(len, read_records(run, "totals")))
            mark = run.marks["totals"]
            file = AppendFile(folder / "totals.ndjson", mark.records_bytes, mark.records_digest)
            file.append(
                [b'{"tweet_id":"20","status":"ok","metrics":{},"retrieved_at":"2026-11-24T00:00:00Z"}\n']
            )
            file.close()
            assert sum(map(len, read_records(run, "totals"))) == n_before
            assert run.marks == {"totals": mark}
    finally:
        live.close()


def test_run_that_has_barely_begun_has_nothing_yet(copy_of: GetRun) -> None:
    folder = copy_of("totals")
    for path in folder.iterdir():
        if path.name != "run.json":
            path.unlink()
    with open_run(folder) as run:
        assert (run.state, run.has_begun, run.marks["totals"].batches) == ("unfinished", False, 0)
        assert list(read_records(run, "totals")) == []
        assert list(run.journal.dead_letters("totals")) == []


def test_journal_that_is_gone_beside_records_is_damage(copy_of: GetRun) -> None:
    folder = copy_of("totals")
    (folder / "journal.db").unlink()
    with pytest.raises(RunDirectoryError, match=r"journal\.db is missing"), open_run(folder):
        pass


def test_damaged_journal_is_told(copy_of: GetRun) -> None:
    folder = copy_of("totals")
    path = folder / "journal.db"
    path.write_bytes(b"\xff" * path.stat().st_size)
    with pytest.raises(RunDirectoryError, match="is damaged"), open_run(folder):
        pass


def test_entry_that_is_not_what_was_written_is_told(copy_of: GetRun) -> None:
    folder = copy_of("totals")
    db = sqlite3.connect(folder / "journal.db")
    db.execute("UPDATE endpoint SET records_bytes = records_bytes - 1")
    db.commit()
    db.close()
    with pytest.raises(RunDirectoryError, match="an entry is not what was written"), open_run(folder):
        pass


def test_folder_without_a_run_is_none(tmp_path: Path) -> None:
    assert read_asked(tmp_path) is None
    with pytest.raises(RunDirectoryError, match="is no run directory"), open_run(tmp_path):
        pass


def test_manifest_of_another_schema_is_refused(copy_of: GetRun) -> None:
    path = copy_of("totals") / "run.json"
    path.write_bytes(path.read_bytes().replace(b'"schema": 1', b'"schema": 9'))
    with pytest.raises(RunDirectoryError), open_run(path.parent):
        pass


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE run SET schema = 1", "has schema 1, this version of harvester knows 2"),
        ("UPDATE run SET run_id = 'other'", "belongs to another run than run.json"),
        ("DELETE FROM run", "is damaged: it is of no run"),
    ],
)
def test_journal_of_another_version_or_run_is_refused(change: str, says: str, copy_of: GetRun) -> None:
    folder = copy_of("totals")
    db = sqlite3.connect(folder / "journal.db")
    db.execute(change)
    db.commit()
    db.close()
    with pytest.raises(RunDirectoryError) as caught, open_run(folder):
        pass
    assert says in caught.value.message
