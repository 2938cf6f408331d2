"""For how long two things went on at once. Pure: times are passed in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

Side = Literal["first", "second"]


class Both:
    """Seconds for which two things went on at once, each any number of times. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._n = {"first": 0, "second": 0}
        self._since: float | None = None
        self._s = 0.0

    @contextmanager
    def during(self, side: Side) -> Iterator[None]:
        """One of the two goes on for as long as this block."""
        self._n[side] += 1
        if self._since is None and all(self._n.values()):
            self._since = self._clock()
        try:
            yield
        finally:
            self._n[side] -= 1
            if self._since is not None and not self._n[side]:
                self._s += self._clock() - self._since
                self._since = None

    @property
    def since(self) -> float | None:
        """When both began to go on, None where they do not."""
        return self._since

    @property
    def seconds(self) -> float:
        """So many so far."""
        return self._s + (0.0 if self._since is None else self._clock() - self._since)
