"""Progress where there is no terminal for a bar: a line every ten seconds, and one whenever something changes."""

import math
from collections.abc import Callable
from typing import Any, Final

from harvester.cli.changes import TROUBLE_OVER_S, Change, Watched
from harvester.cli.events import event_line, time_text
from harvester.cli.seen import EndpointSeen, Seen
from harvester.cli.words import (
    done_variants,
    duration,
    figures_in_words,
    is_under_way,
    top_in_words,
    wait_variants,
)
from harvester.pipeline.endpoint_run import Snapshot

LINE_EVERY_S: Final = 10.0


class Lines:
    """Plain lines, or events as JSON. say: prints a line."""

    every_s = 0.5

    def __init__(self, say: Callable[[str], None], *, as_json: bool) -> None:
        self._say = say
        self._tells: _Text | _Json = _Json() if as_json else _Text()
        self._watched: dict[str, Watched] = {}
        self._next_s = LINE_EVERY_S
        self._is_draining = False

    def show(self, seen: Seen) -> None:
        """Write what has changed, and a line for each endpoint if it is time for one."""
        if seen.drain_s is not None and not self._is_draining:
            self._is_draining = True
            self._say(self._tells.draining(seen, seen.drain_s))
        for one in seen.endpoints:
            watched = self._watched.setdefault(one.snapshot.endpoint, Watched())
            for change in watched.see(one.snapshot, one.pace, seen.now):
                self._say(self._tells.change(seen, one, change))
        if seen.elapsed_s >= self._next_s:
            self._next_s = LINE_EVERY_S * (seen.elapsed_s // LINE_EVERY_S + 1)
            for one in seen.endpoints:
                if not one.snapshot.is_done:
                    self._say(self._tells.progress(seen, one))

    def close(self, seen: Seen | None) -> None:
        """Write what has changed at last."""
        if seen:
            self.show(seen)


class _Text:
    def _named(self, seen: Seen, one: EndpointSeen, text: str) -> str:
        return text if len(seen.endpoints) == 1 else f"{one.snapshot.endpoint}: {text}"

    def draining(self, _seen: Seen, drain_s: float) -> str:
        return f"stopping: requests in flight have {duration(drain_s)} to finish; again to leave at once"

    def change(self, seen: Seen, one: EndpointSeen, change: Change) -> str:
        return self._named(seen, one, self._changed(seen, one, change))

    def _changed(self, seen: Seen, one: EndpointSeen, change: Change) -> str:
        match change.kind:
            case "wait":
                return wait_variants(one.snapshot, seen.wall_s)[0]
            case "go_on":
                return f"goes on, after {duration(change.waited_s)} ({change.reason})"
            case "degraded":
                n_sent, n_errors = one.pace.recent(TROUBLE_OVER_S)
                return (
                    f"{n_errors:,} of the last {n_sent:,} requests failed, {one.snapshot.at_once:,} at once"
                )
            case "recovered":
                return "requests are answered again"
            case "endpoint_end":
                how = "done" if one.snapshot.n_settled == one.snapshot.n_total else "ended"
                parts = (done_variants(one.snapshot)[0], *figures_in_words(one.snapshot, one.pace))
                return f"{how}: {', '.join(parts)}"

    def progress(self, seen: Seen, one: EndpointSeen) -> str:
        left = "" if one.left_s is None else f"{duration(one.left_s)} left"
        parts = (
            done_variants(one.snapshot)[0],
            *wait_variants(one.snapshot, seen.wall_s)[:1],
            left,
            *figures_in_words(one.snapshot, one.pace),
            top_in_words(one.snapshot),
        )
        return self._named(seen, one, ", ".join(part for part in parts if part))


class _Json:
    def draining(self, seen: Seen, drain_s: float) -> str:
        return event_line("draining", seen.wall_s, {"grace_s": round(drain_s, 1)})

    def change(self, seen: Seen, one: EndpointSeen, change: Change) -> str:
        fields = {"endpoint": one.snapshot.endpoint, **self._changed(seen, one, change)}
        return event_line(change.kind, seen.wall_s, fields)

    def _changed(self, seen: Seen, one: EndpointSeen, change: Change) -> dict[str, Any]:
        match change.kind:
            case "wait":
                wait_s = _finite(one.snapshot.wait_s)
                until = None if wait_s is None else time_text(seen.wall_s + wait_s)
                return {"waiting_for": change.reason, "wait_s": wait_s, "until": until}
            case "go_on":
                return {"waited_for": change.reason, "waited_s": round(change.waited_s, 1)}
            case "degraded":
                n_sent, n_errors = one.pace.recent(TROUBLE_OVER_S)
                return {"requests": n_sent, "errors": n_errors, "at_once": one.snapshot.at_once}
            case "recovered":
                return {}
            case "endpoint_end":
                return _figures(one.snapshot)

    def progress(self, seen: Seen, one: EndpointSeen) -> str:
        snapshot, pace = one.snapshot, one.pace
        fields = {
            "endpoint": snapshot.endpoint,
            **_figures(snapshot),
            "fraction_read": None if snapshot.fraction_read is None else round(snapshot.fraction_read, 4),
            "ids_per_s": round(pace.ids_per_s, 1),
            "requests_per_minute": round(pace.requests_per_minute, 1),
            "limit_per_minute": snapshot.limit_per_minute,
            "at_once": snapshot.at_once,
            "left_s": None if one.left_s is None else round(one.left_s, 1),
            "waiting_for": snapshot.wait.reason if snapshot.wait and is_under_way(snapshot) else None,
            "wait_s": _finite(snapshot.wait_s),
        }
        return event_line("progress", seen.wall_s, fields)


def _figures(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "settled": snapshot.n_settled,
        "total": snapshot.n_total,
        "dead_letters": snapshot.n_dead,
        "requests": snapshot.requests.sent,
        "rate_limited": snapshot.requests.rate_limited,
        "errors": snapshot.n_errors,
    }


def _finite(seconds: float) -> float | None:
    return round(seconds, 1) if math.isfinite(seconds) else None
