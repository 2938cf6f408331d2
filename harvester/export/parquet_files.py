"""Parquet: a file for each table, compressed by zstd, in row groups of bounded size. Needs pyarrow."""

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from harvester.export.arrow import Gathered, arrow_schema
from harvester.export.layout import Column, Layout, TableName
from harvester.export.rows import Rows
from harvester.export.sink import PATH_OF
from harvester.rundir.files import storage_errors

COMPRESSION: Final = "zstd"
_MANY_VALUES: Final = ("text", "number")
"""Kinds of columns in which hardly a value comes twice: a dictionary of them would only be in the way."""


class _Table:
    def __init__(self, columns: tuple[Column, ...], path: Path) -> None:
        self.path = path
        schema = arrow_schema(columns)
        self.gathered = Gathered(schema)
        with storage_errors(path):
            self.writer: Any = pq.ParquetWriter(
                path,
                schema,
                compression=COMPRESSION,
                use_dictionary=[column.name for column in columns if column.kind not in _MANY_VALUES],
            )

    def write(self, table: Any) -> None:
        with storage_errors(self.path):
            self.writer.write_table(table, row_group_size=max(1, len(table)))


class ParquetSink:
    """Tables as Parquet in files of their own."""

    def __init__(self, layout: Layout, path_of: PATH_OF) -> None:
        self._tables: dict[TableName, _Table] = {"tweets": _Table(layout.tweets, path_of("tweets"))}
        if layout.series:
            self._tables["series"] = _Table(layout.series, path_of("series"))

    def add(self, table: TableName, rows: Rows) -> None:
        """Keep some rows of a table, and write them when they are enough for a row group."""
        if enough := self._tables[table].gathered.add(rows):
            self._tables[table].write(enough)

    def finish(self) -> None:
        """Write what is left."""
        for table in self._tables.values():
            table.write(table.gathered.take())
            with storage_errors(table.path):
                table.writer.close()

    def drop(self) -> None:
        """Let go of the files."""
        for table in self._tables.values():
            with suppress(OSError, pa.ArrowException):
                table.writer.close()
