"""The service's clock and ours: a signature tells the time, and is refused where the two differ."""

from collections.abc import Mapping
from typing import Final

from harvester.engagement.allowance import server_time

MOST_CLOCK_SKEW_S: Final = 60.0


def clock_note(headers: Mapping[str, str], wall_s: float) -> str:
    """What to add to a 401's message, with a space in front; empty where the clocks agree.

    headers: the answer's, of which `Date` is read. wall_s: seconds since 1970.
    """
    ahead_s = wall_s - server_time(headers, wall_s)
    if abs(ahead_s) <= MOST_CLOCK_SKEW_S:
        return ""
    how = "ahead of" if ahead_s > 0 else "behind"
    return f" (this machine's clock is {abs(ahead_s):,.0f} s {how} the service's)"
