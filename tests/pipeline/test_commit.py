"""The commit: in order, in groups, within bounds, and never given up half-way."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from harvester.engagement.settling import Status
from harvester.errors import RunDirectoryError, StorageError
from harvester.pipeline import commit, waiting
from harvester.pipeline.waiting import Ready, outcome_bytes
from harvester.reduce import Partial
from harvester.rundir.marks import Dead, EndpointMark, InputMark

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
    groups = [[int(r["tweet_id"]) for r in records] for _, _, records in directory.groups]
    assert groups == [[0], [1, 2, 3]]
    assert [at for at, _, _ in directory.groups] == [1.5, 3.5]
    marks = [(step.mark.batches, step.mark.chain[0]) for _, step, _ in directory.groups]
    assert marks == [(1, 0), (4, 3)]


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


def test_seconds_that_the_disk_holds_it_up_are_counted(
    turned: Run, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two batches at most; a step takes 3 s, and another batch wants to come after 1 s of them."""
    monkeypatch.setattr(commit, "WINDOW_BATCHES", 2)

    async def slowly(work: Callable[..., Any], *arguments: object) -> Any:
        if getattr(work, "__name__", "") == "commit":
            await asyncio.sleep(3.0)
        return work(*arguments)

    monkeypatch.setattr(commit, "to_the_end", slowly)

    async def main() -> Any:
        committer = make.committer(make.directory())
        running = asyncio.ensure_future(committer.run())
        for number in (0, 1):
            await committer.admit(make.batch(number, number))
            committer.add(make.ready(make.batch(number, number)))
        await asyncio.sleep(1.5)
        admitting = asyncio.ensure_future(committer.admit(make.batch(2, 2)))
        await asyncio.sleep(1.0)
        so_far = (committer.disk.since, committer.disk.seconds)
        await admitting
        committer.close()
        await running
        return so_far, committer.disk.seconds, committer.n_committed

    so_far, in_all, n_committed = turned(main())
    assert so_far == pytest.approx((1.5, 1.0))
    assert (in_all, n_committed) == pytest.approx((2.0, 2))


def test_what_is_owed_at_the_end_is_a_step_of_its_own(turned: Run, make: Any) -> None:
    """A long wait before a run gives up is remembered, though nothing was answered since."""

    async def main() -> Any:
        directory = make.directory()
        owed = [True]
        committer = make.committer(
            directory, EndpointMark(7, b"chain", 1000), lambda: bool(owed and owed.pop())
        )
        running = asyncio.ensure_future(committer.run())
        await asyncio.sleep(2.0)
        n_before = len(directory.steps)
        committer.close()
        await running
        return n_before, directory.steps

    n_before, ((step, records),) = turned(main())
    assert (n_before, records, step.mark.batches, step.mark.chain) == (0, [], 7, b"chain")


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
        return [*ended, *(at for at, _, _ in directory.groups)]

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


def test_what_waits_for_a_slow_batch_is_kept_once_and_after_a_while(turned: Run, make: Any) -> None:
    """Batch 0 never comes. What waits at two commits in a row is kept at the second one."""

    async def main() -> Any:
        directory = make.directory()
        committer = make.committer(directory)
        running = asyncio.ensure_future(committer.run())
        await asyncio.sleep(0.2)
        for number in (1, 2):
            committer.add(make.ready(make.batch(number, number)))
        await asyncio.sleep(5.0)
        committer.add(make.ready(make.batch(4, 4)))
        committer.close()
        await running
        return directory

    directory = turned(main())
    assert directory.times == [1.0, 5.2]
    assert [[ahead.number for ahead in step.ahead] for step, _ in directory.steps] == [[1, 2], [4]]
    assert {step.mark.batches for step, _ in directory.steps} == {0}
    assert directory.ids == []


def test_batches_beside_a_slow_one_are_limited_by_memory_only_until_they_are_kept(
    turned: Run, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room for three batches: a hundred go on beside batch 0, and are written behind it when it comes."""
    monkeypatch.setattr(commit, "WINDOW_BYTES", 3 * outcome_bytes(make.batch(0, 1)))

    async def main() -> Any:
        directory = make.directory()
        committer = make.committer(directory)
        running = asyncio.ensure_future(committer.run())
        for number in range(101):
            await committer.admit(make.batch(number, number))
            if number:
                committer.add(make.ready(make.batch(number, number)))
        kept = len(directory.kept)
        committer.add(make.ready(make.batch(0, 0)))
        await committer.until_committed(101)
        committer.close()
        await running
        return kept, directory

    kept, directory = turned(main())
    assert kept >= 97
    assert directory.ids == [*range(101)]


def test_what_was_kept_is_committed_in_steps_of_bounded_size(
    turned: Run, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "TAKEN_BYTES", 3 * len(make.ready(make.batch(0, 1)).records[0]))

    async def main() -> Any:
        directory = make.directory()
        first = make.committer(directory)
        for number in range(1, 8):
            first.add(make.ready(make.batch(number, number)))
        first.close()
        await first.run()
        again = make.committer(directory)
        for number in range(8):
            assert await again.admit(make.batch(number, number)) == (number == 0)
        again.add(make.ready(make.batch(0, 0)))
        again.close()
        await again.run()
        return directory

    directory = turned(main())
    groups = [[record["tweet_id"] for record in records] for _, records in directory.steps[1:]]
    assert groups == [["0", "1", "2"], ["3", "4", "5"], ["6", "7"]]
    assert [step.mark.batches for step, _ in directory.steps] == [0, 3, 6, 8]


def test_what_an_earlier_process_settled_is_committed_only_once_it_is_planned(turned: Run, make: Any) -> None:
    """The slow batch is answered before the replay has come to those that wait for it."""

    async def main() -> Any:
        directory = make.directory()
        first = make.committer(directory)
        for number in (1, 2):
            first.add(make.ready(make.batch(number, number)))
        first.close()
        await first.run()
        again = make.committer(directory)
        running = asyncio.ensure_future(again.run())
        await again.admit(make.batch(0, 0))
        again.add(make.ready(make.batch(0, 0)))
        await asyncio.sleep(5.0)
        seen = list(directory.ids)
        is_new = [await again.admit(make.batch(number, number)) for number in (1, 2)]
        await again.until_committed(3)
        again.close()
        await running
        return seen, is_new, directory

    seen, is_new, directory = turned(main())
    assert (seen, is_new) == ([0], [False, False])
    assert (directory.ids, directory.kept) == ([0, 1, 2], {})


def test_batches_that_come_soon_after_one_another_are_not_kept(turned: Run, make: Any) -> None:
    async def main() -> Any:
        directory = make.directory()
        committer = make.committer(directory)
        running = asyncio.ensure_future(committer.run())
        for number in (1, 3, 0, 2):
            await asyncio.sleep(0.3)
            committer.add(make.ready(make.batch(number, number)))
        await asyncio.sleep(1.0)
        committer.close()
        await running
        return directory

    directory = turned(main())
    assert (directory.kept, directory.ids) == ({}, [0, 1, 2, 3])


def test_what_was_kept_is_the_same_after_a_restart(turned: Run, make: Any) -> None:
    """Records, sums beyond 64 bits, candidates, groupings and dead letters."""

    async def main() -> Any:
        directory = make.directory()
        one = make.batch(1, 7, 8)
        partial = Partial(
            Counter({Status.OK: 1, Status.FORBIDDEN: 2}),
            {"favorites": 2**70},
            {"favorites": [(5, 7)]},
            {"by_day": {"2026-11-11": 3}},
        )
        dead = [Dead(8, "ada", b'{"tweet_id":"8"}')]
        ready = Ready.of(one, [b'{"tweet_id":"7","status":"ok"}\n'], partial, dead, is_again=False)
        committer = make.committer(directory)
        committer.add(ready)
        committer.close()
        await committer.run()

        again = make.committer(directory)
        assert await again.admit(make.batch(0, 1))
        assert not await again.admit(one)
        assert again.n_settled == 2
        again.add(make.ready(make.batch(0, 1)))
        again.close()
        await again.run()
        return ready, again.reduction, directory

    ready, reduction, directory = turned(main())
    assert reduction.totals["favorites"] == 2**70
    assert reduction.tops["favorites"].ranked() == [(5, 7)]
    assert reduction.groupings == {"by_day": {"2026-11-11": 3}}
    assert directory.ids == [1, 7]
    assert directory.steps[-1][0].dead == tuple(ready.dead)


def test_what_was_kept_of_another_input_is_refused(turned: Run, make: Any) -> None:
    async def main() -> None:
        directory = make.directory()
        committer = make.committer(directory)
        committer.add(make.ready(make.batch(1, 7)))
        committer.close()
        await committer.run()
        other = replace(make.batch(1, 9), chain=b"another chain 16")
        with pytest.raises(RunDirectoryError, match="not those that were answered"):
            await make.committer(directory).admit(other)

    turned(main())
