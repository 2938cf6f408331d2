"""How fast a run goes, and how long it will take."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.status.pace import PACE_OVER_S, Pace, TimeLeft


def pace_of(*seen: tuple[float, int]) -> Pace:
    pace = Pace()
    for now, n in seen:
        pace.see(now, n, n // 100)
    return pace


def test_pace_is_that_of_the_last_three_minutes() -> None:
    pace = pace_of(*((float(t), 100 * t) for t in range(200)), *((float(t), 20_000) for t in range(200, 280)))
    assert pace.ids_per_s == pytest.approx(100 * 100 / PACE_OVER_S, rel=0.02)


def test_requests_are_those_of_the_last_minute() -> None:
    assert pace_of(*((float(t), 1_000 * t) for t in range(120))).requests_per_minute == pytest.approx(600)


def test_errors_are_counted_over_as_much_time_as_is_asked() -> None:
    pace = Pace()
    for t in range(100):
        pace.see(float(t), 0, 10 * t, max(t - 90, 0))
    assert pace.recent(30.0) == (300, 9)


@pytest.mark.parametrize("seen", [(), ((0.0, 0),), ((0.0, 0), (0.5, 100)), ((0.0, 5), (60.0, 5))])
def test_no_time_left_is_told_before_there_is_a_pace(seen: tuple[tuple[float, int], ...]) -> None:
    assert pace_of(*seen).left_s(1_000) is None


@pytest.mark.parametrize(
    ("limit_per_minute", "left_s"), [(None, 10.0), (6_000.0, 10.0), (60.0, 10.0), (6.0, 100.0)]
)
def test_no_faster_end_is_told_than_the_allowance_bears(
    limit_per_minute: float | None, left_s: float
) -> None:
    """A request has 100 tweets: ten of them are left, and went in a second each."""
    pace = pace_of(*((float(t), 100 * t) for t in range(20)))
    assert pace.left_s(1_000, limit_per_minute) == pytest.approx(left_s)


def test_time_left_counts_down_evenly_while_the_pace_wavers() -> None:
    left = TimeLeft()
    shown = [left.see(now / 4, (100 - now / 4) * (1.3 if now % 8 < 4 else 0.8)) for now in range(200)]
    steps = [after - before for before, after in itertools.pairwise(shown) if before and after]
    assert max(map(abs, steps)) < 2.0
    assert shown[-1] == pytest.approx(50 * 1.05, rel=0.15)


def test_a_wait_comes_on_top_and_counts_down_alone() -> None:
    left = TimeLeft()
    assert left.see(0.0, 30.0) == 30.0
    shown = [left.see(float(second), 30.0, 60.0 - second) for second in range(60)]
    assert shown == pytest.approx([90.0 - second for second in range(60)])


def test_time_left_takes_another_pace_at_once_when_it_is_quite_another() -> None:
    left = TimeLeft()
    assert left.see(0.0, 100.0) == 100.0
    assert left.see(1.0, 1_000.0) == 1_000.0
    assert left.see(2.0, None) is None
    assert left.see(3.0, 7.0) == 7.0


@given(st.lists(st.tuples(st.floats(0, 50), st.integers(0, 1_000)), max_size=60))
def test_memory_is_bounded_and_no_pace_is_negative(steps: list[tuple[float, int]]) -> None:
    pace, now, n = Pace(), 0.0, 0
    for took, more in steps:
        now, n = now + took, n + more
        pace.see(now, n, n)
        assert pace.ids_per_s >= 0
        assert pace.seen_s <= PACE_OVER_S + 51
