"""For how long requests are held back, and for which reason."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.transport.held import Held


@pytest.mark.parametrize(
    ("rate_limit_until", "service_until", "rate_limit_s", "service_s"),
    [
        (0.0, 0.0, 0.0, 0.0),
        (13.0, 0.0, 3.0, 0.0),
        (99.0, 0.0, 5.0, 0.0),
        (0.0, math.inf, 0.0, 5.0),
        (0.0, 12.0, 0.0, 2.0),
        (12.0, math.inf, 2.0, 3.0),
        (12.0, 11.0, 2.0, 0.0),
        (12.0, 14.0, 2.0, 2.0),
    ],
)
def test_a_wait_counts_for_its_reason_and_for_as_long_as_that_holds(
    rate_limit_until: float, service_until: float, rate_limit_s: float, service_s: float
) -> None:
    held = Held()
    held.begin(10.0, rate_limit_until, service_until)
    assert held.so_far(15.0) == (rate_limit_s, service_s)
    held.end(15.0)
    assert held.so_far(99.0) == (rate_limit_s, service_s)


times = st.floats(0, 1e6)


@given(st.lists(times, min_size=2, max_size=20), st.lists(st.tuples(times, times), min_size=20, max_size=20))
def test_no_more_is_counted_than_was_waited(ends: list[float], untils: list[tuple[float, float]]) -> None:
    held = Held()
    for (begin, end), until in zip(pairwise(sorted(ends)), untils, strict=False):
        held.begin(begin, *until)
        held.end(end)
    assert 0 <= sum(held.so_far(1e6)) <= max(ends) - min(ends) + 1e-6
