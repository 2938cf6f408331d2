"""The journal: all or nothing, of one run, and never guessed."""

import sqlite3
from pathlib import Path

import pytest

from harvester.errors import RunDirectoryError, StorageError
from harvester.rundir.journal import Journal
from harvester.rundir.marks import Ahead, Dead, EndpointMark, InputMark, Part, Step, StreamMark

FIRST = Step(
    "totals",
    EndpointMark(2, b"c" * 16, 500, b"d" * 32, {"sum": 2**70}),
    dead=(Dead(7, "", b'{"a":1}'), Dead(5, "alice", b'{"b":2}')),
)


def test_step_is_there_when_the_journal_is_opened_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", "run")
    journal.commit(FIRST)
    journal.commit_input(InputMark(1, 20, b"h"))
    journal.close()
    again = Journal(tmp_path / "journal.db", "run")
    assert (again.input_mark(), again.endpoint_mark("totals")) == (InputMark(1, 20, b"h"), FIRST.mark)
    assert again.dead_tweets("totals") == [(7, ""), (5, "alice")]
    again.close()


def test_dead_letters_come_and_go_with_the_step_that_counts_their_records(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", "run")
    journal.commit(FIRST)
    journal.commit(Step("totals", FIRST.mark, settled_again=(7, 5), dead=(Dead(5, "", b"{}"),)))
    assert list(journal.dead_letters("totals")) == [b"{}"]
    journal.close()


def test_what_waits_is_there_until_it_is_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", "run")
    kept = (Ahead(3, b"c3", b"three"), Ahead(5, b"c5", b"five"))
    journal.commit(Step("totals", EndpointMark(2), ahead=kept))
    journal.commit(Step("28hr", EndpointMark(9)))
    assert journal.ahead_chains("totals").keys() == {3, 5}
    assert journal.ahead("totals", 5) == kept[1]
    journal.commit(Step("totals", EndpointMark(4)))
    assert journal.ahead_chains("totals").keys() == {5}
    journal.close()


@pytest.mark.parametrize("ends_well", [True, False])
def test_a_journal_that_held_much_gives_the_room_back(tmp_path: Path, ends_well: bool) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, "run")
    waiting = tuple(Ahead(number, b"c" * 16, bytes(60_000)) for number in range(1, 101))
    journal.commit(Step("totals", EndpointMark(0), ahead=waiting))
    journal.commit(FIRST)
    journal.commit(Step("totals", EndpointMark(101)))
    if ends_well:
        journal.checkpoint()
    assert journal.dead_tweets("totals") == [(7, ""), (5, "alice")]
    journal.close()
    assert path.stat().st_size < 200_000


def test_windows_of_a_batch_are_there_until_it_is_kept_or_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", "run")
    parts = (Part(3, 20, b"c3", b"late"), Part(3, 10, b"c3", b"early"), Part(5, 0, b"c5", b"other"))
    journal.commit(Step("totals", EndpointMark(2), parts=parts))
    assert journal.part_numbers("totals") == {3, 5}
    assert journal.parts("totals", 3) == [parts[1], parts[0]]
    journal.commit(Step("totals", EndpointMark(2), parts=(Part(5, 0, b"c5", b"anew"),)))
    assert journal.parts("totals", 5) == [Part(5, 0, b"c5", b"anew")]
    journal.commit(Step("totals", EndpointMark(2), ahead=(Ahead(5, b"c5", b"five"),)))
    assert journal.part_numbers("totals") == {3}
    journal.commit(Step("totals", EndpointMark(4)))
    assert journal.part_numbers("totals") == set()
    journal.close()


def test_step_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", "run")
    journal.commit(FIRST)
    bad = Step("totals", EndpointMark(9), dead=(Dead(7, "", b"twice"),))
    with pytest.raises(Exception, match="UNIQUE"):
        journal.commit(bad)
    journal.close()
    again = Journal(tmp_path / "journal.db", "run")
    assert again.endpoint_mark("totals") == FIRST.mark
    again.close()


def test_journal_that_has_failed_says_the_same_until_it_is_opened_again(tmp_path: Path) -> None:
    def refuse() -> dict[int, StreamMark]:
        raise StorageError("no room")

    journal = Journal(tmp_path / "journal.db", "run")
    for streams in (refuse, dict):
        with pytest.raises(StorageError, match="no room"):
            journal.commit(FIRST, streams)
    journal.close()
    again = Journal(tmp_path / "journal.db", "run")
    again.commit(FIRST)
    again.close()


def test_endpoint_without_a_step_stands_at_its_beginning(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", "run")
    assert journal.endpoint_mark("totals") == EndpointMark()
    journal.close()


def test_journal_of_another_run_or_schema_or_no_journal_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal(path, "run").close()
    with pytest.raises(RunDirectoryError, match="another run"):
        Journal(path, "other")
    db = sqlite3.connect(path)
    db.execute("UPDATE run SET schema = 99")
    db.commit()
    db.close()
    with pytest.raises(RunDirectoryError, match="schema 99"):
        Journal(path, "run")
    for leftover in tmp_path.iterdir():
        leftover.unlink()
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(RunDirectoryError, match="damaged"):
        Journal(path, "run")
