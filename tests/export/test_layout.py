"""Which columns there are, what runs are called, and what a file's ending means."""

from pathlib import Path

import pytest

from harvester.errors import UsageError
from harvester.export.layout import choose_columns, name_runs
from harvester.export.target import demand_free, read_target


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (["runs/july"], ["july"]),
        (["runs/july", "runs/june"], ["july", "june"]),
        (["a/run", "b/run"], ["a/run", "b/run"]),
        (["a/run", "b/run", "c/other"], ["a/run", "b/run", "other"]),
        (["x/a/run", "y/a/run", "y/b/run"], ["x/a/run", "y/a/run", "b/run"]),
        (["run", "run/run"], ["here/run", "run/run"]),
        (["."], ["here"]),
    ],
)
def test_runs_are_named_by_as_much_of_their_paths_as_tells_them_apart(
    folders: list[str], names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert name_runs([Path(folder) for folder in folders]) == names


def test_run_that_is_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"runs/\.\./july is named twice"):
        name_runs([Path("runs/../july"), Path("july")])


@pytest.mark.parametrize(
    ("text", "ending", "series"),
    [
        ("a.parquet", ".parquet", "a.series.parquet"),
        ("b/a.b.csv", ".csv", "b/a.b.series.csv"),
        ("a.csv.gz", ".csv.gz", "a.series.csv.gz"),
        ("A.CSV.GZ", ".csv.gz", "A.series.CSV.GZ"),
        ("a.duckdb", ".duckdb", "a.duckdb"),
        ("a.xlsx", ".xlsx", "a.xlsx"),
    ],
)
def test_ending_says_the_format_and_where_time_series_go(text: str, ending: str, series: str) -> None:
    target = read_target(text)
    assert (target.ending, target.path_of("tweets"), target.path_of("series")) == (
        *(ending, Path(text), Path(series)),
    )


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("a.parqet", "'.parqet' means no format", "Did you mean '.parquet'?"),
        ("a.db", "'.db'", "Did you mean '.duckdb'?"),
        ("a.gz", "'.gz'", "Did you mean '.csv.gz'?"),
        ("a.xls", "'.xls'", "Did you mean '.xlsx'?"),
        ("a", "without an ending", "The endings are: .parquet .csv .csv.gz .duckdb .xlsx."),
        (".csv", "without an ending", "The endings are"),
        ("a.ndjson", "NDJSON already", "The endings are"),
    ],
)
def test_other_ending_is_refused_and_the_nearest_named(text: str, says: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_target(text)
    assert says in caught.value.message
    assert (caught.value.hint or "").startswith(hint)


def test_metrics_are_those_of_the_catalogue_by_all_their_names() -> None:
    assert choose_columns(None) == ()
    assert choose_columns(" favorites, media_clicks,favorites") == ("favorites", "media_engagements")
    assert choose_columns("engagement_rate") == ("engagements", "impressions")
    with pytest.raises(UsageError, match="unknown metric 'favourites'"):
        choose_columns("favourites")


def test_target_that_cannot_be_or_is_not_to_be_replaced_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").touch()
    (tmp_path / "there.csv").touch()
    (tmp_path / "folder.csv").mkdir()
    for name, says in (
        ("there.csv", "is there already"),
        ("folder.csv", "is a folder"),
        ("none/x.csv", "there is no folder"),
        ("top_tweets.csv", "is a file of the run itself"),
    ):
        with pytest.raises(UsageError, match=says):
            demand_free([tmp_path / name], replaces=False)
    demand_free([tmp_path / "there.csv", tmp_path / "new.csv"], replaces=True)
