"""The examples in Python, run as they are, with a service in this process."""

import runpy
from pathlib import Path

import pytest

from tests.end_to_end.forked import ROOT
from tests.library.serving import Service, ids

EXAMPLES = ROOT / "scripts/examples"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Service:
    """It counts everything as 1; one bearer token is configured, and the test's folder is the present one."""
    service = Service()
    monkeypatch.setattr("harvester.job.HttpSession", service)
    monkeypatch.setenv("HARVESTER_BEARER_TOKEN", "x")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return service


def run(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: str) -> None:
    path = str(EXAMPLES / name)
    monkeypatch.setattr("sys.argv", [path, *arguments])
    runpy.run_path(path, run_name="__main__")


def test_records_as_they_come(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tweets = [str(tweet_id) for tweet_id in ids(1)[:3]]
    run(monkeypatch, "python_async.py", "july", *tweets)
    assert capsys.readouterr().out.splitlines() == [
        f"{tweet_id} ok {{'favorites': 1, 'retweets': 1}}" for tweet_id in tweets
    ]
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, "python_async.py", "july", *tweets[1:])
    assert ended.value.code == 6
    assert "ids has changed" in capsys.readouterr().err


def test_a_harvest_is_loaded_with_dlt(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import duckdb  # noqa: PLC0415  # with dlt, what takes a second

    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    (tmp_path / "ids.txt").write_text("".join(f"{tweet_id}\n" for tweet_id in ids(1)))
    for _ in range(2):
        run(monkeypatch, "dlt_pipeline.py", "ids.txt", "july")
    with duckdb.connect(str(tmp_path / "engagement.duckdb"), read_only=True) as db:
        found = db.execute("SELECT count(*), sum(metrics__favorites) FROM tweets.engagement").fetchall()
    assert found == [(250, 250)]
