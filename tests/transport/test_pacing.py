"""Pacing as a service sees it: never over the limit, nearly at it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import pairwise
from typing import Any

import pytest

from harvester.engagement.allowance import Rate, Window
from harvester.transport.app_limit import AppLimit, shows_sharing
from harvester.transport.concurrency import Concurrency
from harvester.transport.gate import Gate
from harvester.transport.pace import LastSpend, Pace, Recent, burst
from tests.transport.services import BEGAN, Kind, Lumps, Seen, Service, harvest

Run = Callable[[Coroutine[Any, Any, Any]], Any]
MakeGate = Callable[..., Gate]

# limit, window in s, latency in s, workers
PATTERN = [
    (10, 60.0, 0.0, 1),
    (10, 60.0, 0.05, 64),
    (60, 60.0, 0.0, 64),
    (60, 60.0, 0.05, 8),
    (60, 60.0, 1.0, 8),
    (600, 60.0, 0.0, 8),
    (600, 60.0, 0.05, 1),
    (600, 60.0, 1.0, 64),
    (3000, 60.0, 0.05, 64),
    (10, 1.0, 0.05, 8),
    (10, 1.0, 1.0, 64),
    (100, 1.0, 0.0, 1),
    (100, 1.0, 0.05, 8),
]


@pytest.mark.parametrize(("limit", "window_s", "latency_s", "concurrency"), PATTERN)
@pytest.mark.parametrize(("kind", "has_headers"), [("fixed", True), ("sliding", True), ("sliding", False)])
def test_no_window_holds_more_than_the_limit_and_nearly_all_of_it_is_used(
    turned: Run,
    make_gate: MakeGate,
    limit: int,
    window_s: float,
    latency_s: float,
    concurrency: int,
    kind: Kind,
    has_headers: bool,
) -> None:
    """The limit is learnt from headers, or else given as a ceiling. 99 % is used; promised are 95 %."""
    service = Service(limit, window_s, kind, has_headers=has_headers)
    pace = Pace() if has_headers else Pace(Rate(limit, window_s))
    until_s = 20.0 if window_s == 1 else 660.0 if limit == 10 else 120.0
    seen = turned(
        harvest(make_gate, service, pace, until_s=until_s, latency_s=latency_s, concurrency=concurrency)
    )
    assert seen.fullest <= limit
    assert seen.n_refused == 0
    assert seen.used(limit, window_s, until_s) >= 0.95


@pytest.mark.parametrize("jump_s", [-3_600.0, -30.0, 30.0, 3_600.0, 1e9])
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
def test_wall_clock_that_jumps_breaks_no_limit_and_costs_nothing(
    turned: Run, make_gate: MakeGate, kind: Kind, jump_s: float
) -> None:
    """Ours is set at 100 s, and back at 200 s; the service's goes on."""

    def jumps_s(now: float) -> float:
        return jump_s if 100.0 < now < 200.0 else 0.0

    service = Service(60, kind=kind)
    seen = turned(harvest(make_gate, service, Pace(), until_s=300.0, jumps_s=jumps_s))
    assert (seen.fullest <= 60, seen.n_refused) == (True, 0)
    assert seen.used(60, 60.0, 300.0) >= 0.95


@pytest.mark.parametrize("jump_s", [-3_600.0, 3_600.0])
def test_wall_clock_that_jumps_makes_no_hold_and_no_probe_longer(
    turned: Run, make_gate: MakeGate, jump_s: float
) -> None:
    """Without headers, and with a `Retry-After` that is a number."""
    service = Service(60, has_headers=False, retry_after=True)

    def jumps_s(now: float) -> float:
        return jump_s if now > 70.0 else 0.0

    seen = turned(harvest(make_gate, service, Pace(), until_s=600.0, jumps_s=jumps_s))
    assert max(later - sooner for sooner, later in pairwise(seen.times)) <= 66.0


@pytest.mark.parametrize("latency_s", [0.05, 1.0])
@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize("limit", [60, 600])
def test_what_somebody_else_leaves_is_used_and_hardly_a_request_refused(
    turned: Run, make_gate: MakeGate, limit: int, kind: Kind, latency_s: float
) -> None:
    """30 % go to somebody else, smoothly; of the 70 % left, at least 90 % are used from the second minute on."""
    service = Service(limit, kind=kind, foreign=0.3)
    seen = turned(harvest(make_gate, service, Pace(), until_s=300.0, latency_s=latency_s, concurrency=64))
    assert seen.used(limit, 60.0, 300.0) >= 0.9 * 0.7
    assert seen.n_refused <= 0.005 * len(seen.times)


def used_beside_others(service: Service, until_s: float) -> float:
    """The share of the allowance used by us, of what somebody else left of it."""
    left = service.limit * until_s / service.window_s
    left -= sum(BEGAN <= t < BEGAN + until_s for t in service.foreign_granted)
    return sum(t < BEGAN + until_s for t in service.granted) / left


@pytest.mark.parametrize("foreign", [0.3, 0.6])
@pytest.mark.parametrize(
    "how",
    [
        {"kind": "fixed"},
        {"kind": "fixed", "tells": ("limit", "remaining")},
        {"kind": "fixed", "per_second": 15},
        {"kind": "sliding"},
        {"kind": "sliding", "tells": ("limit", "remaining")},
        {"kind": "bucket"},
        {"kind": "bucket", "capacity": 30},
    ],
    ids=lambda how: " ".join(map(str, how.values())),
)
def test_by_headers_98_percent_of_what_others_leave_are_used_however_the_service_counts(
    turned: Run, make_gate: MakeGate, how: dict[str, Any], foreign: float
) -> None:
    service = Service(600, foreign=foreign, **how)
    seen = turned(harvest(make_gate, service, Pace(), until_s=200.0))
    assert used_beside_others(service, 200.0) >= 0.98
    assert seen.n_refused <= 0.005 * len(seen.times)


@pytest.mark.parametrize("lumps", ["bursts", "gulps"])
@pytest.mark.parametrize("kind", ["fixed", "sliding", "bucket"])
def test_by_headers_also_most_of_what_is_left_is_used_when_others_take_it_in_lumps(
    turned: Run, make_gate: MakeGate, kind: Kind, lumps: Lumps
) -> None:
    service = Service(600, kind=kind, foreign=0.3, lumps=lumps)
    seen = turned(harvest(make_gate, service, Pace(), until_s=240.0))
    assert used_beside_others(service, 240.0) >= 0.9
    assert seen.n_refused <= 0.005 * len(seen.times)


@pytest.mark.parametrize("foreign", [0.0, 0.6])
@pytest.mark.parametrize(
    ("kind", "retry_after"), [("fixed", False), ("sliding", False), ("sliding", True), ("bucket", True)]
)
def test_without_headers_95_percent_are_used_and_few_requests_refused(
    turned: Run, make_gate: MakeGate, kind: Kind, retry_after: bool, foreign: float
) -> None:
    """Two 429s tell the limit. Each of eight workers may run into the first one."""
    service = Service(600, kind=kind, has_headers=False, retry_after=retry_after, foreign=foreign)
    seen = turned(harvest(make_gate, service, Pace(), until_s=600.0))
    assert used_beside_others(service, 600.0) >= 0.95
    assert seen.n_refused - 2 * 8 <= 0.005 * len(seen.times)


@pytest.mark.parametrize("kind", ["fixed", "sliding", "bucket"])
def test_a_ceiling_is_kept_to_whatever_the_headers_leave(
    turned: Run, make_gate: MakeGate, kind: Kind
) -> None:
    service = Service(600, kind=kind, foreign=0.6, lumps="gulps")
    seen = turned(harvest(make_gate, service, Pace(Rate(300, 60.0)), until_s=200.0))
    assert seen.fullest <= 300


def test_a_guess_is_kept_over_a_restart(turned: Run, make_gate: MakeGate) -> None:
    """The second process is not refused, and paces at once."""
    service = Service(600, kind="sliding", has_headers=False)
    memory: list[LastSpend] = []

    async def main() -> tuple[int, Seen]:
        before = await harvest(make_gate, service, Pace(), until_s=130.0, memory=memory)
        pace = Pace(guess=memory[-1].guess)
        return before.n_refused, await harvest(make_gate, service, pace, until_s=300.0, memory=memory)

    n_before, seen = turned(main())
    assert (n_before > 0, seen.n_refused) == (True, n_before)
    assert seen.used(600, 200.0, 300.0) >= 0.95


@pytest.mark.parametrize("kind", ["fixed", "sliding"])
def test_a_limit_guessed_far_too_low_is_outgrown_within_minutes(
    turned: Run, make_gate: MakeGate, kind: Kind
) -> None:
    """An earlier process had left ten requests of this minute, and nothing tells the limit."""
    service = Service(600, kind=kind, has_headers=False)
    for _ in range(590):
        service.ask(BEGAN)
    seen = turned(harvest(make_gate, service, Pace(), until_s=600.0))
    assert seen.used(600, 420.0, 480.0) >= 0.9


async def storm(
    make_gate: MakeGate,
    service: Service,
    ceiling: Rate | None,
    memory: list[LastSpend],
    *,
    every_s: float,
    until_s: float,
    **how: Any,
) -> Seen:
    """Processes of which each is killed after some seconds and followed by another."""
    seen = Seen([], 0, 60.0)
    for n in range(1, int(until_s / every_s) + 1):
        pace = Pace(ceiling, memory[-1].limits if memory else ())
        seen = await harvest(make_gate, service, pace, until_s=n * every_s, memory=memory, **how)
    return seen


@pytest.mark.parametrize("every_s", [0.5, 5.0, 20.0])
@pytest.mark.parametrize("limit", [60, 600])
@pytest.mark.parametrize("is_told", [True, False], ids=["told", "ceiling"])
def test_restarts_within_a_minute_stay_within_the_limit(
    turned: Run, make_gate: MakeGate, limit: int, every_s: float, is_told: bool
) -> None:
    """And use most of it: of two processes a second every fourth or so dies with its request in flight."""
    service = Service(limit, kind="sliding", has_headers=is_told)
    ceiling = None if is_told else Rate(limit, 60.0)
    seen = turned(storm(make_gate, service, ceiling, [], every_s=every_s, until_s=180.0))
    assert seen.fullest <= limit
    assert seen.n_refused == 0
    assert seen.used(limit, 60.0, 180.0) >= 0.7


@pytest.mark.parametrize("every_s", [0.5, 1.6, 11.0])
@pytest.mark.parametrize("ceiling", [Rate(6, 60.0), Rate(600, 60.0), None], ids=["6/min", "600/min", "none"])
def test_processes_killed_before_any_answer_stay_within_six_a_minute(
    turned: Run, make_gate: MakeGate, ceiling: Rate | None, every_s: float
) -> None:
    """An answer takes longer than any of them lives, so none ever learns what is left."""
    memory: list[LastSpend] = []
    service = Service(6)
    turned(storm(make_gate, service, ceiling, memory, every_s=every_s, until_s=300.0, latency_s=25.0))
    sent = Seen(sorted({spend.at for spend in memory}), 0, 60.0)
    assert len(sent.times) >= 25
    assert sent.fullest <= 6


@pytest.mark.parametrize(("before", "now"), [(1000, 985), (609, 600), (101, 100), (600, 60)])
def test_a_limit_that_became_smaller_is_kept_at_once(
    turned: Run, make_gate: MakeGate, before: int, now: int
) -> None:
    """A process before was told the old limit."""
    service = Service(now, kind="sliding")
    pace = Pace(learnt=[Rate(before, 60.0)])
    seen = turned(harvest(make_gate, service, pace, until_s=150.0, memory=[LastSpend(BEGAN)]))
    assert seen.fullest <= now
    assert seen.used(now, 60.0, 150.0) >= 0.95


def test_a_bucket_gathers_no_more_than_a_burst_while_nothing_is_sent() -> None:
    """As after the suspend of a laptop: at most 0.05 s worth of requests go together, and never none."""
    bursts = [burst(Rate(limit, 60.0)) for limit in (1, 600, 6000, 60_000)]
    assert bursts == pytest.approx([1, 1.5, 6, 51], rel=0.01)


def test_recent_counts_the_events_since_a_second_and_forgets_old_ones() -> None:
    recent = Recent()
    for at in (0.5, 1.5, 1.9, 60.0, 100.0):
        recent.add(at)
    assert [recent.count(since, 100.0) for since in (-5, 1, 2, 60, 100)] == [5, 4, 2, 2, 1]
    assert [recent.count(0, now) for now in (127.0, 128.0, 129.0, 1000.0)] == [5, 4, 2, 0]


# Several endpoints of one app


@pytest.mark.parametrize(
    ("used", "own", "others", "shared"),
    [
        (10, (10, 10), 20, False),
        (30, (10, 10), 20, True),
        (12, (10, 12), 20, False),
        (28, (9, 12), 20, True),
        (12, (10, 10), 2, None),
        (22, (8, 14), 20, None),
    ],
)
def test_whether_a_limit_is_shared_shows_in_what_is_used_of_it(
    used: int, own: tuple[int, int], others: int, shared: bool | None
) -> None:
    assert shows_sharing(used, own, others) is shared


async def side_by_side(
    make_gate: MakeGate, services: Sequence[Service], ceiling: Rate | None = None, until_s: float = 300.0
) -> tuple[AppLimit, list[float]]:
    """An endpoint for each service, all of one app; when requests arrived anywhere, and the app's limit."""
    app_limit = AppLimit(ceiling, monotonic=asyncio.get_running_loop().time)
    runs = [harvest(make_gate, s, Pace(), until_s=until_s, app_limit=app_limit) for s in services]
    await asyncio.gather(*runs)
    return app_limit, sorted({t - BEGAN for service in services for t in service.asked})


@pytest.mark.parametrize("kind", ["fixed", "sliding"])
@pytest.mark.parametrize("limit", [60, 240, 1200])
def test_endpoints_that_share_a_limit_keep_to_it_together_and_use_it(
    turned: Run, make_gate: MakeGate, kind: Kind, limit: int
) -> None:
    """One service for three endpoints. None is told so; the headers show it."""
    service = Service(limit, 60.0, kind)
    app_limit, _ = turned(side_by_side(make_gate, [service] * 3))
    seen = Seen([t - BEGAN for t in service.asked], service.n_refused, 60.0)
    assert app_limit.is_shared
    assert (seen.n_refused, seen.fullest <= limit) == (0, True)
    assert seen.used(limit, 60.0, 300.0) >= 0.94


@pytest.mark.parametrize("kind", ["fixed", "sliding"])
def test_a_shared_limit_shows_also_where_nobody_tells_when_it_begins_anew(
    turned: Run, make_gate: MakeGate, kind: Kind
) -> None:
    service = Service(240, 60.0, kind, tells=("limit", "remaining"))
    app_limit, _ = turned(side_by_side(make_gate, [service] * 3))
    seen = Seen([t - BEGAN for t in service.asked], service.n_refused, 60.0)
    assert app_limit.is_shared
    assert (seen.n_refused, seen.fullest <= 240) == (0, True)
    assert seen.used(240, 60.0, 300.0) >= 0.94


def test_a_shared_limit_of_which_only_the_size_is_told_is_found_by_its_first_refusals(
    turned: Run, make_gate: MakeGate
) -> None:
    service = Service(240, 60.0, "sliding", tells=("limit",), retry_after=True)
    app_limit, _ = turned(side_by_side(make_gate, [service] * 3, until_s=400.0))
    seen = Seen([t - BEGAN for t in service.asked], service.n_refused, 60.0)
    assert app_limit.is_shared
    assert seen.n_refused <= 24
    assert seen.used(240, 200.0, 400.0) >= 0.94


def test_a_limit_of_which_only_what_is_left_is_told_is_kept_to(turned: Run, make_gate: MakeGate) -> None:
    service = Service(100, 60.0, "sliding", tells=("remaining",))
    seen = turned(harvest(make_gate, service, Pace(), until_s=300.0))
    assert (seen.n_refused, seen.fullest <= 100) == (0, True)
    assert seen.used(100, 60.0, 300.0) >= 0.95


@pytest.mark.parametrize("tells", [("limit", "remaining", "reset"), ("limit", "remaining"), ("limit",)])
def test_endpoints_with_limits_of_their_own_each_use_it(
    turned: Run, make_gate: MakeGate, tells: Sequence[str]
) -> None:
    services = [Service(240, tells=tells), Service(240, tells=tells), Service(60, tells=tells)]
    app_limit, _ = turned(side_by_side(make_gate, services))
    assert not app_limit.is_shared
    for service in services:
        seen = Seen([t - BEGAN for t in service.asked], service.n_refused, 60.0)
        assert (seen.n_refused, seen.fullest <= service.limit) == (0, True)
        assert seen.used(service.limit, 60.0, 300.0) >= 0.95


def test_a_ceiling_for_the_app_holds_for_all_endpoints_together(turned: Run, make_gate: MakeGate) -> None:
    services = [Service(10_000) for _ in range(3)]
    _, times = turned(side_by_side(make_gate, services, Rate(300, 60.0)))
    seen = Seen(times, 0, 60.0)
    assert seen.fullest <= 300
    assert seen.used(300, 60.0, 300.0) >= 0.95
    assert min(len(service.asked) for service in services) > 0.3 * len(times)


# What answers tell, one by one


def told(remaining: int | None, resets_in_s: float | None = None, limit: int = 600) -> Window:
    return Window(60.0, limit, remaining, resets_in_s)


def learn(pace: Pace, window: Window, *, number: int, n_since: int = 0, sent_at: float, now: float) -> float:
    """Take an answer; requests went evenly, ten a second."""
    sent = Recent()
    for n in range(number + n_since):
        sent.add(n / 10)
    return pace.learn([window], sent, number=number, n_sent_since=n_since, sent_at=sent_at, now=now)


def test_an_answer_that_comes_late_says_nothing_of_what_is_left() -> None:
    """The 20th of 300, and others have taken a part as well."""
    pace, sent = Pace(), Recent()
    for n in range(300):
        sent.add(n / 10)
    pace.learn([told(197, 20.0)], sent, number=300, n_sent_since=0, sent_at=29.9, now=30.0)
    late = pace.learn([told(590, 20.0)], sent, number=20, n_sent_since=280, sent_at=2.0, now=30.0)
    assert late == 0.0


def test_a_pace_that_was_told_ends_where_headers_tell_no_more_what_is_left() -> None:
    pace = Pace()
    learn(pace, told(10, 30.0), number=300, sent_at=29.9, now=30.0)
    slow = pace.current(30.0)
    learn(pace, told(None), number=301, sent_at=30.1, now=30.2)
    later = pace.current(1_000.0)
    assert slow
    assert slow.per_s < 1
    assert later
    assert later.per_s == pytest.approx(10)


def test_a_ceiling_by_the_second_holds_for_the_burst_of_a_stricter_limit_by_the_minute() -> None:
    pace = Pace(Rate(100, 1.0))
    learn(pace, told(None, limit=5_900), number=1, sent_at=0.9, now=1.0)
    rate = pace.current(1.0)
    assert rate
    assert rate.window_s == 1.0
    assert rate.per_s == pytest.approx(5_900 / 60)
    assert burst(rate) <= burst(Rate(100, 1.0))


@pytest.mark.parametrize("latency_s", [1.5, 2.0, 4.0])
def test_so_many_are_in_flight_by_default_as_the_allowance_needs(
    turned: Run, make_gate: MakeGate, latency_s: float
) -> None:
    """Ten a second, of which each takes seconds: between eight and sixty-four have to be on their way."""
    how: dict[str, Any] = {"latency_s": latency_s, "concurrency": 64}
    service = Service(600)
    seen = turned(
        harvest(make_gate, service, Pace(), until_s=180.0, may_be_in_flight=Concurrency(8, 64), **how)
    )
    assert seen.used(600, 60.0, 180.0) >= 0.95
