"""How long answers take."""

from statistics import median

import pytest

from harvester.simulator.draws import Draws
from harvester.simulator.latency import delay_s


def delays(latency_ms: float, jitter_ms: float, tail_ms: float) -> list[float]:
    draws = Draws(1)
    return [delay_s(latency_ms, jitter_ms, tail_ms, draws.next(b"request")) for _ in range(5000)]


def test_jitter_is_uniform_above_the_latency() -> None:
    drawn = delays(40, 20, 0)
    assert 0.04 <= min(drawn) < 0.041
    assert 0.059 < max(drawn) <= 0.06
    assert median(drawn) == pytest.approx(0.05, abs=0.001)


def test_a_tail_is_short_mostly_and_long_now_and_then_and_capped() -> None:
    drawn = delays(0, 0, 10)
    assert median(drawn) == pytest.approx(0.006, abs=0.001)
    assert sum(one > 0.09 for one in drawn) / len(drawn) == pytest.approx(1 / 30, abs=0.01)
    assert max(drawn) == 0.5
