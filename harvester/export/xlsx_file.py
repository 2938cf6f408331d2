"""An Excel workbook: sheets `tweets` and `series`, and further ones where a sheet is full. Needs xlsxwriter.

Excel has 15 digits for a number. So an ID is text, its column of numbers is left out, and a count that is longer
is text as well. Times are dates of Excel's, UTC.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from harvester.errors import UsageError
from harvester.export.layout import Column, Kind, Layout, TableName
from harvester.export.rows import Rows, python_values
from harvester.rundir.files import refused, storage_errors

ROWS_OF_A_SHEET: Final = 1_048_576
CHARACTERS_OF_A_CELL: Final = 32_767
LARGEST_NUMBER: Final = 10**15 - 1
DAY_S: Final = 86_400
EPOCH_DAYS: Final = 25_569
"""From the day from which Excel counts to 1970."""
_WIDTHS: Final[dict[Kind, int]] = {"label": 14, "text": 21, "number": 21, "count": 13, "time": 20}


class _Table:
    """A table in as many sheets as it takes."""

    def __init__(self, name: TableName, columns: tuple[Column, ...], workbook: Any, formats: Any) -> None:
        self._name = name
        self._columns = columns
        self._places = [place for place, column in enumerate(columns) if column.kind != "number"]
        self._workbook = workbook
        self._header, self._time = formats
        self._n_sheets = self._n_rows = 0
        self._sheet: Any = None
        self._begin_sheet()

    def _begin_sheet(self) -> None:
        """A sheet with nothing but its header, which stays in sight."""
        self.end_sheet()
        self._n_sheets += 1
        self._sheet = self._workbook.add_worksheet(f"{self._name} {self._n_sheets}".removesuffix(" 1"))
        self._sheet.freeze_panes(1, 0)
        for at, place in enumerate(self._places):
            column = self._columns[place]
            self._sheet.set_column(at, at, max(_WIDTHS[column.kind], len(column.name) + 3))
            self._sheet.write_string(0, at, column.name, self._header)
        self._n_rows = 1

    def end_sheet(self) -> None:
        """No more rows come."""
        if self._sheet is not None:
            self._sheet.autofilter(0, 0, self._n_rows - 1, len(self._places) - 1)

    def add(self, rows: Rows) -> None:
        """Write rows, one after the other: what is written of one row before the last is not kept."""
        columns = list(python_values(rows))
        kinds = [self._columns[place].kind for place in self._places]
        values = [
            _excel_times(columns[place]) if kind == "time" else columns[place]
            for place, kind in zip(self._places, kinds, strict=True)
        ]
        for row in zip(*values, strict=True):
            if self._n_rows == ROWS_OF_A_SHEET:
                self._begin_sheet()
            self._write(row, kinds)
            self._n_rows += 1

    def _write(self, row: tuple[Any, ...], kinds: list[Kind]) -> None:
        sheet, n = self._sheet, self._n_rows
        for at, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, str):
                if sheet.write_string(n, at, value):
                    raise _too_long(row, self._columns[self._places[at]])
            elif kinds[at] == "time":
                sheet.write_number(n, at, value, self._time)
            elif value > LARGEST_NUMBER:
                sheet.write_string(n, at, str(value))
            else:
                sheet.write_number(n, at, value)


def _excel_times(texts: list[str | None]) -> list[float | None]:
    """Days since the end of 1899. Raises ValueError for a text that is no time."""
    moments = np.array([text.removesuffix("Z") if text else "NaT" for text in texts], dtype="datetime64[s]")
    days = (moments.astype(np.int64) / DAY_S + EPOCH_DAYS).tolist()
    return [day if text else None for day, text in zip(days, texts, strict=True)]


def _too_long(row: tuple[Any, ...], column: Column) -> UsageError:
    return UsageError(
        f"tweet {row[2]}: its {column.name} is longer than the {CHARACTERS_OF_A_CELL:,} characters of a cell",
        "Export to .parquet, .csv or .duckdb.",
    )


class XlsxSink:
    """Tables of one workbook. Rows that are written wait for its end in files of the same folder."""

    def __init__(self, layout: Layout, path: Path) -> None:
        self._path = path
        options = {"constant_memory": True, "tmpdir": str(path.parent)}
        with storage_errors(path):
            self._workbook = xlsxwriter.Workbook(str(path), options)
            self._workbook.use_zip64()  # nothing else is read where it is not needed
            formats = (
                self._workbook.add_format({"bold": True}),
                self._workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            )
            tables: tuple[TableName, ...] = ("tweets", "series") if layout.series else ("tweets",)
            self._tables = {
                name: _Table(name, layout.columns_of(name), self._workbook, formats) for name in tables
            }

    def add(self, table: TableName, rows: Rows) -> None:
        """Write some rows of a table."""
        with storage_errors(self._path):
            self._tables[table].add(rows)

    def finish(self) -> None:
        """Put the workbook together."""
        for table in self._tables.values():
            table.end_sheet()
        try:
            with storage_errors(self._path):
                self._workbook.close()
        except XlsxWriterException as exc:
            raise refused(self._path, str(exc)[:300]) from exc

    def drop(self) -> None:
        """Let go of the files."""
        for sheet in self._workbook.worksheets():
            with suppress(OSError):
                sheet.row_data_fh.close()
