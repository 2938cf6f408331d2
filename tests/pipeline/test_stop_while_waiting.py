"""A stop at any moment ends a run within the grace, whatever it waits for just then."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from harvester.engagement.answer import Trouble
from harvester.errors import ExitCode
from harvester.transport.session import Reply

Run = Callable[[Coroutine[Any, Any, Any]], Any]
GRACE_S = 5.0
Answer = Callable[[Any, list[int], int], tuple[float, Reply | Trouble]]


def always(reply: Reply | Trouble) -> Answer:
    """This from the third request on; the first two are counted."""
    return lambda make, ids, n: (0.1, make.counts(ids) if n < 3 else reply)


WAITS: dict[str, Answer] = {
    "backoff": lambda make, ids, n: (0.1, Reply(503, {}, b"") if n % 4 == 3 else make.counts(ids)),
    "probes": always(Reply(503, {}, b"")),
    "Retry-After beside trouble": always(Reply(503, {"Retry-After": "600"}, b"")),
    "Retry-After beside a 429": always(Reply(429, {"Retry-After": "600"}, b"")),
    "next minute": always(Reply(429, {}, b"")),
    "used up allowance": lambda make, ids, _n: (
        0.1,
        Reply(
            200,
            {
                "x-per-minute-limit": "60",
                "x-per-minute-remaining": "0",
                "x-per-minute-reset": "1795000090",
            },
            make.counts(ids).body,
        ),
    ),
    "slow pace": lambda make, ids, _n: (
        0.1,
        Reply(200, {"x-per-minute-limit": "1"}, make.counts(ids).body),
    ),
    "an answer": lambda make, ids, n: (0.1 if n < 3 else 1e6, make.counts(ids)),
    "company for second asks": lambda make, ids, _n: (0.1, make.counts(ids[1:])),
    "spent budget": lambda make, ids, n: (0.1, Reply(503, {}, b"") if n % 5 else make.counts(ids)),
}


@pytest.mark.parametrize("what", WAITS)
@pytest.mark.parametrize("at_s", [0.05, 0.7, 2.0, 12.34])
@pytest.mark.parametrize("concurrency", [1, 16])
def test_a_stop_ends_a_run_within_the_grace_whatever_it_waits_for(
    turned: Run, make: Any, what: str, at_s: float, concurrency: int
) -> None:
    async def main() -> Any:
        service = make.service(lambda ids, n: WAITS[what](make, ids, n))
        batches = [make.batch(n, 3 * n, 3 * n + 1, 3 * n + 2) for n in range(3_000)]
        harvest = make.harvest(service, batches, concurrency)
        asyncio.get_running_loop().call_at(at_s, harvest.stop.interrupt, ExitCode.INTERRUPTED)
        ended_at = await harvest.run(grace_s=GRACE_S)
        return harvest, ended_at

    harvest, ended_at = turned(main())
    assert at_s <= ended_at <= at_s + GRACE_S
    assert harvest.stop.error is None
    assert len(set(harvest.directory.ids)) == len(harvest.directory.ids)
    assert all(not step.dead for step, _ in harvest.directory.steps)
