"""The pool on a turned clock: who answers what after how long, and what is on the disk at which instant."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from harvester.engagement.answer import Trouble
from harvester.engagement.request import Access
from harvester.errors import CredentialsError, ExitCode, HarvesterError, ServiceError, StorageError
from harvester.pipeline import commit
from harvester.transport.session import Reply

Run = Callable[[Coroutine[Any, Any, Any]], Any]
UNOWNED = '{"errors":["Forbidden to access tweets: %s"]}'


def test_batches_are_committed_in_their_order_whatever_the_order_of_settling(turned: Run, make: Any) -> None:
    """The first of three tweets tells the latency: the earlier a batch, the later its answer."""

    async def main() -> Any:
        service = make.service(lambda ids, _n: (3.0 - ids[0] / 10, make.counts(ids)))
        harvest = make.harvest(service, [make.batch(n, 3 * n + 1, 3 * n + 2, 3 * n + 3) for n in range(8)])
        await harvest.run()
        return harvest.directory

    directory = turned(main())
    assert directory.ids == list(range(1, 25))
    assert [step.mark.batches for step, _ in directory.steps][-1] == 8


def test_a_slow_batch_holds_up_nobody_but_its_commit(turned: Run, make: Any) -> None:
    """Batch 1 takes a minute; 99 others are settled within some seconds and committed right after it."""

    async def main() -> Any:
        service = make.service(lambda ids, _n: (60.0 if ids == [1] else 0.1, make.counts(ids)))
        harvest = make.harvest(service, [make.batch(n, n) for n in range(100)])
        await harvest.run()
        return harvest

    harvest = turned(main())
    assert max(at for at, _ in harvest.service.asked) < 5.0
    assert harvest.directory.ids == list(range(100))
    assert [len(records) for _, _, records in harvest.directory.groups] == [1, 99]
    assert len([ahead for step, _ in harvest.directory.steps for ahead in step.ahead]) == 98
    assert harvest.directory.times[-1] == pytest.approx(60.3, abs=0.5)


def test_the_window_bounds_what_waits_for_a_slow_batch(
    turned: Run, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten batches may be under way: beside the slow one nine are asked for, and no more are read."""
    monkeypatch.setattr(commit, "WINDOW_BATCHES", 10)

    async def main() -> tuple[list[float], int]:
        service = make.service(lambda ids, _n: (60.0 if ids == [1] else 0.1, make.counts(ids)))
        harvest = make.harvest(service, [make.batch(n, n) for n in range(40)], concurrency=2)
        running = asyncio.ensure_future(harvest.run())
        await asyncio.sleep(59.0)
        found = ([ids[0] for _, ids in service.asked], harvest.feed.n_planned)
        await running
        assert harvest.directory.ids == list(range(40))
        return found

    asked, n_planned = turned(main())
    assert asked == list(range(11))
    assert n_planned == 12  # the last of them waits for room


def test_missing_tweets_of_several_batches_share_a_second_request_and_then_have_no_data(
    turned: Run, make: Any
) -> None:
    """Tweets that end on 9 are left out by every answer, those that end on 5 by the first one."""

    def answer(ids: list[int], _n: int) -> tuple[float, Reply]:
        is_second = all(i % 10 in (5, 9) for i in ids)
        return 0.1, make.counts([i for i in ids if i % 10 != 9 and (is_second or i % 10 != 5)])

    async def main() -> Any:
        batches = [make.batch(n, *range(10 * n, 10 * n + 10)) for n in range(4)]
        harvest = make.harvest(make.service(answer), batches)
        await harvest.run()
        return harvest

    harvest = turned(main())
    assert sorted(harvest.service.asked[-1][1]) == [5, 9, 15, 19, 25, 29, 35, 39]
    assert len(harvest.service.asked) == 5
    expected = [(i, "no_data" if i % 10 == 9 else "ok") for i in range(40)]
    assert harvest.directory.records == expected


def test_second_asks_go_before_the_batches_that_queue(turned: Run, make: Any) -> None:
    """One worker, many batches: what the first batch lacks is not asked for at the very end."""

    def answer(ids: list[int], n: int) -> tuple[float, Reply]:
        return 0.4, make.counts([i for i in ids if i != 2 or n > 1])

    async def main() -> Any:
        batches = [make.batch(n, 2 * n + 1, 2 * n + 2) for n in range(20)]
        harvest = make.harvest(make.service(answer), batches, concurrency=1)
        await harvest.run()
        return harvest

    harvest = turned(main())
    assert [2] in [ids for _, ids in harvest.service.asked[:4]]
    assert harvest.directory.ids == list(range(1, 41))


@pytest.mark.parametrize(("access", "status"), [(Access.USER_CONTEXT, "ok"), (Access.APP_ONLY, "forbidden")])
def test_tweets_of_others_are_stripped_and_the_rest_is_asked_again(
    turned: Run, make: Any, access: Access, status: str
) -> None:
    """With a bearer token at hand, what the user does not own is asked for once more with that."""

    def answer(ids: list[int], n: int) -> tuple[float, Reply]:
        return 0.1, Reply(403, {}, (UNOWNED % "2,4").encode()) if n == 1 else make.counts(ids)

    async def main() -> Any:
        harvest = make.harvest(make.service(answer), [make.batch(0, 1, 2, 3, 4, access=access)])
        await harvest.run()
        return harvest

    harvest = turned(main())
    again = [ids for _, ids in harvest.service.asked[1:]]
    assert sorted(again) == ([[1, 3], [2, 4]] if status == "ok" else [[1, 3]])
    assert harvest.directory.records == [(1, "ok"), (2, status), (3, "ok"), (4, status)]


@pytest.mark.parametrize(
    "trouble",
    [Trouble("connection", "reset"), Reply(200, {}, b'{"harvester":{"1":'), Reply(503, {}, b"")],
    ids=["reset", "cut", "503"],
)
def test_a_batch_in_trouble_is_asked_again_as_a_whole(
    turned: Run, make: Any, trouble: Reply | Trouble
) -> None:
    async def main() -> Any:
        service = make.service(lambda ids, n: (0.1, trouble if n == 2 else make.counts(ids)))
        harvest = make.harvest(service, [make.batch(n, 2 * n + 1, 2 * n + 2) for n in range(5)])
        await harvest.run()
        return harvest

    harvest = turned(main())
    assert harvest.directory.records == [(i, "ok") for i in range(1, 11)]
    assert len(harvest.service.asked) == 6
    assert harvest.gate.counts.repeated == 1


PAGE = b"<html><title>Blocked</title></html>"


@pytest.mark.parametrize(
    "instead", [Reply(503, {}, b""), Reply(403, {}, PAGE), Reply(400, {}, PAGE)], ids=["503", "403", "400"]
)
def test_an_outage_of_minutes_makes_no_dead_letters(turned: Run, make: Any, instead: Reply) -> None:
    """Nor does the page of a proxy, whatever its status is; every batch is asked whole afterwards or in two."""

    async def main() -> Any:
        loop = asyncio.get_running_loop()

        def answer(ids: list[int], _n: int) -> tuple[float, Reply]:
            return 0.1, instead if 1.0 < loop.time() < 500.0 else make.counts(ids)

        harvest = make.harvest(
            make.service(answer), [make.batch(n, 2 * n + 1, 2 * n + 2) for n in range(100)]
        )
        await harvest.run()
        return harvest

    harvest = turned(main())
    assert harvest.directory.records == [(i, "ok") for i in range(1, 201)]


@pytest.mark.parametrize("concurrency", [1, 8])
def test_patience_ends_a_run_on_time_whatever_the_backoff_of_its_batches(
    turned: Run, make: Any, concurrency: int
) -> None:
    async def main() -> Any:
        service = make.service(lambda ids, n: (0.1, make.counts(ids) if n == 1 else Reply(503, {}, b"")))
        batches = [make.batch(n, 2 * n + 1, 2 * n + 2) for n in range(20)]
        harvest = make.harvest(service, batches, concurrency, patience_s=8.0)
        ended_at = await harvest.run()
        return harvest, ended_at

    harvest, ended_at = turned(main())
    assert isinstance(harvest.stop.error, ServiceError)
    assert 8.0 <= ended_at <= 8.5


def test_a_protected_tweet_in_each_batch_that_only_a_number_tells_of_is_found(turned: Run, make: Any) -> None:
    """Sixteen workers halve sixteen batches at once; the first tweet of each is the culprit."""

    def answer(ids: list[int], _n: int) -> tuple[float, Reply]:
        gone = sum(i % 32 == 0 for i in ids)
        refusal = f'{{"errors":["{gone} Tweet ID(s) are unavailable"]}}'.encode()
        return 0.1, Reply(400, {}, refusal) if gone else make.counts(ids)

    async def main() -> Any:
        batches = [make.batch(n, *range(32 * n, 32 * n + 32)) for n in range(32)]
        harvest = make.harvest(make.service(answer), batches, concurrency=16)
        await harvest.run()
        return harvest

    harvest = turned(main())
    assert harvest.stop.error is None
    assert harvest.directory.records == [(i, "ok" if i % 32 else "unavailable") for i in range(32 * 32)]


@pytest.mark.parametrize(("n_batches", "at_most"), [(200, 200), (1, 63)])
def test_a_run_of_which_everything_is_refused_ends_with_what_the_api_says(
    turned: Run, make: Any, n_batches: int, at_most: int
) -> None:
    """A long one soon, a short one at its end."""

    async def main() -> Any:
        service = make.service(lambda _ids, _n: (0.1, Reply(403, {}, b'{"errors":["No plan"]}')))
        batches = [make.batch(n, *range(32 * n, 32 * n + 32)) for n in range(n_batches)]
        harvest = make.harvest(service, batches, concurrency=8)
        await harvest.run()
        return harvest

    harvest = turned(main())
    assert isinstance(harvest.stop.error, CredentialsError)
    assert "No plan" in harvest.stop.error.message
    assert len(harvest.service.asked) <= at_most


def test_dead_letters_of_an_earlier_run_come_after_the_input_and_are_settled_again(
    turned: Run, make: Any
) -> None:
    async def main() -> Any:
        harvest = make.harvest(make.service(lambda ids, _n: (0.1, make.counts(ids))), [make.batch(0, 5, 6)])
        await harvest.run([make.batch(0, 1, 2), make.batch(1, 3)])
        return harvest.directory

    directory = turned(main())
    assert directory.ids == [5, 6, 1, 2, 3]
    assert [i for step, _ in directory.steps for i in step.settled_again] == [1, 2, 3]
    assert directory.steps[-1][0].mark.batches == 1


def interrupted(make: Any, *at_s: float, latency_s: float, grace_s: float = 5.0) -> Coroutine[Any, Any, Any]:
    """A harvest of many batches that is interrupted at these moments; what it did, and when it was over."""

    async def main() -> tuple[Any, float]:
        service = make.service(lambda ids, _n: (latency_s if ids[0] else 0.1, make.counts(ids)))
        harvest = make.harvest(service, [make.batch(n, n) for n in range(10_000)])
        loop = asyncio.get_running_loop()
        for at in at_s:
            loop.call_at(at, harvest.stop.interrupt, ExitCode.INTERRUPTED)
        return harvest, await harvest.run(grace_s=grace_s)

    return main()


def test_an_interrupt_lets_what_is_in_flight_finish_and_commits_it(turned: Run, make: Any) -> None:
    harvest, ended_at = turned(interrupted(make, 1.5, latency_s=1.0))
    assert harvest.directory.ids == [ids[0] for _, ids in harvest.service.asked]
    assert len(harvest.directory.ids) == 9  # one alone, and two times four
    assert (harvest.stop.signal, ended_at) == (ExitCode.INTERRUPTED, 2.1)


def test_what_is_in_flight_gets_no_longer_than_the_grace(turned: Run, make: Any) -> None:
    harvest, ended_at = turned(interrupted(make, 1.5, latency_s=50.0))
    assert harvest.directory.ids == [0]
    assert ended_at == 6.5
    assert harvest.service.n_open == 0


def test_a_second_interrupt_leaves_at_once(turned: Run, make: Any) -> None:
    harvest, ended_at = turned(interrupted(make, 1.5, 2.0, latency_s=50.0))
    assert harvest.directory.ids == [0]
    assert ended_at == 2.0
    assert harvest.service.n_open == 0


def test_an_interrupt_before_the_first_request_sends_none(turned: Run, make: Any) -> None:
    harvest, ended_at = turned(interrupted(make, 0.0, latency_s=1.0))
    assert ended_at <= 0.1
    assert len(harvest.service.asked) <= 1


def test_an_interrupt_during_a_rate_limit_does_not_wait_for_it(turned: Run, make: Any) -> None:
    async def main() -> float:
        refusal = Reply(429, {"Retry-After": "600"}, b"")
        service = make.service(lambda ids, n: (0.1, refusal if n == 3 else make.counts(ids)))
        harvest = make.harvest(service, [make.batch(n, n) for n in range(100)], concurrency=1)
        asyncio.get_running_loop().call_at(20.0, harvest.stop.interrupt, ExitCode.TERMINATED)
        ended_at: float = await harvest.run()
        assert harvest.directory.ids == [0, 1]
        return ended_at

    assert turned(main()) == 20.0


@pytest.mark.parametrize("which", [0, 1, 3])
def test_a_disk_that_refuses_ends_the_run_and_leaves_nothing_behind(
    turned: Run, make: Any, which: int
) -> None:
    async def main() -> Any:
        directory = make.directory(refuses={which: StorageError("disk full")})
        service = make.service(lambda ids, _n: (0.1, make.counts(ids)))
        harvest = make.harvest(service, [make.batch(n, n) for n in range(1000)], directory=directory)
        with pytest.raises(StorageError, match="disk full"):
            await harvest.run()
        return harvest

    harvest = turned(main())
    assert len(harvest.directory.steps) == which
    assert harvest.service.n_open == 0
    assert not harvest.feed.is_whole


# what the service says from the fifth request on, and how the run ends
ENDS: list[tuple[Reply | Trouble, type[HarvesterError]]] = [
    (Reply(401, {}, b'{"errors":["Token revoked"]}'), CredentialsError),
    (Trouble("timeout", "no answer in time"), ServiceError),
]


@pytest.mark.parametrize(("reply", "kind"), ENDS, ids=["401", "outage"])
def test_what_was_answered_before_the_end_is_committed(
    turned: Run, make: Any, reply: Reply | Trouble, kind: type[HarvesterError]
) -> None:
    async def main() -> Any:
        service = make.service(lambda ids, n: (0.1, reply if n >= 5 else make.counts(ids)))
        harvest = make.harvest(service, [make.batch(n, n) for n in range(100)], concurrency=1)
        await harvest.run()
        return harvest

    harvest = turned(main())
    assert type(harvest.stop.error) is kind
    assert harvest.directory.ids == [0, 1, 2, 3]
    assert len(harvest.service.asked) <= (6 if kind is CredentialsError else 10 + 900 / 20)


def test_the_first_error_is_the_reason_and_a_signal_after_it_does_not_wait(turned: Run, make: Any) -> None:
    harvest = turned(_stop_twice(make))
    assert str(harvest.stop.error) == "first"
    assert harvest.stop.signal is ExitCode.TERMINATED
    assert harvest.stop.at_once.is_set()


async def _stop_twice(make: Any) -> Any:
    harvest = make.harvest(make.service(lambda ids, _n: (0.1, make.counts(ids))), [make.batch(0, 1)])
    for error in (ServiceError("first"), ServiceError("second")):
        harvest.stop.fail(error)
    for code in (ExitCode.TERMINATED, ExitCode.INTERRUPTED):
        harvest.stop.interrupt(code)
    await harvest.run()
    return harvest


def test_it_is_said_whose_token_is_refused(turned: Run, make: Any) -> None:
    async def main() -> Any:
        one = make.batch(0, 1, access=Access.USER_CONTEXT)
        one = replace(one, blank=one.blank.asking(one.blank.metrics, one.blank.access, "bob"))
        harvest = make.harvest(make.service(lambda _ids, _n: (0.1, ENDS[0][0])), [one])
        harvest.pool._signers = {(Access.USER_CONTEXT, "bob"): lambda _url: {}}
        await harvest.run()
        return harvest.stop.error

    error = turned(main())
    assert isinstance(error, CredentialsError)
    assert "account 'bob': 401: Token revoked" in error.message
