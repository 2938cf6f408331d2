"""The allowance, with the time passed in."""

from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.simulator.allowance import Allowance, Allowances
from harvester.simulator.options import Limits

EDGE = 1_795_000_020.0  # a full minute


def granted(allowance: Allowance, *times: float) -> list[bool]:
    return [allowance.ask(now).is_granted for now in times]


def test_a_fixed_window_is_full_again_at_the_edge() -> None:
    allowance = Allowance(Limits(per_minute=2))
    assert granted(allowance, EDGE + 58, EDGE + 59, EDGE + 59.9, EDGE + 60, EDGE + 60, EDGE + 60) == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]


def test_a_sliding_window_waits_for_the_oldest_to_leave() -> None:
    allowance = Allowance(Limits(per_minute=2, window="sliding"))
    assert granted(allowance, EDGE + 58, EDGE + 59, EDGE + 60, EDGE + 117.9, EDGE + 118, EDGE + 118.5) == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]


@given(st.lists(st.floats(0, 300), max_size=80), st.integers(1, 5))
def test_a_sliding_window_never_grants_more_than_the_limit(offsets: list[float], limit: int) -> None:
    allowance = Allowance(Limits(per_minute=limit, window="sliding"))
    times = [EDGE + offset for offset in sorted(offsets)]
    went = [now for now in times if allowance.ask(now).is_granted]
    assert all(late - early >= 60 for early, late in zip(went, went[limit:], strict=False))


def test_the_headers_tell_limit_remaining_and_reset() -> None:
    allowance = Allowance(Limits(per_minute=10, per_second=3))
    assert allowance.ask(EDGE + 0.5).headers == {
        "x-per-minute-limit": "10",
        "x-per-minute-remaining": "9",
        "x-per-minute-reset": str(int(EDGE) + 60),
        "x-per-second-limit": "3",
        "x-per-second-remaining": "2",
        "x-per-second-reset": str(int(EDGE) + 1),
    }


def test_a_request_takes_nothing_when_one_of_two_windows_is_full() -> None:
    allowance = Allowance(Limits(per_minute=10, per_second=1))
    assert granted(allowance, EDGE, EDGE + 0.1, EDGE + 0.2) == [True, False, False]
    assert allowance.ask(EDGE + 1).headers["x-per-minute-remaining"] == "8"


def test_waiting_to_the_reset_is_enough() -> None:
    for window in ("fixed", "sliding"):
        allowance = Allowance(Limits(per_minute=1, window=window))
        allowance.ask(EDGE + 7.3)
        reset = float(allowance.ask(EDGE + 8).headers["x-per-minute-reset"])
        assert granted(allowance, reset - 1, reset) == [False, True]


def test_retry_after_is_sent_in_the_style_that_is_asked_for() -> None:
    for style, limit in (("none", None), ("seconds", "49"), ("date", EDGE + 60)):
        allowance = Allowance(Limits(per_minute=1, retry_after=style, has_headers=False))  # type: ignore[arg-type]  # a loop over the literals
        assert allowance.ask(EDGE + 11.5).headers == {}
        value = allowance.ask(EDGE + 11.5).headers.get("Retry-After")
        if style == "date":
            assert value is not None
            assert parsedate_to_datetime(value).timestamp() == limit
        else:
            assert value == limit


@pytest.mark.parametrize("now", [EDGE, EDGE + 1000])
def test_without_a_limit_everything_goes_and_nothing_is_told(now: float) -> None:
    grant = Allowance(Limits()).ask(now)
    assert grant.is_granted
    assert grant.headers == {}


def test_headers_are_left_out_one_by_one() -> None:
    limits = Limits(per_minute=10, per_second=3, left_out=("x-per-minute-reset", "x-per-second-limit"))
    assert Allowance(limits).ask(EDGE).headers.keys() == {
        "x-per-minute-limit",
        "x-per-minute-remaining",
        "x-per-second-remaining",
        "x-per-second-reset",
    }


@pytest.mark.parametrize(("per", "second"), [("endpoint", True), ("app", False)])
def test_endpoints_have_an_allowance_each_or_share_the_apps(per: Any, second: bool) -> None:
    allowances = Allowances(Limits(per_minute=1, per=per))
    assert allowances.of("totals").ask(EDGE).is_granted
    assert allowances.of("28hr").ask(EDGE).is_granted is second
    assert not allowances.of("totals").ask(EDGE).is_granted
