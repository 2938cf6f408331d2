"""`report.html`: a run as a page for people, of a live, an interrupted or a finished run alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final, TypeVar

from harvester.engagement.metrics import RATE
from harvester.recorded.run import RecordedRun
from harvester.report import outcomes
from harvester.report.asked import ABOUT, elapsed_s, facts_of
from harvester.report.gathering import Endpoint, Gathered, gather
from harvester.report.page import render
from harvester.report.pictures import (
    HOUR_LABELS,
    Course,
    MetricPicture,
    SeriesPicture,
    course_of,
    heat_rows,
    metric_pictures,
    series_pictures,
)
from harvester.report.tables import Table
from harvester.report.wording import duration, moment, number, percent, shown_time, words
from harvester.rundir.files import NEVER, Stopped

STATES: Final = {
    "complete": ("Complete", "good"),
    "incomplete": ("Finished, something is left", "fair"),
    "unfinished": ("Not finished", "fair"),
}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Section:
    """An endpoint, as the page shows it."""

    endpoint: Endpoint
    about: str
    equation: str
    outcomes: Table
    totals: Table
    tops: Sequence[tuple[str, str, Table]]
    metrics: Sequence[MetricPicture]
    empty_metrics: Sequence[str]
    by_count: Table | None
    by_age: Table | None
    series: Sequence[SeriesPicture]
    by_day: Table | None
    groupings: Sequence[Table]
    course: Course | None
    requests: Table
    dead: Table | None


def make_page(run: RecordedRun, stop: Event = NEVER) -> bytes:
    """The page of a run, up to what its journal counts. The same run gives the same page.

    stop: set, it ends this soon with Stopped. Raises RunDirectoryError where a file is damaged.
    """
    gathered = gather(run, stop)
    return render(
        "run.html",
        name=run.folder.resolve().name,
        state=STATES[run.state],
        lead=_lead(gathered),
        is_finished=run.is_finished,
        is_complete=run.is_complete,
        is_sample=run.manifest.is_sample,
        is_simulated=bool(run.manifest.options.get("simulate")),
        endpoints=[endpoint.name for endpoint in gathered.endpoints],
        progress=[(endpoint.name, progress_of(endpoint)) for endpoint in gathered.endpoints],
        as_of=_as_of(gathered),
        left=_left(gathered),
        cards=_cards(gathered),
        facts=facts_of(gathered),
        sections=[_section(endpoint, gathered, stop) for endpoint in gathered.endpoints],
        rejected=outcomes.rejected_table(gathered.rejected) if gathered.n_rejected else None,
        n_rejected=gathered.n_rejected,
        heat_rows=heat_rows,
        hours=HOUR_LABELS,
        version=run.manifest.version,
        run_id=run.manifest.run_id,
        RATE=RATE,
    )


def _as_of(gathered: Gathered) -> str | None:
    """The time of the last step that was committed; None before the first."""
    times = [endpoint.as_of for endpoint in gathered.endpoints if endpoint.as_of is not None]
    return moment(max(times)) if times else None


def progress_of(endpoint: Endpoint) -> str:
    """`34,000 of about 100,000 IDs`."""
    if endpoint.n_total is None:
        return f"{endpoint.n_settled:,} IDs"
    about = "" if endpoint.is_exact else "about "
    return f"{endpoint.n_settled:,} of {about}{endpoint.n_total:,} IDs"


def _input(gathered: Gathered) -> dict[str, int]:
    return dict(gathered.summary.get("input", {}))


def _lead(gathered: Gathered) -> str:
    """One sentence that says what this is about."""
    *firsts, last = [endpoint.name for endpoint in gathered.endpoints]
    names = f"{', '.join(firsts)} and {last}" if firsts else last
    n = number(max(endpoint.n_settled for endpoint in gathered.endpoints))
    ended = gathered.summary.get("finished_at")
    when = f", finished {shown_time(str(ended))}" if ended else ""
    return f"{n} tweets, asked on {names}{when}."


def _left(gathered: Gathered) -> str:
    """What a run that came to its end could not settle, in words."""
    n_dead = sum(endpoint.counts["failed"] for endpoint in gathered.endpoints)
    n_unreadable = _input(gathered).get("unreadable", 0)
    parts = [f"{n_dead:,} dead letter{'s' if n_dead > 1 else ''}"] if n_dead else []
    if n_unreadable == 1:
        parts.append("an input file that could not be read to its end")
    elif n_unreadable:
        parts.append(f"{n_unreadable:,} input files that could not be read to their ends")
    return " and ".join(parts) or "dead letters or unreadable input"


def _cards(gathered: Gathered) -> list[tuple[str, str, str]]:
    """The key numbers: label, value, what stands below."""
    endpoints, counts = gathered.endpoints, _input(gathered)
    settled = sum(endpoint.n_settled for endpoint in endpoints)
    ok, gone, failed = (
        sum(endpoint.counts[name] for endpoint in endpoints) for name in ("ok", "unavailable", "failed")
    )
    sent = sum(endpoint.requests.get("sent", 0) for endpoint in endpoints)
    seconds = elapsed_s(gathered)
    ids = counts.get("distinct", 0) - counts.get("too_old", 0) if counts else 0
    several = f"on {len(endpoints)} endpoints" if len(endpoints) > 1 else f"on {endpoints[0].name}"
    limited = sum(endpoint.requests.get("rate_limited", 0) for endpoint in endpoints)
    return [
        ("Tweet IDs", number(ids or max(endpoint.n_settled for endpoint in endpoints)), several),
        ("Counted", number(ok), f"{percent(ok, settled)} of {settled:,}"),
        ("Unavailable", number(gone), percent(gone, settled)),
        ("Dead letters", number(failed), percent(failed, settled)),
        ("Rejected lines", number(gathered.n_rejected), "of the input, no tweet IDs"),
        ("Requests", number(sent), _pace(sent, seconds)),
        ("Refused for their rate", number(limited), percent(limited, sent)),
        ("Time", duration(seconds), _pace(settled, seconds, "tweets ")),
    ]


def _pace(n: int, seconds: float, what: str = "") -> str:
    return f"{n * 60 / seconds:,.0f} {what}a minute" if seconds >= 1 and n else ""


def _section(endpoint: Endpoint, gathered: Gathered, stop: Event) -> Section:
    groupings = {grouping.name: grouping.group_by for grouping in gathered.run.options.groupings}
    return Section(
        endpoint,
        ABOUT[endpoint.name],
        outcomes.equation(endpoint),
        outcomes.outcome_table(endpoint),
        outcomes.totals_table(endpoint),
        [
            (
                metric,
                number(top[0][0]) if metric != RATE else percent(top[0][0], 1),
                outcomes.top_table(endpoint, metric),
            )
            for metric, top in endpoint.tops.items()
            if top
        ],
        _unless_stopped(metric_pictures(endpoint), stop),
        [words(metric) for metric in endpoint.columns if not endpoint.totals.get(metric)],
        outcomes.count_table(endpoint),
        outcomes.age_table(endpoint),
        _unless_stopped(series_pictures(endpoint), stop),
        outcomes.day_table(endpoint),
        [
            outcomes.grouping_table(name, groupings.get(name, ()), nested)
            for name, nested in endpoint.groupings.items()
        ],
        course_of(endpoint.timeline),
        outcomes.request_table(endpoint),
        outcomes.dead_table(endpoint.dead) if endpoint.dead else None,
    )


def _unless_stopped(parts: Iterable[_T], stop: Event) -> list[_T]:
    made = []
    for part in parts:
        if stop.is_set():
            raise Stopped
        made.append(part)
    return made
