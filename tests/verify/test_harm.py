"""Whatever is done to the files of a run is found, and a run to which nothing was done is not found fault with."""

import contextlib
import json
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from harvester.errors import ExitCode
from harvester.verify.report import verify
from tests.verify.conftest import KINDS

FLIPS: Final = 4 * int(os.environ.get("FLIPS", "1"))
"""Bits that are flipped in each file."""
STATES: Final[dict[ExitCode | None, str]] = {ExitCode.OK: "complete", ExitCode.INCOMPLETE: "incomplete"}
Copies = Callable[[str], Path]
kinds = pytest.mark.parametrize("kind", KINDS)


def vouched_for(run_dir: Path, kind: str) -> list[Path]:
    """The files that something is said of: not locks and paces, nor what a run that goes on makes anew."""
    unvouched = () if KINDS[kind].ends in STATES else ("failed.ndjson", "summary.json", "top_tweets.csv")
    return [
        path
        for path in sorted(run_dir.iterdir())
        if not path.name.startswith((".", "journal.db")) and not path.name.endswith(unvouched)
    ]


@kinds
def test_sound_run_is_called_so(run_of: Copies, kind: str) -> None:
    report = verify(run_of(kind))
    assert not report.findings.problems()
    assert report.state == STATES.get(KINDS[kind].ends, "unfinished")
    assert set(report.balances) == set(KINDS[kind].scene.endpoints)
    for balance in report.balances.values():
        assert balance.asked == balance.settled + balance.left + balance.repeated


def harmed(content: bytes) -> Iterator[tuple[str, bytes]]:
    """A file's content with one thing wrong, and what that is."""
    lines = content.splitlines(keepends=True)
    middle = len(lines) // 2
    if lines:
        yield "line dropped", b"".join(lines[:middle] + lines[middle + 1 :])
        yield "line doubled", b"".join([*lines[: middle + 1], *lines[middle:]])
        yield "tail cut", content[:-7]
        yield "last line cut", b"".join(lines[:-1])
        yield "emptied", b""
    if len(lines) > 1:
        yield "lines swapped", b"".join([*lines[:-2], lines[-1], lines[-2]])
    for digit in (b"1", b"4"):
        place = content.find(digit, len(content) // 2)
        if place >= 0:
            yield "digit changed", content[:place] + b"7" + content[place + 1 :]


@kinds
def test_harm_done_to_a_file_is_found(copy_of: Copies, kind: str) -> None:
    run_dir = copy_of(kind)
    is_complete = KINDS[kind].ends is ExitCode.OK
    for path in vouched_for(run_dir, kind):
        whole = path.read_bytes()
        for what, content in harmed(whole):
            if content != whole and (is_complete or not is_harmless(path.name, whole, content)):
                path.write_bytes(content)
                assert verify(run_dir).exit_code is ExitCode.RUN_DIRECTORY, f"{path.name}: {what}"
        path.write_bytes(whole)


def is_harmless(name: str, whole: bytes, content: bytes) -> bool:
    """Of a run that is not complete: what is behind the committed part is cut off, and a key may come twice."""
    if name != "run.json":
        return content.startswith(whole)
    with contextlib.suppress(ValueError):
        return bool(json.loads(content) == json.loads(whole))
    return False


@kinds
def test_lost_file_is_found(copy_of: Copies, kind: str) -> None:
    run_dir = copy_of(kind)
    for path in [*vouched_for(run_dir, kind), run_dir / "journal.db"]:
        if path.name != "_SUCCESS" and path.stat().st_size:
            hidden = path.rename(run_dir / ".hidden")
            assert verify(run_dir).exit_code is ExitCode.RUN_DIRECTORY, path.name
            hidden.rename(path)


@kinds
def test_flipped_bit_is_found(copy_of: Copies, kind: str) -> None:
    run_dir = copy_of(kind)
    for path in vouched_for(run_dir, kind):
        whole = path.read_bytes()
        for place in flips(path.name, len(whole)):
            path.write_bytes(flipped(whole, place))
            assert verify(run_dir).exit_code is ExitCode.RUN_DIRECTORY, f"{path.name}, bit {place}"
        path.write_bytes(whole)


def flips(seed: str, n_bytes: int) -> list[int]:
    """Some bits of a file, the same each time."""
    return random.Random(seed).sample(range(8 * n_bytes), min(FLIPS, 8 * n_bytes))


def flipped(content: bytes, bit: int) -> bytes:
    harmed = bytearray(content)
    harmed[bit // 8] ^= 1 << bit % 8
    return bytes(harmed)


@kinds
def test_flipped_bit_of_the_journal_is_found_or_changes_nothing_that_is_read(
    copy_of: Copies, kind: str
) -> None:
    run_dir = copy_of(kind)
    path = run_dir / "journal.db"
    whole, said = path.read_bytes(), contents(path)
    for place in flips(kind, len(whole)):
        path.write_bytes(flipped(whole, place))
        if verify(run_dir).exit_code is ExitCode.OK:
            assert contents(path) == said, f"bit {place}"


def contents(path: Path) -> dict[str, list[object]]:
    """All rows of all tables, whose names SQLite takes in any case."""
    db = sqlite3.connect(path)
    try:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name.lower(): db.execute(f"SELECT * FROM {name}").fetchall() for name in sorted(tables)}
    finally:
        db.close()


@kinds
def test_journal_that_is_cut_is_found(copy_of: Copies, kind: str) -> None:
    run_dir = copy_of(kind)
    path = run_dir / "journal.db"
    whole = path.read_bytes()
    for n_bytes in (0, 1, 100, len(whole) // 2, len(whole) - 4096):
        path.write_bytes(whole[:n_bytes])
        assert verify(run_dir).exit_code is ExitCode.RUN_DIRECTORY, f"{n_bytes} bytes"


@pytest.mark.parametrize(
    "harm",
    [
        """UPDATE endpoint SET state = replace(state, '"favorites": ', '"favorites": 1')""",
        "UPDATE endpoint SET records_bytes = records_bytes - 1",
        "UPDATE endpoint SET batches = batches + 1",
        "DELETE FROM endpoint",
        "UPDATE input SET rejected_lines = 1",
        "DELETE FROM input",
        "UPDATE run SET run_id = 'another'",
        "UPDATE run SET schema = 3",
        "DELETE FROM dead_letter WHERE position = (SELECT max(position) FROM dead_letter)",
        "UPDATE dead_letter SET tweet_id = tweet_id + 1 WHERE position = 1",
        "UPDATE dead_letter SET letter = replace(letter, 'malformed', 'timeout') WHERE position = 1",
        "DELETE FROM derived",
        "DROP TABLE ahead",
    ],
)
@pytest.mark.parametrize("kind", ["dead letters", "killed"])
def test_harm_done_to_the_journal_is_found(copy_of: Copies, harm: str, kind: str) -> None:
    run_dir = copy_of(kind)
    db = sqlite3.connect(run_dir / "journal.db", isolation_level=None)
    n_changed = db.execute(harm).rowcount
    db.close()
    is_harmless = n_changed == 0 or "derived" in harm
    assert verify(run_dir).exit_code == (ExitCode.OK if is_harmless else ExitCode.RUN_DIRECTORY)
