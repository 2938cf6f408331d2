"""What a person sees while a harvest goes on: a line now and then, where there is no terminal for a bar.

Progress is looked at from outside, a few times a second; the harvest does not know of it.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import orjson

from harvester.job import Harvest
from harvester.pipeline.endpoint_run import Snapshot
from harvester.report.summary import TWEET_URL

LINE_EVERY_S: Final = 5.0
PACE_OVER_S: Final = 30.0


class Display(Protocol):
    """Shows snapshots, with the pace of each; every_s is how often it wants them."""

    every_s: float

    def show(self, seen: "Seen") -> None:
        """Show how far the endpoints are."""

    def close(self) -> None:
        """Leave the screen in order."""


class Pace:
    """IDs and requests a second over the last half minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int, int]] = deque()

    def see(self, snapshot: Snapshot, now: float) -> None:
        """Take a snapshot's figures."""
        self._seen.append((now, snapshot.n_settled, snapshot.requests.sent))
        while now - self._seen[0][0] > PACE_OVER_S:
            self._seen.popleft()

    def _per_s(self, index: int) -> float:
        first, last = self._seen[0], self._seen[-1]
        return (last[index] - first[index]) / (last[0] - first[0]) if last[0] > first[0] else 0.0

    @property
    def ids_per_s(self) -> float:
        """Tweets settled a second."""
        return self._per_s(1)

    @property
    def requests_per_s(self) -> float:
        """Requests sent a second."""
        return self._per_s(2)


Seen = Sequence[tuple[Snapshot, Pace]]
"""The endpoints as they are now, each with its pace."""


async def watch(harvest: Harvest, display: Display) -> None:
    """Show the harvest until this task is cancelled, and once more then."""
    paces: dict[str, Pace] = {}
    try:
        while True:
            await asyncio.sleep(display.every_s)
            _show(harvest, display, paces)
    finally:
        _show(harvest, display, paces)
        display.close()


def _show(harvest: Harvest, display: Display, paces: dict[str, Pace]) -> None:
    seen = []
    for snapshot in harvest.snapshots():
        pace = paces.setdefault(snapshot.endpoint, Pace())
        pace.see(snapshot, time.monotonic())
        seen.append((snapshot, pace))
    if seen:
        display.show(seen)


class Lines:
    """A plain line, or a JSON object, now and then, and at once when what is waited for changes."""

    every_s = 0.5

    def __init__(self, say: Callable[[str], None], *, as_json: bool) -> None:
        """say: prints a line."""
        self._say = say
        self._as_json = as_json
        self._next_at = 0.0
        self._waited_for: Sequence[str | None] = []

    def show(self, seen: Seen) -> None:
        """Write a line for each endpoint if it is time for one."""
        reasons = [snapshot.wait.reason if snapshot.wait else None for snapshot, _ in seen]
        now = time.monotonic()
        if now < self._next_at and reasons == self._waited_for:
            return
        self._next_at, self._waited_for = now + LINE_EVERY_S, reasons
        for snapshot, pace in seen:
            if self._as_json:
                text = orjson.dumps({"event": "progress", **_fields(snapshot, pace)}).decode()
            else:
                name = "" if len(seen) == 1 else f"{snapshot.endpoint}: "
                parts = (done_in_words(snapshot), *figures_in_words(snapshot, pace), top_in_words(snapshot))
                text = name + ", ".join(part for part in parts if part)
            self._say(text)

    def close(self) -> None:
        """Nothing is left on the screen."""


def estimated_total(snapshot: Snapshot) -> int | None:
    """All IDs; while the input is being read, what it will come to if it goes on like this."""
    if snapshot.n_total is not None:
        return snapshot.n_total
    if snapshot.fraction_read and snapshot.n_planned:
        return max(round(snapshot.n_planned / snapshot.fraction_read), snapshot.n_settled)
    return None


def done_in_words(snapshot: Snapshot) -> str:
    """How many IDs are settled, and of how many."""
    total = estimated_total(snapshot)
    if total is None:
        return f"{snapshot.n_settled:,} IDs"
    about = "" if snapshot.n_total is not None else "about "
    return f"{snapshot.n_settled:,} of {about}{total:,} IDs ({snapshot.n_settled / max(total, 1):.0%})"


def figures_in_words(snapshot: Snapshot, pace: Pace) -> list[str]:
    """How fast it is, what it took so far, what it waits for, and how long it will take."""
    requests = snapshot.requests
    figures = []
    if snapshot.n_settled != snapshot.n_total:
        figures += [f"{pace.ids_per_s:,.0f} IDs/s", f"{pace.requests_per_s * 60:,.0f} requests/min"]
        if snapshot.limit_per_minute:
            figures[-1] += f" of {snapshot.limit_per_minute:,.0f}"
        figures.append(f"{snapshot.at_once:,} at once")
    figures.append(f"{requests.sent:,} requests")
    figures.append(f"{requests.rate_limited:,} × 429")
    if n_errors := sum(requests.errors.values()):
        figures.append(f"{n_errors:,} errors")
    if snapshot.wait:
        left = "" if math.isinf(snapshot.wait_s) else f", {duration(snapshot.wait_s)} left"
        what = "rate limit" if snapshot.wait.reason == "rate limit" else "the service is in trouble, probing"
        figures.insert(0, f"{what}{left}")
    total = estimated_total(snapshot)
    if total is not None and pace.ids_per_s and total > snapshot.n_settled:
        figures.append(f"{duration((total - snapshot.n_settled) / pace.ids_per_s)} left")
    return figures


def top_in_words(snapshot: Snapshot) -> str:
    """The best tweet by the first metric, "" before there is one."""
    if snapshot.top is None:
        return ""
    value, tweet_id = snapshot.top.tweets[0]
    return f"top {snapshot.top.metric}: {value:,} {TWEET_URL}{tweet_id}"


def _fields(snapshot: Snapshot, pace: Pace) -> dict[str, object]:
    return {
        "endpoint": snapshot.endpoint,
        "settled": snapshot.n_settled,
        "total": snapshot.n_total,
        "ids_per_s": round(pace.ids_per_s, 1),
        "requests": snapshot.requests.sent,
        "rate_limited": snapshot.requests.rate_limited,
        "errors": sum(snapshot.requests.errors.values()),
        "at_once": snapshot.at_once,
        "waiting_for": snapshot.wait.reason if snapshot.wait else None,
        "wait_s": round(snapshot.wait_s, 1) if math.isfinite(snapshot.wait_s) else None,
    }


def duration(seconds: float) -> str:
    """`41 s`, `12 min`, `3 h 20 min`."""
    if seconds < 100:
        return f"{max(seconds, 0):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
