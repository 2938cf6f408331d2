"""Arrays within arrays: pages of tweets, lists of IDs, or rows of a table, whose values are not all IDs."""

from collections.abc import Sequence
from typing import Any, Final

from harvester.engagement.tweet_id import FIRST_SNOWFLAKE

SEVERAL_VALUES: Final = "a row of several values, not one ID"
Columns = tuple[str, ...]


def column_names(value: Any) -> Columns:
    """The names of what stands in a row, as pandas tells them before its `data`; empty if these are none."""
    is_names = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return tuple(value) if is_names else ()


def as_record(value: Any, columns: Columns) -> Any:
    """A row as an object with these names for keys; any other value as it is."""
    is_row = bool(columns) and isinstance(value, list) and len(value) == len(columns)
    return dict(zip(columns, value, strict=True)) if is_row else value


def is_uniform(ids: Sequence[int]) -> bool:
    """Whether these may all be IDs: a small number beside a Snowflake is a count or a row's number."""
    return not ids or (min(ids) < FIRST_SNOWFLAKE) == (max(ids) < FIRST_SNOWFLAKE)
