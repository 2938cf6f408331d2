"""`journal.db`: the checkpoint. It vouches for so many batches and so many bytes of each file, and no more.

Read and write order, which every other module relies on:

1. records and rejected lines are appended and fsynced, then the journal commits what they now hold. A kill
   between the two leaves bytes that the journal does not know; the next run cuts them away.
2. The journal never speaks of bytes that were not synced before. A file shorter than its entry is damage.
3. A settled batch that waits long for one before it is kept in here, and so are the settled windows of one that
   is not, so that their answers are not lost with the process; they leave in the transaction that counts the
   records, or keeps the batch.
4. Dead letters live in here, and `….failed.ndjson` is made from them: a dead letter that becomes a record
   goes in the same transaction that counts the record.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Final

from harvester.errors import RunDirectoryError, StorageError
from harvester.rundir.marks import Ahead, EndpointMark, InputMark, Part, Step

SCHEMA_VERSION: Final = 1
_TABLES: Final = """
    CREATE TABLE run (schema INTEGER NOT NULL, run_id TEXT NOT NULL);
    CREATE TABLE input (rejected_lines INTEGER NOT NULL, rejected_bytes INTEGER NOT NULL,
                        rejected_hash BLOB NOT NULL);
    CREATE TABLE endpoint (name TEXT PRIMARY KEY, batches INTEGER NOT NULL, chain BLOB NOT NULL,
                           records_bytes INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE dead_letter (position INTEGER PRIMARY KEY, endpoint TEXT NOT NULL,
                              tweet_id INTEGER NOT NULL, account TEXT NOT NULL, letter TEXT NOT NULL);
    CREATE TABLE ahead (endpoint TEXT NOT NULL, number INTEGER NOT NULL, chain BLOB NOT NULL,
                        outcome BLOB NOT NULL, PRIMARY KEY (endpoint, number)) WITHOUT ROWID;
    CREATE TABLE part (endpoint TEXT NOT NULL, number INTEGER NOT NULL, window INTEGER NOT NULL,
                       chain BLOB NOT NULL, outcome BLOB NOT NULL,
                       PRIMARY KEY (endpoint, number, window)) WITHOUT ROWID;
    CREATE UNIQUE INDEX dead_letter_of ON dead_letter (endpoint, tweet_id);
"""


class Journal:
    """The open journal of a run. May be used from any thread: its endpoints commit each by itself.

    Made where there is none, unless one is_expected. Raises RunDirectoryError when that is missing or empty, or
    when it is of another run, another schema or damaged, and StorageError when the disk refuses.
    """

    def __init__(self, path: Path, run_id: str, *, is_expected: bool = False) -> None:
        self._path = path
        if is_expected and not path.exists():
            raise self._missing()
        self._one_at_a_time = threading.Lock()
        with self._errors():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            # WAL needs shared memory, which a network file system may not have; SQLite then says so by
            # keeping the mode it has, and a rollback journal serves as well.
            mode = self._db.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode != "wal":
                self._db.execute("PRAGMA journal_mode=TRUNCATE")
            self._db.execute("PRAGMA synchronous=FULL")
            if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'run'").fetchone():
                if is_expected:
                    raise self._missing()
                self._create(run_id)
            self._check(run_id)

    def _missing(self) -> RunDirectoryError:
        return RunDirectoryError(
            f"{self._path} is missing or empty beside records, and only it knows which of them are whole",
            "Bring it back from a copy, or use another run directory.",
        )

    def _create(self, run_id: str) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";")[:-1]:
            self._db.execute(statement)
        self._db.execute("INSERT INTO run VALUES (?, ?)", (SCHEMA_VERSION, run_id))
        self._db.execute("INSERT INTO input VALUES (0, 0, x'')")
        self._db.execute("COMMIT")

    def _check(self, run_id: str) -> None:
        schema, found = self._db.execute("SELECT schema, run_id FROM run").fetchone()
        if schema != SCHEMA_VERSION:
            raise RunDirectoryError(
                f"{self._path} has schema {schema}, this version of harvester knows {SCHEMA_VERSION}",
                "Finish the run with the version that began it, or use another run directory.",
            )
        if found != run_id:
            raise RunDirectoryError(f"{self._path} belongs to another run than run.json beside it")

    def is_blank(self) -> bool:
        """Whether nothing is committed yet."""
        query = "SELECT rejected_lines = 0 AND NOT EXISTS (SELECT 1 FROM endpoint) FROM input"
        with self._errors():
            return bool(self._db.execute(query).fetchone()[0])

    def input_mark(self) -> InputMark:
        """How much of the rejected lines is in."""
        with self._errors():
            return InputMark(*self._db.execute("SELECT * FROM input").fetchone())

    def endpoint_mark(self, endpoint: str) -> EndpointMark:
        """How far the endpoint is; the beginning if nothing is in yet."""
        with self._errors():
            row = self._db.execute(
                "SELECT batches, chain, records_bytes, state FROM endpoint WHERE name = ?", (endpoint,)
            ).fetchone()
        return EndpointMark(row[0], row[1], row[2], json.loads(row[3])) if row else EndpointMark()

    def dead_letters(self, endpoint: str) -> Iterator[bytes]:
        """The endpoint's dead letters as JSON, in the order in which they were given up."""
        query = "SELECT letter FROM dead_letter WHERE endpoint = ? ORDER BY position"
        with self._errors():
            for (letter,) in self._db.execute(query, (endpoint,)):
                yield letter

    def dead_tweets(self, endpoint: str) -> list[tuple[int, str]]:
        """The tweets of the endpoint's dead letters, and whose they are, in the same order."""
        query = "SELECT tweet_id, account FROM dead_letter WHERE endpoint = ? ORDER BY position"
        with self._errors():
            return self._db.execute(query, (endpoint,)).fetchall()

    def ahead_numbers(self, endpoint: str) -> set[int]:
        """The numbers of the settled batches that wait for others."""
        query = "SELECT number FROM ahead WHERE endpoint = ?"
        with self._errors():
            return {number for (number,) in self._db.execute(query, (endpoint,))}

    def ahead(self, endpoint: str, number: int) -> Ahead:
        """One of them."""
        query = "SELECT number, chain, outcome FROM ahead WHERE endpoint = ? AND number = ?"
        with self._errors():
            return Ahead(*self._db.execute(query, (endpoint, number)).fetchone())

    def part_numbers(self, endpoint: str) -> set[int]:
        """The numbers of the batches of which some windows are settled."""
        with self._errors():
            rows = self._db.execute("SELECT DISTINCT number FROM part WHERE endpoint = ?", (endpoint,))
            return {number for (number,) in rows}

    def parts(self, endpoint: str, number: int) -> list[Part]:
        """The settled windows of one of them, the earliest first."""
        query = "SELECT number, window, chain, outcome FROM part WHERE endpoint = ? AND number = ? ORDER BY window"
        with self._errors():
            return [Part(*row) for row in self._db.execute(query, (endpoint, number))]

    def commit(self, step: Step) -> None:
        """Make a step durable, as a whole or not at all. The files it speaks of are synced already."""
        mark = step.mark
        row = (step.endpoint, mark.batches, mark.chain, mark.records_bytes, json.dumps(mark.state))
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO endpoint VALUES (?, ?, ?, ?, ?)", row)
            self._db.executemany(
                "DELETE FROM dead_letter WHERE endpoint = ? AND tweet_id = ?",
                [(step.endpoint, tweet_id) for tweet_id in step.settled_again],
            )
            self._db.executemany(
                "INSERT INTO dead_letter (endpoint, tweet_id, account, letter) VALUES (?, ?, ?, ?)",
                [(step.endpoint, *astuple(dead)) for dead in step.dead],
            )
            self._db.execute(
                "DELETE FROM ahead WHERE endpoint = ? AND number < ?", (step.endpoint, mark.batches)
            )
            self._db.executemany(
                "INSERT INTO ahead VALUES (?, ?, ?, ?)",
                [(step.endpoint, *astuple(ahead)) for ahead in step.ahead],
            )
            self._db.execute(
                "DELETE FROM part WHERE endpoint = ? AND number < ?", (step.endpoint, mark.batches)
            )
            self._db.executemany(
                "DELETE FROM part WHERE endpoint = ? AND number = ?",
                [(step.endpoint, ahead.number) for ahead in step.ahead],
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?)",
                [(step.endpoint, *astuple(part)) for part in step.parts],
            )

    def commit_input(self, mark: InputMark) -> None:
        """The same for rejected lines."""
        with self._transaction():
            self._db.execute("DELETE FROM input")
            self._db.execute("INSERT INTO input VALUES (?, ?, ?)", astuple(mark))

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the journal file, so that an error of the disk shows here."""
        with self._errors():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close it. What is in the write-ahead log is safe there."""
        with self._errors():
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One transaction at a time. What fails in it is rolled back when the journal is opened again."""
        with self._one_at_a_time, self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            if isinstance(exc, sqlite3.DatabaseError) and exc.sqlite_errorname in _DAMAGE:
                raise RunDirectoryError(f"{self._path} is damaged: {exc}") from exc
            raise StorageError(f"{self._path}: {exc}") from exc


_DAMAGE: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")
