"""What a person reads at the end: how the tweets came out, totals, top tweets, dead letters, where it all is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harvester.cli.words import duration
from harvester.config.options import Options
from harvester.job import Outcome
from harvester.report.summary import TWEET_URL, EndpointResult
from harvester.rundir.names import (
    REJECTED,
    REPORT,
    SUMMARY,
    TOP_TWEETS,
    dead_letters_name,
    records_name,
)
from harvester.sources import printable_name
from harvester.status.dead_letters import advice_for, count_reasons

SHOWN_TOP: Final = 10


def print_outcome(console: Console, options: Options, outcome: Outcome, elapsed_s: float) -> None:
    """The tables of every endpoint, and what the run took."""
    for result in outcome.results:
        print_endpoint(console, result, n_rejected=outcome.counts.get("rejected", 0))
        if result.n_failed:
            _print(console, _dead_letters(result, options.out))
    console.print()
    for line in _closing(options, outcome, elapsed_s):
        console.print(Text(line), overflow="fold")


def print_endpoint(console: Console, result: EndpointResult, *, n_rejected: int = 0) -> None:
    """How the tweets of an endpoint came out, their sums, and the top ones."""
    _print(console, _counts(result, n_rejected))
    if result.counts()["ok"]:
        _print(console, _totals(result))
    if top := _top(result, console.width):
        _print(console, top)


def _print(console: Console, table: Table) -> None:
    # Its title by itself, because it is wrapped to the width of the table.
    console.print()
    console.print(Text(str(table.title), style="bold"))
    table.title = None
    console.print(table)


def _table(title: str) -> Table:
    return Table(title=title, box=None, pad_edge=False, header_style="dim")


def _counts(result: EndpointResult, n_rejected: int) -> Table:
    table = _table(f"{result.name}: tweets by status")
    table.add_column("status")
    table.add_column("tweets", justify="right")
    for status, n in result.counts().items():
        table.add_row(Text(status, style="red" if status == "failed" and n else ""), f"{n:,}")
    if n_rejected:
        table.add_row(Text("rejected lines", style="yellow"), f"{n_rejected:,}")
    return table


def _totals(result: EndpointResult) -> Table:
    table = _table(f"{result.name}: sums over all tweets")
    table.add_column("metric")
    table.add_column("sum", justify="right")
    for metric, value in result.reduction.totals.items():
        table.add_row(metric, f"{value:,}")
    return table


def _top(result: EndpointResult, width: int) -> Table | None:
    """The top tweets by the first metric that has any; the others are in top_tweets.csv."""
    for metric, top in result.reduction.tops.items():
        if ranked := top.ranked()[:SHOWN_TOP]:
            table = _table(f"{result.name}: top tweets by {metric}")
            table.add_column("#", justify="right", no_wrap=True)
            table.add_column(
                "count" if metric != "engagement_rate" else "rate", justify="right", no_wrap=True
            )
            table.add_column("tweet", overflow="fold")
            has_room = width >= len(TWEET_URL) + 40
            for rank, (value, tweet_id) in enumerate(ranked, start=1):
                table.add_row(str(rank), f"{value:,}", f"{TWEET_URL if has_room else ''}{tweet_id}")
            return table
    return None


def _dead_letters(result: EndpointResult, folder: Path) -> Table:
    table = _table(f"{result.name}: dead letters")
    table.add_column("reason")
    table.add_column("tweets", justify="right", no_wrap=True)
    table.add_column("what to do")
    with (folder / dead_letters_name(result.name)).open("rb") as letters:
        for reason, n in count_reasons(letters).most_common():
            table.add_row(Text(reason), f"{n:,}", Text(advice_for(reason)))
    return table


def _closing(options: Options, outcome: Outcome, elapsed_s: float) -> Iterator[str]:
    requests = [snapshot.requests for snapshot in outcome.last]
    trouble = [
        f"{n:,} {what}"
        for n, what in (
            (sum(counts.rate_limited for counts in requests), "× 429"),
            (sum(snapshot.n_errors for snapshot in outcome.last), "errors"),
        )
        if n
    ]
    n_sent = sum(counts.sent for counts in requests)
    yield ", ".join((f"took {duration(elapsed_s)} and {n_sent:,} requests", *trouble))
    if waits := _waits(outcome):
        yield f"waited {waits}"
    names = [records_name(result.name) for result in outcome.results]
    names += [dead_letters_name(result.name) for result in outcome.results if result.n_failed]
    names += [REJECTED] if outcome.counts.get("rejected") else []
    names += [name for name in (SUMMARY, TOP_TWEETS, REPORT) if (options.out / name).exists()]
    yield f"in {printable_name(options.out)}: {', '.join(names)}"


def _waits(outcome: Outcome) -> str:
    """By reason, each for the endpoint that waited longest: they wait side by side."""
    reasons = ("for the allowance", "for the service", "for the disk")
    longest = (max(times, default=0.0) for times in zip(*(one.held_s for one in outcome.last), strict=True))
    return ", ".join(
        f"{duration(seconds)} {reason}"
        for reason, seconds in zip(reasons, longest, strict=False)
        if seconds >= 1
    )
