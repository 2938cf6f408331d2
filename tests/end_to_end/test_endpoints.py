"""Three endpoints in one run: each complete and true, each at its own pace, resumed each for itself."""

import json
import signal
import sqlite3
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from harvester.engagement.tweet_id import first_id_at
from harvester.simulator.options import Shares
from harvester.simulator.population import make_ids
from harvester.simulator.world import World
from tests.end_to_end.forked import ForkingRunner, running_simulator, shared_server
from tests.end_to_end.running import USER_KEYS, Runner, Simulator, wait_for

ALL = ("-e", "totals", "-e", "28hr", "-e", "historical")
RANGE = ("--start", "60d", "--series", "day", "-m", "impressions,favorites,url_clicks,quote_tweets")
N_IDS = 300
CREDENTIALS = """
[app]
consumer_key = "key-4f1c"
consumer_secret = "secret-a"
bearer_token = "bearer-31"
[accounts.ada]
access_token = "11-ada"
access_token_secret = "s1"
[accounts.bob]
access_token = "22-bob"
access_token_secret = "s2"
"""


@pytest.fixture(scope="module")
def some_ids() -> list[int]:
    found: list[int] = make_ids(N_IDS, 9, int(time.time() * 1000)).tolist()
    return found


@pytest.fixture(scope="module")
def some_file(some_ids: list[int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("some") / "ids.txt"
    path.write_text("".join(f"{i}\n" for i in some_ids))
    return path


@pytest.fixture(scope="module")
def three(some_file: Path, calm: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A run of three endpoints that nothing came between."""
    runner = ForkingRunner(tmp_path_factory.mktemp("three"), shared_server())
    finished = runner(str(some_file), *ALL, *RANGE, "--base-url", calm.url, keys=USER_KEYS)
    assert finished.code == 0, finished.err
    return runner


@pytest.mark.parametrize("endpoint", ["totals", "28hr", "historical"])
def test_every_endpoint_accounts_for_every_tweet_and_sums_its_records(
    three: Runner, some_ids: list[int], endpoint: str
) -> None:
    records = three.records(endpoint)
    assert Counter(int(record["tweet_id"]) for record in records) == Counter(some_ids)
    described = three.summary()["endpoints"][endpoint]
    assert sum(described["counts"].values()) == N_IDS
    for metric, total in described["totals"].items():
        assert sum(record.get("metrics", {}).get(metric, 0) for record in records) == total
    success = json.loads((three.out / "_SUCCESS").read_text())
    assert {f"{endpoint}.ndjson", f"{endpoint}.failed.ndjson"} <= success["files"].keys()
    assert success["total"]["ok"] == sum(counts["ok"] for counts in success["counts"].values())


def test_historical_counts_are_the_sums_of_the_worlds_hours(three: Runner, some_ids: list[int]) -> None:
    """By the simulator's own truth, read without a request; whatever the windows were."""
    records = {int(record["tweet_id"]): record for record in three.records("historical")}
    start, end = (
        int(datetime.fromisoformat(next(iter(records.values()))[name]).timestamp()) // 3600
        for name in ("start", "end")
    )
    assert end - start == 60 * 24
    ids = np.array(some_ids, np.int64)
    metrics = ("impressions", "favorites", "url_clicks")
    truth = World(0, Shares()).hourly(ids, metrics, start, end - start).sum(axis=2)
    gone = World(0, Shares()).are_gone(ids, int(time.time() * 1000))
    for tweet_id, counts, is_gone in zip(some_ids, truth.tolist(), gone.tolist(), strict=True):
        record = records[tweet_id]
        is_asked = tweet_id < first_id_at(end * 3_600_000)
        assert record["status"] == ("unavailable" if is_gone and is_asked else "ok")
        if not is_asked:
            assert (record["metrics"], set(record["unsupported"])) == ({}, set(metrics))
        elif not is_gone:
            assert record["metrics"] == dict(zip(metrics, counts, strict=True))
            sums = {metric: sum(points.values()) for metric, points in record["series"].items()}
            assert sums == record["metrics"]
    assert truth.sum() > 0


def test_kills_at_several_moments_cost_no_row_of_any_endpoint(
    run: Runner, some_file: Path, tmp_path: Path, three: Runner
) -> None:
    with running_simulator(tmp_path, "--latency", "60") as simulator:
        arguments = (str(some_file), *ALL, *RANGE, "--base-url", simulator.url, "--concurrency", "1")
        for n_more in (3, 9, 6):
            n_wanted = len(simulator.requests("historical")) + n_more
            process = run.start(*arguments, keys=USER_KEYS)
            wait_for(lambda n=n_wanted: len(simulator.requests("historical")) >= n, "requests")  # type: ignore[misc]
            run.kill(process)
        finished = run(*arguments, keys=USER_KEYS)
    assert finished.code == 0, finished.err
    assert run.text("totals.ndjson") == three.text("totals.ndjson")
    for endpoint in ("28hr", "historical"):
        # Their hours may have moved on since the other run; everything else has not.
        ours, theirs = run.records(endpoint), three.records(endpoint)
        assert [(r["tweet_id"], r["status"]) for r in ours] == [(r["tweet_id"], r["status"]) for r in theirs]


def test_a_slow_endpoint_holds_up_no_fast_one(run: Runner, some_file: Path, calm: Simulator) -> None:
    """28hr may ask once in ten seconds; totals is through long before its twelve requests."""
    arguments = (str(some_file), *ALL[:4], "--base-url", calm.url, "--rate", "28hr=6/min")
    process = run.start(*arguments, keys=USER_KEYS)
    wait_for(lambda: _committed(run).get("totals", 0) > 1, "totals")
    batches = _committed(run)
    process.send_signal(signal.SIGTERM)
    finished = run.finish(process)
    assert finished.code == 143, finished.err
    assert len(run.records("totals")) == N_IDS
    assert batches.get("28hr", 0) < 12
    assert not (run.out / "_SUCCESS").exists()


def _committed(run: Runner) -> dict[str, int]:
    if not (run.out / "journal.db").exists():
        return {}
    journal = sqlite3.connect(run.out / "journal.db")
    try:
        return dict(journal.execute("SELECT name, batches FROM endpoint").fetchall())
    except sqlite3.OperationalError:
        return {}
    finally:
        journal.close()


def test_tweets_are_asked_for_with_the_token_of_the_folder_they_lie_in(
    run: Runner, tmp_path: Path, some_ids: list[int]
) -> None:
    """Zoe has no token: her tweets' public metrics are read with the bearer token, on 28hr they are forbidden."""
    credentials = tmp_path / "config/harvester/credentials.toml"
    credentials.parent.mkdir(parents=True)
    credentials.write_text(CREDENTIALS)
    credentials.chmod(0o600)
    world = World(0, Shares(owned=0.8))
    owners = dict(zip(some_ids, world.owners(np.array(some_ids, np.int64), ["ada", "bob"]), strict=True))
    for name in ("ada", "bob", "zoe"):
        folder = tmp_path / "inbox" / name
        folder.mkdir(parents=True)
        lines = [f"{i}\n" for i, owner in owners.items() if (owner or "zoe") == name]
        (folder / "ids.txt").write_text("".join(lines))
    flags = ("--credentials", str(credentials), "--owned-share", "0.8")
    with running_simulator(tmp_path, *flags) as simulator:
        arguments = ("--owner-from-folder", *ALL[:4], "--base-url", simulator.url)
        finished = run(str(tmp_path / "inbox"), *arguments, keys={})
        asked = {(r["endpoint"], r["account"]) for e in ("totals", "28hr") for r in simulator.requests(e)}
        refused = [r for e in ("totals", "28hr") for r in simulator.requests(e) if r["status"] != 200]
    assert finished.code == 0, finished.err
    assert not refused
    assert asked >= {("totals", "ada"), ("totals", "bob"), ("totals", None), ("28hr", "ada"), ("28hr", "bob")}
    statuses = {int(record["tweet_id"]): record["status"] for record in run.records("28hr")}
    zoes = {i for i, owner in owners.items() if owner is None}
    assert {i for i, status in statuses.items() if status == "forbidden"} == zoes
    of_zoe = [r for r in run.records() if int(r["tweet_id"]) in zoes and r["status"] == "ok"]
    assert all("impressions" in r["unsupported"] and "favorites" in r["metrics"] for r in of_zoe)
    assert run.summary()["handles"]["in_month"] == 2


def test_more_accounts_than_the_ceiling_end_the_run_before_their_first_request(
    run: Runner, some_file: Path, tmp_path: Path
) -> None:
    with running_simulator(tmp_path) as simulator:
        arguments = (str(some_file), "--base-url", simulator.url, "--max-handles", "1")
        first = run(*arguments, keys=USER_KEYS)
        other = ForkingRunner(tmp_path, shared_server())
        other.out = tmp_path / "other"
        n_before = len(simulator.requests())
        keys = {**USER_KEYS, "HARVESTER_ACCESS_TOKEN": "another-token"}
        refused = other(*arguments, keys=keys)
        assert len(simulator.requests()) == n_before
    assert (first.code, refused.code) == (0, 2)
    assert "the ceiling is 1" in refused.err
