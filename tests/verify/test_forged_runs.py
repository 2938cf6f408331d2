"""Harm that the checksums do not tell, because they were made to fit: records, sums and input tell it."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from harvester.rundir.seals import seal_of
from harvester.verify.report import Report, verify

Copies = Callable[[str], Path]


def forge(run_dir: Path, change: Callable[[list[bytes]], list[bytes]], name: str = "totals") -> Report:
    """Change the records of an unfinished run, and let the journal vouch for that."""
    path = run_dir / f"{name}.ndjson"
    records = b"".join(change(path.read_bytes().splitlines(keepends=True)))
    path.write_bytes(records)
    db = sqlite3.connect(run_dir / "journal.db", isolation_level=None)
    row = [*db.execute("SELECT * FROM endpoint WHERE name = ?", (name,)).fetchone()]
    row[3:5] = len(records), hashlib.sha256(records).digest()
    row[-1] = seal_of(row[:-1])
    db.execute("INSERT OR REPLACE INTO endpoint VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    db.close()
    return verify(run_dir)


def said(report: Report) -> str:
    return "\n".join(map(str, report.findings.problems()))


def test_run_that_is_sealed_anew_as_it_is_has_no_problems(copy_of: Copies) -> None:
    assert not said(forge(copy_of("interrupted"), lambda lines: lines))


def test_record_that_is_left_out_is_missed_in_the_counts(copy_of: Copies) -> None:
    assert "totals.counts.ok is" in said(forge(copy_of("interrupted"), lambda lines: lines[1:]))


def test_record_that_is_there_twice_is_told_by_its_tweet(copy_of: Copies) -> None:
    report = forge(copy_of("interrupted"), lambda lines: [lines[0], *lines])
    tweet_id = json.loads((report.folder / "totals.ndjson").read_bytes().splitlines()[0])["tweet_id"]
    assert f"totals.ndjson: tweet {tweet_id} has too many records" in said(report)


def test_record_of_a_tweet_that_nobody_asked_for_is_told(copy_of: Copies) -> None:
    def change(lines: list[bytes]) -> list[bytes]:
        first = json.loads(lines[0])
        tweet_id = first["tweet_id"]
        return [lines[0].replace(tweet_id.encode(), str(int(tweet_id) ^ 1).encode()), *lines[1:]]

    assert "is not in the input" in said(forge(copy_of("interrupted"), change))


def test_count_that_is_another_is_told_by_its_sum(copy_of: Copies) -> None:
    def change(lines: list[bytes]) -> list[bytes]:
        return [line.replace(b'"favorites":', b'"favorites":1') for line in lines]

    assert "totals.totals.favorites is" in said(forge(copy_of("interrupted"), change))


def test_record_beside_a_dead_letter_is_told(copy_of: Copies) -> None:
    run_dir = copy_of("killed")
    db = sqlite3.connect(run_dir / "journal.db")
    ((dead,),) = db.execute("SELECT tweet_id FROM dead_letter WHERE endpoint = '28hr' LIMIT 1").fetchall()
    db.close()
    record = {"tweet_id": str(dead), "status": "forbidden", "retrieved_at": "2026-11-23T10:15:00Z"}
    report = forge(run_dir, lambda lines: [*lines, orjson.dumps(record) + b"\n"], "28hr")
    assert f"28hr.ndjson: tweet {dead} has a record and a dead letter" in said(report)


@pytest.mark.parametrize("kind", ["totals", "dead letters"])
def test_input_of_which_a_line_was_edited_is_another_one(copy_of: Copies, run_of: Copies, kind: str) -> None:
    path = Path(json.loads((run_of(kind) / "run.json").read_text())["inputs"][0]["name"])
    whole = path.read_text()
    try:
        path.write_text(whole.replace("no id", "no ID"))
        assert "input: the input has changed, " in said(verify(copy_of(kind)))
        path.write_text(whole + "20\n")
        report = verify(copy_of(kind))
        assert not said(report)
        assert "has grown" in report.findings.notes[0]
        path.unlink()
        assert "no such file" in said(verify(copy_of(kind)))
        assert not said(verify(copy_of(kind), reads_input=False))
    finally:
        path.write_text(whole)


def test_summary_that_was_edited_is_told_by_its_places(copy_of: Copies) -> None:
    """Of a run that is finished with dead letters: `_SUCCESS` would tell that it is another file, too."""
    run_dir = copy_of("dead letters")
    path = run_dir / "summary.json"
    path.write_text(path.read_text().replace('"distinct": 900', '"distinct": 901'))
    mark = path.stat().st_size, hashlib.sha256(path.read_bytes()).digest()
    row = ("summary.json", *mark)
    db = sqlite3.connect(run_dir / "journal.db", isolation_level=None)
    db.execute("INSERT OR REPLACE INTO derived VALUES (?, ?, ?, ?)", (*row, seal_of(row)))
    db.close()
    assert said(verify(run_dir)) == "summary.json: input.distinct is 901, and recomputed 900"


def test_success_mark_beside_dead_letters_is_told(copy_of: Copies, run_of: Copies) -> None:
    run_dir = copy_of("dead letters")
    (run_dir / "_SUCCESS").write_bytes((run_of("totals") / "_SUCCESS").read_bytes())
    assert "_SUCCESS: it stands beside 98 dead letters of totals" in said(verify(run_dir))


def test_bytes_behind_the_committed_ones_are_noted_of_an_unfinished_run_and_wrong_in_a_complete_one(
    copy_of: Copies,
) -> None:
    unfinished = copy_of("interrupted")
    with (unfinished / "totals.ndjson").open("ab") as file:
        file.write(b"x" * 4100)
    report = verify(unfinished)
    assert not said(report)
    assert report.findings.notes == ["totals.ndjson: 4.1 kB uncommitted, the next run cuts them off"]
    complete = copy_of("totals")
    with (complete / "totals.ndjson").open("ab") as file:
        file.write(b"x")
    assert "totals.ndjson: 1 bytes behind those that the journal vouches for" in said(verify(complete))
