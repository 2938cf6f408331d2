"""What the last minutes of a run gave, and what is done about its dead letters."""

from collections import Counter

import pytest

from harvester.engagement.answer import TroubleKind
from harvester.status.dead_letters import ADVICE, OTHERWISE, advice_for, count_reasons
from harvester.status.recent import recently
from harvester.timeline import Happened, Timeline


def steady(seconds: int, per_s: int = 10) -> Timeline:
    timeline = Timeline()
    for t in range(seconds):
        timeline.add(float(t), Happened(settled=per_s, sent=1))
    return timeline


@pytest.mark.parametrize(
    ("n_s", "since_s", "now_s", "over_s", "ids_per_s"),
    [
        (100, 0.0, 100.0, 100.0, 10.0),
        (100, 50.0, 100.0, 50.0, 10.0),
        (240, 0.0, 240.0, 180.0, 10.0),
        (100, 0.0, 200.0, 180.0, 10 * 80 / 180),
        (100, 300.0, 400.0, 100.0, 0.0),
        (20_000, 0.0, 20_000.0, 256.0, 10.0),
    ],
)
def test_pace_is_that_of_the_last_minutes_of_the_process_that_runs(
    n_s: int, since_s: float, now_s: float, over_s: float, ids_per_s: float
) -> None:
    found = recently(steady(n_s), since_s, now_s)
    assert found
    assert found.over_s == over_s
    assert found.ids_per_s == pytest.approx(ids_per_s, rel=0.02)


def test_nothing_is_said_of_a_process_that_has_hardly_begun() -> None:
    assert recently(steady(10), 9.5, 10.0) is None


def test_dead_letters_are_counted_by_reason() -> None:
    letters = [b'{"tweet_id":"1","reason":"timeout"}', b'{"reason":"timeout"}', b'{"reason":"malformed"}\n']
    assert count_reasons(letters) == Counter(timeout=2, malformed=1)


def test_there_is_advice_for_each_reason() -> None:
    reasons = {*TroubleKind.__args__, "refused", "malformed"}  # type: ignore[attr-defined]  # a Literal
    assert set(ADVICE) == reasons
    assert advice_for("of a later version") == OTHERWISE
