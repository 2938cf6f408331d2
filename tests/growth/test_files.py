"""Files of gains are whole or not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harvester.growth.files import replace_file


def test_a_file_that_comes_to_no_end_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    def interrupted() -> Iterator[bytes]:
        yield b"new" * 1_000_000
        raise KeyboardInterrupt

    path = tmp_path / "gains.ndjson"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        replace_file(path, interrupted())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
