"""Several IDs on a line: a list, a table, or lines that are named."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvester.sources import Form, find_sources, read_chunks

ID = 1_060_976_163_948_904_448
IDS = [ID + 7 * n for n in range(500)]
Found = tuple[list[int], list[int], list[tuple[int, str]], int]
Read = Callable[..., Found]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    path = tmp_path_factory.mktemp("lists") / "file"

    def read_content(content: str, chunk_bytes: int = 256 * 1024) -> Found:
        path.write_text(content, newline="")
        chunks = list(read_chunks(find_sources([str(path)]), Form(), chunk_bytes=chunk_bytes))
        for chunk in chunks:
            assert chunk.n_lines == len(chunk.ids) + len(chunk.rejected) + chunk.n_blank + chunk.n_headers
        ids = [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()]
        lines = [line for chunk in chunks for line in chunk.lines.tolist()]
        rejected = [(entry.line, entry.reason) for chunk in chunks for entry in chunk.rejected]
        return ids, lines, rejected, sum(chunk.n_lines for chunk in chunks)

    return read_content


@pytest.mark.parametrize("chunk_bytes", [13, 256 * 1024])
@pytest.mark.parametrize("end", ["", "\n", ",\n"])
@pytest.mark.parametrize("between", [",", ", ", " ", ";", "\t", "|", "', '", '","', " , "])
@pytest.mark.parametrize(("first", "last"), [("", ""), ("['", "']"), ("{", "}"), ("(", ")")])
def test_every_id_of_a_list_on_one_line_is_read(
    read: Read, between: str, first: str, last: str, end: str, chunk_bytes: int
) -> None:
    content = first + between.join(map(str, IDS)) + last + end
    assert read(content, chunk_bytes) == (IDS, [1] * 500, [], 500)


@pytest.mark.parametrize(("n_a_line", "end"), [(250, ";"), (250, ""), (60, ","), (3, ""), (3, ","), (7, " ")])
def test_every_id_of_a_list_over_lines_is_read(read: Read, n_a_line: int, end: str) -> None:
    wanted = IDS if n_a_line > 99 else IDS[:200]
    parts = [wanted[first : first + n_a_line] for first in range(0, len(wanted), n_a_line)]
    content = f"{end}\n".join(";".join(map(str, part)) for part in parts)
    lines = [line for line, part in enumerate(parts, 1) for _ in part]
    assert read(content) == (wanted, lines, [], len(wanted))


def test_list_on_one_line_is_read_when_it_is_very_long(read: Read) -> None:
    ids = [ID + n for n in range(50_000)]
    assert read(",".join(map(str, ids)))[0] == ids


def test_cell_that_is_no_id_is_rejected_when_it_is_far_down_a_list(read: Read) -> None:
    cells = [*map(str, range(ID, ID + 5000)), "x", *map(str, range(ID, ID + 9)), "1.06E+18"]
    ids, _, rejected, _ = read(",".join(cells))
    assert len(ids) == 5009
    assert rejected == [(1, "not a decimal number"), (1, "a spreadsheet has rounded it")]


@pytest.mark.parametrize(
    "row", ["{id},{other},{author}", "{id}\t{other}", "{id},{other},", "{id},{id},{id},{id}"]
)
def test_columns_of_snowflakes_are_a_table(read: Read, row: str) -> None:
    rows = [row.format(id=ID + 7 * n, other=ID - n % 9, author=ID - 100 - n % 3) for n in range(50)]
    assert read("\n".join(rows))[::3] == (IDS[:50], 50)


def test_table_is_none_of_lists_when_its_last_row_is_longer(read: Read) -> None:
    rows = [f"{ID + 7 * n},{ID - n % 3},{ID - 5 if n == 9 else ''}" for n in range(10)]
    assert read("\n".join(rows))[0] == IDS[:10]


@pytest.mark.parametrize("row", ["({id},'x')", "({id},1)", "'a {id}'"])
@pytest.mark.parametrize("n_lines", [1, 3])
def test_statement_with_many_ids_is_rejected_as_several_numbers(read: Read, row: str, n_lines: int) -> None:
    rows = ",".join(row.format(id=ID + n) for n in range(30))
    ids, _, rejected, _ = read(f"INSERT INTO t VALUES {rows};\n" * n_lines)
    assert (ids, rejected) == ([], [(n + 1, "several numbers, not one") for n in range(n_lines)])


bits = st.sampled_from(
    [f"{ID}", f"{ID + 1}", "5", "x", ",", ", ", " ", ";", "\n", "[", "]", "'", "\r", ",\n", "\ufeff"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(bits, max_size=20).map("".join), st.integers(1, 60))
def test_lists_are_independent_of_chunks(read: Read, content: str, chunk_bytes: int) -> None:
    content = f"{ID},{ID + 5}, {content}"
    assert read(content, chunk_bytes) == read(content)


@pytest.mark.parametrize(
    ("row", "place"),
    [("{own}\t{other}", 0), ("{own}\t1000000000000000021\t{other}", 0), ("{other}\t{own}", 1)],
)
@pytest.mark.parametrize("first", [0, 1])
def test_empty_cells_at_the_ends_of_rows_make_no_list(read: Read, row: str, place: int, first: int) -> None:
    own = [ID + 9 * n for n in range(first, 31)]
    lines = [row.format(own=i, other=i - 5 if n % 2 else "") for n, i in enumerate(own, first)]
    assert read("".join(f"{line}\n" for line in lines))[0] == own


@pytest.mark.parametrize("form", ["{}", "({})"])
def test_line_of_ids_from_before_snowflake_is_named(read: Read, form: str) -> None:
    content = form.format(", ".join(str(123_456_789 + 17 * n) for n in range(50)))
    ids, _, rejected, _ = read(content)
    assert (ids, len(rejected)) == ([], 1)
