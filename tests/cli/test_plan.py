"""`harvester plan`: what a person and a pipeline see of it."""

import json
from pathlib import Path

import pytest

from harvester.cli.main import run_cli
from harvester.engagement.tweet_id import first_id_at


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    old = [first_id_at(1_400_000_000_000) + n for n in range(600)]
    (tmp_path / "ids.txt").write_text("".join(f"{i}\n" for i in [*old, old[0], "no id"]))
    (tmp_path / "owned.csv").write_text("tweet_id,author\n" + "".join(f"{i},ada\n" for i in old[:30]))
    return tmp_path


def planned(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert run_cli(["plan", *arguments, "--json"]) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_requests_and_time_are_those_of_the_endpoints_at_their_rates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = ("-e", "totals", "-e", "28hr", "-e", "historical", "--start", "60d", "--rate", "60/min")
    document = planned(capsys, "ids.txt", *flags, "--rate", "28hr=12/min")
    endpoints = document["endpoints"]
    assert isinstance(endpoints, dict)
    assert {name: plan["requests"] for name, plan in endpoints.items()} == {
        "totals": 3,
        "28hr": 24,
        "historical": 72,
    }
    assert {name: plan["seconds"] for name, plan in endpoints.items()} == {
        "totals": 3,
        "28hr": 120,
        "historical": 72,
    }
    assert (document["seconds"], document["assumes_credentials"]) == (120, True)
    assert endpoints["totals"]["unsupported"] == {"impressions": 600, "engagements": 600, "video_views": 600}


def test_a_rate_for_the_app_counts_all_requests(capsys: pytest.CaptureFixture[str]) -> None:
    flags = ("-e", "totals", "-e", "28hr", "--rate", "app=27/min")
    assert planned(capsys, "ids.txt", *flags)["seconds"] == pytest.approx(60)


def test_without_credentials_all_accounts_of_the_input_are_planned_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = planned(capsys, "owned.csv", "-e", "28hr", "--owner-column", "author")
    endpoints = document["endpoints"]
    assert isinstance(endpoints, dict)
    assert (endpoints["28hr"]["requests"], endpoints["28hr"]["no_access"]) == (2, 0)


def test_a_person_sees_a_table_and_what_cannot_be_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["plan", "ids.txt", "--rate", "3/min"]) == 0
    said = capsys.readouterr().out
    assert "602 lines: 600 distinct IDs, 1 duplicates, 1 that are no ID" in said
    assert "totals: 600 tweets cannot be asked for impressions" in said
    assert "All of it takes at least 60 s at this rate." in said


def test_a_plan_writes_nothing(here: Path) -> None:
    before = sorted(here.rglob("*"))
    assert run_cli(["plan", "ids.txt"]) == 0
    assert sorted(here.rglob("*")) == before


def test_what_a_run_would_refuse_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    rounded = [2_124_000_000_000_000_100 + 100 * n for n in range(50)]
    Path("rounded.txt").write_text("".join(f"{i}\n" for i in rounded))
    assert run_cli(["plan", "rounded.txt"]) == 2
    assert "50 of the first 50 IDs look rounded" in capsys.readouterr().err
    assert run_cli(["plan", "rounded.txt", "--accept-rounded"]) == 0
