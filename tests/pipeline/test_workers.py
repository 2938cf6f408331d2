"""How many workers a pool has: as many as may have a request in flight, which changes while it runs."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harvester.transport.session import Reply

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Answer = Callable[[list[int], int], tuple[float, Reply]]
BAD_GATEWAY = Reply(502, {}, b"")


def harvested(
    turned: Run, make: Any, answer: Answer, n_batches: int, **how: Any
) -> tuple[Any, list[int], float]:
    """The harvest of batches of one tweet, how many requests each request found open, and how long it took."""
    n_open: list[int] = []

    async def main() -> tuple[Any, float]:
        def noted(ids: list[int], n: int) -> tuple[float, Reply]:
            n_open.append(service.n_open)
            return answer(ids, n)

        service = make.service(noted)
        harvest = make.harvest(service, [make.batch(n, n + 1) for n in range(n_batches)], **how)
        return harvest, await harvest.run()

    harvest, took_s = turned(main())
    return harvest, n_open, took_s


def test_pool_grows_with_the_number_that_may_be_in_flight(turned: Run, make: Any) -> None:
    """1,000 requests of half a second would take 63 s with eight workers."""
    answer = lambda ids, _n: (0.5, make.counts(ids))  # noqa: E731
    harvest, n_open, took_s = harvested(turned, make, answer, 1_000, concurrency=8, most=64)
    assert harvest.directory.ids == list(range(1, 1_001))
    assert max(n_open) == 63
    assert took_s < 13.0


@pytest.mark.parametrize("number", [1, 4, 30])
def test_pool_never_has_more_in_flight_than_the_user_says(turned: Run, make: Any, number: int) -> None:
    answer = lambda ids, _n: (0.1, make.counts(ids))  # noqa: E731
    _, n_open, took_s = harvested(turned, make, answer, 300, concurrency=number)
    assert max(n_open) == number - 1
    assert took_s == pytest.approx(0.1 * 300 / number, rel=0.05, abs=1.0)


@pytest.mark.parametrize("most", [None, 64])
@pytest.mark.parametrize("fails", [lambda n: n % 3 == 0, lambda n: n % 40 < 30], ids=["mixed", "in a row"])
def test_with_fewer_in_flight_than_workers_all_is_settled_also_what_is_asked_twice(
    turned: Run, make: Any, most: int | None, fails: Callable[[int], bool]
) -> None:
    """Failures of the 21st to the 120th request shrink the pool. Every third tweet is left out at first."""
    seen: set[int] = set()

    def answer(ids: list[int], n: int) -> tuple[float, Reply]:
        if 20 < n <= 120 and fails(n):
            return 0.1, BAD_GATEWAY
        told = [i for i in ids if i % 3 or i in seen]
        seen.update(ids)
        return 0.1, make.counts(told)

    harvest, n_open, _ = harvested(turned, make, answer, 600, concurrency=8, most=most)
    assert harvest.stop.error is None
    assert harvest.directory.records == [(i, "ok") for i in range(1, 601)]
    assert min(n_open[60:120]) == 0
    assert max(n_open[300:]) >= 6
