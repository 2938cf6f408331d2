"""A harvest as a source of dlt, loaded into DuckDB."""

import sys
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

import harvester
from harvester.dlt_source import harvest_source
from harvester.transport.session import Reply
from tests.library.serving import Service, ids

HISTORICAL: harvester.HarvestOptions = {
    "endpoints": ("totals", "historical"),
    "metrics": ("favorites",),
    "start": "3d",
    "series": "day",
}


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Loads into a DuckDB file, and tells nobody."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.chdir(tmp_path)
    import dlt  # noqa: PLC0415  # takes a second

    return dlt.pipeline(
        "engagement",
        destination=dlt.destinations.duckdb(str(tmp_path / "harvest.duckdb")),
        dataset_name="tweets",
        pipelines_dir=str(tmp_path / "pipelines"),
    )


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "harvest.duckdb"), read_only=True) as db:
        return db.execute(query).fetchall()


def test_a_pipeline_that_failed_goes_on_and_one_that_runs_twice_doubles_nothing(
    pipeline: Any, service: Service, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    refusal = Reply(401, {}, b'{"errors":[{"code":89,"message":"Invalid or expired token."}]}')
    service.replies = {1: refusal, 2: refusal}
    with pytest.raises(Exception, match="Invalid or expired token"):
        pipeline.run(harvest_source(ids(2), out=out, metrics=("favorites",), concurrency={"totals": 1}))
    for _ in range(2):
        pipeline.run(harvest_source(ids(2), out=out, metrics=("favorites",), concurrency={"totals": 1}))
    assert len(service.asked) == 2 + 2, "two refusals, and each batch once"
    found = rows(tmp_path, "SELECT tweet_id, endpoint, metrics__favorites FROM tweets.engagement ORDER BY 1")
    assert found == [(str(tweet_id), "totals", 1) for tweet_id in ids(2)]


def test_columns_are_of_their_types(pipeline: Any, service: Service, tmp_path: Path) -> None:
    pipeline.run(harvest_source(ids(1)[:3], out=tmp_path / "run", table="metrics", **HISTORICAL))
    types = dict(
        rows(
            tmp_path,
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'metrics'",
        )
    )
    assert types["tweet_id"] == "VARCHAR"
    assert types["series"] == types["groupings"] == types["unsupported"] == "JSON"
    assert types["metrics__favorites"] == "BIGINT"
    assert types["created_at"] == types["retrieved_at"] == types["start"] == "TIMESTAMP WITH TIME ZONE"
    counted = rows(
        tmp_path, 'SELECT endpoint, count(*), count("start") FROM tweets.metrics GROUP BY 1 ORDER BY 1'
    )
    assert counted == [("historical", 3, 3), ("totals", 3, 0)]


def test_an_incomplete_harvest_is_loaded_only_if_that_is_accepted(service: Service, tmp_path: Path) -> None:
    """White box: dlt wraps what a resource raises, so the resource is iterated itself."""
    wrong = {str(ids(1)[0]): {"favorites": -1}}
    for number in range(8):
        service.replies[number] = Reply(200, {}, orjson.dumps({"harvester": wrong}))
    asked: harvester.HarvestOptions = {"metrics": ("favorites",)}
    with pytest.raises(Exception, match="1 dead letter"):
        list(harvest_source(ids(1)[:1], out=tmp_path / "run", **asked))
    assert list(harvest_source(ids(1)[:1], out=tmp_path / "run", accept_incomplete=True, **asked)) == []


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlt", None)
    with pytest.raises(harvester.UsageError, match="dlt is not installed") as caught:
        harvest_source(ids(1), out="run")
    assert caught.value.hint == "pip install 'harvester[dlt]'"
