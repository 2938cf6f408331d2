"""aiolimiter's leaky bucket, made for an even pace and begun at any level."""

import contextlib
import math

from aiolimiter import AsyncLimiter

from harvester.engagement.allowance import Rate
from harvester.transport.pace import burst, paced_per_s


def leaky_bucket(rate: Rate, room: float) -> AsyncLimiter:
    """A bucket that lets requests through at the rate's pace; room is how many may go at once, now."""
    bucket = AsyncLimiter(burst(rate), burst(rate) / paced_per_s(rate))
    # All places but some are taken. There is room for that, so acquiring does not suspend.
    with contextlib.suppress(StopIteration):
        bucket.acquire(bucket.max_rate - room).send(None)
    return bucket


def room_after(idle_s: float, before: Rate, rate: Rate) -> float:
    """Room in a new bucket of a rate, when the last request went so long ago, at the rate before.

    As if that request had filled it, which is exact where the bucket holds one; all of it if there was none.
    """
    return burst(rate) if math.isinf(idle_s) else min(idle_s * paced_per_s(before), 1.0)
