"""The events of OpenLineage, as a server gets them; and a server, a client or a network that is not there."""

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from harvester.errors import ExitCode
from harvester.notices import lineage
from harvester.notices.courier import Courier
from harvester.notices.lineage import Lineage, dataset_name, wants_lineage
from harvester.notices.wanted import notices_of
from tests.growth.conftest import IDS
from tests.notices.conftest import tell

REQUIRED: Final = ("eventTime", "eventType", "producer", "schemaURL", "run", "job", "inputs", "outputs")


class Collector(ThreadingHTTPServer):
    """Takes events. status: what it answers with. opens: it answers only when that is set."""

    daemon_threads = True

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.status = 201
        self.opens = Event()
        self.opens.set()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """One event."""

    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.opens.wait(30)
        if self.server.status < 400:
            self.server.events.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Collector]:
    with Collector() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        # The client writes its own variables from that one.
        monkeypatch.setattr(os, "environ", {**os.environ})
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "nightly")
        monkeypatch.chdir(tmp_path)
        yield server
        server.opens.set()
        server.shutdown()


def demand_valid(event: dict[str, Any]) -> None:
    """What the specification requires of an event, its datasets and facets."""
    assert set(REQUIRED) <= event.keys()
    assert datetime.fromisoformat(event["eventTime"]).tzinfo
    assert event["schemaURL"].startswith("https://openlineage.io/spec/")
    assert str(UUID(event["run"]["runId"])) == event["run"]["runId"]
    for named in (event["job"], *event["inputs"], *event["outputs"]):
        assert named["namespace"]
        assert named["name"]
    parts = [event["run"].get("facets", {}), event["job"].get("facets", {})]
    parts += [dataset.get("outputFacets", {}) for dataset in event["outputs"]]
    for facet in (facet for part in parts for facet in part.values()):
        assert urlsplit(facet["_producer"]).scheme
        assert facet["_schemaURL"].startswith("https://openlineage.io/spec/facets/")


def run_id_of(out: Path) -> str:
    return str(UUID(hex=json.loads((out / "run.json").read_text())["run_id"]))


def test_a_run_sends_start_and_complete_with_files_and_rows(collector: Collector, tmp_path: Path) -> None:
    out = tmp_path / "july"
    tell([Lineage({"OPENLINEAGE_NAMESPACE": "nightly"})], out)
    start, end = collector.events
    for event in (start, end):
        demand_valid(event)
        assert event["producer"] == lineage.PRODUCER
        assert event["run"]["runId"] == run_id_of(out)
        assert (event["job"]["namespace"], event["job"]["name"]) == ("nightly", "harvester.july")
        assert [dataset["name"] for dataset in event["inputs"]] == [str(tmp_path / "july.txt")]
        assert [dataset["name"] for dataset in event["outputs"]] == [str(out / "totals.ndjson")]
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    statistics = end["outputs"][0]["outputFacets"]["outputStatistics"]
    assert (statistics["rowCount"], statistics["size"]) == (len(IDS), (out / "totals.ndjson").stat().st_size)


@pytest.mark.parametrize(
    ("how", "ends", "says"),
    [
        ({"stop_after": 2, "concurrency": 1}, "ABORT", "exit code 143"),
        ({"ill": "7"}, "FAIL", "exit code 3"),
    ],
)
def test_a_run_that_does_not_succeed_says_so_and_what_it_has(
    collector: Collector, tmp_path: Path, how: dict[str, Any], ends: str, says: str
) -> None:
    tell([Lineage({})], tmp_path / "july", **how)
    _, end = collector.events
    demand_valid(end)
    assert end["eventType"] == ends
    assert end["run"]["facets"]["errorMessage"]["message"] == says
    assert 0 < end["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] < len(IDS)


def test_a_resumed_run_is_the_same_run(collector: Collector, tmp_path: Path) -> None:
    out = tmp_path / "july"
    tell([Lineage({})], out, stop_after=2, concurrency=1)
    tell([Lineage({})], out)
    assert [event["eventType"] for event in collector.events] == ["START", "ABORT", "START", "COMPLETE"]
    assert {event["run"]["runId"] for event in collector.events} == {run_id_of(out)}


def test_the_task_that_started_the_run_is_its_parent(collector: Collector, tmp_path: Path) -> None:
    parent = "airflow/dag.task/3f5e83fa-3480-44ff-99c5-ff943904e5e8"
    tell([Lineage({"OPENLINEAGE_PARENT_ID": parent})], tmp_path / "july")
    facet = collector.events[0]["run"]["facets"]["parent"]
    assert (facet["job"]["namespace"], facet["job"]["name"]) == ("airflow", "dag.task")
    assert facet["run"]["runId"] == parent.rsplit("/", 1)[1]


def test_a_server_that_refuses_is_one_warning(
    collector: Collector, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    collector.status = 400
    outcome = tell([Lineage({})], tmp_path / "july")
    assert outcome.exit_code is ExitCode.OK
    (warning,) = caplog.messages
    assert warning.startswith("OpenLineage: ")
    assert "400" in warning


def test_a_server_that_does_not_answer_is_waited_for_at_the_end_alone_and_not_long(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lineage, "WITHIN_S", 0.2)
    collector.opens.clear()
    outcome = tell([Lineage({})], tmp_path / "july")
    assert outcome.exit_code is ExitCode.OK
    assert caplog.messages == ["OpenLineage: not delivered within 0.2 s; the run goes on without"]


def test_a_missing_client_is_a_warning_that_names_the_extra(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "openlineage.client", None)
    assert tell([Lineage({})], tmp_path / "july").exit_code is ExitCode.OK
    (warning,) = caplog.messages
    assert "pip install 'harvester[lineage]'" in warning


@pytest.mark.parametrize(
    ("environ", "is_wanted"),
    [
        ({}, False),
        ({"OPENLINEAGE_URL": "http://there"}, True),
        ({"OPENLINEAGE_URL": "http://there", "OPENLINEAGE_DISABLED": "true"}, False),
        ({"OPENLINEAGE__TRANSPORT__TYPE": "file"}, True),
        ({"OPENLINEAGE_NAMESPACE": "nightly"}, False),
        ({"OPENLINEAGE_CONFIG": "nowhere.yml"}, False),
    ],
)
def test_lineage_is_wanted_where_it_is_configured(
    environ: dict[str, str], is_wanted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert wants_lineage(environ) is is_wanted
    (tmp_path / "openlineage.yml").touch()
    assert wants_lineage(environ) is ("OPENLINEAGE_DISABLED" not in environ)


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("/data/ids.txt", ("file", "/data/ids.txt")),
        ("s3://bucket/a/b.csv", ("s3://bucket", "a/b.csv")),
        ("https://example.org/ids.gz", ("https://example.org", "ids.gz")),
        ("-", ("file", "-")),
        ("/data/a\udcffb", ("file", "/data/a\\xffb")),
    ],
)
def test_files_and_objects_have_the_names_of_the_convention(name: str, dataset: tuple[str, str]) -> None:
    assert dataset_name(name) == dataset


def test_nobody_listens_where_nothing_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not notices_of(tmp_path, None, {}).has_listeners


def test_a_courier_delivers_in_order_and_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []

    def fail() -> None:
        raise ValueError("no")

    courier = Courier("the post")
    for number in range(3):
        courier.send(lambda number=number: done.append(number))  # type: ignore[misc]  # bound now
        courier.send(fail)
    began = time.monotonic()
    courier.finish(30)
    assert time.monotonic() - began < 30
    assert done == [0, 1, 2]
    assert caplog.messages == ["the post: ValueError: no; the run goes on without"]
