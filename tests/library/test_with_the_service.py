"""The library beside the command: the real thing over HTTP, and the same run directory."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

import harvester
from harvester.engagement.groupings import parse_grouping
from tests.end_to_end.forked import ROOT, ForkingRunner, running_simulator, shared_server
from tests.end_to_end.running import BEARER, USER_KEYS, clean_environment
from tests.library.serving import BATCH, ids, is_free, lines

LEFT_OPEN = """
import harvester, sys
ids, (out, url) = range(%d, %d, 100), sys.argv[1:]
records = iter(harvester.harvest_sync(ids, out=out, base_url=url, concurrency={"totals": 1}))
print(next(records).tweet_id)
"""


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The simulator's credentials in place of nobody's."""
    for name, value in {**USER_KEYS, **BEARER}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_records_are_the_lines_of_the_files_and_the_command_goes_on_with_them(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("".join(f"{number}\n" for number in ids(1)[:20]))
    run = ForkingRunner(tmp_path, shared_server())
    group = "hours=tweet.id,engagement.type,engagement.hour"
    with running_simulator(tmp_path) as simulator:
        records = list(
            harvester.harvest_sync(
                path,
                out=run.out,
                base_url=simulator.url,
                endpoints=("totals", "28hr", "historical"),
                series="day",
                groupings=[parse_grouping(group)],
                start="5d",
            )
        )
        endpoints = ("totals", "28hr", "historical")
        asked = [part for name in endpoints for part in ("-e", name)]
        n_before = len(simulator.requests())
        finished = run(
            *(str(path), *asked, "--series", "day", "--group", group, "--start", "5d"),
            *("--base-url", simulator.url),
            keys={**USER_KEYS, **BEARER},
        )
        assert finished.code == 0, finished.err
        assert len(simulator.requests()) == n_before
    for name in endpoints:
        mine = [record for record in records if record.endpoint == name]
        assert [record.to_dict() for record in mine] == lines(run.out, name)
        assert orjson.dumps(mine[0].to_dict())
    historical = [record for record in records if record.endpoint == "historical" and record.status == "ok"]
    assert all(record.series is not None and record.groupings is not None for record in historical)


def test_what_is_left_open_at_the_interpreters_end_drains_and_commits(tmp_path: Path) -> None:
    first, last = ids(1)[0], ids(200)[-1] + 1
    with running_simulator(tmp_path, "--latency", "20") as simulator:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", LEFT_OPEN % (first, last), tmp_path / "run", simulator.url],
            env={**clean_environment(), **BEARER, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        n_answered = sum(entry["status"] == 200 for entry in simulator.requests())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{first}\n"
    assert is_free(tmp_path / "run")
    assert len(lines(tmp_path / "run")) == n_answered * BATCH
    assert n_answered < 200
