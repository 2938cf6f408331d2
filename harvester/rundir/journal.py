"""`journal.db`: the checkpoint. It vouches for so many batches and so many bytes of each file, and no more.

Read and write order, which every other module relies on:

1. records and rejected lines are appended and fsynced, then the journal commits what they now hold. A kill
   between the two leaves bytes that the journal does not know; the next run cuts them away.
2. The journal never speaks of bytes that were not synced before. A file shorter than its entry is damage.
3. A settled batch that waits long for one before it is kept in here, and so are the settled windows of one that
   is not, so that their answers are not lost with the process; they leave in the transaction that counts the
   records, or keeps the batch.
4. What is kept of a stream is synced, and its length told, in or before the step that counts batches made of it.
5. Dead letters live in here, and `….failed.ndjson` is made from them: a dead letter that becomes a record
   goes in the same transaction that counts the record.
6. What is derived (summary, top tweets, dead letters) is told here after it was written, and untold by the next
   step; so it is known whether those files are of now.

Every row carries a seal, and the files' hashes are here: what a disk returns otherwise than it was written is
found before anything is made of it.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from typing import Final

from harvester.errors import HarvesterError, RunDirectoryError
from harvester.rundir.journal_reads import SCHEMA_VERSION, TABLES, JournalReads
from harvester.rundir.marks import Ahead, FileMark, InputMark, Step, StreamMark
from harvester.rundir.seals import seal_of

_PUT_DEAD: Final = (
    "INSERT INTO dead_letter (endpoint, tweet_id, account, letter, seal) VALUES (?, ?, ?, ?, ?)"
)
MOST_FREE_PAGES: Final = 1024
"""4 MB."""
MOST_FREE_SHARE: Final = 0.75
Streams = Callable[[], Mapping[int, StreamMark]]


class Journal(JournalReads):
    """The open journal of a run. May be used from any thread: its endpoints commit each by itself.

    Made where there is none, unless one is_expected. Raises RunDirectoryError when that is missing or empty, or
    when it is of another run, another schema or damaged, and StorageError when the disk refuses.
    """

    def __init__(self, path: Path, run_id: str, *, is_expected: bool = False) -> None:
        if is_expected and not path.exists():
            raise _missing(path)
        self._one_at_a_time = threading.Lock()
        self._failed: HarvesterError | None = None
        self._path = path
        with self._errors():
            super().__init__(path, sqlite3.connect(path, isolation_level=None, check_same_thread=False))
            # WAL needs shared memory, which a network file system may not have; SQLite then says so by
            # keeping the mode it has, and a rollback journal serves as well.
            mode = self._db.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            if mode != "wal":
                self._db.execute("PRAGMA journal_mode=TRUNCATE")
            self._db.execute("PRAGMA synchronous=FULL")
            if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'run'").fetchone():
                if is_expected:
                    raise _missing(path)
                self._create(run_id)
        if self.run_id() != run_id:
            raise RunDirectoryError(f"{path} belongs to another run than run.json beside it")
        self.demand_sound()

    def _create(self, run_id: str) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        for statement in TABLES.split(";")[:-1]:
            self._db.execute(statement)
        self._db.execute("INSERT INTO run VALUES (?, ?)", (SCHEMA_VERSION, run_id))
        self._put("input", *astuple(InputMark()))
        self._db.execute("COMMIT")

    def is_blank(self) -> bool:
        """Whether nothing is committed yet."""
        query = "SELECT rejected_lines = 0 AND NOT EXISTS (SELECT 1 FROM endpoint) FROM input"
        with self._errors():
            return bool(self._db.execute(query).fetchone()[0])

    def commit(self, step: Step, streams: Streams = dict) -> None:
        """Make a step durable, as a whole or not at all. The files it speaks of are synced already.

        streams: gives by place what is kept of those of which more is kept than before. Called within the
        transaction, so that of two steps the later one never knows less.
        """
        mark, endpoint = step.mark, step.endpoint
        row = (mark.batches, mark.chain, mark.records_bytes, mark.records_digest, json.dumps(mark.state))
        with self._transaction():
            self._put("endpoint", endpoint, *row)
            self._commit_streams(streams)
            for tweet_id in step.settled_again:
                self._delete("dead_letter WHERE endpoint = ? AND tweet_id = ?", endpoint, tweet_id)
            for dead in step.dead:
                values = (endpoint, *astuple(dead))
                self._db.execute(_PUT_DEAD, (*values, seal_of(values)))
            self._delete("ahead WHERE endpoint = ? AND number < ?", endpoint, mark.batches)
            self._delete("part WHERE endpoint = ? AND number < ?", endpoint, mark.batches)
            for ahead in step.ahead:
                self._put("ahead", endpoint, *astuple(ahead))
                self._delete("part WHERE endpoint = ? AND number = ?", endpoint, ahead.number)
            for part in step.parts:
                self._put("part", endpoint, *astuple(part))

    def ahead(self, endpoint: str, number: int) -> Ahead:
        """See `JournalReads.ahead`. Not within somebody else's transaction."""
        with self._one_at_a_time:
            return super().ahead(endpoint, number)

    def commit_input(self, mark: InputMark, streams: Streams = dict) -> None:
        """The same for rejected lines."""
        with self._transaction():
            self._delete("input")
            self._put("input", *astuple(mark))
            self._commit_streams(streams)

    def commit_streams(self, streams: Streams) -> None:
        """The same for what is kept of streams."""
        with self._transaction():
            self._commit_streams(streams)

    def forget_streams(self) -> None:
        """Vouch for nothing of the streams any more."""
        with self._transaction():
            self._delete("stream")

    def commit_derived(self, files: Mapping[str, FileMark]) -> None:
        """Remember the derived files of this moment."""
        with self._transaction():
            for name, mark in files.items():
                self._put("derived", name, *astuple(mark))

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the journal file, so that an error of the disk shows here.

        What once waited for a slow batch may have left the file mostly empty; `close` gives that back, too.
        """
        with self._one_at_a_time, self._errors():
            self._give_room_back()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close it. What is in the write-ahead log is safe there."""
        with self._errors():
            if not self._failed:
                self._give_room_back()
            self._db.close()

    def _give_room_back(self) -> None:
        n_pages, n_free = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")
        )
        if n_free > max(MOST_FREE_PAGES, n_pages * MOST_FREE_SHARE):
            # That takes some room of its own, and nobody reading meanwhile; it is no loss if it cannot be.
            with suppress(sqlite3.OperationalError):
                self._db.execute("VACUUM")

    def _commit_streams(self, streams: Streams) -> None:
        for position, mark in streams().items():
            self._put("stream", position, mark.n_bytes, mark.digest, int(mark.is_whole))

    def _put(self, table: str, *values: object) -> None:
        """Write a row, in the place of the one with the same key, if there is one."""
        places = ", ".join("?" * (len(values) + 1))
        statement = f"INSERT OR REPLACE INTO {table} VALUES ({places})"  # noqa: S608  # a name from above
        self._db.execute(statement, (*values, seal_of(values)))

    def _delete(self, what: str, *parameters: object) -> None:
        self._db.execute(f"DELETE FROM {what}", parameters)  # noqa: S608  # the same

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One at a time. What fails is rolled back when the journal is opened again; till then all fail."""
        with self._one_at_a_time:
            if self._failed:
                raise self._failed
            try:
                with self._errors():
                    self._db.execute("BEGIN IMMEDIATE")
                    self._delete("derived")
                    yield
                    self._db.execute("COMMIT")
            except HarvesterError as error:
                self._failed = error
                raise


def _missing(path: Path) -> RunDirectoryError:
    return RunDirectoryError(
        f"{path} is missing or empty beside records, and only it knows which of them are whole",
        "Bring it back from a copy, or use another run directory.",
    )
