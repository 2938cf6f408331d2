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
UNBOUNDED: Final = 10_000
"""The width of a console on which every table has room."""
LEFT: Final = ("metric", "tweet")
SUMS: Final = (
    ("metric", 0),
    ("gained", 0),
    ("per hour", 1),
    ("tweets", 3),
    ("rose", 4),
    ("fell", 2),
    ("not counted", 2),
)
TOP: Final = (("#", 3), ("gained", 0), ("per hour", 1), ("from", 2), ("to", 2), ("hours", 3), ("tweet", 0))
"""The columns of both kinds of tables, each with its rank: the highest are left out where room is short."""


def print_growth(console: Console, growth: Growth) -> None:
    """All of it, on as many lines as it takes."""
    console.print(_sides(growth))
    for remark in growth.remarks():
        console.print(f"note: {remark}", style="yellow", markup=False, soft_wrap=True)
    tally = growth.tally
    hours = f", {hours_text(tally.hours / tally.n_compared)} apart on average" if tally.n_compared else ""
    console.print(f"\n{tally.n_compared:,} tweets compared{hours}", style="bold")
    console.print(_sums(console, tally))
    _print_titled(console, "not compared", _left_out(tally))
    for metric, its in tally.metrics.items():
        _print_tops(console, metric, its)


def _sides(growth: Growth) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, side in (("old", growth.old), ("new", growth.new)):
        facts = ", ".join((side.name, *_facts(side)))
        table.add_row(Text(name, style="dim"), Text(facts, overflow="fold"))
    return table


def _facts(side: Side) -> list[str]:
    retrieved = side.retrieved
    if not retrieved.n:
        return ["no records"]
    first, last = (utc_text(at)[:-4].replace("T", " ") for at in (retrieved.first, retrieved.last))
    when = first if first == last else f"{first} to {last[11:] if first[:10] == last[:10] else last}"
    return [f"{retrieved.n:,} records", f"{when} UTC"]


def _fitting(console: Console, rows: Sequence[Sequence[Text]], columns: Sequence[tuple[str, int]]) -> Table:
    """A table of as many columns as have room, each with its header and rank: the highest are left out first."""
    most = max(rank for _, rank in columns)
    while True:
        table = _of_columns(rows, columns, most)
        if not most or console.measure(table, options=console.options.update(width=UNBOUNDED)).maximum <= (
            console.width
        ):
            return table
        most -= 1


def _of_columns(rows: Sequence[Sequence[Text]], columns: Sequence[tuple[str, int]], most: int) -> Table:
    table = Table(box=None, pad_edge=False)
    shown = [place for place, (_, rank) in enumerate(columns) if rank <= most]
    for place in shown:
        is_text = columns[place][0] in LEFT
        table.add_column(columns[place][0], justify="left" if is_text else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(row[place] for place in shown))
    return table


def _sums(console: Console, tally: Tally) -> Table:
    rows = [
        [
            Text(metric),
            Text(f"{its.gained:+,}"),
            Text(rate_text(its.per_hour)),
            Text(f"{its.tweets:,}"),
            Text(f"{its.n_rose:,}"),
            _quiet(f"{its.n_fell:,} by {its.fell_by:,}" if its.n_fell else "0", is_quiet=not its.n_fell),
            _quiet(f"{its.n_not_counted:,}", is_quiet=not its.n_not_counted),
        ]
        for metric, its in tally.metrics.items()
    ]
    return _fitting(console, rows, SUMS)


def _quiet(text: str, *, is_quiet: bool) -> Text:
    return Text(text, style="dim" if is_quiet else "")


def _left_out(tally: Tally) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    for reason, n in tally.left_out():
        table.add_row(f"{n:,}", f"tweets {reason}")
    return table


def _print_tops(console: Console, metric: str, tally: MetricTally) -> None:
    """The two top lists of a metric, side by side if there is room."""
    best, fastest = tally.best.ranked(), tally.fastest.ranked()
    if best == fastest:
        _print_titled(console, f"{metric}: top tweets by gain, and by gain per hour", _top(console, best))
        return
    lists = [(f"{metric}: top tweets by gain", best), (f"{metric}: top tweets by gain per hour", fastest)]
    tables = [(title, _top(console, ranked)) for title, ranked in lists if ranked]
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


def _top(console: Console, ranked: Sequence[Mapping[str, Any]]) -> Table:
    rows = [
        [
            Text(str(rank)),
            Text(f"{entry['gained']:+,}"),
            Text("" if entry["per_hour"] is None else rate_text(entry["per_hour"])),
            Text(f"{entry['old']:,}"),
            Text(f"{entry['new']:,}"),
            Text(rate_text(entry["hours"])),
            Text(entry["tweet_id"], style=f"link {TWEET_URL}{entry['tweet_id']}"),
        ]
        for rank, entry in enumerate(ranked, start=1)
    ]
    return _fitting(console, rows, TOP)


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
