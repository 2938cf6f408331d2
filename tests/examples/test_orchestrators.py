"""The examples for Airflow and Dagster, neither of which is installed here: small fakes stand for what they name.

The fakes run the very commands. What the names mean is those projects' documentation.
"""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import pytest
from dagster_pipes import (
    DAGSTER_PIPES_CONTEXT_ENV_VAR,
    DAGSTER_PIPES_MESSAGES_ENV_VAR,
    PipesContextData,
    encode_param,
)

from tests.end_to_end.forked import ROOT
from tests.examples.conftest import TWEETS

EXAMPLES = ROOT / "scripts/examples"


def module(monkeypatch: pytest.MonkeyPatch, name: str, **names: object) -> None:
    """Let something be importable by this name, and the packages above it."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        path = ".".join(parts[:end])
        if path not in sys.modules:
            monkeypatch.setitem(sys.modules, path, ModuleType(path))
    for key, value in names.items():
        setattr(sys.modules[name], key, value)


class Dag:
    """Airflow's, which collects what is made within it."""

    def __init__(self, dag_id: str, **_: object) -> None:
        self.dag_id = dag_id

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@dataclass
class BashOperator:
    """Airflow's: the last line of both streams, which are one, is the XCom."""

    task_id: str
    bash_command: str
    env: dict[str, str]
    append_env: bool
    output_processor: Callable[[str], Any]
    retries: int
    retry_delay: object

    @property
    def output(self) -> Self:
        """What it will give, for tasks that want it."""
        return self

    def execute(self, ds: str, environment: dict[str, str]) -> Any:
        """Run the command as the worker does."""
        rendered = self.bash_command.replace("{{ ds }}", ds)
        done = subprocess.run(
            ["bash", "-c", rendered],
            env={**(environment if self.append_env else {}), **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return self.output_processor(done.stdout.splitlines()[-1])


def test_airflows_task_gives_the_last_line_to_the_next_one(
    data: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = []

    def task(function: Callable[..., Any]) -> Callable[..., None]:
        return lambda *arguments: wanted.append((function, arguments))

    module(monkeypatch, "airflow.sdk", DAG=Dag, task=task)
    module(monkeypatch, "airflow.providers.standard.operators.bash", BashOperator=BashOperator)
    dag = runpy.run_path(str(EXAMPLES / "airflow_dag.py"))
    harvest: BashOperator = dag["harvest"]
    harvest.env["DATA"] = str(data)
    line = harvest.execute("2026-11-24", environment)
    ((load, arguments),) = wanted
    assert arguments == (harvest,)
    assert (line["exit"], line["run_dir"]) == (0, str(data / "runs/2026-11-24"))
    assert load(line).endswith(f"tweets in {data}/runs/2026-11-24")
    assert harvest.retries > 0


class PipesClient:
    """Dagster's: runs a command, listens to it by the Pipes protocol, and fails the step unless it ends with 0."""

    def run(self, *, command: Sequence[str], context: SimpleNamespace) -> SimpleNamespace:
        """Run it, in the step's environment and with the ends of the pipes in it."""
        told, heard = context.folder / "context.json", context.folder / "messages.ndjson"
        step = {"asset_keys": ["engagement"], "partition_key": context.partition_key, "extras": {}}
        told.write_text(json.dumps(dict.fromkeys(PipesContextData.__annotations__) | step))
        pipes = {
            DAGSTER_PIPES_CONTEXT_ENV_VAR: encode_param({"path": str(told)}),
            DAGSTER_PIPES_MESSAGES_ENV_VAR: encode_param({"path": str(heard)}),
        }
        done = subprocess.run(
            command, env=context.env | pipes, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        messages = map(json.loads, heard.read_text().splitlines())
        (result,) = (one["params"] for one in messages if one["method"] == "report_asset_materialization")
        return SimpleNamespace(get_materialize_result=lambda: result)


def test_dagsters_asset_is_a_run_directory_a_day(
    data: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(**kept: object) -> SimpleNamespace:
        return SimpleNamespace(**kept)

    def asset(**about: object) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        assert {"partitions_def", "retry_policy"} <= about.keys()
        return lambda function: function

    module(
        monkeypatch,
        "dagster",
        DailyPartitionsDefinition=made,
        RetryPolicy=made,
        AssetExecutionContext=object,
        PipesSubprocessClient=PipesClient,
        MaterializeResult=object,
        Definitions=made,
        asset=asset,
        define_asset_job=lambda name, **_: name,
        build_schedule_from_partitioned_job=lambda job, **_: job,
    )
    monkeypatch.setenv("DATA", str(data))
    monkeypatch.setenv("PATH", environment["PATH"] + os.pathsep + os.environ["PATH"])
    job = runpy.run_path(str(EXAMPLES / "dagster_job.py"))
    context = SimpleNamespace(partition_key="2026-11-24", env=environment, folder=data)
    result = job["engagement"](context, job["defs"].resources["pipes"])
    assert result["asset_key"] == "engagement"
    assert result["metadata"]["dagster/row_count"]["raw_value"] == TWEETS
    assert (data / "runs/2026-11-24/_SUCCESS").exists()
