"""What Dagster gets by its own protocol: the context in the environment, messages in a file."""

import json
import sys
from pathlib import Path
from typing import Any

import dagster_pipes
import pytest

from harvester.errors import ExitCode
from harvester.notices.pipes import Pipes
from harvester.notices.wanted import notices_of
from tests.growth.conftest import IDS
from tests.notices.conftest import tell


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file in which Dagster looks for messages; the process is a step that makes an asset."""
    path = tmp_path / "messages"
    step_in(monkeypatch, path, ["tweets/metrics"])
    return path


def step_in(monkeypatch: pytest.MonkeyPatch, messages: Path, assets: list[str] | None) -> None:
    """Be started by Dagster."""
    context: dict[str, object] = {
        "asset_keys": assets,
        "code_version_by_asset_key": None,
        "provenance_by_asset_key": None,
    }
    context |= {"partition_key": None, "partition_key_range": None, "partition_time_window": None}
    context |= {"run_id": "r", "job_name": "j", "retry_number": 0, "extras": {}}
    monkeypatch.setenv("DAGSTER_PIPES_CONTEXT", dagster_pipes.encode_param({"data": context}))
    monkeypatch.setenv("DAGSTER_PIPES_MESSAGES", dagster_pipes.encode_param({"path": str(messages)}))
    monkeypatch.setattr(dagster_pipes.PipesContext, "_instance", None)


def read(path: Path) -> list[tuple[str, Any]]:
    return [(said["method"], said["params"]) for said in map(json.loads, path.read_text().splitlines())]


def test_an_asset_is_materialized_with_the_counts(messages: Path, tmp_path: Path) -> None:
    outcome = tell([Pipes()], tmp_path / "run")
    said = read(messages)
    assert [method for method, _ in said] == ["opened", "report_asset_materialization", "closed"]
    told = said[1][1]
    assert told["asset_key"] == "tweets/metrics"
    metadata = {
        name: entry["raw_value"] if isinstance(entry, dict) else entry
        for name, entry in told["metadata"].items()
    }
    for status, n in outcome.results[0].counts().items():
        assert metadata[f"totals/{status}"] == n
    assert metadata["dagster/row_count"] == len(IDS)
    assert (metadata["run_dir"], metadata["exit_code"]) == (str(tmp_path / "run"), 0)


def test_a_run_that_does_not_succeed_materializes_nothing(messages: Path, tmp_path: Path) -> None:
    tell([Pipes()], tmp_path / "run", ill="7")
    said = read(messages)
    assert [method for method, _ in said] == ["opened", "log", "report_custom_message", "closed"]
    assert said[1][1]["level"] == "WARNING"
    assert "exit code 3" in said[1][1]["message"]
    assert said[2][1]["payload"]["totals/failed"] > 0


def test_a_step_without_an_asset_gets_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step_in(monkeypatch, tmp_path / "messages", None)
    tell([Pipes()], tmp_path / "run")
    said = dict(read(tmp_path / "messages"))
    assert said["report_custom_message"]["payload"]["totals/ok"] > 0


def test_a_file_that_cannot_be_written_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    step_in(monkeypatch, tmp_path / "nowhere" / "messages", None)
    assert tell([Pipes()], tmp_path / "run").exit_code is ExitCode.OK
    (warning,) = caplog.messages
    assert warning.startswith("Dagster Pipes: ")


def test_a_missing_package_is_a_warning_that_names_the_extra(
    messages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "dagster_pipes", None)
    assert tell([Pipes()], tmp_path / "run").exit_code is ExitCode.OK
    (warning,) = caplog.messages
    assert "pip install 'harvester[dagster]'" in warning


def test_dagster_is_told_only_where_it_has_started_the_run(tmp_path: Path) -> None:
    assert notices_of(tmp_path, None, {"DAGSTER_PIPES_CONTEXT": "x"}).has_listeners
