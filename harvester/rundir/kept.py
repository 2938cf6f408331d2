"""A stream of the input, such as standard input, written down while it comes, so that a run can be resumed.

It is taken in as fast as it comes, whatever the pace of the harvest, and read from its file. A stream that was
kept to its end need not be given again; another has to be given again from its beginning.
"""

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Final

from harvester.errors import HarvesterError, RunDirectoryError, ServiceError, UsageError
from harvester.rundir.files import AppendFile, Stopped
from harvester.rundir.marks import FileMark, StreamMark
from harvester.sources import STDIN, Source, read_stored

PIECE_BYTES: Final = 256 * 1024
LOOK_EVERY_S: Final = 0.05
NOTHING_KEPT: Final = StreamMark()


def kept_name(place: int) -> str:
    """The name of the file in which a stream is kept. place: among the inputs, from 0."""
    return f"input-{place}.kept"


class KeptStream:
    """A stream and the file in which it is kept, open for both.

    mark: what of it the journal vouches for. Opening compares that with what the stream gives now: if it was kept
    to its end, nothing or the same; if not, the same from its beginning. stop: ends that, and the keeping.
    most_ahead: take in no more bytes than that before they are read, None for all of them.
    Raises RunDirectoryError where it is another stream, StorageError when the disk refuses, and Stopped.
    """

    def __init__(
        self, source: Source, path: Path, mark: StreamMark, stop: Event, most_ahead: int | None = None
    ) -> None:
        if source.name == STDIN and sys.stdin is None and not mark.is_whole:
            raise UsageError("standard input is closed", "Give the IDs there, or name their files.")
        self.is_whole = mark.is_whole
        self._name = "standard input" if source.name == STDIN else source.name
        self._told = mark
        self._stop = stop
        self._most_ahead = most_ahead
        self._n_read = 0
        self._error: OSError | HarvesterError | None = None
        self._changed = Condition()
        self._pump: Thread | None = None
        self._file = AppendFile(path, mark.n_bytes, mark.digest, stop)
        self._coming = read_stored(source, PIECE_BYTES, stop)
        self._left = b""
        try:
            self._demand_the_same(source)
        except BaseException:
            self._file.close()
            raise

    @property
    def n_bytes(self) -> int:
        """How much is kept so far."""
        return self._file.length_bytes

    @property
    def known_bytes(self) -> int | None:
        """How much it is; None while that is not known."""
        return self.n_bytes if self.is_whole else None

    @property
    def mark(self) -> FileMark:
        """What its file holds."""
        return self._file.mark

    def _demand_the_same(self, source: Source) -> None:
        if self.is_whole:
            self._demand_nothing_else(source)
        elif self.n_bytes:
            self._left = self._compare(self._demand_something())
        if self._stop.is_set():
            raise Stopped

    def _demand_nothing_else(self, source: Source) -> None:
        if source.name == STDIN and _is_terminal():
            return
        try:
            first = next(self._coming, b"")
        except (OSError, ServiceError):  # it is closed or away, which is as good as nothing
            return
        if first and (self._compare(first) or next(self._coming, b"")):
            raise self._changed_input(f"it goes on after the {self.n_bytes:,} bytes that it had")

    def _demand_something(self) -> bytes:
        first = next(self._coming, b"")
        if not first and not self._stop.is_set():
            raise RunDirectoryError(
                f"{self._name} gives nothing, and had not come to its end when the run ended",
                f"Give all of it again, also the {self.n_bytes:,} bytes that had come.",
            )
        return first

    def _compare(self, piece: bytes) -> bytes:
        """Compare what comes, this piece first, with what is kept; gives what of it goes on after that."""
        position = 0
        while piece:
            n_kept = min(len(piece), self.n_bytes - position)
            if piece[:n_kept] != self._file.read_at(position, n_kept):
                raise self._changed_input(f"it is another one within its first {position + n_kept:,} bytes")
            position += n_kept
            if position == self.n_bytes:
                return piece[n_kept:]
            piece = next(self._coming, b"")
        if not self._stop.is_set():
            raise self._changed_input(f"it ends after {position:,} bytes, and it had {self.n_bytes:,}")
        return b""

    def _changed_input(self, how: str) -> RunDirectoryError:
        return RunDirectoryError(
            f"{self._name} has changed since the run began: {how}",
            "Give the same again, or use another run directory.",
        )

    def begin(self, commit: Callable[[], None]) -> None:
        """Begin to take it in, in a thread of its own.

        commit: called there to commit `new_mark`, when there is something at all and when that is all.
        """
        if not self.is_whole:
            self._pump = Thread(target=self._take_in, args=(commit,), daemon=True)
            self._pump.start()

    def _take_in(self, commit: Callable[[], None]) -> None:
        try:
            for piece in chain((self._left,), self._coming):
                is_first = not self.n_bytes
                self._keep(piece)
                if is_first and piece:
                    commit()
            if self._stop.is_set():
                return
            self.is_whole = True
            commit()
        except (OSError, HarvesterError) as error:
            self._error = error
        with self._changed:
            self._changed.notify_all()

    def _keep(self, piece: bytes) -> None:
        with self._changed:
            self._file.write((piece,))
            self._changed.notify_all()
            while self._is_too_far_ahead() and not self._stop.is_set():
                self._changed.wait(LOOK_EVERY_S)

    def _is_too_far_ahead(self) -> bool:
        return self._most_ahead is not None and self.n_bytes - self._n_read > self._most_ahead

    def pieces(self, chunk_bytes: int, stop: Event) -> Iterator[bytes]:
        """The stream from its beginning, as `read_stored` gives one. Raises what ended the keeping."""
        position = 0
        while not stop.is_set():
            with self._changed:
                n_bytes = min(chunk_bytes, self.n_bytes - position)
                if not n_bytes:
                    if self._error:
                        raise self._error
                    if self.is_whole:
                        return
                    self._changed.wait(LOOK_EVERY_S)
                    continue
            piece = self._file.read_at(position, n_bytes)
            position += len(piece)
            self._n_read = max(self._n_read, position)
            yield piece

    def new_mark(self) -> StreamMark | None:
        """What is kept by now, synced, for the journal; None when it knows."""
        with self._changed:
            self._file.sync()
            mark = StreamMark(self.n_bytes, self._file.digest, self.is_whole)
            if mark == self._told:
                return None
            self._told = mark
            return mark

    def end(self) -> None:
        """Wait until nothing more is taken in. `stop` is set before."""
        if self._pump:
            self._pump.join()

    def close(self) -> None:
        """Let go of the file. `stop` is set before."""
        self.end()
        self._file.close()


def kept_source(name: str, path: Path, n_bytes: int) -> Source:
    """What is kept of a stream, to be read again as the stream was."""
    return Source(name, n_bytes, pieces=partial(read_stored, Source(os.fspath(path), n_bytes)))


def _is_terminal() -> bool:
    try:
        return os.isatty(0)
    except OSError:
        return False
