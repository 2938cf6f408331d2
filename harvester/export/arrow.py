"""Rows as Arrow tables, and how many are gathered before they are written. Needs pyarrow."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from harvester.export.layout import Column, Kind
from harvester.export.rows import Rows
from harvester.recorded.records import NOT_COUNTED

ROWS_AT_ONCE: Final = 122_880
"""In a row group: as many as DuckDB has in one."""
BYTES_AT_ONCE: Final = 64 * 2**20
"""Of rows that are long, fewer."""
_TYPES: Final[dict[Kind, Any]] = {
    "label": pa.string(),
    "text": pa.string(),
    "number": pa.int64(),
    "count": pa.int64(),
    "time": pa.timestamp("ms", "UTC"),  # Parquet has no seconds
}


def arrow_schema(columns: Sequence[Column]) -> Any:
    """The schema of a table; what is always there is not nullable."""
    return pa.schema([pa.field(column.name, _TYPES[column.kind]) for column in columns])


def arrow_table(rows: Rows, schema: Any) -> Any:
    """Rows as an Arrow table. Raises ValueError for a time that is none."""
    return pa.table(
        [_array(values, field.type) for values, field in zip(rows.values, schema, strict=True)], schema=schema
    )


def _array(values: Any, kind: Any) -> Any:
    if isinstance(values, np.ndarray):
        return pa.array(values, kind, mask=values == NOT_COUNTED)
    texts = pa.array(values, pa.string())
    return texts.cast(kind) if pa.types.is_timestamp(kind) else texts


class Gathered:
    """Arrow tables of a schema that wait until they are enough for a row group."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self._waiting: list[Any] = []
        self._n_rows = self._n_bytes = 0

    def add(self, rows: Rows) -> Any | None:
        """Take in rows; one table of all that have waited, when they are enough."""
        table = arrow_table(rows, self.schema)
        self._waiting.append(table)
        self._n_rows += len(rows)
        self._n_bytes += table.nbytes
        is_enough = self._n_rows >= ROWS_AT_ONCE or self._n_bytes >= BYTES_AT_ONCE
        return self.take() if is_enough else None

    def take(self) -> Any:
        """One table of all that have waited, which may be none."""
        tables, self._waiting = self._waiting, []
        self._n_rows = self._n_bytes = 0
        return pa.concat_tables(tables).combine_chunks() if tables else self.schema.empty_table()
