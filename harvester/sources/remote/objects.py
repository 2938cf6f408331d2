"""Objects that a service stores: what it tells of them, and reading them on where a reading failed.

The seam to the services is `Service`: what it raises is judged here and nowhere else. A failure may pass and is
tried again, unless it is a Refusal. What changes while it is read is never put together.
"""

import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import BinaryIO, Final, Protocol, TypeVar

from harvester.errors import RunDirectoryError, ServiceError, UsageError
from harvester.sources.ahead import in_background, read_ahead
from harvester.sources.urls import name_of, why

T = TypeVar("T")
SEEK_BYTES: Final = 4 * 1024 * 1024
"""Fetched at once where reading goes to and fro."""
_PROGRESS_BYTES: Final = 1024 * 1024
"""So much further, failures that came before are forgotten."""
ATTEMPTS: Final = 6
FIRST_BACKOFF_S: Final = 1.0
LONGEST_TOLD_S: Final = 60.0
"""So long a service may make one wait before the next attempt."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a service tells of an object: its size, and a word that is another one when the content is."""

    size_bytes: int | None
    version: str | None


UNKNOWN: Final = Told(None, None)


class Refusal(Exception):  # noqa: N818  # the service's word, not a fault of ours
    """The service will not give it, however often it is asked. The text says why, without secrets."""


class Changed(Exception):  # noqa: N818  # the same
    """The object is not the one any more of which reading began."""


class NotNow(Exception):  # noqa: N818  # the same
    """The service will perhaps give it in so many seconds, None if it did not say. The text says why."""

    def __init__(self, said: str, retry_after_s: float | None) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s


class Service(Protocol):
    """One object as its service gives it. Blocking; raises Refusal, Changed, NotNow, and whatever may pass."""

    @property
    def url(self) -> str:
        """Its whole URL, with all that is secret in it."""

    @property
    def can_seek(self) -> bool:
        """Whether it can be read from any place on without reading what is before."""

    def look(self) -> Told:
        """What is told of it now."""

    def read(self, told: Told, start: int, end: int | None) -> Iterator[bytes]:
        """Its bytes from start to end, None for all. They are of the object of which this was told."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it was when it was looked at."""

    service: Service = field(repr=False)
    told: Told

    @property
    def name(self) -> str:
        """Of its URL what may be shown."""
        return name_of(self.service.url)

    @property
    def is_shortened(self) -> bool:
        """Whether more than the name is needed to read it."""
        return self.name != self.service.url

    @property
    def identity(self) -> str:
        """What it is told from others by. Not to be shown."""
        return self.service.url

    @property
    def can_seek(self) -> bool:
        """Whether `open` works."""
        return self.told.size_bytes is not None and self.service.can_seek

    def pieces(self, chunk_bytes: int, stop: Event) -> Iterator[bytes]:
        """All of it, fetched ahead, in pieces of at most chunk_bytes. Ends early once stop is set.

        Raises ServiceError where the service does not give it, also when asked again; later it may.
        Raises RunDirectoryError when it has changed since it was looked at.
        """
        for piece in read_ahead(self._read_all(stop), stop):
            for at in range(0, len(piece), chunk_bytes):
                yield piece[at : at + chunk_bytes]

    def open(self, stop: Event) -> BinaryIO:
        """The object as a file in which one can seek.

        Raises, when it is read, as `pieces` does, and OSError once stop is set: what was read is not all then.
        """
        return io.BufferedReader(_SeekableObject(self, stop), SEEK_BYTES)

    def _read_all(self, stop: Event) -> Iterator[bytes]:
        yield from self.read(0, self.told.size_bytes, stop)
        if self.told == UNKNOWN or stop.is_set():
            return
        # A service may go on with other bytes in an answer that it began.
        try:
            is_same = ask(self.service.look, self.name, stop) == self.told
        except Refusal as exc:
            raise _unread(self.name, exc) from None
        if not is_same:
            raise _changed(self.name)

    def read(self, start: int, end: int | None, stop: Event) -> Iterator[bytes]:
        """The bytes from start to end, None for all, without reading ahead. Raises as `pieces` does."""
        position = failed_at = start
        n_failures = 0
        while end is None or position < end:
            try:
                for piece in self.service.read(self.told, position, end):
                    position += len(piece)
                    yield piece
                if end is None or position >= end:
                    return
                failed: Exception = OSError(f"it broke off after {position:,} of {end:,} bytes")
            except Changed:
                raise _changed(self.name) from None
            except Refusal as exc:
                raise _unread(self.name, exc) from None
            except Exception as exc:  # noqa: BLE001  # whatever a file system's library raises
                failed = exc
            if position - failed_at > _PROGRESS_BYTES:
                n_failures = 0
            n_failures += 1
            failed_at = position
            is_other_perhaps = self.told.version is None and position > start
            if n_failures == ATTEMPTS or is_other_perhaps or stop.is_set():
                raise _unread(self.name, failed) from None
            _wait(n_failures, failed, stop)


class _SeekableObject(io.RawIOBase):
    """Reads where one has sought to."""

    def __init__(self, stored: StoredObject, stop: Event) -> None:
        self._stored = stored
        self._stop = stop
        self._size_bytes = stored.told.size_bytes or 0
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("a place before the beginning")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base takes any buffer
        end = min(self._position + len(buffer), self._size_bytes)
        start = self._position
        if start >= end:
            return 0
        for piece in read_ahead(self._stored.read(start, end, self._stop), self._stop):
            place = self._position - start
            buffer[place : place + len(piece)] = piece
            self._position += len(piece)
        if self._stop.is_set():
            raise OSError("told to stop")
        return self._position - start


def look_up(service: Service, stop: Event) -> StoredObject:
    """The object as it is now.

    Raises UsageError where the service refuses it, ServiceError where it cannot be reached.
    """
    name = name_of(service.url)
    try:
        return StoredObject(service, ask(service.look, name, stop))
    except Refusal as exc:
        raise refused(name, exc) from None


def ask(question: Callable[[], T], name: str, stop: Event) -> T:
    """The answer, asked for again where that fails. Raises Refusal, and ServiceError in the end."""
    n_failures = 0
    while True:
        try:
            return in_background(question, stop)
        except Refusal:
            raise
        except Exception as exc:  # noqa: BLE001  # whatever a file system's library raises
            n_failures += 1
            if n_failures == ATTEMPTS or stop.is_set():
                raise _unread(name, exc) from None
            failed = exc
        _wait(n_failures, failed, stop)


def backoff_s(n_failures: int, draw: float, told_s: float | None = None) -> float:
    """How long to wait before the next attempt: FIRST_BACKOFF_S and twice as long each time, with full jitter.

    draw: a random number from 0 to 1. told_s: what the service asks for; no less than that, up to LONGEST_TOLD_S.
    """
    return max(draw * FIRST_BACKOFF_S * 2.0 ** (n_failures - 1), min(told_s or 0.0, LONGEST_TOLD_S))


def _wait(n_failures: int, failed: Exception, stop: Event) -> None:
    told_s = failed.retry_after_s if isinstance(failed, NotNow) else None
    stop.wait(backoff_s(n_failures, random.random(), told_s))  # noqa: S311  # jitter is no secret


def refused(name: str, exc: Refusal) -> UsageError:
    """That there is no such input."""
    return UsageError(f"{name}: cannot be opened: {exc}", "Check the URL, and the right to read it.")


def _unread(name: str, exc: Exception) -> ServiceError:
    return ServiceError(
        f"{name}: cannot be read: {why(exc)}", "What is committed is safe: run the same command again."
    )


def _changed(name: str) -> RunDirectoryError:
    return RunDirectoryError(
        f"{name}: the input has changed while it was read",
        "Use another run directory, or the old input.",
    )
