"""How many requests are in flight, as a service sees it that takes its time."""

import time
from bisect import bisect_left
from pathlib import Path

import pytest

from harvester.simulator.population import make_ids
from tests.end_to_end.forked import running_simulator
from tests.end_to_end.running import BEARER, Runner, Simulator


def most_within(simulator: Simulator, seconds: float) -> int:
    """The most requests that arrived within so many seconds, wherever they begin."""
    times = sorted(request["time"] for request in simulator.requests())
    return max(bisect_left(times, at + seconds) - n for n, at in enumerate(times))


def test_who_says_nothing_has_more_than_eight_in_flight_where_answers_take_long(
    run: Runner, tmp_path: Path
) -> None:
    """Whatever arrives within half a second is in flight together."""
    many = make_ids(15_000, 5, int(time.time() * 1000)).tolist()
    (run.folder / "many.txt").write_text("\n".join(map(str, many)) + "\n")
    with running_simulator(tmp_path, "--latency", "500") as simulator:
        finished = run("many.txt", "-m", "favorites", "--base-url", simulator.url, "-v")
        assert most_within(simulator, 0.45) > 8
    assert finished.code == 0, finished.err
    assert "in flight: 16 at once" in finished.err


@pytest.mark.parametrize("way", ["flag", "environment", "file"])
def test_who_says_four_never_has_more_than_four_in_flight(
    run: Runner, id_file: Path, tmp_path: Path, way: str
) -> None:
    arguments = [str(id_file)]
    if way == "flag":
        arguments += ["--concurrency", "4"]
    elif way == "file":
        (run.folder / "harvester.toml").write_text("concurrency = 4\n")
    keys = dict(BEARER)
    if way == "environment":
        keys["HARVESTER_CONCURRENCY"] = "totals=4"
    with running_simulator(tmp_path, "--latency", "100") as simulator:
        finished = run(*arguments, "--base-url", simulator.url, "-v", keys=keys)
        assert most_within(simulator, 0.09) <= 4
    assert finished.code == 0, finished.err
    assert "in flight: " not in finished.err
