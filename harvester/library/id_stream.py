"""Tweet IDs as a caller yields them, made a stream that a run reads like standard input.

A run keeps such a stream in its directory while it reads it on, so it can be resumed; what is ahead of the reading
is bounded, here and there, so an endless generator is asked for no more than is wanted. An iterable is iterated in
a thread of its own, since it may wait for whatever it likes; an asynchronous one by a task in the caller's loop.
"""

import asyncio
import operator
import os
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Iterator
from threading import Condition, Event, Thread
from typing import Final, SupportsIndex, TypeAlias

from harvester.errors import HarvesterError, UsageError
from harvester.sources import Source

TweetId: TypeAlias = int | str | SupportsIndex
"""SupportsIndex: whatever is an integer, such as numpy's."""
NAME: Final = "ids"
MOST_LINES: Final = 8192
AHEAD_BYTES: Final = 2**20
LOOK_EVERY_S: Final = 0.05
GATHER_S: Final = 0.005
"""If each ID woke who takes it, the two threads would do nothing else."""


class IdStream:
    """IDs on their way from the caller to the run.

    error: what the caller's iterable raised, once it has.
    """

    def __init__(self, ids: Iterable[TweetId] | AsyncIterable[TweetId]) -> None:
        self.error: BaseException | None = None
        self._ids = ids
        self._changed = Condition()
        self._lines: deque[bytes] = deque()
        self._n_taken = 0
        self._is_ended = self._is_closed = self._is_waited_for = False

    @property
    def is_asynchronous(self) -> bool:
        """Whether `feed` has to be run in the caller's loop."""
        return not isinstance(self._ids, Iterable)

    @property
    def source(self) -> Source:
        """The input that a run reads, once."""
        return Source(NAME, None, pieces=self._pieces, most_ahead_bytes=AHEAD_BYTES)

    def close(self) -> None:
        """Take no more: whoever feeds ends with the next ID."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    async def feed(self) -> None:
        """Take in the IDs of an asynchronous iterable, as far ahead as is wanted."""
        assert isinstance(self._ids, AsyncIterable)  # noqa: S101  # is_asynchronous says so
        try:
            async for tweet_id in self._ids:
                if not self._put(tweet_id):
                    await asyncio.to_thread(self._wait_for_room)
                if self._is_closed:
                    break
            self._end(None)
        except Exception as exc:  # noqa: BLE001  # it is raised where the records are read
            self._end(exc)
        except BaseException as exc:
            self._end(exc)
            raise
        finally:
            if isinstance(self._ids, AsyncGenerator):
                await self._ids.aclose()

    def _iterate(self) -> None:
        assert isinstance(self._ids, Iterable)  # noqa: S101  # is_asynchronous says so
        try:
            for tweet_id in self._ids:
                if not self._put(tweet_id):
                    self._wait_for_room()
                if self._is_closed:
                    break
            self._end(None)
        except BaseException as exc:  # noqa: BLE001  # it is raised where the records are read
            self._end(exc)
        finally:
            if isinstance(self._ids, Generator):
                self._ids.close()

    def _put(self, tweet_id: TweetId) -> bool:
        """Take one ID; whether there is room for another one. A lock for each would take longer than all else."""
        self._n_taken += 1
        self._lines.append(line_of(tweet_id, self._n_taken))
        if self._is_waited_for:
            with self._changed:
                self._changed.notify_all()
        return len(self._lines) < MOST_LINES

    def _wait_for_room(self) -> None:
        with self._changed:
            self._changed.notify_all()
            while len(self._lines) >= MOST_LINES and not (self._is_closed or self._is_ended):
                self._changed.wait()

    def _wait_for_lines(self) -> bool:
        """Wait a little for an ID, if there is none, and for its company; whether those that are there are all."""
        with self._changed:
            if not self._lines and not self._is_ended:
                self._is_waited_for = True
                self._changed.wait(LOOK_EVERY_S)
                self._is_waited_for = False
            if len(self._lines) < MOST_LINES and not self._is_ended:
                self._changed.wait(GATHER_S)
            return self._is_ended

    def _end(self, error: BaseException | None) -> None:
        with self._changed:
            self.error = error
            self._is_ended = not self._is_closed
            self._changed.notify_all()

    def _pieces(self, _chunk_bytes: int, stop: Event) -> Iterator[bytes]:
        """As `read_stored` gives them. Raises UsageError for what the iterable raised."""
        if not self.is_asynchronous:
            Thread(target=self._iterate, name="harvester ids", daemon=True).start()
        while not stop.is_set():
            is_end = self._wait_for_lines()
            if lines := [self._lines.popleft() for _ in range(len(self._lines))]:
                with self._changed:
                    self._changed.notify_all()
                yield b"".join(lines)
            elif is_end:
                if isinstance(self.error, HarvesterError):
                    raise self.error
                if self.error:
                    raise UsageError(f"ids: raised {self.error!r:.200}") from self.error
                return


def line_of(tweet_id: TweetId, number: int) -> bytes:
    """A line of the stream. number: of the ID, from 1, for messages.

    A text that is no ID is a line all the same, to be rejected as one. Raises UsageError for what is neither an
    integer nor a text, and for the name of a file, which is not read.
    """
    if isinstance(tweet_id, str):
        if number == 1 and not tweet_id.strip().isdecimal() and os.path.lexists(tweet_id):
            raise UsageError(
                f"ids: {tweet_id[:200]!r} is a file, and stands among tweet IDs",
                "Give files as paths: pathlib.Path(…), or several of them in a list.",
            )
        return b"%s\n" % " ".join(tweet_id.splitlines()).encode(errors="backslashreplace")
    try:
        return b"%d\n" % operator.index(tweet_id)
    except TypeError:
        kind = type(tweet_id).__name__
        raise UsageError(
            f"ids: ID {number:,} is a {kind}, {str(tweet_id)[:60]!r}",
            "Give int or str; a float has lost the last digits of an ID.",
        ) from None
