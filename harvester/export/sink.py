"""What writes which format. Their libraries are extras, imported when a format is wanted."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from harvester.errors import UsageError
from harvester.export.layout import Layout, TableName
from harvester.export.rows import Rows
from harvester.export.target import Ending

PATH_OF = Callable[[TableName], Path]
NEEDS: Final[dict[Ending, tuple[tuple[str, ...], str]]] = {
    ".parquet": (("pyarrow",), "parquet"),
    ".duckdb": (("duckdb", "pyarrow"), "export"),
    ".xlsx": (("xlsxwriter",), "xlsx"),
}
"""Which modules a format needs, and the extra that brings them."""


class Sink(Protocol):
    """Takes in rows and writes them to files.

    Raises StorageError where the disk refuses, ValueError for a time that is none, and UsageError for what the
    format cannot hold.
    """

    def add(self, table: TableName, rows: Rows) -> None:
        """Write some rows of a table, or keep a bounded number of them for later."""

    def finish(self) -> None:
        """Write what is left. The files are complete then, and nobody has them open."""

    def drop(self) -> None:
        """Let go of the files as they are. May come after `finish`, and never fails."""


def demand_libraries(ending: Ending) -> None:
    """Raises UsageError where the libraries for a format are not installed."""
    modules, extra = NEEDS.get(ending, ((), ""))
    for module in modules:
        try:
            import_module(module)
        except ImportError as exc:
            raise UsageError(
                f"writing {ending} needs {module}, which is not installed",
                f"pip install 'harvester[{extra}]'",
            ) from exc


def file_sink(ending: Ending, layout: Layout, path_of: PATH_OF) -> Sink:
    """The sink of a format. path_of: the file of each table, which is not there yet."""
    # Each imports what is heavy.
    match ending:
        case ".parquet":
            from harvester.export.parquet_files import ParquetSink  # noqa: PLC0415  # see above

            return ParquetSink(layout, path_of)
        case ".duckdb":
            from harvester.export.duckdb_file import DuckdbSink  # noqa: PLC0415  # see above

            return DuckdbSink(layout, path_of("tweets"))
        case ".xlsx":
            from harvester.export.xlsx_file import XlsxSink  # noqa: PLC0415  # see above

            return XlsxSink(layout, path_of("tweets"))
        case ".csv" | ".csv.gz":
            from harvester.export.csv_files import csv_sink  # noqa: PLC0415  # one like the others

            return csv_sink(layout, path_of, is_compressed=ending == ".csv.gz")


def stream_sink(layout: Layout, stream: BinaryIO) -> Sink:
    """CSV to a stream that is somebody else's. The time series are not in it."""
    from harvester.export.csv_files import CsvSink, CsvTable  # noqa: PLC0415  # as above

    return CsvSink({"tweets": CsvTable(layout.tweets, stream, Path("standard output"))}, owns_streams=False)
