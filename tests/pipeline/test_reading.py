"""What a reading says of its input, and that it reads what was there when it began."""

import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from harvester.pipeline.reading import Reading, Selection
from harvester.rundir.marks import InputMark
from harvester.sources import Form, find_sources, read_stored

FIRST = 1_060_976_163_948_904_400


def reading_of(path: Path) -> Reading:
    return Reading(find_sources((str(path),)), InputMark(), Selection(), Form())


def ids_of(reading: Reading) -> list[int]:
    return [tweet_id for portion in reading.portions() for tweet_id in portion.ids.tolist()]


@pytest.mark.parametrize(
    ("ids", "warns"),
    [
        ([FIRST + 100 * n for n in range(20)], True),
        ([FIRST + 100 * n for n in range(19)], False),
        ([FIRST + 7 * n for n in range(1_000)], False),
        ([100 * n + 100 for n in range(1_000)], False),
        ([*(FIRST + 100 * n for n in range(30)), *(FIRST + 1 + 100 * n for n in range(90))], True),
    ],
    ids=["rounded", "too few to tell", "by chance", "exact as doubles", "a quarter"],
)
def test_rounded_ids_are_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, ids: list[int], warns: bool
) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("".join(f"{i}\n" for i in ids))
    with caplog.at_level(logging.WARNING, "harvester"):
        assert ids_of(reading_of(path)) == ids
    assert len([record for record in caplog.records if "end in 00" in record.getMessage()]) == warns


def test_what_is_appended_while_a_file_is_read_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("1\n2\n")
    reading = reading_of(path)
    path.write_text("1\n2\n3\n")
    assert ids_of(reading) == [1, 2]


def test_file_that_is_cut_while_it_is_read_is_unreadable_from_there(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("1\n2\n3\n")
    reading = reading_of(path)
    path.write_text("1\n2\n")
    portions = list(reading.portions())
    assert b"it was cut meanwhile" in b"".join(portion.rejected for portion in portions)
    assert reading.counts.unreadable == 1


@pytest.mark.parametrize("chunk_bytes", [1, 3, 100])
def test_no_piece_goes_over_an_end_that_a_file_had(tmp_path: Path, chunk_bytes: int) -> None:
    path = tmp_path / "ids.txt"
    path.write_bytes(b"11\n22\n33\n")
    (source,) = find_sources((str(path),))
    pieces = list(read_stored(replace(source, ends_bytes=(0, 3, 6, 6)), chunk_bytes, threading.Event()))
    ends = {sum(map(len, pieces[: n + 1])) for n in range(len(pieces))}
    assert b"".join(pieces) == b"11\n22\n33\n"
    assert {3, 6, 9} <= ends


def test_parts_of_a_grown_input_are_told_where_they_end(tmp_path: Path) -> None:
    path = tmp_path / "ids.csv"
    path.write_bytes(b"n,tweet_id\n1,101\n2,102\n3,103\n")
    (source,) = find_sources((str(path),))
    reading = Reading((replace(source, ends_bytes=(17, 23)),), InputMark(), Selection(), Form())
    parts: list[list[int]] = [[]]
    for portion in reading.portions():
        parts[-1] += portion.ids.tolist()
        if portion.ends_part:
            parts.append([])
    assert parts == [[101], [102], [103]]


def test_behind_the_last_of_a_limited_number_of_ids_nothing_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "ids.txt"
    path.write_text("-1\n21\n21\n-2\n22\n-3\n22\n23\n")
    reading = Reading(find_sources((str(path),)), InputMark(), Selection(limit=2), Form())
    rejected = b"".join(portion.rejected for portion in reading.portions())
    counts = reading.counts
    assert [b'"line":%d,' % line in rejected for line in (1, 4, 6)] == [True, True, False]
    assert (counts.lines, counts.ids, counts.distinct, counts.duplicates, counts.rejected) == (5, 3, 2, 1, 2)
