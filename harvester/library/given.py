"""What a caller gives as input: files as the command takes them, or tweet IDs as they come."""

import os
from collections.abc import AsyncIterable, Iterable, Sequence
from typing import TypeAlias

from harvester.errors import UsageError
from harvester.library.id_stream import IdStream

Paths: TypeAlias = str | os.PathLike[str] | Sequence[os.PathLike[str]]


def read_given(given: object) -> tuple[tuple[str, ...], IdStream | None]:
    """The arguments that name the input, or the IDs themselves.

    A text or a path is an argument as the command takes it, and so is each of a list or tuple that begins with a
    path. All else is iterated as tweet IDs. Raises UsageError for what is neither.
    """
    if isinstance(given, str | os.PathLike):
        return (os.fspath(given),), None
    if isinstance(given, list | tuple) and given and isinstance(given[0], os.PathLike):
        return tuple(map(_argument, given)), None
    if isinstance(given, Iterable | AsyncIterable) and not isinstance(given, bytes):
        return (), IdStream(given)
    raise UsageError(
        f"ids: {type(given).__name__} is neither a path nor tweet IDs",
        "Give a path, a list of paths, or anything that yields IDs as int or str.",
    )


def _argument(part: object) -> str:
    if isinstance(part, str | os.PathLike):
        return os.fspath(part)
    raise UsageError(f"ids: a {type(part).__name__} among paths", "Give either paths or tweet IDs.")
