"""Whose tweet each ID is: by a column, by the folder."""

import gzip
import io
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harvester.errors import UsageError
from harvester.sources import Chunk, Form, Rejected, find_sources, read_chunks

ID = 1_060_976_163_948_904_448


def owned(chunks: Iterable[Chunk]) -> tuple[list[tuple[int, str]], list[Rejected]]:
    """IDs with their owners, and what was rejected."""
    pairs: list[tuple[int, str]] = []
    rejected: list[Rejected] = []
    for chunk in chunks:
        n_settled = len(chunk.ids) + len(chunk.rejected) - (chunk.unreadable is not None)
        assert chunk.n_lines == n_settled + chunk.n_blank + chunk.n_headers
        pairs += zip(chunk.ids.tolist(), chunk.owners, strict=True)
        rejected += chunk.rejected
    return pairs, rejected


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "alice" / "ids.txt"


def chunks_of(
    file: Path,
    content: bytes,
    owner_column: str | None = None,
    *,
    file_format: str | None = None,
    column: str | None = None,
    owner_from_folder: bool = False,
    chunk_bytes: int = 256 * 1024,
) -> list[Chunk]:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    form = Form(file_format, column, owner_column, owner_from_folder)
    return list(read_chunks(find_sources([str(file)]), form, chunk_bytes=chunk_bytes))


quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
chunk_sizes = st.integers(1, 60)
names = st.one_of(
    st.sampled_from(
        ["alice", "bob", "", " ", " alice ", "ann, the 1st", 'the "real" ann', "two\nlines", "Jörg"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=5),
)
rows = st.lists(st.tuples(st.integers(1, 2**63 - 1), names), min_size=1, max_size=20)
loose_rows = st.lists(
    st.sampled_from(
        [
            b"5,alice\n",
            b"x,alice\n",
            b"6\n",
            b"7,\n",
            b"\n",
            b'8,"bo',
            b'b"\n',
            b"9,\xff\n",
            b"1," + b"n" * 201,
            b'"',
        ]
    ),
    max_size=25,
).map(b"".join)


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@quick
@example([(1, "ID")], False, False, 1)
@given(rows, st.booleans(), st.booleans(), chunk_sizes)
def test_owners_stay_with_their_ids_when_chunks_are_any(
    file: Path, rows: list[tuple[int, str]], has_header: bool, is_gzipped: bool, chunk_bytes: int
) -> None:
    text = "".join(f"x,{quoted(name)},{tweet_id}\n" for tweet_id, name in rows)
    content = (("lang,author,tweet_id\n" if has_header else "") + text).encode()
    chunks = chunks_of(
        file,
        gzip.compress(content) if is_gzipped else content,
        "author" if has_header else "2",
        file_format="csv",
        column=None if has_header else "3",
        chunk_bytes=chunk_bytes,
    )
    # Of a byte-order mark at the beginning of a line, also within quotes, nothing is left.
    expected = [(tweet_id, name.replace("\n\ufeff", "\n").strip()) for tweet_id, name in rows]
    assert owned(chunks) == (expected, [])


@quick
@given(loose_rows, chunk_sizes)
def test_owners_and_rejected_rows_are_independent_of_chunks(
    file: Path, content: bytes, chunk_bytes: int
) -> None:
    content = b"id,owner\n" + content
    assert owned(chunks_of(file, content, "owner", chunk_bytes=chunk_bytes)) == owned(
        chunks_of(file, content, "owner")
    )


@quick
@given(loose_rows, st.integers(20, 200), chunk_sizes)
def test_owners_stay_with_their_ids_when_gzip_is_cut(
    file: Path, content: bytes, length: int, chunk_bytes: int
) -> None:
    cut = gzip.compress(b"id,owner\n5,alice\n" + content, compresslevel=0)[: 45 + length]
    pairs, _ = owned(chunks_of(file, cut, "owner", chunk_bytes=chunk_bytes))
    assert pairs[0] == (5, "alice")


@quick
@given(loose_rows, chunk_sizes, st.sampled_from(["text", "csv", None]))
def test_folder_owns_every_id_and_changes_nothing_else(
    file: Path, content: bytes, chunk_bytes: int, file_format: str | None
) -> None:
    content = b"5,alice\n" + content
    pairs, rejected = owned(
        chunks_of(file, content, file_format=file_format, owner_from_folder=True, chunk_bytes=chunk_bytes)
    )
    plain = chunks_of(file, content, file_format=file_format, chunk_bytes=chunk_bytes)
    ids = chain.from_iterable(chunk.ids.tolist() for chunk in plain)
    assert pairs == [(tweet_id, "alice") for tweet_id in ids]
    assert rejected == [entry for chunk in plain for entry in chunk.rejected]


@pytest.mark.parametrize(
    ("content", "column", "owner_column", "pairs"),
    [
        (
            b"tweet_id,Owner Name\n5,alice\n6, bob \n7,\n",
            None,
            "owner_name",
            [(5, "alice"), (6, "bob"), (7, "")],
        ),
        (b"tweet_id,owner\n5,alice\n", None, "2", [(5, "alice")]),
        (b"owner;tweet\nalice;5\n", "tweet", "Owner", [(5, "alice")]),
        (b"owner,tweet\nalice,5\n", "2", "owner", [(5, "alice")]),
        (b"owner,tweet1\nalice,5\n", None, "owner", [(5, "alice")]),
        (b"alice,5\nbob,6\n", None, "1", [(5, "alice"), (6, "bob")]),
        (b"alice\t5\nbob\t6", None, "1", [(5, "alice"), (6, "bob")]),
        (b'\xef\xbb\xbfowner,id\r\n"a, b",5\r\n', None, "owner", [(5, "a, b")]),
        ("id\towner\r\n5\tJörg\r\n".encode("utf-16"), None, "owner", [(5, "Jörg")]),
        (b"9000,5\n9001,6\n", None, "1", [(5, "9000"), (6, "9001")]),
        (b"id,tweet\n9000,5\n", None, "id", [(5, "9000")]),
        (b"id,owner\n", None, "owner", []),
        (b"", None, "owner", []),
        (b"\n \n", None, "2", []),
    ],
)
def test_owner_column_is_read_by_name_and_by_number(
    file: Path, content: bytes, column: str | None, owner_column: str, pairs: list[tuple[int, str]]
) -> None:
    assert owned(chunks_of(file, content, owner_column, column=column)) == (pairs, [])


@pytest.mark.parametrize(
    ("row", "text", "reason"),
    [
        (b"5", "5", "a row of 1 column, the owner is in column 3"),
        (b"5,x", "5,x", "a row of 2 columns, the owner is in column 3"),
        (b"5,x," + b"n" * 201, "n" * 200, "the owner's name is longer than 200 characters"),
        (b"5,x,J\xf6rg", "J\\xf6rg", "the owner's name is not valid UTF-8"),
        (b"five,x," + b"n" * 201, "five", "not a decimal number"),
        (b"five", "five", "not a decimal number"),
    ],
)
def test_row_without_a_sound_owner_is_rejected_with_its_reason(
    file: Path, row: bytes, text: str, reason: str
) -> None:
    content = b"id,lang,owner\n6,x, " + b"n" * 200 + b" \n" + row + b"\n7,x,bob\n"
    pairs, (entry,) = owned(chunks_of(file, content, "owner"))
    assert pairs == [(6, "n" * 200), (7, "bob")]
    assert (entry.line, entry.text, entry.reason) == (3, text, reason)


@pytest.mark.parametrize(
    ("content", "owner_column", "message"),
    [
        (b"id,owner\n5,alice\n", "author", "no column 'author'"),
        (b"id,owner\n5,alice,x\n", "3", "no column 3, the rows have 2"),
        (b"5,alice\n", "3", "no column 3, the rows have 2"),
        (b"5\n6\n", "owner", "no column 'owner'"),
        (b"5\n6\n", "2", "no column 2, the rows have 1"),
        (b"tweet_id\n5\n", "owner", "no column 'owner'"),
        (b"owner,text\nalice,hello\n", "owner", "no column holds tweet IDs"),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [7, 256 * 1024])
def test_file_without_the_owner_column_is_a_usage_error(
    file: Path, content: bytes, owner_column: str, message: str, chunk_bytes: int
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        chunks_of(file, content, owner_column, chunk_bytes=chunk_bytes)
    assert caught.value.hint


def test_table_below_very_many_blank_lines_is_a_usage_error(file: Path) -> None:
    """The columns are sought in the first 64 KiB; no ID is read from below without its owner."""
    with pytest.raises(UsageError, match="only blank lines at the beginning"):
        chunks_of(file, b"\n" * 70_000 + b"id,owner\n5,alice\n", "owner", chunk_bytes=5000)


@pytest.mark.parametrize(
    ("owner_column", "file_format", "owner_from_folder", "message"),
    [
        ("owner", None, True, "from column 'owner' and from the folders' names"),
        ("owner", "text", False, "text has no columns, but column 'owner' is wanted"),
        ("0", None, False, "no column 0"),
    ],
)
def test_wrong_option_about_owners_is_a_usage_error_at_once(
    owner_column: str, file_format: str | None, owner_from_folder: bool, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        Form(file_format, None, owner_column, owner_from_folder)


@pytest.mark.parametrize(
    ("argument", "owner"),
    [
        ("inbox/alice/ids.txt", "alice"),
        ("inbox", "alice"),
        ("./inbox/bob/../alice//./ids.txt", "alice"),
        ("ids.txt", "here"),
        ("./ids.txt", "here"),
        ("inbox/bob/../ids.csv", "inbox"),
        ("linked/ids.txt", "linked"),
    ],
)
def test_owner_is_the_folder_that_contains_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str, owner: str
) -> None:
    alice = tmp_path / "here" / "inbox" / "alice"
    alice.mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    for name in ("inbox/alice/ids.txt", "ids.txt"):
        Path(name).write_text("5\n6")
    if argument.endswith(".csv"):
        Path("inbox/ids.csv").write_text("5\n6")
    Path("inbox/bob").mkdir()
    Path("linked").symlink_to(alice)
    chunks = read_chunks(find_sources([argument]), Form(owner_from_folder=True))
    assert owned(chunks) == ([(5, owner), (6, owner)], [])


def test_folders_own_their_files_when_several_are_read(tmp_path: Path) -> None:
    for name, content in {"alice": b"5\n", "bob/more": b"id,x\n6,7\n", "bob": b"8"}.items():
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "ids.csv.gz").write_bytes(gzip.compress(content))
    chunks = read_chunks(find_sources([str(tmp_path)]), Form(owner_from_folder=True))
    assert owned(chunks)[0] == [(5, "alice"), (8, "bob"), (6, "more")]


def test_standard_input_is_in_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"5\n6")))
    chunks = read_chunks(find_sources(["-"]), Form(owner_from_folder=True))
    assert owned(chunks) == ([(5, ""), (6, "")], [])


def test_folder_with_too_long_a_name_is_a_usage_error_at_once(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 201) / "ids.txt"
    path.parent.mkdir()
    path.write_text("5\n")
    with pytest.raises(UsageError, match="longer than 200 characters"):
        read_chunks(find_sources([str(path)]), Form(owner_from_folder=True))


def test_no_owners_are_given_when_nobody_asks(file: Path) -> None:
    chunks = chunks_of(file, b"tweet_id,owner\n5,alice\n")
    assert [chunk.owners for chunk in chunks] == [()]


def test_equal_names_are_one_object_when_rows_are_many(file: Path) -> None:
    content = b"id,owner\n" + b"".join(b"%d,owner %d\n" % (ID + n, n % 10) for n in range(50_000))
    owners = [owner for chunk in chunks_of(file, content, "owner") for owner in chunk.owners]
    assert len(owners) == 50_000
    assert len({id(owner) for owner in owners}) == 10
