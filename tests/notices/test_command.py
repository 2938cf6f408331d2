"""The real commands: `run` while others listen, and `diff` while a run goes on."""

import json
import signal
from collections.abc import Mapping
from pathlib import Path

import dagster_pipes
import pytest
from prometheus_client.parser import text_string_to_metric_families

from harvester.errors import ExitCode
from tests.end_to_end.forked import ForkingRunner, running_simulator, shared_server
from tests.end_to_end.running import BEARER, committed_ids, wait_for

IDS = [1_060_976_163_948_904_448 + 4_194_304_000 * n for n in range(1_500)]


@pytest.fixture
def run(tmp_path: Path) -> ForkingRunner:
    (tmp_path / "ids.txt").write_text("".join(f"{i}\n" for i in IDS))
    return ForkingRunner(tmp_path, shared_server())


def samples(path: Path) -> Mapping[tuple[str, str], float]:
    """The values of a metrics file, by name and the last of their labels."""
    families = text_string_to_metric_families(path.read_text())
    return {
        (sample.name, sample.labels.get("status", "")): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_run_tells_all_that_listen_and_ends_as_without(run: ForkingRunner, tmp_path: Path) -> None:
    context: dict[str, object] = {
        "asset_keys": None,
        "run_id": "r",
        "job_name": "j",
        "retry_number": 0,
        "extras": {},
    }
    keys = {
        **BEARER,
        "OPENLINEAGE_DISABLED": "false",
        "OPENLINEAGE__TRANSPORT__TYPE": "file",
        "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(tmp_path / "events.json"),
        "OPENLINEAGE__TRANSPORT__APPEND": "true",
        "DAGSTER_PIPES_CONTEXT": dagster_pipes.encode_param({"data": context}),
        "DAGSTER_PIPES_MESSAGES": dagster_pipes.encode_param({"path": str(tmp_path / "messages")}),
        "HARVESTER_METRICS_FILE": "harvest.prom",
    }
    with running_simulator(tmp_path) as simulator:
        process = run.start(str(tmp_path / "ids.txt"), "--base-url", simulator.url, keys=keys)
        finished = run.finish(process)
    assert finished.code == ExitCode.OK, finished.err
    assert "warning" not in finished.err.lower()
    found = samples(tmp_path / "harvest.prom")
    assert found["harvester_tweets", "ok"] == finished.last_line["ok"]
    assert found["harvester_exit_code", ""] == 0
    events = [json.loads(line) for line in (tmp_path / "events.json").read_text().splitlines()]
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"]
    messages = [json.loads(line) for line in (tmp_path / "messages").read_text().splitlines()]
    assert messages[1]["params"]["payload"]["totals/ok"] == finished.last_line["ok"]


def test_a_run_that_cannot_begin_leaves_its_exit_code(run: ForkingRunner, tmp_path: Path) -> None:
    finished = run.finish(run.start(str(tmp_path / "ids.txt"), "--metrics-file", "harvest.prom", keys={}))
    assert finished.code == ExitCode.USAGE
    assert samples(tmp_path / "harvest.prom")["harvester_exit_code", ""] == ExitCode.USAGE


def test_a_live_run_is_compared_as_far_as_it_is(run: ForkingRunner, tmp_path: Path) -> None:
    later = ForkingRunner(tmp_path / "later", shared_server())
    with running_simulator(tmp_path) as simulator:
        assert run(str(tmp_path / "ids.txt"), "--base-url", simulator.url).code == ExitCode.OK
        flags = ("--base-url", simulator.url, "--rate", "90/min", "--concurrency", "1")
        process = later.start(str(tmp_path / "ids.txt"), *flags)
        wait_for(lambda: len(committed_ids(later)) > 0, "the first records")
        told = run.command("diff", str(run.out), str(later.out), "--json")
        process.send_signal(signal.SIGTERM)
        assert later.finish(process).code == ExitCode.TERMINATED
    assert told.code == ExitCode.OK, told.err
    document = json.loads(told.out)
    assert document["new"]["state"] == "unfinished"
    assert 0 < document["new"]["records"] < len(IDS)
    assert document["tweets"]["compared"] + document["tweets"]["not_ok"] == document["new"]["records"]
    assert document["tweets"]["only_in_old"] == len(IDS) - document["new"]["records"]
    assert "is not finished: compared as far as its journal counts" in document["remarks"][0]
