"""`harvester verify` as a command, on runs that are complete, interrupted, going on, or none."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harvester.cli.main import run_cli
from tests.end_to_end.forked import running_simulator
from tests.end_to_end.running import Runner, Simulator, wait_for

RECORDS = "totals.ndjson"


def verified(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """What `--json` says; it is one line, and nothing else is said."""
    capsys.readouterr()
    code = run_cli(["verify", *map(str, arguments), "--json"])
    said = capsys.readouterr()
    assert (said.err, said.out.count("\n")) == ("", 1)
    document: dict[str, Any] = json.loads(said.out)
    assert (document["exit"], document["ok"], document["schema"]) == (code, code == 0, 1)
    return document


def test_complete_run_holds_and_its_equations_are_told(
    undisturbed: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    said = verified(capsys, undisturbed.out)
    counts = undisturbed.summary()["endpoints"]["totals"]["counts"]
    assert (said["state"], said["problems"], said["notes"]) == ("complete", [], [])
    assert said["endpoints"]["totals"] == {"asked": 6_000, **counts, "left": 0, "repeated": 0}
    assert said["input"] == undisturbed.summary()["input"]


def test_person_reads_what_was_looked_at_with_its_numbers(
    undisturbed: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["verify", str(undisturbed.out)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "run: complete" in text
    assert "6,034 lines = 6,030 IDs + 2 rejected + 1 blank + 1 headers" in text
    assert "6,030 IDs = 6,000 distinct + 30 duplicates" in text
    assert "totals: 6,000 asked for = " in text
    assert text.endswith("All of it holds.")


def test_verifying_writes_nothing(undisturbed: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    def stamps() -> dict[str, tuple[int, int]]:
        return {
            path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in undisturbed.out.iterdir()
        }

    before = stamps()
    verified(capsys, undisturbed.out)
    assert stamps() == before


@pytest.mark.parametrize("name", ["none", ".", os.fsdecode(b"no\xfftext")])
def test_folder_that_is_no_run_directory_is_told(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = verified(capsys, tmp_path / name)
    assert (said["exit"], said["state"]) == (6, None)
    assert said["problems"] == [{"file": "run.json", "what": "is not there, so this is no run directory"}]


def test_what_is_wrong_is_told_to_a_person(
    run: Runner, ids: list[int], calm: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in ids[:300]))
    assert run(str(run.folder / "ids.txt"), "--base-url", calm.url).code == 0
    path = run.out / RECORDS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b'"ok"', b'"OK"'), *lines[2:]]))
    assert run_cli(["verify", str(run.out)]) == 6
    text = capsys.readouterr().out
    assert "totals.ndjson:2: 'OK' is no status" in text
    assert "not those that the journal vouches for" in text
    assert text.endswith(" problems.\n")


def test_killed_run_and_the_one_that_goes_on_from_it_hold(
    run: Runner, id_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_simulator(tmp_path, "--latency", "150") as simulator:
        arguments = (str(id_file), "--base-url", simulator.url, "--concurrency", "2")
        process = run.start(*arguments)
        records = run.out / RECORDS
        wait_for(lambda: records.exists() and records.stat().st_size > 0, "records")
        for _ in range(5):  # it goes on meanwhile
            said = verified(capsys, run.out)
            assert (said["problems"], said["state"]) == ([], "unfinished")
        run.kill(process)
        said = verified(capsys, run.out)
        assert (said["problems"], said["state"]) == ([], "unfinished")
        totals = said["endpoints"]["totals"]
        assert 0 < totals["left"] < 6_000
        assert totals["asked"] == 6_000
    with running_simulator(tmp_path) as simulator:
        assert run(str(id_file), "--base-url", simulator.url).code == 0
    assert verified(capsys, run.out)["state"] == "complete"


def test_kept_standard_input_is_read_in_its_place(
    run: Runner, id_file: Path, calm: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    process = run.start("-", "--base-url", calm.url, stdin=subprocess.PIPE)
    assert run.finish(process, id_file.read_bytes()).code == 0
    said = verified(capsys, run.out)
    assert (said["problems"], said["input"]["distinct"]) == ([], 6_000)
    kept = run.out / "input-0.kept"
    kept.write_bytes(kept.read_bytes()[:-1] + b"0")
    assert {problem["file"] for problem in verified(capsys, run.out)["problems"]} >= {
        "input-0.kept",
        "_SUCCESS",
    }


def test_input_that_is_gone_is_a_problem_unless_it_is_left_out(
    run: Runner, ids: list[int], calm: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    path = run.folder / "ids.txt"
    path.write_text("".join(f"{i}\n" for i in ids[:300]))
    assert run(str(path), "--base-url", calm.url).code == 0
    path.unlink()
    said = verified(capsys, run.out)
    assert [problem["file"] for problem in said["problems"]] == ["input"]
    assert "--no-input" in said["problems"][0]["what"]
    said = verified(capsys, run.out, "--no-input")
    assert (said["problems"], said["input"], said["endpoints"]["totals"]["asked"]) == ([], None, None)


def test_closed_output_is_no_bug(undisturbed: Runner) -> None:
    command = [sys.executable, "-m", "harvester", "verify", str(undisturbed.out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0
