"""The columns that a table has by its schema, with those within structs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

_DEEPEST: Final = 16
_BYTES_OF: Final = {
    pa.string(): pa.binary(),
    pa.large_string(): pa.large_binary(),
    pa.string_view(): pa.binary_view(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or a field of columns that are structs: the names that lead to it, and its Arrow type.

    place: of the outermost among the table's columns, from 0.
    """

    path: tuple[str, ...]
    place: int
    kind: Any

    @property
    def name(self) -> str:
        """As it is written: `tweet.id`."""
        return ".".join(self.path)

    @property
    def is_text(self) -> bool:
        """Whether its values are strings, or bytes, each as long as it likes."""
        kind = self.kind.value_type if pa.types.is_dictionary(self.kind) else self.kind
        return kind in _BYTES_OF or kind in _BYTES_OF.values() or pa.types.is_fixed_size_binary(kind)


def columns_of(schema: Any) -> tuple[Column, ...]:
    """All columns in their order; a struct is followed by its fields.

    Raises what pyarrow does for damaged names.
    """
    return tuple(column for place, field in enumerate(schema) for column in _below((), place, field))


def _below(path: tuple[str, ...], place: int, field: Any) -> Iterator[Column]:
    path = (*path, field.name)
    yield Column(path, place, field.type)
    if pa.types.is_struct(field.type) and len(path) < _DEEPEST:
        for inner in field.type:
            yield from _below(path, place, inner)


def array_of(column: Column, outermost: Any) -> Any:
    """The column's values, from those of the outermost struct. A field of a struct that is null is null."""
    return as_bytes(pc.struct_field(outermost, list(column.path[1:])) if len(column.path) > 1 else outermost)


def as_bytes(array: Any) -> Any:
    """Strings, also those of a dictionary, as their bytes, which need not be UTF-8. Nothing is copied.

    Raises what pyarrow does for indices beyond the dictionary.
    """
    if pa.types.is_dictionary(array.type):
        return pa.DictionaryArray.from_arrays(array.indices, as_bytes(array.dictionary))
    return array.cast(_BYTES_OF[array.type]) if array.type in _BYTES_OF else array
