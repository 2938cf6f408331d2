"""Which column of a table is read, in whatever way the table is written."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harvester.sources import Chunk
from harvester.sources.chunk import NOTHING, joined
from harvester.sources.csv_records import Dialect
from harvester.sources.csv_rows import CsvRows

ID = 1_060_976_163_948_904_448

BITS = [
    *(",", ";", '"', "'", "\n", "\r\n", "\r", '""', '","', '"\n"', " ", "\\", '\\"', "\ufeff", "\0"),
    *(f"x,{ID}\n", f'x,"{ID}"\r\n', f'"x","{ID}"\n', f"'x','{ID}'\n", "\n\n", "id,n\n", "x", "ä", "1.5"),
]
bits = st.one_of(st.sampled_from(BITS), st.integers(0, 2**64).map(str))
tables = st.lists(bits, max_size=30).map("".join)
dialects = st.builds(Dialect, st.sampled_from([",", ";", " "]), st.sampled_from(['"', "'"]))


def read_rows(rows: CsvRows, pieces: Iterable[bytes]) -> Chunk:
    chunk = NOTHING
    for piece in pieces:
        chunk = joined(chunk, rows.read(piece))
    return joined(chunk, rows.flush() or NOTHING)


def plain(chunk: Chunk) -> tuple[object, ...]:
    counts = (chunk.n_lines, chunk.n_blank, chunk.n_headers)
    return chunk.ids.tolist(), chunk.lines.tolist(), chunk.rejected, *counts


@settings(deadline=None, max_examples=300)
@given(tables, dialects, st.integers(0, 2), st.sampled_from([None, "id"]), st.integers(1, 4))
@example('"a"\r\n,5\n', Dialect(","), 1, None, 1)
@example("\t\n5,6\n", Dialect(","), 0, "id", 1)
def test_blocks_are_read_as_rows_are(
    text: str, dialect: Dialect, column: int, name: str | None, n_at_once: int
) -> None:
    lines = [line + b"\n" for line in text.encode().split(b"\n")]
    pieces = [b"".join(lines[first : first + n_at_once]) for first in range(0, len(lines), n_at_once)]
    by_block = read_rows(CsvRows("f", dialect, column, name=name), pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harvester.sources.csv_rows.read_block", lambda *_: None)
        by_row = read_rows(CsvRows("f", dialect, column, name=name), pieces)
        at_once = read_rows(CsvRows("f", dialect, column, name=name), [b"".join(lines)])
    assert plain(by_block) == plain(by_row) == plain(at_once)
