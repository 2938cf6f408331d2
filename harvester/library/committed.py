"""Records read back from a run's files, up to what is committed, while the run goes on."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from harvester.errors import RunDirectoryError
from harvester.library.record import Record, decode_records
from harvester.recorded.lines import readable
from harvester.rundir.names import records_name

BLOCK_BYTES: Final = 128 * 1024
"""Decoding that much takes a millisecond: a caller's loop can have that in one piece."""


class Tail:
    """The records of one endpoint behind those that were read before.

    What a resumed run has in its files was compared with its hash when it was opened, so it is not hashed again.
    """

    def __init__(self, folder: Path, endpoint: str) -> None:
        self._path = folder / records_name(endpoint)
        self._endpoint = endpoint
        self._offset = 0
        self._handle: int | None = None

    def take(self, committed_bytes: int) -> Sequence[Record]:
        """The next ones, about BLOCK_BYTES of them; none if all that are committed were taken.

        Raises RunDirectoryError when the file is not what was committed.
        """
        if self._offset >= committed_bytes:
            return ()
        try:
            lines = self._read(committed_bytes)
            records = decode_records(self._endpoint, lines)
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            raise RunDirectoryError(f"{self._path} is damaged: {str(exc)[:200]}") from exc
        self._offset += len(lines)
        return records

    def _read(self, committed_bytes: int) -> bytes:
        """Whole lines: a block of them, or a single one that is longer. Each commit ends with a line."""
        wanted = BLOCK_BYTES
        with readable():
            if self._handle is None:
                self._handle = os.open(self._path, os.O_RDONLY)
            while True:
                n_bytes = min(wanted, committed_bytes - self._offset)
                piece = os.pread(self._handle, n_bytes, self._offset)
                if end := piece.rfind(b"\n") + 1:
                    return piece[:end]
                if len(piece) < n_bytes or n_bytes < wanted:
                    raise RunDirectoryError(f"{self._path} is damaged: it is shorter than what was committed")
                wanted *= 2

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class Backlog:
    """What is committed and not yet handed on, of all endpoints in turns. To be closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tails: dict[str, Tail] = {}
        self._turns: Iterator[str] = iter(())

    def take(self, committed_bytes: Mapping[str, int]) -> Sequence[Record]:
        """The next block, none if there is nothing now. committed_bytes: of each endpoint's records.

        Raises RunDirectoryError.
        """
        for _ in range(2):  # what is left of this round, and the next one
            for name in self._turns:
                if records := self._tail(name).take(committed_bytes[name]):
                    return records
            self._turns = iter(tuple(committed_bytes))
        return ()

    def _tail(self, name: str) -> Tail:
        return self._tails.setdefault(name, Tail(self._folder, name))

    def close(self) -> None:
        """Let go of the files."""
        for tail in self._tails.values():
            tail.close()
