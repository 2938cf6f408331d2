"""Exported files read back, and what has to be in them, made from the NDJSON by plain Python."""

import csv
import gzip
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import duckdb
import pyarrow.parquet as pq

ENDINGS: Final = (".parquet", ".csv", ".csv.gz", ".duckdb", ".xlsx")
METRICS: Final = (
    *("impressions", "engagements", "favorites", "retweets", "replies", "quote_tweets", "video_views"),
    *("media_views", "media_engagements", "url_clicks", "hashtag_clicks", "detail_expands"),
    *("permalink_clicks", "app_install_attempts", "app_opens", "email_tweet", "user_follows"),
    "user_profile_clicks",
)
TIMES: Final = ("created_at", "start", "end", "retrieved_at", "time")
NUMBERS: Final = ("tweet_id_int", "value", *METRICS)
Row = dict[str, Any]


def committed(folder: Path) -> Iterator[tuple[str, Row]]:
    """The endpoint and the record of each line that the journal counts, in the order of the catalogue."""
    journal = sqlite3.connect(f"file:{folder}/journal.db?mode=ro&immutable=1", uri=True)
    n_bytes = dict(journal.execute("SELECT name, records_bytes FROM endpoint"))
    journal.close()
    for endpoint in ("totals", "28hr", "historical"):
        if endpoint in n_bytes:
            content = (folder / f"{endpoint}.ndjson").read_bytes()[: n_bytes[endpoint]]
            for line in content.splitlines():
                yield endpoint, json.loads(line)


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def expected_tweets(folder: Path, run: str) -> list[Row]:
    """The rows of the wide table, without what is not there."""
    return [
        {
            "run": run,
            "endpoint": endpoint,
            "tweet_id": record["tweet_id"],
            "tweet_id_int": int(record["tweet_id"]),
            "status": record["status"],
            "retrieved_at": moment(record["retrieved_at"]),
            **{name: moment(record[name]) for name in ("created_at", "start", "end") if name in record},
            **record.get("metrics", {}),
            **({"unsupported": ",".join(record["unsupported"])} if "unsupported" in record else {}),
            **({"groupings": record["groupings"]} if "groupings" in record else {}),
        }
        for endpoint, record in committed(folder)
    ]


def expected_series(folder: Path, run: str) -> list[Row]:
    return [
        {
            "run": run,
            "endpoint": endpoint,
            "tweet_id": record["tweet_id"],
            "tweet_id_int": int(record["tweet_id"]),
            "metric": metric,
            "time": moment(f"{label}:00:00Z" if "T" in label else f"{label}T00:00:00Z"),
            "value": value,
        }
        for endpoint, record in committed(folder)
        for metric, points in record.get("series", {}).items()
        for label, value in points.items()
    ]


def read_back(path: Path, table: str = "tweets") -> list[Row]:
    """The rows of a table, without what is null in them; groupings as what their JSON says."""
    return [
        {
            name: json.loads(value) if name == "groupings" else value
            for name, value in row.items()
            if value is not None
        }
        for row in rows_in(path, table)
    ]


def rows_in(path: Path, table: str) -> list[Row]:
    ending = re.sub(r"^[^.]*", "", path.name)
    if table == "series" and ending in (".parquet", ".csv", ".csv.gz"):
        path = path.with_name(path.name.replace(ending, f".series{ending}"))
    if ending == ".parquet":
        found: list[Row] = pq.read_table(path).to_pylist()
        return found
    if ending == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as db:
            result = db.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    if ending == ".xlsx":
        return list(_rows_of_workbook(path, table))
    content = gzip.decompress(path.read_bytes()) if ending == ".csv.gz" else path.read_bytes()
    return rows_of_csv(content)


def rows_of_csv(content: bytes) -> list[Row]:
    """As they are in CSV by RFC 4180: nothing but CR LF ends a line."""
    assert content.count(b"\n") == content.count(b"\r\n")
    return [
        {name: _from_text(name, text) for name, text in row.items()}
        for row in csv.DictReader(io.StringIO(content.decode(), newline=""))
    ]


def _from_text(name: str, text: str) -> Any:
    if not text:
        return None
    return int(text) if name in NUMBERS else moment(text) if name in TIMES else text


def sheets_of(path: Path) -> dict[str, list[list[Any]]]:
    """The cells of each sheet by name: texts, numbers as float, None where nothing is."""
    with zipfile.ZipFile(path) as archive:
        names = [sheet.attrib["name"] for sheet in _elements(archive.read("xl/workbook.xml"), "sheet")]
        return {
            name: [_cells(row) for row in _elements(archive.read(f"xl/worksheets/sheet{number}.xml"), "row")]
            for number, name in enumerate(names, start=1)
        }


def _elements(xml: bytes, name: str) -> list[ET.Element]:
    return [element for element in ET.fromstring(xml).iter() if element.tag.endswith(f"}}{name}")]


def _cells(row: ET.Element) -> list[Any]:
    cells: list[Any] = []
    for cell in row:
        letters = re.match(r"[A-Z]+", cell.attrib["r"])
        assert letters
        place = 0
        for letter in letters[0]:
            place = 26 * place + ord(letter) - 64
        cells.extend([None] * (place - 1 - len(cells)))
        text = "".join(cell.itertext())
        cells.append(text if cell.attrib.get("t") == "inlineStr" else float(text))
    return cells


def _rows_of_workbook(path: Path, table: str) -> Iterator[Row]:
    for name, (header, *rows) in sheets_of(path).items():
        if name.split()[0] == table:
            for row in rows:
                yield {
                    column: _from_cell(column, cell)
                    for column, cell in zip(header, row, strict=False)
                    if cell is not None
                }


def _from_cell(column: str, cell: Any) -> Any:
    if column in TIMES:
        return datetime(1899, 12, 30, tzinfo=UTC) + timedelta(seconds=round(cell * 86_400))
    return int(cell) if column in NUMBERS else cell
