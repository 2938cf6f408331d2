"""What a person reads at the end: how many tweets came out how, totals, top tweets."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harvester.job import Outcome
from harvester.report.summary import TWEET_URL, EndpointResult

SHOWN_TOP = 10


def print_outcome(console: Console, outcome: Outcome) -> None:
    """The tables of every endpoint."""
    for result in outcome.results:
        tables = [_counts(result, outcome)]
        if result.counts()["ok"]:
            tables.append(_totals(result))
        if top := _top(result):
            tables.append(top)
        for table in tables:
            # Printed by itself, because a title is wrapped to the width of its table.
            console.print(f"\n[bold]{table.title}")
            table.title = None
            console.print(table)


def _table(title: str) -> Table:
    return Table(title=title, box=None, pad_edge=False)


def _counts(result: EndpointResult, outcome: Outcome) -> Table:
    table = _table(f"{result.name}: tweets by status")
    table.add_column("status")
    table.add_column("tweets", justify="right")
    for status, n in result.counts().items():
        table.add_row(Text(status, style="red" if status == "failed" and n else ""), f"{n:,}")
    if n_rejected := outcome.counts.get("rejected"):
        table.add_row(Text("rejected lines", style="yellow"), f"{n_rejected:,}")
    return table


def _totals(result: EndpointResult) -> Table:
    table = _table(f"{result.name}: sums over all tweets")
    table.add_column("metric")
    table.add_column("sum", justify="right")
    for metric, value in result.reduction.totals.items():
        table.add_row(metric, f"{value:,}")
    return table


def _top(result: EndpointResult) -> Table | None:
    """The top tweets by the first metric that has any; the others are in top_tweets.csv."""
    for metric, top in result.reduction.tops.items():
        if ranked := top.ranked()[:SHOWN_TOP]:
            table = _table(f"{result.name}: top tweets by {metric}")
            table.add_column("#", justify="right")
            table.add_column(metric, justify="right")
            table.add_column("tweet", overflow="fold")
            for rank, (value, tweet_id) in enumerate(ranked, start=1):
                table.add_row(str(rank), f"{value:,}", f"{TWEET_URL}{tweet_id}")
            return table
    return None
