"""What `harvester status` says to a person, as rows of styled text. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any, Final

from harvester.cli.picture import DOT, EMPTY, FULL, INDENT, Row
from harvester.cli.words import clock, duration, percent
from harvester.report.summary import TWEET_URL
from harvester.status.run_status import EndpointStatus, RunStatus

MOST_BAR: Final = 40
LEAST_BAR: Final = 8
SHOWN_TOP: Final = 3
SHOWN_INPUTS: Final = 3
MOST_METRICS: Final = 8
"""To be named; of more, the number is said."""
SILENT_S: Final = 10.0
"""Since the last commit: from there on that is worth a word."""
STATES: Final = {
    "complete": ("complete", "green"),
    "incomplete": ("finished, but dead letters or unreadable input remain", "yellow"),
    "running": ("running", "cyan"),
    "stopped": ("stopped before its end", "yellow"),
}


def status_rows(seen: RunStatus, now_s: float, width: int) -> list[Row]:
    """The rows, wrapped to a width. now_s: since 1970."""
    rows: list[Row] = [*_head(seen, width)]
    n_name = max(map(len, seen.endpoints), default=0)
    for name, endpoint in seen.endpoints.items():
        rows += [(), *_endpoint(name.ljust(n_name), endpoint, seen, now_s, width)]
    return [*rows, (), *_next(seen, width)]


def _head(seen: RunStatus, width: int) -> Iterator[Row]:
    state, style = STATES[seen.state]
    if seen.state == "running" and seen.process:
        state += f", process {seen.process.pid} on {seen.process.host} since {_date(seen.process.since)}"
    yield ((f"{seen.run_dir}: ", "bold"), (state, style))
    yield from _wrapped(f"begun {_date(_utc(seen.started_at))}, from {_inputs(seen)}{_sample(seen)}", width)
    yield from _wrapped(f"asked: {_asked(seen)}", width)


def _inputs(seen: RunStatus) -> str:
    names, n_more = seen.inputs[:SHOWN_INPUTS], len(seen.inputs) - SHOWN_INPUTS
    return ", ".join(names) + (f" and {n_more:,} more" if n_more > 0 else "")


def _sample(seen: RunStatus) -> str:
    return f", the first {seen.asked['limit']:,} IDs as a sample" if seen.sample else ""


def _asked(seen: RunStatus) -> str:
    parts = []
    for name, metrics in seen.asked.get("metrics", {}).items():
        parts.append(f"{name} ({_names(metrics)})")
    if start := seen.asked.get("start"):
        parts.append(f"from {start}")
    if end := seen.asked.get("end"):
        parts.append(f"to {end}")
    if series := seen.asked.get("series"):
        parts.append(f"by the {series}")
    return DOT.join(parts)


def _names(metrics: Sequence[str]) -> str:
    return ", ".join(metrics) if len(metrics) <= MOST_METRICS else f"{len(metrics)} metrics"


def _endpoint(
    name: str, endpoint: EndpointStatus, seen: RunStatus, now_s: float, width: int
) -> Iterator[Row]:
    yield _bar(name, endpoint, seen, width)
    counts = {status: n for status, n in endpoint.counts.items() if n and status != "failed"}
    words = [f"{n:,} {status.replace('_', ' ')}" for status, n in counts.items()]
    if n_dead := endpoint.counts["failed"]:
        words.append(f"{n_dead:,} dead letter{'s' if n_dead > 1 else ''}")
    yield from _wrapped(DOT.join(words), width, INDENT)
    yield from _wrapped(DOT.join(_pace(endpoint)), width, INDENT)
    yield from _wrapped(DOT.join(_times(endpoint, seen, now_s)), width, INDENT)
    if endpoint.held_until:
        until, left = clock(endpoint.held_until), duration(endpoint.held_until - now_s)
        yield ((INDENT, ""), (f"waiting for the allowance until {until}, {left} left"[: width - 2], "yellow"))
    sums = [f"{metric} {value:,}" for metric, value in endpoint.totals.items() if value]
    if sums:
        yield from _wrapped(f"sums: {DOT.join(sums)}", width, INDENT)
    yield from _top(endpoint, width)


def _bar(name: str, endpoint: EndpointStatus, seen: RunStatus, width: int) -> Row:
    done, share = _done(endpoint, seen)
    left = f"{DOT}{duration(endpoint.left_s)} left" if endpoint.left_s else ""
    text = f"{done}{left}"
    n_bar = min(width - len(name) - len(text) - 2, MOST_BAR)
    if n_bar < LEAST_BAR:
        return ((f"{name} ", "bold"), (text[: max(width - len(name) - 1, 0)], ""))
    n_full = round((share or 0.0) * n_bar)
    return (
        (f"{name} ", "bold"),
        (FULL * n_full, STATES[seen.state][1]),
        (EMPTY * (n_bar - n_full), "dim"),
        (f" {text}", ""),
    )


def _done(endpoint: EndpointStatus, seen: RunStatus) -> tuple[str, float | None]:
    settled, total = endpoint.settled, endpoint.total
    if total is None and seen.state in {"complete", "incomplete"}:
        total = settled  # of a version that did not keep it
    if total is not None:
        share = min(settled / total, 1.0) if total else 1.0
        return f"{settled:,} of {total:,} IDs ({percent(share)})", share
    if about := endpoint.about:
        share = settled / about
        return f"{settled:,} of about {about:,} IDs ({percent(share)})", share
    return f"{settled:,} IDs, total unknown so far", None


def _pace(endpoint: EndpointStatus) -> Iterator[str]:
    if recent := endpoint.recent:
        of_limit = f" of {endpoint.limit_per_minute:,.0f}" if endpoint.limit_per_minute else ""
        yield f"{recent.requests_per_minute:,.0f}{of_limit} requests/min"
        yield f"{recent.ids_per_s:,.0f} IDs/s over the last {duration(recent.over_s)}"
    requests = endpoint.requests
    yield f"{requests.get('sent', 0):,} requests"
    if n := requests.get("rate_limited", 0):
        yield f"{n:,} × 429"
    if n := sum(requests.get("errors", {}).values()):
        yield f"{n:,} errors"


def _times(endpoint: EndpointStatus, seen: RunStatus, now_s: float) -> Iterator[str]:
    yield (
        f"{duration(endpoint.elapsed_s)} so far"
        if seen.state == "running"
        else (f"took {duration(endpoint.elapsed_s)}")
    )
    reasons = {"rate_limit": "the allowance", "service": "the service", "disk": "the disk"}
    for reason, what in reasons.items():
        if (waited_s := endpoint.waited_s[reason]) >= 1:
            yield f"{duration(waited_s)} of it waiting for {what}"
    if endpoint.committed_at is None:
        return
    ago_s = now_s - endpoint.committed_at
    if seen.state != "running":
        yield f"last commit {_date(_utc(endpoint.committed_at))}"
    elif ago_s >= SILENT_S and endpoint.settled != endpoint.total:
        yield f"last commit {duration(ago_s)} ago, at {clock(endpoint.committed_at)}"


def _top(endpoint: EndpointStatus, width: int) -> Iterator[Row]:
    """The top tweets by the first metric that has any."""
    metric, top = next(((metric, top) for metric, top in endpoint.top.items() if top), ("", []))
    if not top:
        return
    yield ((f"{INDENT}top {metric}"[:width], ""),)
    n_value = max(len(f"{one['value']:,}") for one in top[:SHOWN_TOP])
    for one in top[:SHOWN_TOP]:
        text = f"{INDENT * 2}{one['value']:>{n_value},}  {_address(one, width - n_value - 6)}"
        yield ((text[:width], "dim"),)


def _address(one: Mapping[str, Any], room: int) -> str:
    url = f"{TWEET_URL}{one['tweet_id']}"
    return url if len(url) <= room else str(one["tweet_id"])


def _next(seen: RunStatus, width: int) -> Iterator[Row]:
    if seen.state == "complete":
        yield (("nothing is left to do", ""),)
        return
    if seen.state == "running":
        left = f", {duration(seen.left_s)} left" if seen.left_s else ""
        yield ((f"it goes on{left}", ""),)
        return
    what = "to go on" if seen.state == "stopped" else "to ask for dead letters and unreadable input again"
    command = seen.process.command if seen.process else ""
    where = f", in {seen.process.folder}" if command and seen.process and seen.process.folder else ""
    yield from _wrapped(f"{what}{where}:", width)
    # In one row: it is there to be copied.
    yield ((f"{INDENT}{command or 'the command that began it, once more'}", "bold"),)


def _wrapped(text: str, width: int, indent: str = "") -> Iterator[Row]:
    for line in wrap(
        text,
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=f"{indent}{INDENT}",
        break_on_hyphens=False,
        break_long_words=False,
    ):
        yield ((line, ""),)


def _utc(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")


def _date(iso: str) -> str:
    """`2026-11-24 18:52:31 UTC`."""
    return iso.replace("T", " ").replace("+00:00", " UTC").replace("Z", " UTC")
