"""What counts as files, and what as tweet IDs."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harvester.errors import UsageError
from harvester.library.given import read_given


async def coming() -> AsyncIterator[int]:
    yield 20


@pytest.mark.parametrize(
    ("given", "inputs"),
    [
        ("ids/*.txt", ("ids/*.txt",)),
        ("-", ("-",)),
        (Path("ids.txt"), ("ids.txt",)),
        ([Path("a.txt"), Path("b.txt")], ("a.txt", "b.txt")),
        ((Path("a.txt"), "s3://bucket/b.txt"), ("a.txt", "s3://bucket/b.txt")),
        ([], None),
        (["20", "21"], None),
        (iter([20]), None),
        (np.array([20]), None),
        ({20: "a"}, None),
        (coming(), None),
    ],
)
def test_paths_are_arguments_and_all_else_is_iterated(given: Any, inputs: tuple[str, ...] | None) -> None:
    arguments, stream = read_given(given)
    assert arguments == (inputs or ())
    assert (stream is None) == (inputs is not None)


@pytest.mark.parametrize("given", [20, None, b"20", [Path("a.txt"), 20]])
def test_what_is_neither_is_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="ids: "):
        read_given(given)
