"""How much time is left, from one look to the next."""

from dataclasses import replace

import pytest

from harvester.cli.seen import Follower, Seen
from harvester.pipeline.endpoint_run import Snapshot
from tests.cli.sights import BEGUN, waiting


def seen_after(*last: Snapshot) -> Seen:
    """After 10 s of 250 tweets a second, 25 requests of them."""
    follower = Follower(0.0)
    for second in range(10):
        counts = replace(BEGUN.requests, sent=second * 25 // 10)
        follower.see(
            [replace(one, n_settled=250 * second, requests=counts, wait=None) for one in last], second, 0.0
        )
    return follower.see(
        [replace(one, n_settled=2_500, requests=replace(one.requests, sent=25)) for one in last], 10.0, 0.0
    )


@pytest.mark.parametrize(
    ("snapshot", "left_s"),
    [
        (BEGUN, 30.0),
        (waiting("rate limit", 40.0), 70.0),
        (waiting("pace", 7.0), 30.0),
        (waiting("service", 20.0), 50.0),
        (waiting("service"), None),
        (replace(BEGUN, n_total=None, fraction_read=None), None),
        (replace(BEGUN, drain_s=3.0), None),
        (replace(BEGUN, is_done=True), None),
        (replace(BEGUN, limit_per_minute=30.0), 150.0),
    ],
)
def test_time_left_is_that_of_the_pace_and_of_a_wait(snapshot: Snapshot, left_s: float | None) -> None:
    (one,) = seen_after(snapshot).endpoints
    assert one.left_s == (None if left_s is None else pytest.approx(left_s, rel=0.2))


def test_time_left_of_all_is_that_of_the_slowest_and_unknown_if_one_is() -> None:
    slow = replace(BEGUN, endpoint="28hr", limit_per_minute=30.0)
    assert seen_after(BEGUN, slow).left_s == pytest.approx(150, rel=0.2)
    assert seen_after(BEGUN, replace(waiting("service"), endpoint="28hr")).left_s is None
    assert seen_after(BEGUN, replace(slow, is_done=True)).left_s == pytest.approx(30, rel=0.2)
