"""How long an answer takes."""

from typing import Final

from harvester.simulator.draws import Draw

TAIL_EXPONENT: Final = 1.5
LONGEST_TAIL: Final = 50
"""Times the tail's scale."""


def delay_s(latency_ms: float, jitter_ms: float, tail_ms: float, draw: Draw) -> float:
    """The latency, a uniform part of the jitter, and a Pareto-like tail, in seconds.

    tail_ms is the tail's scale: half of the answers take at most 0.6 times as much more, one in 30 takes 9
    times as much, and none more than 50 times as much.
    """
    tail: float = (1 - draw.uniform("tail")) ** (-1 / TAIL_EXPONENT) - 1
    extra_ms = jitter_ms * draw.uniform("jitter") + tail_ms * min(tail, LONGEST_TAIL)
    return (latency_ms + extra_ms) / 1000
