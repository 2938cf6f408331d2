"""The commit: in order, in groups, within bounds, and never given up half-way."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harvester.errors import StorageError
from harvester.pipeline import commit
from harvester.rundir.journal import Dead, EndpointMark, InputMark

Run = Callable[[Coroutine[Any, Any, Any]], Any]


def test_a_batch_waits_for_those_before_it(turned: Run, make: Any) -> None:
    """Batches come in as 2, 0, 3, 1, a second apart; a commit is at each half second where one is due."""

    async def main() -> Any:
        directory = make.directory()
        committer = make.committer(directory)
        running = asyncio.ensure_future(committer.run())
        await asyncio.sleep(0.2)
        for number in (2, 0, 3, 1):
            committer.add(make.ready(make.batch(number, number)))
            await asyncio.sleep(1.0)
        committer.close()
        await running
        return directory

    directory = turned(main())
    assert [[int(r["tweet_id"]) for r in records] for _, records in directory.steps] == [[0], [1, 2, 3]]
    assert directory.times == [1.5, 3.5]
    assert [(step.mark.batches, step.mark.chain[0]) for step, _ in directory.steps] == [(1, 0), (4, 3)]


def test_a_resumed_run_goes_on_at_its_mark(turned: Run, make: Any) -> None:
    async def main() -> Any:
        directory = make.directory()
        committer = make.committer(directory, EndpointMark(7, bytes(16), 1000))
        committer.add(make.ready(make.batch(7, 70)))
        committer.close()
        await committer.run()
        return directory.steps

    ((step, _),) = turned(main())
    assert step.mark.batches == 8
    assert step.mark.records_bytes > 1000


def test_what_comes_after_a_gap_is_not_committed_at_the_end(turned: Run, make: Any) -> None:
    async def main() -> Any:
        directory = make.directory()
        committer = make.committer(directory)
        for number in (0, 2, 3):
            committer.add(make.ready(make.batch(number, number)))
        committer.close()
        await committer.run()
        return directory.ids

    assert turned(main()) == [0]


def test_many_waiting_batches_are_committed_without_waiting_for_the_time(turned: Run, make: Any) -> None:
    async def main() -> Any:
        directory = make.directory()
        committer = make.committer(directory)
        running = asyncio.ensure_future(committer.run())
        await asyncio.sleep(0.1)
        for number in range(commit.COMMIT_BATCHES):
            committer.add(make.ready(make.batch(number, number)))
        await asyncio.sleep(0.1)
        committer.close()
        await running
        return directory.times

    assert turned(main()) == [0.1]


def test_nothing_new_makes_no_step(turned: Run, make: Any) -> None:
    async def main() -> Any:
        directory = make.directory()
        committer = make.committer(directory)
        running = asyncio.ensure_future(committer.run())
        await asyncio.sleep(100.0)
        committer.close()
        await running
        rejected = make.rejected_log(directory)
        await rejected.add(b"", InputMark(0, 0, b"x"))
        rejected.close()
        await rejected.run()
        return directory.steps, directory.rejected

    assert turned(main()) == ([], [])


def test_the_window_opens_by_what_is_committed(
    turned: Run, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "WINDOW_BATCHES", 3)

    async def main() -> list[int]:
        committer = make.committer(make.directory())
        running = asyncio.ensure_future(committer.run())
        admitted = [asyncio.ensure_future(committer.admit(make.batch(n, n))) for n in range(9)]
        seen = []
        for numbers in ((), (1, 2), (0,), (3,)):
            for number in numbers:
                committer.add(make.ready(make.batch(number, number)))
            await asyncio.sleep(1.0)
            seen.append(sum(future.done() for future in admitted))
        for future in (running, *admitted):
            future.cancel()
        return seen

    assert turned(main()) == [3, 3, 6, 7]


def test_rejected_lines_wait_for_the_disk_when_they_are_many(turned: Run, make: Any) -> None:
    async def main() -> Any:
        directory = make.directory()
        rejected = make.rejected_log(directory)
        running = asyncio.ensure_future(rejected.run())
        await rejected.add(b"few\n", InputMark(1, 4, b"a"))
        at_first = asyncio.get_running_loop().time()
        many = bytes(commit.REJECTED_BYTES)
        await rejected.add(many, InputMark(2, 4 + len(many), b"b"))
        rejected.close()
        await running
        return round(at_first, 2), [(len(r), mark.rejected_lines) for mark, r in directory.rejected]

    at_first, steps = turned(main())
    assert at_first == 0.0
    assert steps == [(commit.REJECTED_BYTES + 4, 2)]


def test_tweets_asked_again_move_no_mark_but_are_named(turned: Run, make: Any) -> None:
    async def main() -> Any:
        directory = make.directory()
        committer = make.committer(directory)
        committer.add(make.ready(make.batch(0, 1)))
        committer.add(make.ready(make.batch(1, 2, 3), [Dead(3, "", b"{}")], is_again=True))
        committer.close()
        await committer.run()
        return directory.steps

    ((step, _),) = turned(main())
    assert (step.mark.batches, step.mark.chain[0]) == (1, 0)
    assert (step.settled_again, step.dead) == ((2, 3), (Dead(3, "", b"{}"),))


def test_the_last_batch_of_all_is_committed_at_once_and_waited_for(turned: Run, make: Any) -> None:
    async def main() -> list[float]:
        directory = make.directory()
        committer = make.committer(directory)
        running = asyncio.ensure_future(committer.run())
        waiting = asyncio.ensure_future(committer.until_committed(2))
        ended = []
        waiting.add_done_callback(lambda _: ended.append(round(asyncio.get_running_loop().time(), 1)))
        for number in (1, 0):
            await asyncio.sleep(2.2)
            committer.add(make.ready(make.batch(number, number)))
        await waiting
        committer.close()
        await running
        await committer.until_committed(0)
        return [*ended, *directory.times]

    assert turned(main()) == [4.4, 4.4]


def test_a_refusal_of_the_disk_is_raised_and_nothing_is_tried_again(turned: Run, make: Any) -> None:
    async def main() -> Any:
        directory = make.directory(refuses={0: StorageError("disk full")})
        committer = make.committer(directory)
        running = asyncio.ensure_future(committer.run())
        committer.add(make.ready(make.batch(0, 1)))
        with pytest.raises(StorageError, match="disk full"):
            await running
        return directory.steps

    assert turned(main()) == []


async def test_a_cancellation_waits_for_the_step_that_is_being_written() -> None:
    """On the real loop, with a real thread: nobody else may touch the files meanwhile."""
    began, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        may_end.wait(5.0)
        ended.set()

    running = asyncio.ensure_future(commit._to_the_end(work))
    await asyncio.to_thread(began.wait, 5.0)
    running.cancel()
    await asyncio.sleep(0)
    assert not running.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()
