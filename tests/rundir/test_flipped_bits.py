"""A disk that gives back other bits than were written: found, or harmless; never taken for what was written."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harvester.errors import RunDirectoryError
from harvester.rundir.journal import Journal
from harvester.rundir.journal_reads import JournalView
from harvester.rundir.manifest import new_manifest, read_manifest, write_manifest
from harvester.rundir.marks import (
    Ahead,
    Dead,
    EndpointMark,
    FileMark,
    InputMark,
    Part,
    Step,
    StreamMark,
)
from harvester.rundir.seals import sealed, unsealed

N_FLIPS = 1_000
STEP = Step(
    "totals",
    EndpointMark(2, b"c" * 16, 500, b"d" * 32, {"sum": 2**70, "text": "words " * 20}),
    dead=tuple(Dead(7 + n, "alice", b'{"a":%d}' % n) for n in range(30)),
    ahead=(Ahead(3, b"c" * 16, b"three" * 50), Ahead(5, b"c" * 16, b"five" * 2_000)),
    parts=(Part(4, 20, b"c" * 16, b"part" * 30),),
)


def written(path: Path) -> None:
    journal = Journal(path, "run")
    journal.commit(STEP, lambda: {1: StreamMark(9, b"s" * 32, is_whole=True)})
    journal.commit_input(InputMark(1, 20, b"h" * 32))
    journal.commit_derived({"summary.json": FileMark(7, b"f" * 32)})
    journal.close()


def read(path: Path) -> list[Any]:
    """Everything that stands in a journal."""
    journal = Journal(path, "run", is_expected=True)
    try:
        return [
            journal.input_mark(),
            journal.endpoint_mark("totals"),
            journal.streams(),
            journal.derived(),
            list(journal.dead_letters("totals")),
            journal.dead_tweets("totals"),
            [journal.ahead("totals", number) for number in sorted(journal.ahead_chains("totals"))],
            [journal.parts("totals", number) for number in sorted(journal.part_numbers("totals"))],
        ]
    finally:
        journal.close()


def flips(content: bytes, n: int, seed: int) -> list[bytes]:
    rng = random.Random(seed)
    spoiled = []
    for _ in range(n):
        place, bit = rng.randrange(len(content)), 1 << rng.randrange(8)
        spoiled.append(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
    return spoiled


def assert_found_or_harmless(path: Path, read_it: Callable[[Path], Any], *, n: int, seed: int) -> int:
    """How many of some flips were found."""
    good, content = read_it(path), path.read_bytes()
    n_found = 0
    for spoiled in flips(content, n, seed):
        path.write_bytes(spoiled)
        try:
            assert read_it(path) == good
        except RunDirectoryError:
            n_found += 1
        for leftover in path.parent.glob(f"{path.name}-*"):
            leftover.unlink()
    return n_found


def test_flipped_bit_of_a_journal_is_found_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    written(path)
    assert assert_found_or_harmless(path, read, n=N_FLIPS, seed=1) > N_FLIPS // 10


def test_flipped_bit_of_a_manifest_is_found_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_manifest(path, new_manifest({"endpoint": ["totals"], "top": 10}, [], 1_795_000_000_123, "1"))
    assert assert_found_or_harmless(path, read_manifest, n=N_FLIPS, seed=2) > N_FLIPS // 2


def test_sealed_document_is_what_was_sealed() -> None:
    document = sealed({"b": 1, "a": [1.5, "x"]})
    assert list(document) == ["b", "a", "check"]
    assert unsealed(b'{"a":[1.5,"x"],"check":"%s","b":1}' % document["check"].encode()) == {
        "b": 1,
        "a": [1.5, "x"],
    }
    for text in (b'{"b":1,"a":[1.5,"x"]}', b"[]", b"{", b'{"check":1}', b'{"b":2,"check":"0"}'):
        with pytest.raises(ValueError, match=r"."):
            unsealed(text)


def test_view_reads_one_moment_beside_a_writer_and_where_nothing_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path, "run")
    journal.commit(STEP)
    with JournalView(path) as view:
        assert view.run_id() == "run"
        journal.commit(Step("totals", EndpointMark(9)))
        assert view.endpoint_mark("totals") == STEP.mark
    with JournalView(path) as view:
        assert view.endpoint_mark("totals").batches == 9
    journal.close()
    with pytest.raises(RunDirectoryError, match="is missing"):
        JournalView(tmp_path / "other.db")


def test_derived_files_are_of_now_until_the_next_step(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", "run")
    journal.commit_derived({"summary.json": FileMark(7, b"f")})
    assert journal.derived() == {"summary.json": FileMark(7, b"f")}
    journal.commit(STEP)
    assert journal.derived() == {}
    journal.close()
