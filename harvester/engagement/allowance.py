"""What the rate-limit headers say. Pure. Source: contract, section 5."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

MINUTE_S: Final = 60.0
LONGEST_HOLD_S: Final = 3600.0
MOST_REQUESTS: Final = 10**9
"""No allowance is larger, whatever a header says."""
CLOCK_SLACK_S: Final = 2.0
"""Reset times and the server's clock come in whole seconds, and a moment before they are read."""
_HEADERS: Final = {
    length_s: tuple(f"x-per-{name}-{what}" for what in ("limit", "remaining", "reset"))
    for length_s, name in ((MINUTE_S, "minute"), (1.0, "second"))
}


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in a window of so many seconds."""

    requests: float
    window_s: float

    @property
    def per_s(self) -> float:
        """Requests a second."""
        return self.requests / self.window_s


@dataclass(frozen=True, slots=True)
class Window:
    """One allowance window: limit and remaining in requests, resets_in_s from now. None: not told."""

    length_s: float
    limit: int | None
    remaining: int | None
    resets_in_s: float | None


def read_windows(headers: Mapping[str, str], wall_s: float) -> tuple[Window, ...]:
    """The minute's and the second's window, as far as the headers tell of them.

    Reset times are compared with the server's own clock where its `Date` is given: ours may be off.
    """
    windows = []
    for length_s, names in _HEADERS.items():
        limit, remaining, reset = (_number(headers.get(name)) for name in names)
        if limit is None and remaining is None:
            continue
        now_s = server_time(headers, wall_s)
        # A reset further away than its window is not believed, and one that is past tells nothing.
        is_past = reset is not None and reset < now_s - CLOCK_SLACK_S
        resets_in_s = None if reset is None or is_past else min(max(reset - now_s, 0.0), length_s)
        whole = _whole(limit) if limit is not None and limit >= 1 else None
        left = None if remaining is None else _whole(remaining)
        windows.append(Window(length_s, whole, left, resets_in_s))
    return tuple(windows)


def retry_after_s(headers: Mapping[str, str], wall_s: float) -> float | None:
    """The seconds that `Retry-After` asks for, given as a number or as a date; None when it is not there."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    if (seconds := _number(value)) is not None:
        return seconds
    moment_s = _parse_date(value)
    return None if moment_s is None else max(moment_s - server_time(headers, wall_s), 0.0)


def wait_after_429_s(headers: Mapping[str, str], wall_s: float) -> float:
    """How long the whole endpoint holds after a 429: as told, or to the reset, or to the next minute.

    No longer than an hour, whatever is told: allowances are by the minute, and milliseconds may have been meant.
    """
    told = retry_after_s(headers, wall_s)
    if told is not None:
        return min(told, LONGEST_HOLD_S)
    # Where neither window says that it is used up, the longer one is the safe guess.
    windows = read_windows(headers, wall_s)
    spent = [w for w in windows if w.remaining is not None and w.remaining <= 0] or windows
    resets = [w.resets_in_s for w in spent if w.resets_in_s is not None]
    if resets:
        return max(resets)
    now_s = server_time(headers, wall_s)
    return MINUTE_S - now_s % MINUTE_S


def server_time(headers: Mapping[str, str], wall_s: float) -> float:
    """The service's clock by an answer's `Date`, in seconds since 1970; wall_s, which is ours, without one."""
    date_s = _parse_date(headers.get("Date", ""))
    return wall_s if date_s is None else date_s


@lru_cache(maxsize=64)
def _parse_date(text: str) -> float | None:
    """An HTTP date in seconds since 1970, None where it is none. Without an offset it is UTC."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


def _whole(number: float) -> int:
    return int(min(number, MOST_REQUESTS))


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and math.isfinite(value) and value >= 0 else None
