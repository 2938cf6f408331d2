"""A whole harvest at its edges: signals before the first request, and directories in which nothing stands yet."""

import asyncio
import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

import harvester
from harvester.config.options import Options
from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.engagement.metrics import EndpointName
from harvester.errors import ExitCode, RunDirectoryError, UsageError
from harvester.job import Harvest, Outcome
from harvester.report.results import write_results
from harvester.report.run_page import make_page
from harvester.rundir.directory import RunDirectory
from harvester.rundir.lock import RunLock
from harvester.transport.session import Reply
from tests.in_process import InProcess

JULY_S, NOVEMBER_S = 1_783_500_000.0, 1_795_500_000.0
CREDENTIALS = Credentials(
    AppKey(Secret("key"), Secret("secret")), AccessToken(Secret("1-token"), Secret("secret"))
)


class Service(InProcess):
    """Counts everything as 1. asked: all that came."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    async def post(self, _url: str, body: bytes, _headers: Mapping[str, str]) -> Reply:
        asked = orjson.loads(body)
        self.asked.append(asked)
        counts = dict.fromkeys(asked["tweet_ids"], dict.fromkeys(asked["engagement_types"], 1))
        return Reply(200, {}, orjson.dumps({"harvester": counts}))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()
    monkeypatch.setattr("harvester.job.HttpSession", service)
    return service


@pytest.fixture
def options(tmp_path: Path) -> Options:
    (tmp_path / "ids.txt").write_text("20\n21\n")
    return Options((str(tmp_path / "ids.txt"),), tmp_path / "run", ("historical",), metrics=("impressions",))


def run(options: Options, wall_s: float, *, is_interrupted: bool = False) -> Outcome:
    async def main() -> Outcome:
        def interrupt(_: object) -> None:
            if is_interrupted:
                harvest.interrupt(ExitCode.TERMINATED)

        harvest = Harvest(options, CREDENTIALS, on_open=interrupt, wall=lambda: wall_s)
        return await harvest.run()

    return asyncio.run(main())


def test_a_signal_before_the_first_request_ends_the_run_without_one(
    options: Options, service: Service
) -> None:
    assert run(options, NOVEMBER_S, is_interrupted=True).exit_code is ExitCode.TERMINATED
    assert not service.asked
    assert run(options, NOVEMBER_S).exit_code is ExitCode.OK


def test_a_signal_while_the_token_service_is_to_be_left_in_peace_ends_the_run_at_once(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoToken(Service):
        async def post(self, _url: str, _body: bytes, _headers: Mapping[str, str]) -> Reply:
            self.asked.append({})
            asyncio.get_running_loop().call_soon(harvest.interrupt, ExitCode.INTERRUPTED)
            return Reply(503, {"Retry-After": "1000"}, b"")

    service = NoToken()
    monkeypatch.setattr("harvester.job.HttpSession", service)
    app = Credentials(AppKey(Secret("key"), Secret("secret")))
    harvest = Harvest(replace(options, endpoints=("totals",), metrics=("favorites",)), app)
    assert asyncio.run(harvest.run()).exit_code is ExitCode.INTERRUPTED
    assert len(service.asked) == 1


def test_a_directory_in_which_nothing_stands_takes_another_range_by_the_present_clock(
    options: Options, service: Service
) -> None:
    run(options, JULY_S, is_interrupted=True)
    outcome = run(replace(options, end="2026-11-20"), NOVEMBER_S)
    assert outcome.exit_code is ExitCode.OK
    assert service.asked[0]["end"] == "2026-11-20T00:00:00Z"


def test_a_range_of_so_long_ago_counts_from_when_the_run_began(options: Options, service: Service) -> None:
    ago = replace(options, start="2d", end="1d")
    run(ago, JULY_S, is_interrupted=True)
    run(ago, JULY_S + 3 * 86_400)
    assert service.asked[0]["end"] == "2026-07-07T08:40:00Z"


def test_a_signal_while_standard_input_is_waited_for_ends_the_run(
    options: Options, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It was kept to its end, and is compared with what comes now, which is nothing yet."""
    options = replace(options, inputs=("-",))
    with (tmp_path / "ids.txt").open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert run(replace(options, patience_s=1), JULY_S).exit_code is ExitCode.OK
    (options.out / "_SUCCESS").unlink()
    ours, theirs = os.pipe()
    with os.fdopen(ours) as stdin, os.fdopen(theirs, "wb"):
        monkeypatch.setattr("sys.stdin", stdin)

        async def main() -> Outcome:
            harvest = Harvest(options, CREDENTIALS)
            asyncio.get_running_loop().call_later(0.1, harvest.interrupt, ExitCode.TERMINATED)
            return await harvest.run()

        assert asyncio.run(main()).exit_code is ExitCode.TERMINATED
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("concurrency", "n_files", "level", "at_once"),
    [
        ({}, 1024, None, 8),
        ({}, 80, "INFO", 8),
        ({}, 40, "INFO", 4),
        ({}, 20, "INFO", 1),
        ({"totals": 10}, 80, "INFO", 10),
        ({"totals": 100}, 180, "WARNING", 74),
        ({"totals": 200, "28hr": 200}, 300, "WARNING", 134),
        ({"totals": 10, "28hr": 300}, 300, "WARNING", 10),
    ],
)
def test_only_as_many_are_in_flight_as_files_may_be_open(
    tmp_path: Path,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    concurrency: dict[EndpointName, int],
    n_files: int,
    level: str | None,
    at_once: int,
) -> None:
    """What the user has asked for is not cut in silence; what we would have tried is no matter of hers."""
    caplog.set_level("INFO", "harvester")
    monkeypatch.setattr("resource.getrlimit", lambda _: (n_files, n_files))
    (tmp_path / "ids.txt").write_text("20\n")
    options = Options(
        (str(tmp_path / "ids.txt"),), tmp_path / "run", ("totals", "28hr"), concurrency=concurrency
    )
    harvest = Harvest(options, CREDENTIALS)
    assert asyncio.run(harvest.run()).exit_code is ExitCode.OK
    assert harvest.snapshots()[0].at_once == at_once
    said = [record.levelname for record in caplog.records if "ulimit" in record.message]
    assert said == ([level] if level else [])


def is_free(folder: Path) -> bool:
    """Whether the next run may use a run directory."""
    try:
        RunLock(folder).release()
    except RunDirectoryError:
        return False
    return True


async def test_a_cancellation_while_the_directory_is_being_opened_closes_it(
    options: Options, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = threading.Event()

    class LongOpened(RunDirectory):
        def __init__(self, *arguments: Any, stop: threading.Event, **more: Any) -> None:
            super().__init__(*arguments, stop=stop, **more)
            opening.set()
            stop.wait(5)

    monkeypatch.setattr("harvester.job.RunDirectory", LongOpened)
    running = asyncio.ensure_future(Harvest(options, CREDENTIALS).run())
    await asyncio.to_thread(opening.wait, 5)
    assert not is_free(options.out)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert is_free(options.out)
    assert not service.asked


async def test_a_cancellation_while_a_directory_cannot_be_opened_is_a_cancellation(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = threading.Event()

    def refuse(*_: object, stop: threading.Event, **__: object) -> None:
        opening.set()
        stop.wait(5)
        raise RunDirectoryError("it is damaged")

    monkeypatch.setattr("harvester.job.RunDirectory", refuse)
    running = asyncio.ensure_future(Harvest(options, CREDENTIALS).run())
    await asyncio.to_thread(opening.wait, 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_cancellations_while_a_run_is_finished_wait_until_it_is(
    options: Options, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    finishing, may_finish = threading.Event(), threading.Event()

    def write_late(*arguments: Any, **more: Any) -> ExitCode:
        finishing.set()
        may_finish.wait(5)
        return write_results(*arguments, **more)

    monkeypatch.setattr("harvester.job.write_results", write_late)
    running = asyncio.ensure_future(Harvest(options, CREDENTIALS).run())
    await asyncio.to_thread(finishing.wait, 5)
    for _ in range(2):
        running.cancel()
        await asyncio.sleep(0)
        assert not running.done()
        assert not is_free(options.out)
    may_finish.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert is_free(options.out)
    assert (options.out / "_SUCCESS").exists()


async def test_a_run_counts_its_accounts_where_the_command_does(
    options: Options, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert (await harvester.run(options, CREDENTIALS)).exit_code is ExitCode.OK
    assert (tmp_path / "state/harvester/handles.json").exists()


async def test_a_run_that_ends_early_raises_why(options: Options, service: Service) -> None:
    with pytest.raises(UsageError, match="no credentials"):
        await harvester.run(options, Credentials())


def test_a_report_that_cannot_be_drawn_costs_no_run(
    options: Options, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> bytes:
        raise ZeroDivisionError("no picture")

    monkeypatch.setattr("harvester.report.run_page.make_page", fail)
    outcome = run(replace(options, has_report=True), NOVEMBER_S)
    assert outcome.exit_code is ExitCode.OK
    assert caplog.messages == ["report.html cannot be drawn: ZeroDivisionError: no picture"]
    assert {path.name for path in options.out.iterdir()} >= {"_SUCCESS", "summary.json"}
    assert not (options.out / "report.html").exists()


def test_a_signal_while_the_report_is_made_ends_the_run_and_the_next_one_makes_it_without_a_request(
    options: Options, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = replace(options, has_report=True)
    harvest = Harvest(options, CREDENTIALS, wall=lambda: NOVEMBER_S)

    def make_page_meanwhile(*arguments: Any) -> bytes:
        harvest.interrupt(ExitCode.TERMINATED)
        return make_page(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr("harvester.report.run_page.make_page", make_page_meanwhile)
        outcome = asyncio.run(harvest.run())
    assert outcome.exit_code is ExitCode.TERMINATED
    assert outcome.counts["ok"] == 2
    assert not {"_SUCCESS", "report.html"} & {path.name for path in options.out.iterdir()}
    n_asked = len(service.asked)
    assert run(options, NOVEMBER_S).exit_code is ExitCode.OK
    assert (options.out / "report.html").exists()
    assert len(service.asked) == n_asked
