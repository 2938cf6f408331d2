"""How far a run is, from what its directory says: the document of `harvester status --json`. Pure.

Fields are added, never changed.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from harvester.engagement.metrics import EndpointName
from harvester.engagement.windows import utc_text
from harvester.pipeline.kept_state import InputSeen, input_seen
from harvester.recorded.run import RecordedRun
from harvester.reduce import Reduction
from harvester.report.summary import EndpointResult
from harvester.rundir.lock import Holder
from harvester.rundir.marks import EndpointMark
from harvester.sources import printable_name
from harvester.status.pace import time_for
from harvester.status.recent import Recently, recently
from harvester.timeline import Timeline
from harvester.transport.pace import LastSpend

SCHEMA: Final = 1
LEAST_FRACTION: Final = 1e-9
State = Literal["complete", "incomplete", "running", "stopped"]
"""Incomplete: it came to its end, and dead letters or unreadable parts of the input remain."""


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """How far an endpoint is, as the journal counts it.

    counts: tweets by what became of them, dead letters as `failed`. total: tweets to settle, None while the input
    is still being read; found: those found so far; fraction_read: of the input; about: what the total will come to
    if the rest is like that. requests, elapsed_s, waited_s: of
    all processes of the run. recent: while it runs, what the last minutes gave; left_s: seconds to the end at that
    pace. committed_at: the last commit; held_until: before that the allowance lets nothing go; in seconds since
    1970. top: by metric, value and tweet ID, the best first.
    """

    counts: Mapping[str, int]
    total: int | None
    about: int | None
    found: int | None
    fraction_read: float | None
    requests: Mapping[str, Any]
    limit_per_minute: float | None
    elapsed_s: float
    waited_s: Mapping[str, float]
    recent: Recently | None
    left_s: float | None
    committed_at: float | None
    held_until: float | None
    totals: Mapping[str, int | float]
    top: Mapping[str, list[dict[str, Any]]]

    @property
    def settled(self) -> int:
        """Tweets that are accounted for."""
        return sum(self.counts.values())

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **asdict(self),
            "settled": self.settled,
            "dead_letters": self.counts["failed"],
            "committed_at": _time(self.committed_at),
            "held_until": _time(self.held_until),
            "recent": asdict(self.recent) if self.recent else None,
        }


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far a run is. process: who holds its lock, or held it last. asked: as in `run.json`."""

    run_dir: str
    state: State
    process: Holder | None
    run_id: str
    version: str
    started_at: float
    sample: bool
    asked: Mapping[str, Any]
    inputs: list[str]
    rejected: int
    endpoints: Mapping[str, EndpointStatus] = field(default_factory=dict)

    @property
    def left_s(self) -> float | None:
        """Seconds to the end of all endpoints; None where nobody knows."""
        open_ones = [one for one in self.endpoints.values() if one.settled != one.total]
        times = [one.left_s for one in open_ones if one.left_s is not None]
        return max(times) if times and len(times) == len(open_ones) else None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        running = self.process if self.state == "running" else None
        return {
            "schema": SCHEMA,
            "run_dir": self.run_dir,
            "state": self.state,
            "process": asdict(running) if running else None,
            "run_id": self.run_id,
            "version": self.version,
            "started_at": _time(self.started_at),
            "sample": self.sample,
            "asked": dict(self.asked),
            "inputs": self.inputs,
            "rejected": self.rejected,
            "left_s": self.left_s,
            "endpoints": {name: one.to_dict() for name, one in self.endpoints.items()},
            "command": self.process.command if self.process else "",
        }


def status_of(
    run: RecordedRun,
    process: Holder | None,
    spends: Mapping[EndpointName, LastSpend | None],
    now_s: float,
    *,
    is_held: bool,
) -> RunStatus:
    """How far the run is. spends: by endpoint, what was spent last. now_s: since 1970. is_held: its lock is."""
    by_mark: dict[str, State] = {"complete": "complete", "incomplete": "incomplete", "unfinished": "stopped"}
    # One that is complete or incomplete may be held for a moment still, or be run again over its dead letters.
    state = "running" if is_held and run.state != "complete" else by_mark[run.state]
    manifest = run.manifest
    since_s = _since(process, manifest.started_ms / 1000) if state == "running" else None
    return RunStatus(
        printable_name(run.folder),
        state,
        process,
        manifest.run_id,
        manifest.version,
        manifest.started_ms / 1000,
        manifest.is_sample,
        manifest.options,
        [file.name for file in manifest.inputs],
        run.input_mark.rejected_lines,
        {name: _of(run, name, mark, spends.get(name), since_s, now_s) for name, mark in run.marks.items()},
    )


def _of(
    run: RecordedRun,
    name: EndpointName,
    mark: EndpointMark,
    spend: LastSpend | None,
    since_s: float | None,
    now_s: float,
) -> EndpointStatus:
    state, started_s = mark.state, run.manifest.started_ms / 1000
    result = endpoint_result(run, name, mark)
    counts = result.counts()
    seen = input_seen(state)
    total = seen.distinct if seen and seen.is_done else None
    timeline = Timeline.from_dict(state.get("timeline", {}))
    recent = None if since_s is None else recently(timeline, since_s - started_s, now_s - started_s)
    about = total if total is not None or not seen else _about(seen, sum(counts.values()))
    left = None if about is None else max(about - sum(counts.values()), 0)
    held_until = spend.at + spend.held_s if spend else 0.0
    held_s = max(held_until - now_s, 0.0)
    return EndpointStatus(
        counts,
        total,
        about,
        seen.distinct if seen else None,
        seen.fraction if seen else None,
        state.get("requests", {}),
        state.get("limit_per_minute"),
        state.get("elapsed_s", 0.0),
        _waited(timeline),
        recent,
        _left_s(left, recent, state.get("limit_per_minute"), held_s),
        state.get("committed_at"),
        held_until if held_s and math.isfinite(held_s) else None,
        result.reduction.totals,
        result.top(),
    )


def _left_s(
    n_left: int | None, recent: Recently | None, limit_per_minute: float | None, held_s: float
) -> float | None:
    if n_left is None or recent is None or not math.isfinite(held_s):
        return None
    per_id = recent.requests_per_minute / 60 / recent.ids_per_s if recent.ids_per_s else 0.0
    left_s = time_for(n_left, recent.ids_per_s, per_id, limit_per_minute)
    return None if left_s is None else left_s + held_s


def _about(seen: InputSeen, settled: int) -> int | None:
    """What the total will come to, if the rest of the input is like what was read."""
    if not seen.fraction or seen.fraction < LEAST_FRACTION:
        return None
    return max(round(seen.distinct / seen.fraction), settled)


def endpoint_result(run: RecordedRun, name: EndpointName, mark: EndpointMark) -> EndpointResult:
    """What has come of an endpoint so far."""
    blank, _ = run.recalled.blanks[name]
    reduction = Reduction(blank.columns, run.options.top, run.recalled.rate_floor)
    if mark.state:
        reduction.restore(mark.state["reduction"])
    return EndpointResult(name, reduction, mark.state.get("dead_letters", 0), mark.state.get("requests", {}))


def _waited(timeline: Timeline) -> Mapping[str, float]:
    spans = timeline.spans
    return {
        "rate_limit": round(sum(span.rate_limit_s for span in spans), 1),
        "service": round(sum(span.service_s for span in spans), 1),
        "disk": round(sum(span.disk_s for span in spans), 1),
    }


def _since(process: Holder | None, otherwise_s: float) -> float:
    """When the process that runs was started; seconds since 1970."""
    try:
        return datetime.fromisoformat(process.since).timestamp() if process else otherwise_s
    except ValueError:
        return otherwise_s


def _time(at_s: float | None) -> str | None:
    return None if at_s is None else utc_text(int(at_s))
