"""`harvester export` as it is typed."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harvester.cli.main import run_cli
from harvester.simulator.population import make_ids
from tests.end_to_end.forked import ForkingRunner, running_simulator, shared_server
from tests.end_to_end.running import wait_for
from tests.export.tables import ENDINGS, committed, expected_tweets, read_back, rows_of_csv

RunOf = Callable[[str], Path]
EXTRAS = {
    ".parquet": ("pyarrow", "parquet"),
    ".duckdb": ("duckdb", "export"),
    ".xlsx": ("xlsxwriter", "xlsx"),
}


def test_one_line_of_json_tells_what_was_written(
    run_of: RunOf, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, target = run_of("dead letters"), tmp_path / "x.csv"
    assert run_cli(["export", str(folder), "--to", str(target), "--json"]) == 0
    said = capfd.readouterr()
    document: dict[str, Any] = json.loads(said.out)
    (run,) = document.pop("runs")
    n_dead = len((folder / "totals.failed.ndjson").read_text().splitlines())
    assert document == {"schema": 1, "files": [str(target)], "rows": 900 - n_dead, "series_rows": 0}
    assert (run["run"], run["state"], run["rows"]) == ("run", "incomplete", 900 - n_dead)
    assert (run["dead_letters"], run["run_dir"]) == (n_dead, str(folder))
    assert f"{n_dead} tweets given up, not in it" in said.err


def test_person_is_told_what_went_out_and_that_a_run_is_not_finished(
    run_of: RunOf, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, target = run_of("interrupted"), tmp_path / "x.csv"
    assert run_cli(["export", str(folder), "--to", str(target)]) == 0
    said = capfd.readouterr()
    n = len(list(committed(folder)))
    assert said.out == ""
    assert said.err.splitlines()[0].startswith(f"{n} rows of 1 run: {target} (")
    assert f"{folder} is not finished: it is what its journal counts so far" in said.err


def test_csv_on_standard_output_is_the_same_table_without_time_series(
    run_of: RunOf, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    folder = run_of("ranges")
    command = [sys.executable, "-m", "harvester", "export", str(folder), "-e", "28hr", "--to", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    rows = rows_of_csv(done.stdout)
    assert [row["tweet_id"] for row in rows] == [
        row["tweet_id"] for row in expected_tweets(folder, "run") if row["endpoint"] == "28hr"
    ]
    assert done.stderr.decode().splitlines() == [
        "60 rows of 1 run: standard output",
        "Time series are left out: they need a file.",
    ]


def test_reader_that_goes_ends_the_export(run_of: RunOf) -> None:
    command = [sys.executable, "-m", "harvester", "export", str(run_of("totals")), "--to", "-"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


@pytest.mark.parametrize("ending", EXTRAS)
def test_missing_extra_is_named_before_anything_is_read(
    ending: str, bare: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    module, extra = EXTRAS[ending]
    monkeypatch.setitem(sys.modules, module, None)
    assert run_cli(["export", "no-run", "--to", f"x{ending}"]) == 2
    assert capfd.readouterr().err.splitlines() == [
        f"harvester: writing {ending} needs {module}, which is not installed",
        f"  pip install 'harvester[{extra}]'",
    ]


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (("no-run", "--to", "x.csv"), "no-run is no run directory", 6),
        (("--to", "x.csv"), "RUN_DIR", 2),
        (("run",), "--to", 2),
        (("run", "--to", "x.cvs"), "'.cvs' means no format", 2),
        (("run", "run", "--to", "x.csv"), "run is named twice", 2),
        (("run", "--to", "run/top_tweets.csv", "--force"), "is a file of the run itself", 2),
        (("run", "--to", "there.csv"), "there.csv is there already", 2),
        (("run", "--to", "none/x.csv"), "there is no folder none", 2),
        (("run", "--to", "x.csv", "-e", "28hr"), "no run has 28hr", 2),
        (("run", "--to", "x.csv", "-e", "28hour"), "28hour", 2),
        (("run", "--to", "x.csv", "-m", "favourites"), "unknown metric 'favourites'", 2),
        (("run", "--to", "-", "--json"), "both for standard output", 2),
    ],
)
def test_wrong_usage_is_one_clear_line_and_no_file(
    arguments: tuple[str, ...],
    says: str,
    code: int,
    run_of: RunOf,
    bare: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (bare / "run").symlink_to(run_of("totals"))
    (bare / "there.csv").write_text("old")
    before = sorted(bare.rglob("*"))
    assert run_cli(["export", *arguments]) == code
    assert says in capfd.readouterr().err
    assert sorted(bare.rglob("*")) == before
    assert (bare / "there.csv").read_text() == "old"


def test_file_that_is_there_is_replaced_if_one_says_so(run_of: RunOf, bare: Path) -> None:
    (bare / "x.csv").write_text("old")
    folder = run_of("totals")
    assert run_cli(["export", str(folder), "--to", "x.csv", "-f", "-m", "retweets,favorites,url_clicks"]) == 0
    expected = [row["tweet_id"] for row in expected_tweets(folder, "run")]
    assert [row["tweet_id"] for row in read_back(bare / "x.csv")] == expected
    header = (bare / "x.csv").read_text().splitlines()[0]
    assert "created_at,favorites,retweets,url_clicks,unsupported" in header


def test_time_series_of_an_earlier_export_are_told_to_be_that(
    run_of: RunOf, bare: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["export", str(run_of("ranges")), "--to", "x.csv"]) == 0
    assert "x.series.csv (" in capfd.readouterr().err
    assert run_cli(["export", str(run_of("totals")), "--to", "x.csv", "--force"]) == 0
    assert "x.series.csv is of an earlier export: this one has no time series" in capfd.readouterr().err


def test_flipped_bit_is_damage_and_not_exported(run_of: RunOf, bare: Path) -> None:
    folder = bare / "run"
    folder.mkdir()
    for path in run_of("totals").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    records = folder / "totals.ndjson"
    text = records.read_bytes()
    for old, new in ((b'"retrieved_at":"2', b'"retrieved_at":"x'), (b'"tweet_id":"2', b'"tweet_id":"x')):
        records.write_bytes(text.replace(old, new, 1))
        assert run_cli(["export", "run", "--to", "x.parquet"]) == 6
        assert not list(bare.glob("*x.parquet*"))


def test_live_run_is_exported_up_to_its_journal(tmp_path: Path) -> None:
    ids = make_ids(6_000, 5, int(time.time() * 1000)).tolist()
    runner = ForkingRunner(tmp_path / "here", shared_server())
    input_file = runner.folder / "ids.txt"
    input_file.write_text("".join(f"{i}\n" for i in ids))
    with running_simulator(tmp_path, "--latency", "150") as simulator:
        process = runner.start(str(input_file), "--base-url", simulator.url, "--concurrency", "2")
        records = runner.out / "totals.ndjson"
        wait_for(lambda: records.exists() and records.stat().st_size > 0, "records")
        target = runner.folder / "x.parquet"
        done = runner.command("export", str(runner.out), "--to", str(target))
        assert done.code == 0, done.err
        assert "is not finished" in done.err
        rows = read_back(target)
        runner.kill(process)
    assert 0 < len(rows) < len(ids)
    assert [row["tweet_id"] for row in rows] == [record["tweet_id"] for record in runner.records()][
        : len(rows)
    ]


@pytest.mark.parametrize("ending", ENDINGS)
def test_run_that_has_barely_begun_is_a_table_without_rows(ending: str, run_of: RunOf, bare: Path) -> None:
    folder = bare / "run"
    folder.mkdir()
    (folder / "run.json").write_bytes((run_of("ranges") / "run.json").read_bytes())
    (folder / "journal.db").touch()
    assert run_cli(["export", "run", "--to", f"x{ending}"]) == 0
    assert read_back(bare / f"x{ending}") == read_back(bare / f"x{ending}", "series") == []
