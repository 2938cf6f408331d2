"""IDs as other tools have left them: as a line of text and as a cell, each is repaired or rejected by its name."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvester.engagement.tweet_id import parse_tweet_id
from harvester.sources import Form, Rejected, find_sources, read_chunks

ID = 1_060_976_163_948_904_448
ROUNDED = "a spreadsheet has rounded it"
FLOAT = "it was a floating-point number, its last digits are lost"

DAMAGE: list[tuple[str, int | str]] = [
    (f" {ID} ", ID),
    (f"\t{ID}", ID),
    (f"\xa0{ID}\u3000", ID),
    (f"\u200b{ID}\u200e", ID),
    (f"\ufeff{ID}", ID),
    (f'"{ID}"', ID),
    (f"'{ID}'", ID),
    (f"'{ID}", ID),
    (f"“{ID}”", ID),
    (f"`{ID}`", ID),
    (f'="{ID}"', ID),
    (f"{ID},", ID),
    (f"000{ID}", ID),
    (f"https://twitter.com/a/status/{ID}?s=20", ID),
    (f"x.com/i/web/status/{ID}/photo/1", ID),
    (f"tag:search.twitter.com,2005:{ID}", ID),
    ("20.0", 20),
    ("1.06098E+18", ROUNDED),
    ("1,06098E+18", ROUNDED),
    (f"{ID}.0", FLOAT),
    (f"-{ID}", "negative"),
    (f"{ID:,}", "thousands separators, not digits alone"),
    (f"{ID:#x}", "hexadecimal, not decimal"),
    ("１０６０９７６", "digits that are not ASCII's"),
    ("1\x000\x006\x00", "NUL bytes between its digits"),
    ("\x00\x01", "binary data, no text"),
    ("https://x.com/TwitterDev", "a link, but not to a tweet"),
    (f'{{"id":{ID}}}', "JSON, not an ID"),
    ("2018-11-09T19:20:26Z", "a date, not an ID"),
    ("123e4567-e89b-12d3-a456-426614174000", "a UUID, not an ID of a tweet"),
    ("@TwitterDev", "a user's name, not a tweet's ID"),
    ("#N/A", "a missing value"),
    ("NaN", "a missing value"),
    (f"{ID} {ID}", "several numbers, not one"),
    (f"{ID}9", "larger than a tweet ID can be"),
    ("0", "zero is no tweet ID"),
    ("hello", "not a decimal number"),
]
Found = tuple[list[int], list[Rejected]]
Read = Callable[[str, str], Found]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    path = tmp_path_factory.mktemp("damage") / "file"

    def read_as(content: str, file_format: str) -> Found:
        path.write_text(content, "utf-8", newline="")
        chunks = list(read_chunks(find_sources([str(path)]), Form(file_format), chunk_bytes=64))
        ids = [tweet_id for chunk in chunks for tweet_id in chunk.ids.tolist()]
        return ids, [entry for chunk in chunks for entry in chunk.rejected]

    return read_as


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def is_as_expected(found: Found, expected: int | str, line: int) -> bool:
    ids, rejected = found
    if isinstance(expected, int):
        return (ids, rejected) == ([5, expected, 6], [])
    return ids == [5, 6] and [(entry.line, entry.reason) for entry in rejected] == [(line, expected)]


@pytest.mark.parametrize(("damaged", "expected"), DAMAGE)
def test_damaged_line_of_text_is_repaired_or_rejected_by_its_name(
    read: Read, damaged: str, expected: int | str
) -> None:
    assert is_as_expected(read(f"5\n{damaged}\n6\n", "text"), expected, 2)


@pytest.mark.parametrize(("damaged", "expected"), DAMAGE)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_damaged_cell_is_repaired_or_rejected_by_its_name(
    read: Read, damaged: str, expected: int | str, end: str
) -> None:
    rows = ["n,tweet_id,x", "0,5,a", f"1,{quoted(damaged)},a", "2,6,a", ""]
    assert is_as_expected(read(end.join(rows), "csv"), expected, 3)


quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1, max_size=30)


@quick
@given(texts)
def test_any_cell_is_read_as_parse_tweet_id_reads_it(read: Read, text: str) -> None:
    found = parse_tweet_id(text)
    ids, rejected = read(f"n,tweet_id\n0,{quoted(text)}\n", "csv")
    assert ids == ([found] if isinstance(found, int) else [])
    if isinstance(found, str):
        assert [entry.reason.replace("an empty cell", "empty") for entry in rejected] == [found]


@quick
@given(st.lists(texts, max_size=5), st.sampled_from(["text", "csv"]))
def test_every_line_of_any_text_is_an_id_or_rejected_or_passed_over(
    read: Read, lines: list[str], file_format: str
) -> None:
    ids, rejected = read("\n".join(["tweet_id", f"{ID}", *lines]), file_format)
    assert ids[:1] == [ID]
    assert len(ids) + len(rejected) <= 1 + len(lines)
