"""Reading ahead in a thread, so that what is slow to come neither holds up who works on it nor a stop."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Final, Generic, TypeVar

T = TypeVar("T")
LOOK_EVERY_S: Final = 0.05
"""How long is waited before looking whether to stop."""
_N_AHEAD: Final = 2


def read_ahead(pieces: Iterator[T], stop: Event) -> Iterator[T]:
    """The pieces, of which a few are fetched before they are asked for. Ends early once stop is set.

    What ends the pieces is raised here. For a piece that is on its way when nobody wants it any more nobody waits.
    """
    ahead = _Ahead(pieces)
    try:
        while not stop.is_set():
            try:
                came = ahead.coming.get(timeout=LOOK_EVERY_S)
            except Empty:
                continue
            if isinstance(came, BaseException):
                raise came
            if came is None:
                return
            yield came[0]
    finally:
        ahead.is_left.set()


class _Ahead(Generic[T]):
    """The thread. coming: pieces, each in a tuple, and behind them what ended them, None for their end."""

    def __init__(self, pieces: Iterator[T]) -> None:
        self.coming: Queue[tuple[T] | BaseException | None] = Queue(_N_AHEAD)
        self.is_left = Event()
        Thread(target=self._fetch, args=(pieces,), name="read ahead", daemon=True).start()

    def _fetch(self, pieces: Iterator[T]) -> None:
        end: BaseException | None = None
        try:
            for piece in pieces:
                if not self._hand_on((piece,)):
                    break
        except BaseException as exc:  # noqa: BLE001  # it is raised where the pieces are used
            end = exc
        close = getattr(pieces, "close", None)
        if close:
            close()
        self._hand_on(end)

    def _hand_on(self, came: tuple[T] | BaseException | None) -> bool:
        while not self.is_left.is_set():
            try:
                self.coming.put(came, timeout=LOOK_EVERY_S)
            except Full:
                continue
            return True
        return False


def in_background(work: Callable[[], T], stop: Event) -> T:
    """What the work gives or raises. Raises OSError when told to stop before that is known."""
    coming: Future[T] = Future()
    Thread(target=_work, args=(work, coming), name="in background", daemon=True).start()
    while not stop.is_set():
        try:
            return coming.result(LOOK_EVERY_S)
        except TimeoutError:
            if coming.done():
                raise
    raise OSError("told to stop")


def _work(work: Callable[[], T], coming: Future[T]) -> None:
    try:
        coming.set_result(work())
    except BaseException as exc:  # noqa: BLE001  # it is raised where the result is used
        coming.set_exception(exc)
