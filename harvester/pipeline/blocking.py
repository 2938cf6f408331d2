"""Blocking work in a thread, which a cancellation waits for: nobody else may touch the files meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


async def to_the_end(
    work: Callable[..., _T], *arguments: object, on_cancel: Callable[[], None] | None = None
) -> _T:
    """What the work gives or raises. A cancellation is passed on when the work has ended, however often it comes.

    on_cancel: called each time, to tell the work that it may end early.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait((running,))
        except asyncio.CancelledError as exc:
            cancelled = exc
            if on_cancel:
                on_cancel()
    if cancelled:
        running.exception()  # what it raised is of no use to anybody now
        raise cancelled
    return running.result()
