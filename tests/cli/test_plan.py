"""`harvester plan`: what a person and a pipeline see of it."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from harvester.cli.main import run_cli
from harvester.engagement.credentials import Credentials, Secret
from harvester.engagement.endpoints import DEFAULT_BASE_URL
from harvester.engagement.tweet_id import first_id_at
from harvester.pipeline.endpoint_run import Told
from harvester.status.last_limits import LastLimits
from tests.cli.sights import BEGUN


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
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


def told(per_minute: float, *endpoints: str, is_shared: bool = False) -> None:
    """As if a run had been told so."""
    snapshots = [
        replace(BEGUN, endpoint=name, told=Told(per_minute, is_shared=is_shared)) for name in endpoints
    ]
    limits = LastLimits(Path(os.environ["XDG_STATE_HOME"]) / "harvester")
    limits.remember(Credentials(bearer_token=Secret("b")), snapshots, DEFAULT_BASE_URL, 1_795_546_351.0)


def test_without_a_rate_time_is_reckoned_as_the_api_said_last(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARVESTER_BEARER_TOKEN", "b")
    told(3.0, "totals")
    document = planned(capsys, "ids.txt", "-m", "favorites")
    assert document["seconds"] == pytest.approx(60)
    assert document["rates"] == {
        "totals": {"per_minute": 3.0, "from": "api", "shared": False, "told_at": "2026-11-24T18:52:31Z"}
    }
    assert run_cli(["plan", "ids.txt", "-m", "favorites"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "totals: at 3 requests a minute, as the API said on 2026-11-24" in said
    assert planned(capsys, "ids.txt", "-m", "favorites", "--rate", "6/min")["seconds"] == pytest.approx(30)


def test_a_limit_that_all_endpoints_share_counts_for_all_of_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARVESTER_BEARER_TOKEN", "b")
    told(9.0, "totals", is_shared=True)
    assert planned(capsys, "ids.txt", "-m", "favorites")["seconds"] == pytest.approx(20)


def test_where_nobody_has_told_a_rate_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert planned(capsys, "ids.txt")["rates"] == {"totals": None}
    assert run_cli(["plan", "ids.txt"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "How long totals would take is not known: no run has seen a limit yet." in said
