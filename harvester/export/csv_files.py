"""CSV by RFC 4180: a header, commas, lines that end in CR LF, UTF-8 without a byte-order mark."""

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, cast

from harvester.export.layout import Column, Layout, TableName
from harvester.export.rows import Rows, python_values
from harvester.export.sink import PATH_OF
from harvester.rundir.files import storage_errors

GZIP_LEVEL: Final = 6
TABLES: Final[tuple[TableName, ...]] = ("tweets", "series")


class CsvTable:
    """A table as CSV in a stream. path: for messages."""

    def __init__(self, columns: Sequence[Column], stream: BinaryIO, path: Path) -> None:
        self.stream = stream
        self.path = path
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text)
        self._writer.writerow([column.name for column in columns])
        self._flush()

    def add(self, rows: Rows) -> None:
        """Write some rows."""
        self._writer.writerows(zip(*python_values(rows), strict=True))
        self._flush()

    def _flush(self) -> None:
        with storage_errors(self.path):
            self.stream.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


class CsvSink:
    """Tables as CSV; one that is not among them is left out. owns_streams: whether they are closed at the end."""

    def __init__(self, tables: Mapping[TableName, CsvTable], *, owns_streams: bool = True) -> None:
        self._tables = tables
        self._owns_streams = owns_streams

    def add(self, table: TableName, rows: Rows) -> None:
        """Write some rows of a table."""
        if table in self._tables:
            self._tables[table].add(rows)

    def finish(self) -> None:
        """Write what is left."""
        for table in self._tables.values():
            with storage_errors(table.path):
                table.stream.flush()
                if self._owns_streams:
                    table.stream.close()

    def drop(self) -> None:
        """Let go of the streams."""
        for table in self._tables.values() if self._owns_streams else ():
            with suppress(OSError):
                table.stream.close()


def csv_sink(layout: Layout, path_of: PATH_OF, *, is_compressed: bool) -> CsvSink:
    """Tables as CSV in files of their own."""
    tables: dict[TableName, CsvTable] = {}
    for name in TABLES:
        if columns := layout.columns_of(name):
            path = path_of(name)
            with storage_errors(path):
                stream = _compressed(path) if is_compressed else path.open("wb")
            tables[name] = CsvTable(columns, stream, path)
    return CsvSink(tables)


def _compressed(path: Path) -> BinaryIO:
    """A file to write to in gzip, without a time and a name in it: the same rows are the same bytes."""

    class Owned(gzip.GzipFile):
        def close(self) -> None:
            try:
                super().close()
            finally:
                file.close()

    file = path.open("wb")
    return cast("BinaryIO", Owned("", "wb", GZIP_LEVEL, file, mtime=0))
