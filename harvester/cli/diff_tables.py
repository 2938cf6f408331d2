"""What a person reads of two runs compared: what was gained, by which tweets, and what could not be compared."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harvester.engagement.windows import utc_text
from harvester.growth.compare import Growth
from harvester.growth.sides import Side
from harvester.growth.tally import MetricTally, Tally
from harvester.report.summary import TWEET_URL

GAP: Final = 4
"""Columns between two tables that stand side by side."""


def print_growth(console: Console, growth: Growth) -> None:
    """All of it, on as many lines as it takes."""
    console.print(_sides(growth))
    for remark in growth.remarks():
        console.print(f"note: {remark}", style="yellow", markup=False, soft_wrap=True)
    tally = growth.tally
    hours = f", {hours_text(tally.hours / tally.n_compared)} apart on average" if tally.n_compared else ""
    console.print(f"\n{tally.n_compared:,} tweets compared{hours}", style="bold")
    console.print(_sums(tally))
    _print_titled(console, "not compared", _left_out(tally))
    for metric, its in tally.metrics.items():
        _print_tops(console, metric, its)


def _sides(growth: Growth) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, side in (("old", growth.old), ("new", growth.new)):
        table.add_row(Text(name, style="dim"), Text(side.name, overflow="fold"), *_facts(side))
    return table


def _facts(side: Side) -> list[str]:
    retrieved = side.retrieved
    if not retrieved.n:
        return ["no records"]
    first, last = (utc_text(at)[:-4].replace("T", " ") for at in (retrieved.first, retrieved.last))
    when = first if first == last else f"{first} to {last[11:] if first[:10] == last[:10] else last}"
    return [f"{retrieved.n:,} records", f"{when} UTC"]


def _sums(tally: Tally) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("metric", "gained", "per hour", "tweets", "rose", "fell", "not counted"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for metric, its in tally.metrics.items():
        table.add_row(
            metric,
            f"{its.gained:+,}",
            rate_text(its.per_hour),
            f"{its.tweets:,}",
            f"{its.n_rose:,}",
            Text(
                f"{its.n_fell:,} by {its.fell_by:,}" if its.n_fell else "0", style="" if its.n_fell else "dim"
            ),
            Text(f"{its.n_not_counted:,}", style="" if its.n_not_counted else "dim"),
        )
    return table


def _left_out(tally: Tally) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    statuses = (
        (f"{old} in the old run, {new} in the new", n) for (old, new), n in tally.not_ok.most_common()
    )
    reasons = (
        ("only in the old run", tally.n_only_old),
        ("only in the new run", tally.n_only_new),
        *statuses,
        ("retrieved later in the old run", tally.n_out_of_order),
    )
    for reason, n in reasons:
        if n:
            table.add_row(f"{n:,}", f"tweets {reason}")
    return table


def _print_tops(console: Console, metric: str, tally: MetricTally) -> None:
    """The two top lists of a metric, side by side if there is room."""
    best, fastest = tally.best.ranked(), tally.fastest.ranked()
    if not best:
        return
    if best == fastest:
        _print_titled(console, f"{metric}: top tweets by gain, and by gain per hour", _top(best))
        return
    lists = [(f"{metric}: top tweets by gain", best), (f"{metric}: top tweets by gain per hour", fastest)]
    tables = [(title, _top(ranked)) for title, ranked in lists if ranked]
    width = sum(console.measure(table).maximum for _, table in tables) + GAP
    if len(tables) > 1 and width <= console.width:
        side_by_side = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0))
        for title, _ in tables:
            side_by_side.add_column(Text(title, style="bold"))
        side_by_side.add_row(*(table for _, table in tables))
        console.print()
        console.print(side_by_side)
        return
    for title, table in tables:
        _print_titled(console, title, table)


def _top(ranked: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("#", "gained", "per hour", "from", "to", "hours"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("tweet", no_wrap=True)
    for rank, entry in enumerate(ranked, start=1):
        table.add_row(
            str(rank),
            f"{entry['gained']:+,}",
            "" if entry["per_hour"] is None else rate_text(entry["per_hour"]),
            f"{entry['old']:,}",
            f"{entry['new']:,}",
            rate_text(entry["hours"]),
            Text(entry["tweet_id"], style=f"link {TWEET_URL}{entry['tweet_id']}"),
        )
    return table


def _print_titled(console: Console, title: str, table: Table) -> None:
    if table.row_count:
        console.print(f"\n{title}", style="bold", markup=False)
        console.print(table)


def rate_text(value: float) -> str:
    """A number that may be large or small, to three figures or to the whole."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def hours_text(hours: float) -> str:
    """`41 s`, `12 min`, `23.5 hours`, `31 days`."""
    if hours < 100 / 3600:
        return f"{hours * 3600:.0f} s"
    if hours < 100 / 60:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} hours" if hours < 72 else f"{hours / 24:,.1f} days"
