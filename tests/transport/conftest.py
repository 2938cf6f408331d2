"""A gate on the turned clock, and workers that send through it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from harvester.engagement.answer import Answer
from harvester.errors import HarvesterError
from harvester.transport.concurrency import Concurrency
from harvester.transport.gate import Gate
from harvester.transport.outage import Outage
from harvester.transport.pace import Pace

BEGAN = 1_795_000_037.3  # the wall clock at the loop's 0; the next full minute is 42.7 s away
Answers = Callable[[float, int], tuple[Mapping[str, str], Answer]]
"""From when a request arrives (monotonic seconds) and its number, from 1, to headers and answer."""


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token service is asked again without a wait, but for one that it wants itself."""
    monkeypatch.setattr("harvester.transport.oauth.random", lambda: 0.0)


def new_gate(pace: Pace | None = None, **options: Any) -> Gate:
    """A gate on the running loop's time; every draw is 0.5 unless `draw` says otherwise.

    may_be_in_flight: its Concurrency, which is large enough if nothing is said. jumps_s: by how much the wall
    clock is wrong at a moment.
    """
    monotonic = asyncio.get_running_loop().time
    draw = options.pop("draw", 0.5)
    jumps_s = options.pop("jumps_s", lambda _now: 0.0)
    return Gate(
        pace or Pace(),
        Outage("http://host/totals", options.pop("patience_s", 900.0), monotonic()),
        options.pop("may_be_in_flight", None) or Concurrency(1_000),
        monotonic=monotonic,
        wall=lambda: BEGAN + monotonic() + jumps_s(monotonic()),
        random=lambda: draw,
        **options,
    )


@dataclass
class Sending:
    """What workers did: when each request was sent, rounded to ms, and what ended them."""

    gate: Gate
    times: list[float] = field(default_factory=list)
    error: HarvesterError | None = None
    ended_at: float = 0.0

    def between(self, first_s: float, last_s: float) -> int:
        return sum(first_s <= t < last_s for t in self.times)


async def send_through(
    gate: Gate, answers: Answers, *, concurrency: int = 1, latency_s: float = 0.05, until_s: float = 60.0
) -> Sending:
    """Workers send one request after another, until the time is over.

    The others have some time left to go on after one of them met an error of the gate.
    """
    sending = Sending(gate)
    monotonic = asyncio.get_running_loop().time

    async def work() -> None:
        while True:
            turn = await gate.turn()
            sending.times.append(round(turn.sent_at, 3))
            number = len(sending.times)
            await asyncio.sleep(latency_s / 2)
            headers, answer = answers(monotonic(), number)
            await asyncio.sleep(latency_s / 2)
            gate.answered(turn, headers, answer)

    workers = [asyncio.ensure_future(work()) for _ in range(concurrency)]
    done, _ = await asyncio.wait(workers, timeout=until_s, return_when=asyncio.FIRST_EXCEPTION)
    sending.ended_at = round(monotonic(), 3)
    if done:  # whoever is left would go on
        await asyncio.sleep(100.0)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    for worker in done:
        error = worker.exception()
        assert isinstance(error, HarvesterError)
        sending.error = error
    return sending


@pytest.fixture
def make_gate() -> Callable[..., Gate]:
    """Makes a gate inside a running loop."""
    return new_gate


@pytest.fixture
def send() -> Callable[..., Any]:
    """Sends through a gate with some workers, and tells when."""
    return send_through
