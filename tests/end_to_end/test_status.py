"""`harvester status` as a command: beside a run, after a kill, at the end, and where there is none."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from harvester.cli.main import run_cli
from tests.end_to_end.forked import running_simulator
from tests.end_to_end.running import Runner, Simulator, committed_ids, wait_for


def status_of(run: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> dict[str, Any]:
    """What `--json` says; it is one line, and nothing else is said."""
    capsys.readouterr()
    assert run_cli(["status", str(run), "--json", *flags]) == 0
    said = capsys.readouterr()
    assert (said.err, said.out.count("\n")) == ("", 1)
    document: dict[str, Any] = json.loads(said.out)
    assert document["schema"] == 1
    return document


def text_of(run: Path, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run_cli(["status", str(run)]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_a_run_is_told_of_while_it_goes_on_after_a_kill_and_at_its_end(
    run: Runner, id_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_simulator(tmp_path, "--latency", "300", "--rate-limit", "6000") as simulator:
        arguments = (str(id_file), "--base-url", simulator.url, "--concurrency", "2")
        process = run.start(*arguments)
        wait_for(lambda: len(committed_ids(run)) > 500, "records")
        live = status_of(run.out, capsys)
        totals = live["endpoints"]["totals"]
        assert (live["state"], live["process"]["pid"]) == ("running", process.pid)
        assert 500 <= totals["settled"] < totals["about"] == totals["found"] == 6_000
        assert totals["settled"] == sum(totals["counts"].values())
        assert totals["limit_per_minute"] == 6_000
        assert totals["recent"] is None or totals["recent"]["requests_per_minute"] > 0
        run.kill(process)
        stopped = status_of(run.out, capsys)
        assert (stopped["state"], stopped["process"]) == ("stopped", None)
        assert stopped["endpoints"]["totals"]["settled"] >= totals["settled"]
        assert stopped["command"].startswith("harvester run ")
        assert str(run.out) in stopped["command"]
        assert "stopped before its end" in text_of(run.out, capsys)
        assert run(*arguments).code == 0
    done = status_of(run.out, capsys)
    assert (done["state"], done["endpoints"]["totals"]["settled"]) == ("complete", 6_000)
    assert done["endpoints"]["totals"]["counts"] == run.summary()["endpoints"]["totals"]["counts"]
    assert done["endpoints"]["totals"]["totals"] == run.summary()["endpoints"]["totals"]["totals"]
    assert done["endpoints"]["totals"]["top"] == run.summary()["endpoints"]["totals"]["top"]
    assert "nothing is left to do" in text_of(run.out, capsys)


def test_a_person_reads_what_was_asked_what_came_of_it_and_the_top_tweets(
    undisturbed: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    text = text_of(undisturbed.out, capsys)
    for part in (
        "run: complete",
        "ids.txt",
        "6,000 of 6,000 IDs (100%)",
        " ok ·",
        "top ",
        "https://twitter.com/",
    ):
        assert part in text


def test_looking_writes_nothing(undisturbed: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    def stamps() -> dict[str, tuple[int, int]]:
        return {
            path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in undisturbed.out.iterdir()
        }

    before = stamps()
    status_of(undisturbed.out, capsys, "--watch")
    assert stamps() == before


def test_a_run_that_has_barely_begun_is_one(
    undisturbed: Runner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(undisturbed.out / "run.json", tmp_path)
    said = status_of(tmp_path, capsys)
    assert (said["state"], said["endpoints"]["totals"]["settled"]) == ("stopped", 0)
    assert said["endpoints"]["totals"]["total"] is None
    assert "0 IDs, total unknown so far" in text_of(tmp_path, capsys)


def test_what_is_no_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["status", str(tmp_path / "none")]) == 6
    assert "is no run directory" in capsys.readouterr().err


def test_dead_letters_that_remain_are_told_with_the_command_that_asks_again(
    run: Runner, ids: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "few.txt").write_text("".join(f"{i}\n" for i in ids[:20]))
    with running_simulator(tmp_path, "--fault", "bad-counts=@1") as simulator:
        assert run("few.txt", "--base-url", simulator.url).code == 3
    said = status_of(run.out, capsys)
    assert (said["state"], said["endpoints"]["totals"]["dead_letters"]) == ("incomplete", 1)
    text = text_of(run.out, capsys)
    assert "1 dead letter ·" in text or "1 dead letter " in text
    assert f"harvester run few.txt --base-url {simulator.url}" in text


def test_a_run_may_begin_while_it_is_looked_at_again_and_again(
    run: Runner, ids: list[int], calm: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    (run.folder / "few.txt").write_text("".join(f"{i}\n" for i in ids[:300]))
    process = run.start("few.txt", "--base-url", calm.url)
    seen = set()

    def is_complete() -> bool:
        if (run.out / "run.json").exists():
            seen.add(status_of(run.out, capsys)["state"])
        return "complete" in seen

    wait_for(is_complete, "the end")
    assert run.finish(process).code == 0
    assert seen <= {"running", "complete", "stopped"}


def test_a_folder_whose_name_is_no_text_is_told_of_all_the_same(
    undisturbed: Runner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / os.fsdecode(b"no\xfftext")
    shutil.copytree(undisturbed.out, folder)
    assert status_of(folder, capsys)["run_dir"].endswith("no\\xfftext")
    assert "complete" in text_of(folder, capsys)


def test_a_run_that_gave_up_in_an_outage_remembers_how_long_it_waited(
    run: Runner, id_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_simulator(tmp_path, "--latency", "100", "--outage", "0.5+60") as simulator:
        flags = ("--base-url", simulator.url, "--concurrency", "2", "--patience", "3")
        assert run(str(id_file), *flags).code == 5
    said = status_of(run.out, capsys)
    assert said["state"] == "stopped"
    assert said["endpoints"]["totals"]["waited_s"]["service"] >= 1.5
    assert said["endpoints"]["totals"]["requests"]["errors"]["service"] >= 3
    assert "of it waiting for the service" in text_of(run.out, capsys)
