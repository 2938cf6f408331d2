"""`harvester diff`: what a person and a pipeline see of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from harvester.cli.main import run_cli
from harvester.errors import ExitCode
from tests.growth.naive import gains_between


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "160")


def diff(*arguments: object) -> int:
    return run_cli(["diff", *map(str, arguments)])


def test_json_is_one_line_with_counts_sums_and_top_tweets(
    june: Path, july: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff(june, july, "--json", "--top", 2) == ExitCode.OK
    said = capsys.readouterr()
    document: dict[str, Any] = json.loads(said.out)
    assert said.out.count("\n") == 1
    assert said.err == ""
    gains = gains_between(june, july)
    assert (document["schema"], document["endpoint"]) == (1, "totals")
    assert document["tweets"]["compared"] == len(gains)
    assert (document["old"]["run_dir"], document["new"]["records"]) == (str(june), 650)
    assert document["old"]["first_retrieved_at"] == "2026-11-18T11:06:40Z"
    favorites = document["metrics"]["favorites"]
    assert favorites["gained"] == sum(gained["favorites"] for gained in gains.values())
    assert sum(favorites["by_gain"].values()) == favorites["tweets"]
    assert [len(ranked) for ranked in favorites["top"].values()] == [2, 2]
    assert favorites["top"]["gained"][0]["per_hour"] == pytest.approx(
        favorites["top"]["gained"][0]["gained"] / 24, abs=1e-6
    )


def test_lines_go_to_a_file_and_tables_to_the_terminal(
    june: Path, july: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff(june, july, "--ndjson", "gains.ndjson", "-m", "favorites") == ExitCode.OK
    lines = [json.loads(line) for line in (tmp_path / "gains.ndjson").read_text().splitlines()]
    gains = gains_between(june, july)
    assert {line["tweet_id"]: line["gained"]["favorites"] for line in lines} == {
        tweet_id: gained["favorites"] for tweet_id, gained in gains.items()
    }
    assert [path.name for path in tmp_path.iterdir()] == ["gains.ndjson"]
    said = capsys.readouterr().out
    assert f"{len(gains):,} tweets compared, 24.0 hours apart on average" in said
    assert "50  tweets only in the old run" in said
    best = max(gains, key=lambda i: (gains[i]["favorites"], -int(i)))
    assert best in said


def test_lines_on_standard_output_are_there_alone(
    june: Path, july: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert diff(june, july, "--ndjson", "-", "--top", 1) == ExitCode.OK
    said = capfd.readouterr()
    assert len([json.loads(line) for line in said.out.splitlines()]) == len(gains_between(june, july))
    assert "tweets compared" in said.err


@pytest.mark.parametrize("width", [40, 80, 200])
def test_all_of_it_fits_the_terminal(
    june: Path,
    july: Path,
    width: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.chdir(june.parent.parent)
    old, new = (path.relative_to(june.parent.parent) for path in (june, july))
    assert diff(old, new, "--top", 2) == ExitCode.OK
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= width
    # Columns are left out, and no figure is cut.
    assert "…" not in said


@pytest.mark.parametrize("flag", ["--html", "--report"])
def test_a_page_is_written_beside_anything_else(june: Path, july: Path, tmp_path: Path, flag: str) -> None:
    assert diff(june, july, flag, "growth.html", "--json", "--top", 0, "-m", "replies") == ExitCode.OK
    assert (tmp_path / "growth.html").read_text().startswith("<!doctype html>")


def test_what_run_is_told_of_its_report_is_nothing_to_diff(
    june: Path, july: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARVESTER_REPORT", "false")
    (tmp_path / "harvester.toml").write_text("report = false\n")
    assert diff(june, july, "--top", 0) == ExitCode.OK
    assert [path.name for path in tmp_path.iterdir()] == ["harvester.toml"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--json", "--ndjson", "-"), ExitCode.USAGE, "--json and --ndjson - both want standard output"),
        (("-m", "favourites"), ExitCode.USAGE, "unknown metric 'favourites'"),
        (("-m", "url_clicks"), ExitCode.USAGE, "totals does not offer the metric 'url_clicks'"),
        (("--ndjson", "nowhere/gains.ndjson"), ExitCode.USAGE, "there is no folder nowhere"),
        (("--report", "{july}/totals.ndjson"), ExitCode.USAGE, "would be in the directory of a run"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    june: Path,
    july: Path,
    arguments: tuple[str, ...],
    code: ExitCode,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert diff(june, july, *(argument.format(july=july) for argument in arguments)) == code
    said = capsys.readouterr()
    assert says in said.err.replace("\n", " ")
    assert "Traceback" not in said.err
    assert said.out == ""


def test_runs_the_wrong_way_round_are_refused_with_the_right_command(
    june: Path, july: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff(july, june) == ExitCode.USAGE
    assert f"Give the older run first: harvester diff {june} {july}" in capsys.readouterr().err
