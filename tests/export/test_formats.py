"""What is exported is what the records say, in each format and with the types that it has."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harvester.export import arrow, xlsx_file
from harvester.export.exporting import Exported, export_to_file
from harvester.export.layout import Wanted
from harvester.export.target import read_target
from harvester.recorded import lines
from tests.export.tables import (
    ENDINGS,
    METRICS,
    expected_series,
    expected_tweets,
    read_back,
    rows_in,
    sheets_of,
)

RunOf = Callable[[str], Path]
INSTANT = pa.timestamp("ms", "UTC")


def export(target: Path, *folders: Path, wanted: Wanted = Wanted()) -> Exported:  # noqa: B008  # a value
    return export_to_file(folders, read_target(str(target)), wanted, lambda _: None)


def without_numbers(rows: list[dict[str, object]], ending: str) -> list[dict[str, object]]:
    """As a spreadsheet can have them: it has no numbers of 19 digits."""
    if ending != ".xlsx":
        return rows
    return [{name: value for name, value in row.items() if name != "tweet_id_int"} for row in rows]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", ["totals", "ranges", "interrupted", "killed"])
def test_table_says_what_the_records_say_as_far_as_the_journal_counts_them(
    kind: str, ending: str, run_of: RunOf, tmp_path: Path
) -> None:
    folder = run_of(kind)
    exported = export(tmp_path / f"x{ending}", folder)
    tweets, series = expected_tweets(folder, "run"), expected_series(folder, "run")
    assert tweets
    assert bool(series) == (kind == "ranges")
    assert read_back(tmp_path / f"x{ending}") == without_numbers(tweets, ending)
    if series:
        assert read_back(tmp_path / f"x{ending}", "series") == without_numbers(series, ending)
    assert (exported.rows, exported.series_rows) == (len(tweets), len(series))
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in exported.files}


@pytest.mark.parametrize("ending", ENDINGS)
def test_columns_are_the_union_over_runs_and_endpoints(ending: str, run_of: RunOf, tmp_path: Path) -> None:
    totals, ranges = run_of("totals"), run_of("ranges")
    export(tmp_path / f"x{ending}", totals, ranges)
    names = [f"{folder.parent.name}/run" for folder in (totals, ranges)]
    expected = [*expected_tweets(totals, names[0]), *expected_tweets(ranges, names[1])]
    assert read_back(tmp_path / f"x{ending}") == without_numbers(expected, ending)
    if ending != ".xlsx":
        counted = {name for row in expected for name in row}
        assert [name for name in rows_in(tmp_path / f"x{ending}", "tweets")[0] if name in METRICS] == [
            metric for metric in METRICS if metric in counted
        ]


def test_parquet_has_types_and_few_columns_are_dictionaries(run_of: RunOf, tmp_path: Path) -> None:
    export(tmp_path / "x.parquet", run_of("ranges"))
    file = pq.ParquetFile(tmp_path / "x.parquet")
    types = {field.name: field.type for field in file.schema_arrow}
    assert types["tweet_id"] == types["status"] == types["groupings"] == pa.string()
    assert types["tweet_id_int"] == types["impressions"] == pa.int64()
    assert types["created_at"] == types["start"] == types["end"] == types["retrieved_at"] == INSTANT
    group = file.metadata.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert columns["status"].has_dictionary_page
    assert not columns["tweet_id"].has_dictionary_page
    series = pq.ParquetFile(tmp_path / "x.series.parquet").schema_arrow
    assert [str(field.type) for field in series] == [
        *("string", "string", "string", "int64", "string", "timestamp[ms, tz=UTC]", "int64")
    ]


def test_duckdb_has_types_and_both_tables_can_be_joined(run_of: RunOf, tmp_path: Path) -> None:
    export(tmp_path / "x.duckdb", run_of("ranges"))
    with duckdb.connect(str(tmp_path / "x.duckdb"), read_only=True) as db:
        types = {name: kind for name, kind, *_ in db.execute("DESCRIBE tweets").fetchall()}
        assert (types["tweet_id"], types["tweet_id_int"]) == ("VARCHAR", "BIGINT")
        assert (types["url_clicks"], types["start"]) == ("BIGINT", "TIMESTAMP WITH TIME ZONE")
        db.execute(
            "CREATE TEMP VIEW sums AS SELECT endpoint, tweet_id_int, sum(value) AS total FROM series "
            "WHERE metric = 'impressions' GROUP BY ALL"
        )
        joined = db.execute(
            "SELECT count(*), count(*) FILTER (impressions <> total) "
            "FROM tweets JOIN sums USING (endpoint, tweet_id_int)"
        ).fetchone()
    assert joined
    assert joined[0] > 0
    assert joined[1] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.duckdb"]


def test_ids_in_a_spreadsheet_are_text_and_counts_are_numbers(run_of: RunOf, tmp_path: Path) -> None:
    export(tmp_path / "x.xlsx", run_of("ranges"))
    sheets = sheets_of(tmp_path / "x.xlsx")
    assert list(sheets) == ["tweets", "series"]
    with zipfile.ZipFile(tmp_path / "x.xlsx") as archive:
        assert b'state="frozen"' in archive.read("xl/worksheets/sheet1.xml")
    header, *rows = sheets["tweets"]
    assert "tweet_id_int" not in header
    assert all(isinstance(row[header.index("tweet_id")], str) for row in rows)
    assert {type(row[header.index("impressions")]) for row in rows} <= {float, type(None)}


def test_full_sheet_is_followed_by_another(
    run_of: RunOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_file, "ROWS_OF_A_SHEET", 300)
    export(tmp_path / "x.xlsx", run_of("totals"))
    sheets = sheets_of(tmp_path / "x.xlsx")
    assert [(name, len(rows)) for name, rows in sheets.items()] == [
        *(("tweets", 300), ("tweets 2", 300), ("tweets 3", 300), ("tweets 4", 4))
    ]
    assert len({tuple(rows[0]) for rows in sheets.values()}) == 1
    assert len(read_back(tmp_path / "x.xlsx")) == 900


def test_no_more_rows_are_held_than_a_row_group_has(
    run_of: RunOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 4_096)
    monkeypatch.setattr(arrow, "ROWS_AT_ONCE", 100)
    export(tmp_path / "x.parquet", run_of("totals"))
    metadata = pq.ParquetFile(tmp_path / "x.parquet").metadata
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert sum(sizes) == 900
    assert max(sizes) < 130
    assert min(sizes[:-1]) >= 100


def test_long_rows_wait_in_smaller_numbers(
    run_of: RunOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 4_096)
    monkeypatch.setattr(arrow, "BYTES_AT_ONCE", 20_000)
    export(tmp_path / "x.parquet", run_of("totals"))
    assert pq.ParquetFile(tmp_path / "x.parquet").metadata.num_row_groups > 3


@pytest.mark.parametrize("ending", ENDINGS)
def test_dead_letters_are_rows_where_they_are_wanted(ending: str, run_of: RunOf, tmp_path: Path) -> None:
    folder = run_of("dead letters")
    exported = export(tmp_path / f"x{ending}", folder, wanted=Wanted(dead_letters=True))
    rows = read_back(tmp_path / f"x{ending}")
    failed = [row for row in rows if row["status"] == "failed"]
    letters = (folder / "totals.failed.ndjson").read_text().splitlines()
    assert len(failed) == len(letters) == exported.runs[0].dead_letters > 0
    assert exported.rows == len(rows) == 900
    assert all(row["tweet_id"].endswith("7") and row["error"].startswith("malformed: ") for row in failed)
    assert all("impressions" not in row and "retrieved_at" not in row for row in failed)
    assert len({row["tweet_id"] for row in rows}) == 900
