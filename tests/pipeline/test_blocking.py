"""Blocking work that a cancellation waits for, on the real loop, with a real thread."""

import asyncio
import threading

import pytest

from harvester.pipeline.blocking import to_the_end


class Work:
    """Ends when it is let."""

    def __init__(self) -> None:
        self.began, self.may_end, self.ended = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, error: Exception | None = None) -> str:
        self.began.set()
        self.may_end.wait(5.0)
        self.ended.set()
        if error:
            raise error
        return "done"


async def test_it_gives_what_the_work_gives_and_raises_what_it_raises() -> None:
    assert await to_the_end(str.upper, "a") == "A"
    with pytest.raises(ValueError, match="invalid literal"):
        await to_the_end(int, "a")


@pytest.mark.parametrize("error", [None, OSError("the disk is full")])
async def test_cancellations_wait_for_the_work_and_are_passed_on(error: Exception | None) -> None:
    """Nobody else may touch the files meanwhile."""
    work = Work()
    running = asyncio.ensure_future(to_the_end(work, error))
    await asyncio.to_thread(work.began.wait, 5.0)
    for _ in range(2):
        running.cancel()
        await asyncio.sleep(0)
        assert not running.done()
    work.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert work.ended.is_set()


async def test_the_work_is_told_of_a_cancellation() -> None:
    work = Work()
    running = asyncio.ensure_future(to_the_end(work, on_cancel=work.may_end.set))
    await asyncio.to_thread(work.began.wait, 5.0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert work.ended.is_set()
