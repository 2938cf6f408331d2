"""`report.html` at the end of a run, and `harvester report` at any time."""

import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harvester.cli.main import run_cli
from harvester.recorded.run import open_run
from harvester.report.gathering import gather
from harvester.report.tallies import Spread
from tests.end_to_end.forked import ForkingRunner, ForkServer, running_simulator
from tests.end_to_end.reported import HOSTILE_LINE, HOSTILE_NAME, N_IDS, Reported, reported_run
from tests.end_to_end.running import USER_KEYS, Runner, Simulator, wait_for
from tests.end_to_end.test_disk_full import frozen_folder

REPORT = "report.html"


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reported]:
    with reported_run(tmp_path_factory.mktemp("reported")) as made:
        yield made


def spread_of(values: list[int]) -> tuple[Any, ...]:
    """Number, zeros, largest and median by plain Python."""
    return len(values), values.count(0), max(values), statistics.median_low(values)


def seen_in(spread: Spread) -> tuple[Any, ...]:
    return spread.n, spread.n_zero, spread.largest, spread.median


def test_numbers_of_a_report_are_those_of_the_records(reported: Reported) -> None:
    with open_run(reported.run.out) as run:
        gathered = gather(run)
    summary = reported.run.summary()["endpoints"]
    for endpoint in gathered.endpoints:
        records = reported.run.records(endpoint.name)
        told = summary[endpoint.name]
        assert endpoint.counts == told["counts"]
        assert endpoint.n_settled == endpoint.n_total == N_IDS
        assert (endpoint.totals, endpoint.requests) == (told["totals"], told["requests"])
        for metric, spread in endpoint.spreads.items():
            values = [r["metrics"][metric] for r in records if metric in r.get("metrics", {})]
            assert seen_in(spread)[:3] == spread_of(values)[:3]
            assert spread.median == pytest.approx(spread_of(values)[3], rel=0.01)
            assert spread.total == sum(values) == endpoint.totals[metric]
        for metric, points in endpoint.series.items():
            assert sum(points.values()) == sum(
                sum(r.get("series", {}).get(metric, {}).values()) for r in records
            )
        by_id = {int(record["tweet_id"]): record for record in records}
        for tweet_id, tweet in endpoint.tweets.items():
            assert tweet.created_at == by_id[tweet_id].get("created_at")
            assert by_id[tweet_id]["metrics"].items() <= tweet.values.items()
            for metric, days in tweet.days.items():
                assert sum(days.values()) == sum(by_id[tweet_id]["series"][metric].values())
    assert {reason.name: reason.n for reason in gathered.rejected} == {
        "not a decimal number": 1,
        "a spreadsheet has rounded it": 1,
    }
    n_dead = sum(reason.n for endpoint in gathered.endpoints for reason in endpoint.dead)
    assert n_dead == sum(endpoint.counts["failed"] for endpoint in gathered.endpoints) > 0


def test_report_of_the_command_is_that_of_the_run(reported: Reported, tmp_path: Path) -> None:
    before = reported.page.read_bytes()
    made = reported.run.command("report", str(reported.run.out), "-o", str(tmp_path / "again.html"))
    assert (made.code, made.out, made.err) == (0, f"{tmp_path}/again.html\n", "")
    assert (tmp_path / "again.html").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_report_tells_what_came_of_the_run_and_escapes_foreign_words(reported: Reported) -> None:
    page = reported.page.read_text()
    for words in (
        "Finished, something is left",
        "Dead letters by reason",
        "Over time",
        "A mean hour of the week",
    ):
        assert words in page
    assert HOSTILE_LINE not in page
    assert HOSTILE_NAME not in page
    assert "&lt;/td&gt;&lt;script&gt;" in page
    run_id = json.loads((reported.run.out / "run.json").read_text())["run_id"]
    assert run_id in page
    counts = reported.run.summary()["endpoints"]["totals"]["counts"]
    assert f"{counts['ok']:,} ok + " in page
    assert f"= {N_IDS:,}</p>" in page


@pytest.fixture
def done(id_file: Path, calm: Simulator, run: ForkingRunner) -> tuple[ForkingRunner, tuple[str, ...]]:
    """A run that is complete, with its report, and its arguments."""
    arguments = (str(id_file), "--limit", "300", "--base-url", calm.url, "--report")
    finished = run(*arguments)
    assert finished.code == 0, finished.err
    return run, arguments


def test_report_is_a_view_that_nothing_vouches_for(
    done: tuple[ForkingRunner, tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be changed, made anew or removed; a complete run is left as it is."""
    run, arguments = done
    assert "Complete" in (run.out / REPORT).read_text()
    assert REPORT not in (run.out / "_SUCCESS").read_text()
    for content in ("something else", None):
        if content is None:
            (run.out / REPORT).unlink()
        else:
            (run.out / REPORT).write_text(content)
        assert run_cli(["verify", str(run.out), "--json"]) == 0, capsys.readouterr().out
        assert run(*arguments).code == 0
        assert (run.out / REPORT).exists() == (content is not None)
    assert run.command("report", str(run.out)).code == 0
    assert (run.out / REPORT).exists()


def test_without_a_report_none_is_made(id_file: Path, calm: Simulator, run: ForkingRunner) -> None:
    arguments = (str(id_file), "--limit", "10", "--base-url", calm.url, "--no-report")
    assert run(*arguments).code == 0
    assert not (run.out / REPORT).exists()


def test_report_that_cannot_be_written_ends_the_run_and_the_next_one_makes_it_without_a_request(
    id_file: Path, tmp_path: Path, server: ForkServer
) -> None:
    run = ForkingRunner(tmp_path, server)
    (run.out / REPORT).mkdir(parents=True)
    (tmp_path / "simulator").mkdir()
    with running_simulator(tmp_path / "simulator") as simulator:
        arguments = (str(id_file), "--limit", "10", "--base-url", simulator.url, "--report")
        refused = run(*arguments)
        assert refused.code == 7, refused.err
        assert f"{run.out}/{REPORT}" in refused.err
        assert not (run.out / "_SUCCESS").exists()
        (run.out / REPORT).rmdir()
        n_requests = len(simulator.requests())
        assert run(*arguments).code == 0
        assert len(simulator.requests()) == n_requests
    assert (run.out / REPORT).read_text().startswith("<!doctype html>")


def test_report_can_be_had_of_a_run_that_goes_on_and_of_one_that_was_killed(
    id_file: Path, tmp_path: Path, server: ForkServer
) -> None:
    run = ForkingRunner(tmp_path, server)
    (tmp_path / "simulator").mkdir()
    with running_simulator(tmp_path / "simulator", "--latency", "250") as simulator:
        process = run.start(str(id_file), "--base-url", simulator.url, "--concurrency", "1")
        wait_for(lambda: len(simulator.requests()) > 6, "some batches")
        made = run.command("report", str(run.out))
        assert made.code == 0, made.err
        live = (run.out / REPORT).read_text()
        run.kill(process)
    assert run.command("report", str(run.out), "-o", str(tmp_path / "killed.html")).code == 0
    for page in (live, (tmp_path / "killed.html").read_text()):
        assert "Not finished" in page
        assert "As of 2" in page
        assert " of 6,000 IDs" in page or " IDs." in page
    with open_run(run.out) as killed:
        n = sum(endpoint.n_settled for endpoint in gather(killed).endpoints)
    assert f"{n:,} of " in (tmp_path / "killed.html").read_text()


def test_report_can_be_had_of_a_run_that_has_barely_begun(
    undisturbed: Runner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_bytes((undisturbed.out / "run.json").read_bytes())
    (tmp_path / "journal.db").touch()
    assert run_cli(["report", str(tmp_path)]) == 0, capsys.readouterr().err
    assert "Just begun" in (tmp_path / REPORT).read_text()


def test_directory_that_cannot_be_written_to_is_told_in_a_line_and_another_place_helps(
    undisturbed: Runner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with frozen_folder(tmp_path / "frozen") as folder:
        assert run_cli(["report", str(undisturbed.out), "-o", str(folder / "x.html")]) == 7
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 2
        assert "Name another place with -o." in said.err
    assert run_cli(["report", str(undisturbed.out), "-o", str(tmp_path / "x.html")]) == 0


def test_what_is_no_run_or_damaged_is_told_in_a_line(
    undisturbed: Runner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["report", str(tmp_path)]) == 6
    assert "is no run directory" in capsys.readouterr().err
    for file in undisturbed.out.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    records = bytearray((tmp_path / "totals.ndjson").read_bytes())
    records[len(records) // 2] ^= 1
    (tmp_path / "totals.ndjson").write_bytes(records)
    assert run_cli(["report", str(tmp_path)]) == 6
    assert f"{tmp_path}/totals.ndjson is damaged" in capsys.readouterr().err
    assert not (tmp_path / REPORT).exists()


def test_dead_letter_that_becomes_a_record_leaves_the_report(reported: Reported) -> None:
    """Last of all: the run is complete then."""
    assert reported.run(*reported.arguments, keys=USER_KEYS).code == 0
    page = reported.page.read_text()
    assert "Complete" in page
    assert "Dead letters by reason" not in page
