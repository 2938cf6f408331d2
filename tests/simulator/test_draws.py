"""Chance that can be repeated."""

from hypothesis import given
from hypothesis import strategies as st

from harvester.simulator.draws import Draws


@given(st.binary(), st.integers(-5, 5))
def test_chance_repeats_itself_and_a_repeated_request_draws_anew(request: bytes, seed: int) -> None:
    first, second = Draws(seed), Draws(seed)
    drawn = [first.next(request).uniform("x") for _ in range(3)]
    assert [second.next(request).uniform("x") for _ in range(3)] == drawn
    assert len(set(drawn)) == 3
    assert all(0 <= number < 1 for number in drawn)


def test_chance_does_not_depend_on_what_others_ask() -> None:
    alone, busy = Draws(1), Draws(1)
    for other in range(10):
        busy.next(str(other).encode())
    assert alone.next(b"mine").uniform("x") == busy.next(b"mine").uniform("x")
