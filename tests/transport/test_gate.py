"""The gate on a turned clock: who is let through at which instant, and what ends a run.

The minute's edge of the wall clock is 42.7 s after the loop's 0. Jitter draws are 0.5, so 5 % after a 429.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping
from email.utils import formatdate
from itertools import pairwise
from typing import Any

import pytest

from harvester.engagement.allowance import Rate
from harvester.engagement.answer import (
    Answer,
    Counted,
    RateLimited,
    Trouble,
    Unauthorized,
    WrongUrl,
)
from harvester.errors import CredentialsError, HarvesterError, ServiceError, UsageError
from harvester.transport.gate import Gate
from harvester.transport.guess import Filled, Guess
from harvester.transport.pace import UNANSWERED_S, LastSpend, Pace

Run = Callable[[Coroutine[Any, Any, Any]], Any]
MakeGate = Callable[..., Gate]
Send = Callable[..., Coroutine[Any, Any, Any]]
Reply = tuple[Mapping[str, str], Answer]
WALL = 1_795_000_037.3
COUNTED: Reply = ({}, Counted(()))
RESET: Reply = ({}, Trouble("connection", "ConnectionResetError"))
BAD_GATEWAY: Reply = ({}, Trouble("service", "502: a page titled 'Bad Gateway'"))
LOGIN_PAGE: Reply = ({}, Trouble("not the API", "200: a page titled 'Log in'"))
TOO_MANY = RateLimited("429: rate limit")
NO_TOKEN: Reply = ({}, Unauthorized("401: Access token not found"))
NO_PAGE: Reply = ({}, WrongUrl("404: no body"))


def at_first(*replies: Reply, then: Reply = COUNTED) -> Callable[[float, int], Reply]:
    """These answers for the first requests, another one for all that follow."""
    return lambda _now, n: replies[n - 1] if n <= len(replies) else then


def outage(first_s: float, last_s: float, what: Reply = RESET) -> Callable[[float, int], Reply]:
    """Trouble for whatever arrives between two moments."""
    return lambda now, _n: what if first_s <= now < last_s else COUNTED


def run(
    turned: Run, make_gate: MakeGate, send: Send, answers: Callable[[float, int], Reply], **how: Any
) -> Any:
    """What workers sent through a gate of their own. The gate's options and the workers' go in one list."""
    mine = {
        name: how.pop(name)
        for name in ("pace", "patience_s", "last_spend", "remember", "draw")
        if name in how
    }

    async def main() -> Any:
        return await send(make_gate(**mine), answers, **how)

    return turned(main())


def test_only_one_request_goes_until_the_first_answer_has_come(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    sent = run(turned, make_gate, send, at_first(), concurrency=5, latency_s=2.0, until_s=4.5)
    assert sent.times == [0.0] + [2.0] * 5 + [4.0] * 5


def test_a_first_answer_that_takes_long_holds_the_others_up_for_a_while_only(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    """Three go at most: the service may be down."""
    sent = run(turned, make_gate, send, at_first(), concurrency=5, latency_s=60.0, until_s=59.0)
    assert sent.times == pytest.approx([0.0, UNANSWERED_S, 2 * UNANSWERED_S], abs=0.01)


def test_a_limit_that_was_told_before_lets_the_others_go_sooner_beside_a_slow_first_answer(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    pace = Pace(learnt=[Rate(600, 60.0)])
    sent = run(turned, make_gate, send, at_first(), pace=pace, concurrency=5, latency_s=30.0, until_s=29.0)
    assert sent.times == pytest.approx([0.0, 2.0, 4.0], abs=0.01)


def test_the_first_answer_sets_the_pace_for_the_second_request(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    headers = {"x-per-minute-limit": "100"}
    told = at_first(then=(headers, Counted(())))
    sent = run(turned, make_gate, send, told, concurrency=5, latency_s=0.5, until_s=2.5)
    assert sent.times == pytest.approx([0.0, 1.107, 1.713, 2.32], abs=0.002)


@pytest.mark.parametrize(
    ("last_spend", "first_s"),
    [
        (LastSpend(), 0.0),
        (LastSpend(WALL), 6.066),
        (LastSpend(WALL - 2.0), 4.066),
        (LastSpend(WALL - 60.0), 0.0),
        (LastSpend(WALL + 3_600.0), 6.066),
        (LastSpend(math.inf), 6.066),
        (LastSpend(WALL - 2.0, held_s=40.0), 38.0),
        (LastSpend(WALL + 3_600.0, held_s=40.0), 40.0),
        (LastSpend(WALL - 2.0, limits=(Rate(60, 60.0),)), 4.066),
        (LastSpend(WALL - 2.0, limits=(Rate(5, 60.0),)), 10.131),
    ],
    ids=[
        "no process before",
        "just now",
        "a moment ago",
        "long ago",
        "the clock was set back",
        "nobody knows when",
        "a hold goes on",
        "a hold goes on by another clock",
        "a ceiling below what was told",
        "what was told is stricter",
    ],
)
def test_a_process_that_follows_on_another_waits_as_the_other_would_have(
    turned: Run, make_gate: MakeGate, send: Send, last_spend: LastSpend, first_s: float
) -> None:
    pace = Pace(Rate(10, 60.0), last_spend.limits)
    sent = run(turned, make_gate, send, at_first(), pace=pace, last_spend=last_spend, until_s=70.0)
    assert sent.times[0] == pytest.approx(first_s, abs=0.002)


def remembered(turned: Run, make_gate: MakeGate, send: Send, *replies: Reply, **how: Any) -> list[LastSpend]:
    """What a gate leaves to the next process, one after the other."""
    spends: list[LastSpend] = []
    run(turned, make_gate, send, at_first(*replies), remember=spends.append, **how)
    return spends


def test_what_the_next_process_has_to_know_is_left_before_a_request_and_with_what_an_answer_tells(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    headers = {"x-per-minute-limit": "60"}
    spends = remembered(turned, make_gate, send, (headers, COUNTED[1]), latency_s=0.5, until_s=2.0)
    limits = (Rate(60, 60.0),)
    expected = [
        (0.0, UNANSWERED_S, ()),  # before the first request: nothing is known
        (0.0, 0.0, limits),
        (1.511, 0.0, limits),
    ]
    for spend, (at, held_s, told) in zip(spends, expected, strict=True):
        assert spend.at - WALL == pytest.approx(at, abs=0.002)
        assert (round(spend.held_s, 3), spend.limits) == (held_s, told)


def test_the_hold_of_a_429_is_left_to_the_next_process(turned: Run, make_gate: MakeGate, send: Send) -> None:
    spends = remembered(
        turned, make_gate, send, ({"Retry-After": "100"}, TOO_MANY), latency_s=1.0, until_s=50.0
    )
    assert (spends[-1].at, round(spends[-1].held_s, 3)) == (WALL, 106.0)


@pytest.mark.parametrize("reply", [COUNTED, RESET, ({}, TOO_MANY)], ids=["counted", "reset", "429"])
def test_an_answer_that_tells_no_limit_leaves_no_guess_at_one(
    turned: Run, make_gate: MakeGate, send: Send, reply: Reply
) -> None:
    headers = {"Retry-After": "1"} if reply[1] is TOO_MANY else {}
    spends = remembered(turned, make_gate, send, (headers, reply[1]), latency_s=1.0, until_s=1.5)
    assert spends[1].held_s < UNANSWERED_S


def reset_headers(in_s: float, *, ahead_s: float = 0.0) -> dict[str, str]:
    """The reset as the server tells it, whose clock may be ahead of ours. The 429s arrive at 1.1 s."""
    now = int(WALL + 1.0 + ahead_s)
    return {
        "Date": formatdate(now, usegmt=True),
        "x-per-minute-limit": "6000",
        "x-per-minute-remaining": "0",
        "x-per-minute-reset": str(int(now + in_s)),
    }


WHEN_IT_SLID = 60.757
"""A minute after 73 requests went within a second."""


@pytest.mark.parametrize(
    ("headers", "again_s"),
    [
        ({"Retry-After": "20"}, 1.1 + 21.0),
        ({"Retry-After": "0"}, 1.1 + 1.05),
        ({"Retry-After": formatdate(int(WALL) + 31, usegmt=True)}, 1.1 + (30.7 - 1.1) * 1.05),
        (reset_headers(20.0), 1.1 + 21.0),
        (reset_headers(20.0, ahead_s=500.0), 1.1 + 21.0),
        ({}, WHEN_IT_SLID),
        ({"Retry-After": "soon"}, WHEN_IT_SLID),
    ],
    ids=["seconds", "none needed", "date", "reset", "reset by another clock", "nothing", "nonsense"],
)
def test_a_429_holds_the_whole_endpoint(
    turned: Run, make_gate: MakeGate, send: Send, headers: dict[str, str], again_s: float
) -> None:
    """At 1 s the service has enough; what had left by then comes back, and nobody sends until the time told.

    Where none is told that is no sooner than the next minute, nor than a window that slides has room again.
    """

    def answers(now: float, _n: int) -> Reply:
        return (headers, TOO_MANY) if 1.0 <= now < again_s else COUNTED

    sent = run(turned, make_gate, send, answers, concurrency=8, latency_s=0.1, until_s=70.0)
    assert sent.between(1.101, again_s - 0.01) == 0
    assert min(t for t in sent.times if t > 1.101) == pytest.approx(again_s, abs=0.02)


def test_a_429_is_not_a_failure_and_is_counted_for_itself(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    answers = at_first(COUNTED, *[({"Retry-After": "1", "x-per-minute-limit": "6000"}, TOO_MANY)] * 50)
    sent = run(turned, make_gate, send, answers, patience_s=5.0, until_s=600.0)
    counts = sent.gate.counts
    assert (sent.error, counts.rate_limited, counts.repeated, counts.errors) == (None, 50, 50, {})


def test_while_a_429_holds_the_gate_tells_how_long(turned: Run, make_gate: MakeGate, send: Send) -> None:
    sent = run(turned, make_gate, send, at_first(({"Retry-After": "100"}, TOO_MANY)), until_s=50.0)
    wait = sent.gate.waits_for()
    assert (wait.reason, round(wait.until, 3)) == ("rate limit", 105.05)
    assert "rate limit" in repr(sent.gate)


def test_seconds_held_back_are_counted_by_their_reason_also_while_they_go_on(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    """Nothing for 100 s and its jitter after a 429, and then an outage, of which 40 s are over."""

    def answers(now: float, n: int) -> Reply:
        return ({"Retry-After": "100"}, TOO_MANY) if n == 1 else COUNTED if now < 110 else RESET

    sent = run(turned, make_gate, send, answers, concurrency=2, latency_s=0.1, until_s=150.0)
    rate_limit_s, service_s = sent.gate.held_s()
    assert rate_limit_s == pytest.approx(105.0, abs=0.2)
    assert service_s == pytest.approx(40.0, abs=1.0)


@pytest.mark.parametrize(("per_minute", "is_told"), [(600, False), (6, True)])
def test_a_slow_pace_is_told_as_a_wait_and_is_none_that_counts(
    turned: Run, make_gate: MakeGate, send: Send, per_minute: int, *, is_told: bool
) -> None:
    async def main() -> tuple[Gate, bool]:
        gate = make_gate(pace=Pace(Rate(per_minute, 60.0)))
        sending = asyncio.ensure_future(send(gate, at_first(), concurrency=3, latency_s=0.5, until_s=40.0))
        await asyncio.sleep(32.0)
        wait = gate.waits_for()
        await sending
        return gate, wait is not None and wait.reason == "pace" and 32.0 < wait.until < 43.0

    gate, found = turned(main())
    assert (found, gate.held_s()) == (is_told, (0.0, 0.0))


def test_429s_from_the_start_on_are_found_out_by_one_request_at_a_time(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    """An earlier process has used the minute up; 64 workers do not find that out 64 times."""

    def answers(now: float, _n: int) -> Reply:
        return ({}, TOO_MANY) if now < 42.7 else COUNTED

    sent = run(turned, make_gate, send, answers, concurrency=64, until_s=44.0, draw=0.0)
    assert sent.times[:2] == [0.0, 42.7]
    assert sent.gate.counts.rate_limited == 1


# when a 429 comes (how many went through in the minute before, and since its edge), and the rate after it
GUESSES = [
    ("the first 429 is taken at its word", 17.0, (600, 600), 600.0),
    ("the limit may be higher", 80.0, None, 1200.0),
    ("the same again: that is it", 100.0, (605, 500), 600.0),
    ("too high: a little less", 220.0, (595, 595), 583.1),
    ("nothing went through: half of it", 340.0, (0, 0), 291.55),
]


def test_a_guessed_rate_is_confirmed_by_a_second_429_and_shrinks_at_further_ones() -> None:
    guess = Guess()
    for why, now, went_through, per_minute in GUESSES:
        if went_through is not None:
            guess.refused(Filled(600, *went_through, 10, now % 60, 43.0, is_told=False), now - 0.1, now)
        guess.rate_per_minute(now)
        assert guess.per_minute == pytest.approx(per_minute), why


def test_two_429s_in_windows_with_an_edge_tell_how_fast_others_take() -> None:
    """600 a minute, of which others take 4 a second: 516 are left when they have had 21 s, and 420 after 45 s."""
    guess = Guess()
    for now, n in ((21.0, 516), (105.0, 420)):
        guess.refused(Filled(n, n, n, 10, now % 60, 40.0, is_told=False), now - 0.1, now)
    assert guess.is_by_edges
    assert guess.per_minute == pytest.approx(600 - 60 * 4)


def test_a_guess_grows_by_what_was_tried_before_an_edge_and_not_refused() -> None:
    guess = Guess(600.0)
    guess.refused(Filled(600, 600, 600, 10, 30.0, 30.0, is_told=False), 29.9, 30.0)
    rates = [guess.rate_per_minute(now) for now in (230.0, 237.0, 239.0, 240.0, 297.0, 300.0)]
    assert rates == pytest.approx([588, 882, 882, 599.76, 899.64, 599.76 * 1.08])


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "1"}, {"Retry-After": "30"}, {"x-per-minute-remaining": "0", "Retry-After": "1"}],
    ids=["soon", "later", "nothing left"],
)
def test_a_guess_from_a_single_429_right_after_the_start_is_outgrown(
    turned: Run, make_gate: MakeGate, send: Send, headers: dict[str, str]
) -> None:
    """Three answers in a second are no limit of three a minute, and no request has to be waited for to grow."""
    answers = at_first(COUNTED, COUNTED, COUNTED, (headers, TOO_MANY))
    sent = run(turned, make_gate, send, answers, concurrency=8, latency_s=0.1, until_s=600.0)
    enough_at = 60.0 if headers["Retry-After"] == "1" else 540.0
    assert sent.between(enough_at, enough_at + 60.0) > 600


def failing(share: float) -> Callable[[float, int], Reply]:
    """So large a share of the requests brings trouble, spread evenly, from the 11th on."""
    return lambda _now, n: BAD_GATEWAY if n > 10 and int(n * share) > int((n - 1) * share) else COUNTED


@pytest.mark.parametrize(("share", "is_slowed"), [(0.05, False), (0.3, False), (0.6, True), (0.9, True)])
def test_service_that_fails_most_requests_is_asked_one_at_a_time_and_is_not_given_up(
    turned: Run, make_gate: MakeGate, send: Send, share: float, is_slowed: bool
) -> None:
    """The budget for retries lasts for ever while fewer than a third fail; spent, it leaves some a second."""
    sent = run(turned, make_gate, send, failing(share), concurrency=32, latency_s=0.1, until_s=300.0)
    assert sent.error is None
    last_minute = sent.between(240.0, 300.0)
    assert 0 < last_minute < 150 if is_slowed else last_minute > 10_000


def test_service_that_recovers_gets_everything_again(turned: Run, make_gate: MakeGate, send: Send) -> None:
    bad, good = failing(0.6), COUNTED
    answers = lambda now, n: bad(now, n) if now < 200.0 else good  # noqa: E731
    sent = run(turned, make_gate, send, answers, concurrency=8, latency_s=0.1, until_s=260.0)
    assert sent.between(190.0, 200.0) < 25
    assert sent.between(210.0, 220.0) > 700


@pytest.mark.parametrize("concurrency", [1, 8, 64])
@pytest.mark.parametrize("what", [RESET, BAD_GATEWAY], ids=["reset", "502"])
@pytest.mark.parametrize("lasts_s", [20.0, 120.0, 600.0])
def test_an_outage_costs_few_requests_and_ends_by_a_probe(
    turned: Run, make_gate: MakeGate, send: Send, lasts_s: float, what: Reply, concurrency: int
) -> None:
    """Promised are 10 + T/20 requests in all, beside those that were under way when it began."""
    end_s = 10.0 + lasts_s
    pace = Pace(Rate(600, 60.0))
    sent = run(
        turned,
        make_gate,
        send,
        outage(10.0, end_s, what),
        pace=pace,
        concurrency=concurrency,
        until_s=end_s + 60,
    )
    assert sent.error is None
    assert sent.between(10.0, end_s) <= 10 + lasts_s / 20
    first_after = min(t for t in sent.times if t >= end_s)
    assert first_after - end_s <= 25.0
    assert sent.between(first_after, first_after + 9.0) >= 85


@pytest.mark.parametrize(
    ("draw", "times"),
    [
        (0.0, [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 51.0, 71.0, 91.0]),
        (0.8, [0.0, 1.2, 3.6, 8.4, 18.0, 37.2, 61.2, 85.2]),
    ],
)
def test_probes_go_alone_after_waits_that_double_up_to_twenty_seconds(
    turned: Run, make_gate: MakeGate, send: Send, draw: float, times: list[float]
) -> None:
    bad = outage(0.0, 1e9, BAD_GATEWAY)
    sent = run(turned, make_gate, send, bad, concurrency=64, latency_s=0.0, until_s=100.0, draw=draw)
    assert sent.times == times


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("patience_s", [2.0, 5.0, 8.0, 13.0, 16.0, 30.0, 39.0, 60.0, 200.0, 900.0])
def test_no_patience_is_overrun_by_a_wait_and_none_costs_more_probes_than_promised(
    turned: Run, make_gate: MakeGate, send: Send, patience_s: float, draw: float
) -> None:
    bad = outage(10.0, 1e9, BAD_GATEWAY)
    how = {"patience_s": patience_s, "draw": draw, "pace": Pace(Rate(600, 60.0))}
    sent = run(turned, make_gate, send, bad, concurrency=8, until_s=2000.0, **how)
    assert isinstance(sent.error, ServiceError)
    assert patience_s <= sent.ended_at - 10.0 <= patience_s + 0.2
    assert sent.between(10.0, 3000.0) <= 10 + patience_s / 20
    waits = [later - sooner for sooner, later in pairwise(t for t in sent.times if t >= 10.0)]
    assert max(waits) <= max(patience_s / 3 * 1.25, 1.25) + 0.1


RETRY_AFTER = [
    ({"Retry-After": "6"}, 6.3),
    ({"Retry-After": formatdate(int(WALL) + 31, usegmt=True)}, (30.7 - 1.1) * 1.05),
]


@pytest.mark.parametrize("status", ["503", "403 page"])
@pytest.mark.parametrize(("headers", "wait_s"), RETRY_AFTER, ids=["seconds", "date"])
def test_a_retry_after_beside_trouble_holds_the_whole_endpoint_and_is_no_rate_limit(
    turned: Run, make_gate: MakeGate, send: Send, headers: dict[str, str], wait_s: float, status: str
) -> None:
    """One of eight is told to wait at 1.1 s; the answers to the others, which come with it, change nothing."""
    trouble = Trouble("service" if status == "503" else "not the API", status)
    told: list[int] = []

    def answers(now: float, n: int) -> Reply:
        if now < 1.0 or told:
            return COUNTED
        told.append(n)
        return headers, trouble

    sent = run(turned, make_gate, send, answers, concurrency=8, latency_s=0.1, until_s=60.0)
    assert sent.between(1.101, 1.1 + wait_s - 0.01) == 0
    assert sent.between(1.1 + wait_s - 0.01, 1.1 + wait_s + 0.05) == 8
    assert sent.gate.counts.rate_limited == 0


def test_a_retry_after_beyond_the_patience_leaves_time_for_one_last_try(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    told = ({"Retry-After": "86400"}, BAD_GATEWAY[1])
    sent = run(turned, make_gate, send, at_first(COUNTED, then=told), patience_s=100.0, until_s=9e5)
    assert isinstance(sent.error, ServiceError)
    assert sent.times == [0.0, 0.05, 100.05]


def test_while_a_service_is_left_alone_as_it_asked_the_gate_tells_until_when(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    told = ({"Retry-After": "20"}, BAD_GATEWAY[1])
    sent = run(turned, make_gate, send, at_first(COUNTED, told), until_s=10.0)
    wait = sent.gate.waits_for()
    assert (wait.reason, round(wait.until, 3)) == ("service", 21.1)


def test_what_was_under_way_when_an_outage_began_does_not_make_its_waits_longer(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    """64 requests fail at one moment; that is one failure of the service and not 64."""
    sent = run(
        turned, make_gate, send, outage(9.4, 11.0, BAD_GATEWAY), concurrency=64, latency_s=1.0, until_s=20.0
    )
    assert sent.between(10.001, 12.0) == 1
    assert min(t for t in sent.times if t > 10.001) == pytest.approx(11.125, abs=0.1)


def test_a_single_failure_does_not_hold_the_others_up(turned: Run, make_gate: MakeGate, send: Send) -> None:
    answers = at_first(COUNTED, RESET, COUNTED, *[RESET] * 4)
    sent = run(turned, make_gate, send, answers, latency_s=1.0, until_s=9.5)
    assert sent.times == [float(n) for n in range(10)]


def test_during_an_outage_the_gate_tells_when_it_probes(turned: Run, make_gate: MakeGate, send: Send) -> None:
    sent = run(turned, make_gate, send, outage(0.0, 1e9, BAD_GATEWAY), latency_s=0.0, until_s=10.0)
    wait = sent.gate.waits_for()
    assert (wait.reason, round(wait.until, 3)) == ("service", 16.875)
    assert "service" in repr(sent.gate)


def test_patience_ends_an_outage(turned: Run, make_gate: MakeGate, send: Send) -> None:
    sent = run(
        turned,
        make_gate,
        send,
        outage(10.0, 1e9),
        concurrency=8,
        latency_s=1.0,
        patience_s=300.0,
        until_s=900.0,
    )
    assert isinstance(sent.error, ServiceError)
    assert "ConnectionResetError" in sent.error.message
    assert 300.0 <= sent.ended_at - 10.0 <= 302.0


def test_patience_counts_from_the_first_failure_not_from_the_last_answer(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    """After a Retry-After longer than the patience a single reset does not end the run."""
    answers = at_first(COUNTED, ({"Retry-After": "2000"}, TOO_MANY), RESET)
    sent = run(turned, make_gate, send, answers, patience_s=900.0, until_s=2200.0)
    assert sent.error is None
    assert sent.times[-1] > 2100.0


@pytest.mark.parametrize(
    ("reply", "words"), [(RESET, "cannot reach http://host/totals"), (LOGIN_PAGE, "not the API: 200: a page")]
)
def test_a_service_that_never_answered_is_tried_three_times(
    turned: Run, make_gate: MakeGate, send: Send, reply: Reply, words: str
) -> None:
    sent = run(turned, make_gate, send, at_first(then=reply), concurrency=8, latency_s=0.0, until_s=60.0)
    assert isinstance(sent.error, ServiceError)
    assert words in sent.error.message
    assert sent.times == [0.0, 1.125, 3.375]


@pytest.mark.parametrize("reply", [RESET, LOGIN_PAGE], ids=["reset", "login page"])
def test_the_same_after_an_answer_is_an_outage(
    turned: Run, make_gate: MakeGate, send: Send, reply: Reply
) -> None:
    sent = run(turned, make_gate, send, at_first(COUNTED, *[reply] * 10), until_s=400.0)
    assert sent.error is None


@pytest.mark.parametrize(
    ("reply", "kind"), [(NO_TOKEN, CredentialsError), (NO_PAGE, UsageError)], ids=["401", "404"]
)
def test_refused_credentials_or_address_at_the_start_end_the_run_at_once(
    turned: Run, make_gate: MakeGate, send: Send, reply: Reply, kind: type[HarvesterError]
) -> None:
    sent = run(turned, make_gate, send, at_first(then=reply), concurrency=64, until_s=60.0)
    assert isinstance(sent.error, kind)
    assert str(reply[1].message) in sent.error.message  # type: ignore[union-attr]  # both have one
    assert sent.times == [0.0]
    assert "closed" in repr(sent.gate)


@pytest.mark.parametrize("latency_s", [0.05, 3.0])
def test_a_401_in_mid_run_is_confirmed_by_one_request_in_all(
    turned: Run, make_gate: MakeGate, send: Send, latency_s: float
) -> None:
    def answers(now: float, _n: int) -> Reply:
        return NO_TOKEN if now >= 10.0 else COUNTED

    sent = run(turned, make_gate, send, answers, concurrency=64, latency_s=latency_s, until_s=60.0)
    assert isinstance(sent.error, CredentialsError)
    first_known_s = 10.0 + latency_s / 2
    assert sent.between(first_known_s + 0.001, 60.0) == 1


def test_an_answer_from_before_a_401_is_no_confirmation_that_all_is_well(
    turned: Run, make_gate: MakeGate, send: Send
) -> None:
    """Every second request is answered late, so that good answers come between the 401s."""

    async def main() -> tuple[HarvesterError | None, int]:
        gate: Gate = make_gate()
        gate.answered(await gate.turn(), *COUNTED)
        turns = [await gate.turn() for _ in range(6)]
        await asyncio.sleep(1.0)
        for n, turn in enumerate(turns):
            gate.answered(turn, *(COUNTED if n % 2 else NO_TOKEN))
        again = await gate.turn()
        try:
            gate.answered(again, *NO_TOKEN)
        except CredentialsError as error:
            return error, gate.counts.sent
        return None, gate.counts.sent

    error, n_sent = turned(main())
    assert isinstance(error, CredentialsError)
    assert n_sent == 8


def test_a_401_that_is_not_confirmed_costs_one_request(turned: Run, make_gate: MakeGate, send: Send) -> None:
    answers = at_first(*[COUNTED] * 10, NO_TOKEN)
    sent = run(turned, make_gate, send, answers, concurrency=4, latency_s=1.0, until_s=30.0)
    assert sent.error is None
    assert sent.gate.counts.errors == {"unauthorized": 1}


@pytest.mark.parametrize(
    ("skew_s", "note"), [(0, ""), (55, ""), (500, "500 s behind"), (-7200, "7,200 s ahead of")]
)
def test_a_401_tells_when_the_clocks_differ(
    turned: Run, make_gate: MakeGate, send: Send, skew_s: int, note: str
) -> None:
    headers = {"Date": formatdate(WALL + 0.05 + skew_s, usegmt=True)}
    sent = run(turned, make_gate, send, at_first((headers, NO_TOKEN[1])), until_s=1.0)
    assert note in sent.error.message
    assert ("clock" in sent.error.message) == bool(note)


def test_a_404_in_mid_run_is_an_outage(turned: Run, make_gate: MakeGate, send: Send) -> None:
    sent = run(turned, make_gate, send, at_first(COUNTED, *[NO_PAGE] * 7), until_s=60.0)
    assert sent.error is None
    assert sent.gate.counts.errors == {"not found": 7}


def test_a_closed_gate_lets_nothing_through_whatever_was_waited_for(turned: Run, make_gate: MakeGate) -> None:
    async def main() -> list[bool]:
        passed = []
        for pace in (Pace(), Pace(Rate(1, 60.0))):
            gate = make_gate(pace)
            gate.answered(await gate.turn(), *COUNTED)
            waiting = asyncio.ensure_future(gate.turn())
            if pace.limit_per_minute is None:
                gate.close()
            else:
                await asyncio.sleep(1.0)
                gate.close()
            await asyncio.sleep(1000.0)
            passed.append(waiting.done())
            waiting.cancel()
            assert "closed" in repr(gate)
        return passed

    assert turned(main()) == [False, False]


@pytest.mark.parametrize("how", ["answered", "abandoned"])
def test_drained_waits_for_the_last_that_is_in_flight(turned: Run, make_gate: MakeGate, how: str) -> None:
    async def main() -> float:
        gate = make_gate()
        gate.answered(await gate.turn(), *COUNTED)
        turns = [await gate.turn() for _ in range(3)]
        gate.close()
        draining = asyncio.ensure_future(gate.drained())
        for turn in turns:
            assert not draining.done()
            await asyncio.sleep(1.0)
            if how == "abandoned":
                gate.abandoned(turn)
            else:
                gate.answered(turn, *COUNTED)
        await draining
        return asyncio.get_running_loop().time()

    assert turned(main()) == pytest.approx(3.0, abs=1e-3)


def test_an_abandoned_probe_makes_room_for_the_next(turned: Run, make_gate: MakeGate) -> None:
    async def main() -> int:
        gate = make_gate()
        turn = await gate.turn()
        waiting = asyncio.ensure_future(gate.turn())
        await asyncio.sleep(5.0)
        assert not waiting.done()
        gate.abandoned(turn)
        return (await waiting).number

    assert turned(main()) == 2


def test_whoever_gives_up_waiting_takes_nobodys_turn(turned: Run, make_gate: MakeGate) -> None:
    """A worker is cancelled while it waits for its place; the next one gets it, no later and no sooner."""

    async def main() -> list[float]:
        gate = make_gate(Pace(Rate(60, 60.0)))
        gate.answered(await gate.turn(), *COUNTED)
        first = asyncio.ensure_future(gate.turn())
        second = asyncio.ensure_future(gate.turn())
        await asyncio.sleep(0.5)
        first.cancel()
        return [round((await second).sent_at, 3), gate.counts.sent]

    assert turned(main()) == pytest.approx([0.96, 2], abs=0.002)


def test_a_pace_that_falls_while_somebody_waits_holds_for_him(turned: Run, make_gate: MakeGate) -> None:
    """He waits by 60 a minute when an answer tells of 6 a minute; so much of his wait is over."""

    async def main() -> float:
        gate = make_gate(Pace(Rate(60, 60.0)))
        gate.answered(await gate.turn(), *COUNTED)
        asked = await gate.turn()
        waiting = asyncio.ensure_future(gate.turn())
        await asyncio.sleep(0.5)
        gate.answered(asked, {"x-per-minute-limit": "6"}, Counted(()))
        return round((await waiting).sent_at - asked.sent_at, 2)

    waited_for = 0.5 * 59.4 / 60
    assert turned(main()) == pytest.approx(0.5 + (1 - waited_for) * 60 / 5.94, abs=0.01)
