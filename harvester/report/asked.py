"""What a run was asked, in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from harvester.engagement.metrics import RATE
from harvester.engagement.tweet_id import DAY_MS
from harvester.recorded.lines import size_text
from harvester.recorded.run import RecordedRun
from harvester.report.gathering import Gathered
from harvester.report.wording import duration, moment, number, shown_time

MOST_FILES: Final = 200
ABOUT: Final = {
    "totals": "Everything since each tweet was made.",
    "28hr": "The last 28 hours before each answer.",
    "historical": "The time that was asked for.",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that was asked. says: one line, or several."""

    name: str
    says: Sequence[str]


def facts_of(gathered: Gathered) -> list[Fact]:
    """What the run was asked, as a list of names and words; what was left at its default is left out."""
    run = gathered.run
    known = [
        ("Endpoints", [", ".join(run.marks)]),
        ("Metrics", _metrics(gathered)),
        ("Range", [_range(*e.span) for e in gathered.endpoints if e.span and e.name == "historical"]),
        ("Series", [f"by the {run.options.series}"] if run.options.series else []),
        ("Groupings", [f"{g.name}: {', '.join(g.group_by)}" for g in run.options.groupings]),
        ("Top lists", [f"{run.options.top:,} tweets a metric" if run.options.top else "none"]),
        ("Only", _restrictions(run)),
        ("Read as", _reading(run)),
        ("Access", [", ".join(run.manifest.options.get("access", ()))]),
        ("Began", [moment(run.manifest.started_ms / 1000)]),
        (
            "Finished",
            [shown_time(gathered.summary["finished_at"])] if "finished_at" in gathered.summary else [],
        ),
        ("Time spent", [duration(elapsed_s(gathered))]),
        ("Run ID", [run.manifest.run_id]),
        ("Begun by", [f"harvester {run.manifest.version}"]),
        ("Input", _files(run)),
    ]
    return [Fact(name, says) for name, says in known if any(says)]


def elapsed_s(gathered: Gathered) -> float:
    """How long the run has worked, over all its processes: as long as the endpoint that took longest."""
    return max((endpoint.elapsed_s for endpoint in gathered.endpoints), default=0.0)


def _files(run: RecordedRun) -> list[str]:
    inputs = run.manifest.inputs
    shown = [
        file.name if file.size_bytes is None else f"{file.name} ({size_text(file.size_bytes)})"
        for file in inputs[:MOST_FILES]
    ]
    n_more = len(inputs) - len(shown)
    return [*shown, f"and {n_more:,} more"] if n_more else shown


def _metrics(gathered: Gathered) -> list[str]:
    """The metrics of each endpoint; in one line where all are asked the same."""
    by_endpoint = {
        e.name: ", ".join((*e.columns, *([RATE] if RATE in e.tops else []))) for e in gathered.endpoints
    }
    distinct = set(by_endpoint.values())
    if len(distinct) <= 1:
        return [*distinct]
    return [f"{name}: {metrics}" for name, metrics in by_endpoint.items()]


def _range(start: str, end: str) -> str:
    return f"{shown_time(start)} to {shown_time(end)}"


def _restrictions(run: RecordedRun) -> list[str]:
    options = run.options
    found = []
    if options.limit is not None:
        found.append(f"the first {options.limit:,} IDs: a sample")
    if options.newer_than_ms is not None:
        found.append(f"tweets younger than {number(options.newer_than_ms / DAY_MS)} days")
    return found


def _reading(run: RecordedRun) -> list[str]:
    options = run.options
    told: list[tuple[Any, str]] = [
        (options.file_format, f"format {options.file_format}"),
        (options.column, f"column {options.column}"),
        (options.owner_column, f"owners in column {options.owner_column}"),
        (options.owner_from_folder, "owners by folder"),
        (options.include_referenced, "with retweeted, quoted and replied-to tweets"),
        (options.accept_rounded, "rounded IDs accepted"),
        (not options.dedupe, "duplicates asked each time"),
        (run.manifest.options.get("account"), f"account {run.manifest.options.get('account')}"),
    ]
    return [words for is_so, words in told if is_so]
