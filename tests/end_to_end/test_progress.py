"""What real runs say: the events that are documented, and on a terminal something new each second."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from harvester.cli.events import EVENTS, OF_ALL
from tests.end_to_end.forked import ForkingRunner, running_simulator, shared_server
from tests.end_to_end.running import BEARER, Finished, Runner, clean_environment, committed_ids, wait_for


def events_of(finished: Finished) -> list[dict[str, Any]]:
    """The lines on standard error, each of which is an event that is documented, with its fields."""
    events = [json.loads(line) for line in finished.err.splitlines()]
    for event in events:
        assert set(event) == {*OF_ALL, *EVENTS[event["event"]].fields}, event
    return events


def test_a_run_through_an_outage_tells_documented_events_only(
    run: Runner, id_file: Path, tmp_path: Path
) -> None:
    with running_simulator(tmp_path, "--latency", "100", "--outage", "1+4") as simulator:
        flags = ("--base-url", simulator.url, "--concurrency", "2", "--log-format", "json", "-v")
        finished = run(str(id_file), *flags)
    events = events_of(finished)
    names = [event["event"] for event in events if event["event"] != "log"]
    assert names == ["start", "wait", "go_on", "endpoint_end", "end"]
    wait, go_on, endpoint_end, end = (event for event in events if event["event"] in names[1:])
    assert (wait["waiting_for"], go_on["waited_for"], endpoint_end["settled"]) == (
        "service",
        "service",
        6_000,
    )
    counts = {name: finished.last_line[name] for name in end["counts"]}
    assert (finished.code, end["exit"], end["counts"]) == (0, 0, counts)
    assert any(event["event"] == "log" for event in events)


def test_a_run_that_is_stopped_tells_that_it_drains_and_the_next_that_it_goes_on(
    run: Runner, id_file: Path, tmp_path: Path
) -> None:
    with running_simulator(tmp_path, "--latency", "1200") as simulator:
        flags = ("--base-url", simulator.url, "--concurrency", "8", "--log-format", "json")
        process = run.start(str(id_file), *flags)
        wait_for(lambda: len(committed_ids(run)) > 0, "records")
        process.send_signal(signal.SIGINT)
        events = events_of(run.finish(process))
        assert [event["event"] for event in events] == ["start", "draining", "endpoint_end", "end"]
        assert 0 < events[1]["grace_s"] <= 5
        assert events[-1]["exit"] == 130
    with running_simulator(tmp_path) as simulator:
        events = events_of(run(str(id_file), "--base-url", simulator.url, "--log-format", "json"))
        assert [event["event"] for event in events] == ["resume", "endpoint_end", "end"]
        (complete, end) = events_of(run(str(id_file), "--base-url", simulator.url, "--log-format", "json"))
        assert (complete["event"], end["exit"]) == ("complete", 0)


def test_the_error_that_ends_a_run_is_an_event(run: Runner, id_file: Path) -> None:
    flags = ("--base-url", "http://127.0.0.1:9", "--log-format", "json", "--patience", "1")
    error, end = events_of(run(str(id_file), *flags))[-2:]
    assert (error["event"], error["error"]["code"], end["exit"]) == ("error", 5, 5)


def test_a_terminal_shows_something_new_each_second_of_a_wait(
    run: Runner, id_file: Path, tmp_path: Path
) -> None:
    """Never looks dead."""
    with running_simulator(tmp_path, "--latency", "50", "--outage", "0.5+60") as simulator:
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "harvester", "run", str(id_file), "-o", str(run.out)]
        environment = {**clean_environment(), **run.homes, **BEARER, "TERM": "xterm-256color"}
        environment.pop("CI", None)
        process = subprocess.Popen(
            [*command, "--base-url", simulator.url, "--concurrency", "2"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        os.close(theirs)
        try:
            _read_until(ours, b"waiting for the service")
            new = [_read_for(ours, 1.1) for _ in range(3)]
        finally:
            process.kill()
            process.wait()
            os.close(ours)
    assert all(b"left" in said or b"so far" in said for said in new)


def _read_until(handle: int, text: bytes) -> None:
    said, deadline = b"", time.monotonic() + 30
    while text not in said:
        assert time.monotonic() < deadline, said
        if select.select([handle], [], [], 1)[0]:
            said += os.read(handle, 65_536)


def _read_for(handle: int, seconds: float) -> bytes:
    said, until = b"", time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([handle], [], [], left)[0]:
            said += os.read(handle, 65_536)
    return said


def test_what_headers_said_of_the_allowance_is_known_to_the_next_plan(
    run: Runner, ids: list[int], tmp_path: Path
) -> None:
    (tmp_path / "few.txt").write_text("".join(f"{i}\n" for i in ids[:300]))
    with running_simulator(tmp_path, "--rate-limit", "6000") as simulator:
        assert run("few.txt", "--base-url", simulator.url, "--rate", "3000/min").code == 0
    plan = ForkingRunner(tmp_path, shared_server()).command("plan", "few.txt", "--json")
    totals = json.loads(plan.out)["rates"]["totals"]
    assert (totals["per_minute"], totals["from"]) == (6_000, "api")
