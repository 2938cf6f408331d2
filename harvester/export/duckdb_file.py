"""A DuckDB database with the tables `tweets` and `series`. Needs duckdb and pyarrow."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import duckdb

from harvester.export.arrow import Gathered, arrow_schema
from harvester.export.layout import Column, Kind, Layout, TableName
from harvester.export.rows import Rows
from harvester.rundir.files import refused

MEMORY: Final = "128MB"
"""Of DuckDB itself; what it needs beyond that goes to the disk."""
THREADS: Final = 2
_TYPES: Final[dict[Kind, str]] = {
    "label": "VARCHAR",
    "text": "VARCHAR",
    "number": "BIGINT",
    "count": "BIGINT",
    "time": "TIMESTAMPTZ",
}


class DuckdbSink:
    """Tables of one database file. What DuckDB writes beside that meanwhile is in the same folder."""

    def __init__(self, layout: Layout, path: Path) -> None:
        self._path = path
        self._gathered: dict[TableName, Gathered] = {}
        with self._errors():
            self._db = duckdb.connect(str(path), config={"memory_limit": MEMORY, "threads": THREADS})
        try:
            self._create("tweets", layout.tweets)
            if layout.series:
                self._create("series", layout.series)
        except BaseException:
            self.drop()
            raise

    def _create(self, table: TableName, columns: tuple[Column, ...]) -> None:
        typed = ", ".join(f'"{column.name}" {_TYPES[column.kind]}' for column in columns)
        with self._errors():
            self._db.execute(f"CREATE TABLE {table} ({typed})")
        self._gathered[table] = Gathered(arrow_schema(columns))

    def add(self, table: TableName, rows: Rows) -> None:
        """Keep some rows of a table, and insert them when they are enough for a row group."""
        if enough := self._gathered[table].add(rows):
            self._insert(table, enough)

    def _insert(self, table: TableName, rows: Any) -> None:
        with self._errors():
            self._db.register("gathered", rows)
            self._db.execute(f"INSERT INTO {table} SELECT * FROM gathered")  # noqa: S608  # one of two names
            self._db.unregister("gathered")

    def finish(self) -> None:
        """Insert what is left, and bring the write-ahead log into the file."""
        for table, gathered in self._gathered.items():
            self._insert(table, gathered.take())
        with self._errors():
            self._db.execute("CHECKPOINT")
            self._db.close()

    def drop(self) -> None:
        """Let go of the file."""
        with suppress(duckdb.Error):
            self._db.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as exc:
            raise refused(self._path, " ".join(str(exc).split())[:300]) from exc
