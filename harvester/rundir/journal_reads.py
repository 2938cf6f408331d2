"""What can be read from a journal, and `JournalView`, which reads one while a run goes on."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

from harvester.errors import RunDirectoryError
from harvester.rundir.files import refused
from harvester.rundir.marks import Ahead, Dead, EndpointMark, FileMark, InputMark, Part, StreamMark
from harvester.rundir.seals import seal_of

SCHEMA_VERSION: Final = 2
TABLES: Final = """
    CREATE TABLE run (schema INTEGER NOT NULL, run_id TEXT NOT NULL);
    CREATE TABLE input (rejected_lines INTEGER NOT NULL, rejected_bytes INTEGER NOT NULL,
                        rejected_hash BLOB NOT NULL, seal BLOB NOT NULL);
    CREATE TABLE stream (position INTEGER PRIMARY KEY, n_bytes INTEGER NOT NULL, digest BLOB NOT NULL,
                         is_whole INTEGER NOT NULL, seal BLOB NOT NULL);
    CREATE TABLE endpoint (name TEXT PRIMARY KEY, batches INTEGER NOT NULL, chain BLOB NOT NULL,
                           records_bytes INTEGER NOT NULL, records_digest BLOB NOT NULL, state TEXT NOT NULL,
                           seal BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE dead_letter (position INTEGER PRIMARY KEY, endpoint TEXT NOT NULL, tweet_id INTEGER NOT NULL,
                              account TEXT NOT NULL, letter BLOB NOT NULL, seal BLOB NOT NULL);
    CREATE TABLE ahead (endpoint TEXT NOT NULL, number INTEGER NOT NULL, chain BLOB NOT NULL,
                        outcome BLOB NOT NULL, seal BLOB NOT NULL, PRIMARY KEY (endpoint, number)) WITHOUT ROWID;
    CREATE TABLE part (endpoint TEXT NOT NULL, number INTEGER NOT NULL, window INTEGER NOT NULL,
                       chain BLOB NOT NULL, outcome BLOB NOT NULL, seal BLOB NOT NULL,
                       PRIMARY KEY (endpoint, number, window)) WITHOUT ROWID;
    CREATE TABLE derived (name TEXT PRIMARY KEY, n_bytes INTEGER NOT NULL, digest BLOB NOT NULL,
                          seal BLOB NOT NULL) WITHOUT ROWID;
    CREATE UNIQUE INDEX dead_letter_of ON dead_letter (endpoint, tweet_id);
"""
_DEAD: Final = "endpoint, tweet_id, account, letter, seal FROM dead_letter"
_SEALED: Final = (
    _DEAD,
    *(f"* FROM {table}" for table in ("input", "stream", "endpoint", "ahead", "part", "derived")),
)
_LOOK: Final = "SELECT count(*) FROM sqlite_master"
_DAMAGE: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")


class JournalReads:
    """The reading half of a journal.

    Each row is sealed. Raises RunDirectoryError where a seal does not fit or the database is damaged, and
    StorageError when the disk refuses.
    """

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self._path = path
        self._db = db

    def run_id(self) -> str:
        """The run that it is of."""
        rows = self._rows("SELECT schema, run_id FROM run", is_sealed=False)
        if len(rows) != 1:
            raise self._damaged("it is of no run")
        schema, run_id = rows[0]
        if schema != SCHEMA_VERSION:
            raise RunDirectoryError(
                f"{self._path} has schema {schema}, this version of harvester knows {SCHEMA_VERSION}",
                "Finish the run with the version that began it, or use another run directory.",
            )
        return str(run_id)

    def demand_sound(self) -> None:
        """Raises RunDirectoryError when the database or one of its rows is not what was written."""
        found = self._rows("PRAGMA integrity_check(1)", is_sealed=False)
        if found != [("ok",)]:
            raise self._damaged(str(found[0][0]) if found else "it cannot be checked")
        # By its key a row may not be found any more.
        for columns in _SEALED:
            for _ in self._each(f"SELECT {columns}"):  # from above
                pass

    def has_tables(self) -> bool:
        """Whether the journal is made already; its tables come all at once."""
        return bool(self._rows("SELECT 1 FROM sqlite_master WHERE name = 'run'", is_sealed=False))

    def input_mark(self) -> InputMark:
        """How much of the rejected lines is in."""
        rows = self._rows("SELECT * FROM input")
        if len(rows) != 1:
            raise self._damaged("it has lost its input")
        return InputMark(*rows[0])

    def endpoint_mark(self, endpoint: str) -> EndpointMark:
        """How far the endpoint is; the beginning if nothing is in yet."""
        rows = self._rows("SELECT * FROM endpoint WHERE name = ?", endpoint)
        if not rows:
            return EndpointMark()
        _, batches, chain, records_bytes, digest, state = rows[0]
        return EndpointMark(batches, chain, records_bytes, digest, json.loads(state))

    def streams(self) -> dict[int, StreamMark]:
        """How much of each stream of the input is kept, by its place among the inputs."""
        rows = self._rows("SELECT * FROM stream")
        return {
            position: StreamMark(n_bytes, digest, bool(whole)) for position, n_bytes, digest, whole in rows
        }

    def derived(self) -> dict[str, FileMark]:
        """What the derived files are like, by name; nothing where something was committed since they were made."""
        return {name: FileMark(*mark) for name, *mark in self._rows("SELECT * FROM derived")}

    def dead_letters(self, endpoint: str) -> Iterator[bytes]:
        """The endpoint's dead letters as JSON, in the order in which they were given up."""
        for dead in self._dead(endpoint):
            yield dead.letter

    def dead_tweets(self, endpoint: str) -> list[tuple[int, str]]:
        """The tweets of the endpoint's dead letters, and whose they are, in the same order."""
        return [(dead.tweet_id, dead.account) for dead in self._dead(endpoint)]

    def _dead(self, endpoint: str) -> Iterator[Dead]:
        query = f"SELECT {_DEAD} WHERE endpoint = ? ORDER BY position"  # from above
        for _, *dead in self._each(query, endpoint):
            yield Dead(*dead)

    def ahead_chains(self, endpoint: str) -> dict[int, bytes]:
        """The settled batches that wait for others: their numbers, and the hash of all IDs up to each."""
        query = "SELECT number, chain FROM ahead WHERE endpoint = ?"
        return dict(self._rows(query, endpoint, is_sealed=False))

    def ahead(self, endpoint: str, number: int) -> Ahead:
        """One of them."""
        rows = self._rows("SELECT * FROM ahead WHERE endpoint = ? AND number = ?", endpoint, number)
        if not rows:
            raise self._damaged(f"it has lost batch {number:,} of {endpoint}")
        return Ahead(*rows[0][1:])

    def part_numbers(self, endpoint: str) -> set[int]:
        """The numbers of the batches of which some windows are settled."""
        query = "SELECT DISTINCT number FROM part WHERE endpoint = ?"
        return {number for (number,) in self._rows(query, endpoint, is_sealed=False)}

    def parts(self, endpoint: str, number: int) -> list[Part]:
        """The settled windows of one of them, the earliest first."""
        query = "SELECT * FROM part WHERE endpoint = ? AND number = ? ORDER BY window"
        rows = self._rows(query, endpoint, number)
        return [Part(*row[1:]) for row in rows]

    def _rows(self, query: str, *parameters: object, is_sealed: bool = True) -> list[tuple[Any, ...]]:
        return list(self._each(query, *parameters, is_sealed=is_sealed))

    def _each(self, query: str, *parameters: object, is_sealed: bool = True) -> Iterator[tuple[Any, ...]]:
        """The rows without their seals, which stand last and are of what is before them."""
        with self._errors():
            for row in self._db.execute(query, parameters):
                yield self._unsealed(row) if is_sealed else row

    def _unsealed(self, row: Sequence[Any]) -> tuple[Any, ...]:
        *values, seal = row
        if seal != seal_of(values):
            raise self._damaged("an entry is not what was written")
        return tuple(values)

    def _damaged(self, how: str) -> RunDirectoryError:
        return RunDirectoryError(
            f"{self._path} is damaged: {how}", "Bring it back from a copy, or use another run directory."
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            # Text that is no UTF-8 is an error without a name.
            if getattr(exc, "sqlite_errorname", "SQLITE_CORRUPT") in _DAMAGE:
                raise self._damaged(str(exc)) from exc
            raise refused(self._path, str(exc)) from exc
        except UnicodeDecodeError as exc:  # of a name or of SQLite's own words
            raise self._damaged(str(exc)) from exc


class JournalView(JournalReads):
    """A journal as it is at this moment, whatever a run does meanwhile. Use as a context manager.

    Nothing is written. Where nothing can be, as on a read-only disk, no run goes on, and the journal is read
    without a lock.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise RunDirectoryError(f"{path} is missing")
        super().__init__(path, _open_for_reading(path))
        with self._errors():
            # A transaction is of the moment of its first reading.
            self._db.execute("BEGIN")
            self._db.execute(_LOOK).fetchone()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()


def _open_for_reading(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(os.fspath(path.absolute()))}"
    db = sqlite3.connect(f"{address}?mode=ro", uri=True, isolation_level=None)
    try:
        db.execute(_LOOK)
    except sqlite3.OperationalError:
        db.close()
        db = sqlite3.connect(f"{address}?mode=ro&immutable=1", uri=True, isolation_level=None)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        pass  # said by whatever is read next
    return db
