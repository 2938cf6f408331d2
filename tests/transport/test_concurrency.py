"""How many requests may be in flight: against small services on a clock of their own, and through the gate."""

import heapq
import logging
from bisect import bisect_left
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.engagement.allowance import Rate
from harvester.engagement.answer import Answer, Counted, RateLimited, Trouble
from harvester.transport.concurrency import Concurrency
from harvester.transport.gate import Gate
from harvester.transport.pace import Pace

Run = Callable[[Coroutine[Any, Any, Any]], Any]
MakeGate = Callable[..., Gate]
Send = Callable[..., Coroutine[Any, Any, Any]]
Reply = tuple[Mapping[str, str], Answer]
COUNTED: Reply = ({}, Counted(()))
BAD_GATEWAY: Reply = ({}, Trouble("service", "502: a page titled 'Bad Gateway'"))


def never(_now: float, _n_in_flight: int, _random: Random) -> bool:
    return False


def latency(mean_s: float) -> Callable[[Random], float]:
    return lambda _random: mean_s


def long_tail(mean_s: float) -> Callable[[Random], float]:
    """Half of them are below 0.75 of the mean, one in a hundred above four times of it."""
    return lambda random: mean_s * random.lognormvariate(-0.3, 0.77)


def always(per_s: float) -> Callable[[float], float]:
    return lambda _now: per_s


@dataclass
class Service:
    """Answers after a latency, and no more than so many a second: what comes sooner waits in a queue."""

    latency_s: Callable[[Random], float]
    capacity: Callable[[float], float] = lambda _now: 1e9
    fails: Callable[[float, int, Random], bool] = never
    random: Random = field(default_factory=lambda: Random(1))
    _free_at: float = 0.0

    def ask(self, now: float, n_in_flight: int) -> tuple[float, bool]:
        """When the answer to a request comes that is sent now, and whether it fails."""
        self._free_at = max(self._free_at, now) + 1 / self.capacity(now)
        return self._free_at + self.latency_s(self.random), self.fails(now, n_in_flight, self.random)


@dataclass(frozen=True)
class Seen:
    """When answers came that were no failures, and which numbers held from when on."""

    answers: Sequence[float]
    limits: Sequence[tuple[float, int]]

    def per_s(self, first_s: float, last_s: float) -> float:
        return (bisect_left(self.answers, last_s) - bisect_left(self.answers, first_s)) / (last_s - first_s)

    def limit_at(self, now: float) -> int:
        return self.limits[bisect_left(self.limits, (now, 0)) - 1][1]

    def between(self, first_s: float, last_s: float) -> set[int]:
        """All numbers that held at some time in between."""
        return {self.limit_at(first_s), *(limit for at, limit in self.limits if first_s <= at < last_s)}


def load(concurrency: Concurrency, service: Service, until_s: float, *, every_s: float = 0.0) -> Seen:
    """Send as many requests as may be in flight, but one in every_s at most."""
    in_flight: list[tuple[float, int, float, bool]] = []
    answers: list[float] = []
    limits = [(-1.0, concurrency.limit)]
    now = may_send_at = 0.0
    n_sent = 0
    while now < until_s:
        has_room = len(in_flight) < concurrency.limit
        if has_room and may_send_at <= now:
            n_sent += 1
            answer_at, is_failure = service.ask(now, len(in_flight) + 1)
            heapq.heappush(in_flight, (answer_at, n_sent, now, is_failure))
            may_send_at = now + every_s
        elif has_room and (not in_flight or may_send_at < in_flight[0][0]):
            now = may_send_at
        else:
            now, _, sent_at, is_failure = heapq.heappop(in_flight)
            concurrency.answered(sent_at, now, len(in_flight) + 1, is_failure=is_failure)
            if not is_failure:
                answers.append(now)
            if concurrency.limit != limits[-1][1]:
                limits.append((now, concurrency.limit))
    return Seen(answers, limits)


def adapting() -> Concurrency:
    """As for a user who says nothing."""
    return Concurrency(8, 64)


@pytest.mark.parametrize("latency_s", [0.05, 0.5, 5.0])
def test_it_doubles_up_to_the_bound_while_that_is_twice_as_fast(latency_s: float) -> None:
    until_s = 100.0 + 100 * latency_s
    seen = load(adapting(), Service(latency(latency_s)), until_s)
    assert [limit for _, limit in seen.limits[:4]] == [8, 16, 32, 64]
    assert seen.limits[3][0] <= max(7 * latency_s, 1.0)
    assert seen.per_s(20 * latency_s, until_s) >= 0.95 * 64 / latency_s


@pytest.mark.parametrize("capacity", [100.0, 300.0, 500.0, 700.0, 1000.0])
@pytest.mark.parametrize("latency_s", [0.002, 0.05, 0.1])
def test_it_takes_what_a_saturated_service_gives_and_not_many_more_than_that_takes(
    latency_s: float, capacity: float
) -> None:
    seen = load(adapting(), Service(latency(latency_s), always(capacity)), 120.0)
    assert seen.per_s(10.0, 120.0) >= 0.94 * min(capacity, 64 / latency_s)
    assert seen.limit_at(120.0) <= max(1.4 * capacity * latency_s + 2, 8)


def test_where_eight_are_enough_it_stays_at_eight() -> None:
    """As where our own CPU is the bottleneck: it tries more now and then, for a second."""
    seen = load(adapting(), Service(latency(0.002), always(900.0)), 300.0)
    assert sum(seen.limit_at(n / 10) == 8 for n in range(20, 3_000)) >= 0.97 * 2_980
    assert max(seen.between(2.0, 300.0)) == 10


@pytest.mark.parametrize("seed", range(8))
def test_latencies_with_a_long_tail_keep_it_from_the_bound_for_no_long_time(seed: int) -> None:
    """A trial may be misjudged: of ten minutes 6 % are lost so at most."""
    seen = load(adapting(), Service(long_tail(0.5), random=Random(seed)), 600.0)
    assert 64 in seen.between(0.0, 45.0)
    assert seen.per_s(10.0, 600.0) >= 0.94 * 64 / 0.5


@pytest.mark.parametrize("seed", range(8))
def test_with_a_saturated_service_and_noise_it_does_not_drift(seed: int) -> None:
    """35 in flight are what it takes; the capacity changes by a third every few seconds."""
    random = Random(seed)
    changing = [random.uniform(0.85, 1.15) * 70 for _ in range(1_000)]
    service = Service(long_tail(0.5), lambda now: changing[int(now / 3.1)], random=Random(seed))
    seen = load(adapting(), service, 1_800.0)
    mean = sum(seen.limit_at(float(second)) for second in range(60, 1_800)) / 1_740
    assert 28 <= mean <= 56
    assert seen.per_s(60.0, 1_800.0) >= 0.9 * 70


def test_it_follows_a_service_that_becomes_larger_and_smaller() -> None:
    service = Service(latency(0.1), lambda now: 100.0 if now < 200 or now > 600 else 600.0)
    seen = load(adapting(), service, 1_200.0)
    assert seen.limit_at(199.0) <= 16
    assert seen.per_s(400.0, 600.0) >= 0.94 * 600
    assert seen.limit_at(1_199.0) <= 25


@pytest.mark.parametrize("latency_s", [0.05, 0.5])
def test_while_the_pace_is_what_limits_it_stays(latency_s: float) -> None:
    seen = load(adapting(), Service(latency(latency_s)), 120.0, every_s=0.1)
    assert seen.limits == [(-1.0, 8)]


def test_a_pause_in_which_nothing_is_sent_is_no_loss_of_throughput() -> None:
    """As a hold after a 429 amid a trial: everything comes back, and a minute later it goes on."""
    concurrency, service = adapting(), Service(latency(0.5))
    load(concurrency, service, 2.4)
    before = concurrency.limit
    for n in range(before, 0, -1):
        concurrency.answered(2.0, 2.5, n)
    for n in range(200):
        sent_at = 63.0 + 0.5 * (n // concurrency.limit)
        concurrency.answered(sent_at, sent_at + 0.5, concurrency.limit)
    assert concurrency.limit == 64


@pytest.mark.parametrize("number", [1, 4, 64, 200])
@pytest.mark.parametrize("latency_s", [0.05, 0.5])
def test_the_number_that_the_user_says_holds_from_the_beginning(number: int, latency_s: float) -> None:
    seen = load(Concurrency(number), Service(latency(latency_s), always(900.0)), 60.0)
    assert seen.limits == [(-1.0, number)]


@pytest.mark.parametrize("concurrency", [Concurrency(64), Concurrency(8), adapting()], ids=repr)
def test_a_storm_of_errors_halves_it_and_after_it_all_comes_back(concurrency: Concurrency) -> None:
    bound = concurrency.bound
    service = Service(latency(0.1), fails=lambda now, _n, _random: 20.0 <= now < 24.0)
    seen = load(concurrency, service, 60.0)
    assert seen.limit_at(20.0) == bound
    assert min(seen.between(20.0, 24.1)) == 1
    assert seen.limit_at(40.0) in {bound, int(bound / 1.25)}
    halved = [(at, limit) for at, limit in seen.limits if 20.0 <= at < 22.0]
    assert all(later - sooner >= 0.1 for (sooner, _), (later, _) in pairwise(halved))


def test_requests_that_time_out_halve_it_once_though_all_of_them_end_together() -> None:
    concurrency = Concurrency(64)
    for n in range(64, 0, -1):
        concurrency.answered(0.0, 60.0, n, is_failure=True)
    assert concurrency.limit == 32


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("number", [8, 64])
def test_failures_that_have_nothing_to_do_with_the_number_cost_only_themselves(
    share: float, number: int
) -> None:
    service = Service(latency(0.1), fails=lambda _now, _n, random: random.random() < share)
    seen = load(Concurrency(number), service, 120.0)
    assert seen.per_s(1.0, 120.0) >= 0.93 * (1 - share) * number / 0.1


@pytest.mark.parametrize("concurrency", [Concurrency(64), adapting()], ids=repr)
def test_service_that_refuses_more_than_forty_is_given_fewer(concurrency: Concurrency) -> None:
    service = Service(latency(0.1), fails=lambda _now, n, _random: n > 40)
    seen = load(concurrency, service, 120.0)
    assert seen.per_s(1.0, 120.0) >= 0.6 * 40 / 0.1
    assert sum(seen.limit_at(n / 10) <= 50 for n in range(20, 1_200)) == 1_180


answer_times = st.lists(
    st.tuples(st.floats(0.0, 2.0), st.floats(0.0, 70.0), st.floats(0.0, 1.5), st.booleans()), max_size=300
)


@given(begin=st.integers(1, 100), room=st.integers(0, 200), answers=answer_times)
def test_whatever_is_answered_it_keeps_within_its_bounds(
    begin: int, room: int, answers: list[tuple[float, float, float, bool]]
) -> None:
    concurrency = Concurrency(begin, begin + room)
    now = 0.0
    for after_s, latency_s, fullness, is_failure in answers:
        now += after_s
        n_in_flight = max(int(fullness * concurrency.limit), 1)
        before = concurrency.limit
        concurrency.answered(now - latency_s, now, n_in_flight, is_failure=is_failure)
        assert 1 <= concurrency.limit <= begin + room
        assert is_failure or concurrency.limit <= max(2 * before, before + 1, begin // 8 + before)


@given(
    begin=st.integers(2, 100),
    answers=st.lists(st.tuples(st.floats(0.0, 2.0), st.floats(0.0, 9.0)), max_size=200),
)
def test_with_slots_left_over_it_never_grows(begin: int, answers: list[tuple[float, float]]) -> None:
    concurrency = Concurrency(begin, 10 * begin)
    now = 0.0
    for after_s, latency_s in answers:
        now += after_s
        concurrency.answered(now - latency_s, now, max(int(0.8 * concurrency.limit), 1))
    assert concurrency.limit == begin


@settings(max_examples=30)
@given(
    begin=st.integers(1, 64), room=st.sampled_from([0, 8, 64]), troubles=st.lists(st.booleans(), max_size=400)
)
def test_when_the_trouble_is_over_it_is_soon_what_it_was(begin: int, room: int, troubles: list[bool]) -> None:
    """Ten looks below its beginning, and trials above it."""
    concurrency = Concurrency(begin, begin + room)
    now = 0.0
    for is_failure in troubles:
        now += 0.02
        concurrency.answered(now - 0.1, now, concurrency.limit, is_failure=is_failure)
    seen = load(concurrency, Service(latency(0.1)), 60.0)
    assert begin + room in seen.between(0.0, 60.0)
    assert seen.per_s(40.0, 60.0) >= 0.75 * (begin + room) / 0.1


# Through the gate


def send_for(turned: Run, make_gate: MakeGate, send: Send, answers: Any, **how: Any) -> Any:
    """What came of many workers and a gate, for the number of requests that may be in flight."""
    pace, may_be_in_flight = how.pop("pace", None), how.pop("may_be_in_flight")

    async def main() -> Any:
        return await send(make_gate(pace, may_be_in_flight=may_be_in_flight), answers, concurrency=100, **how)

    return turned(main())


def good(_now: float, _n: int) -> Reply:
    return COUNTED


@pytest.mark.parametrize("latency_s", [0.05, 0.5])
def test_gate_lets_through_what_the_user_says_from_the_start_on(
    turned: Run, make_gate: MakeGate, send: Send, latency_s: float
) -> None:
    """The first request goes alone; from then on 95 % of number / latency are promised."""
    how: dict[str, Any] = {"latency_s": latency_s, "until_s": 30.0}
    sent = send_for(turned, make_gate, send, good, may_be_in_flight=Concurrency(16), **how)
    assert sent.between(latency_s, 30.0) >= 0.95 * (30.0 - latency_s) * 16 / latency_s
    in_any_round_trip = [bisect_left(sent.times, t + latency_s - 0.001) - n for n, t in enumerate(sent.times)]
    assert max(in_any_round_trip) <= 16


def test_gate_comes_to_the_bound_within_seconds_where_latency_is_long(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    sent = send_for(turned, make_gate, send, good, may_be_in_flight=adapting(), latency_s=0.5, until_s=100.0)
    assert sent.between(5.0, 100.0) >= 0.95 * 95 * 64 / 0.5


def test_gate_tells_of_changes_in_the_log_and_in_its_repr(
    turned: Run, make_gate: MakeGate, send: Send, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "harvester")
    sent = send_for(turned, make_gate, send, good, may_be_in_flight=adapting(), latency_s=0.5, until_s=5.0)
    assert caplog.messages == [f"in flight: {n} at once" for n in (16, 32, 64)]
    assert "of 64 in flight" in repr(sent.gate)
    assert repr(sent.gate.concurrency) == "<Concurrency 64 of at most 64>"


@pytest.mark.parametrize("is_told", [True, False], ids=["by headers", "by the user"])
def test_gate_lets_no_more_through_where_the_rate_is_what_limits(
    turned: Run, make_gate: MakeGate, send: Send, is_told: bool
) -> None:
    headers = {"x-per-minute-limit": "600"} if is_told else {}
    concurrency = adapting()
    sent = send_for(
        turned,
        make_gate,
        send,
        lambda _now, _n: (headers, Counted(())),
        pace=None if is_told else Pace(Rate(600, 60.0)),
        may_be_in_flight=concurrency,
        until_s=120.0,
    )
    assert concurrency.limit == 8
    assert sent.between(60.0, 120.0) >= 0.95 * 600


def test_hold_after_a_429_changes_nothing(turned: Run, make_gate: MakeGate, send: Send) -> None:
    concurrency = adapting()

    def answers(now: float, _n: int) -> Reply:
        return ({"Retry-After": "10"}, RateLimited("429")) if 30.0 <= now < 31.0 else COUNTED

    sent = send_for(
        turned, make_gate, send, answers, may_be_in_flight=concurrency, latency_s=0.5, until_s=45.0
    )
    assert sent.between(31.0, 40.0) == 0
    assert concurrency.limit == 64


@pytest.mark.parametrize("concurrency", [Concurrency(64), adapting()], ids=repr)
def test_after_an_outage_half_of_them_go_at_first_and_soon_all(
    turned: Run, make_gate: MakeGate, send: Send, concurrency: Concurrency
) -> None:
    """What was in flight fails together; probes go alone, and what comes of them is not counted."""

    def answers(now: float, _n: int) -> Reply:
        return BAD_GATEWAY if 6.0 <= now < 16.0 else COUNTED

    sent = send_for(
        turned, make_gate, send, answers, may_be_in_flight=concurrency, latency_s=0.5, until_s=60.0
    )
    first = min(t for t in sent.times if t >= 16.0)
    assert sent.between(first + 0.5, first + 0.9) == 32
    assert sent.between(45.0, 59.0) >= 0.95 * 14 * 64 / 0.5


def test_requests_that_fail_in_numbers_are_followed_by_fewer(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    """Every second one fails from the tenth second on, and none does from the twentieth on."""
    concurrency = Concurrency(64)

    def answers(now: float, n: int) -> Reply:
        return BAD_GATEWAY if 10.0 <= now < 20.0 and n % 2 else COUNTED

    sent = send_for(
        turned, make_gate, send, answers, may_be_in_flight=concurrency, latency_s=0.5, until_s=60.0
    )
    assert sent.between(12.0, 19.0) <= 0.4 * 7 * 64 / 0.5
    assert sent.between(40.0, 60.0) >= 0.95 * 20 * 64 / 0.5
