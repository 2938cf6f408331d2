"""The page of HTML that tells what was gained between two runs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from harvester.engagement.windows import utc_text
from harvester.growth.compare import Growth
from harvester.growth.sides import Side
from harvester.growth.tally import AGE_EDGES_DAYS, GAIN_EDGES, AgeClass, MetricTally, Tally
from harvester.report.charts import bar_chart
from harvester.report.page import render
from harvester.report.tables import EMPTY, Cell, Column, Table, number_cell, text_cell, tweet_cell
from harvester.report.wording import duration, moment, number, percent, short, words
from harvester.rundir.files import write_beside_others
from harvester.version import __version__

TEMPLATE: Final = "growth.html"
STATES: Final = {
    "complete": "complete",
    "incomplete": "finished, dead letters remain",
    "unfinished": "not finished",
}
MOST_CARDS: Final = 3
"""Of metrics, beside that of the tweets."""


def write_page(growth: Growth, path: Path) -> None:
    """Write the page, as a whole or not at all. Raises StorageError."""
    write_beside_others(path, make_page(growth))


def make_page(growth: Growth) -> bytes:
    """The page; all gains have been taken."""
    tally = growth.tally
    return render(
        TEMPLATE,
        version=__version__,
        old=growth.old,
        new=growth.new,
        headline=_headline(tally),
        remarks=growth.remarks(),
        cards=list(_cards(tally)),
        sides=_sides(growth),
        tweets=_tweets(tally),
        equation=_equation(tally),
        gained=_gained(tally),
        tops=list(_tops(tally)),
        pictures=list(_pictures(tally)),
        ages_table=_ages(tally),
    )


def _headline(tally: Tally) -> str:
    if not tally.n_compared:
        return "Nothing to compare"
    return f"What tweets gained in {duration(3600 * tally.hours / tally.n_compared)}"


def _cards(tally: Tally) -> Iterator[tuple[str, str, str]]:
    apart = f"{duration(3600 * tally.hours / tally.n_compared)} apart on average" if tally.n_compared else ""
    yield "Tweets compared", number(tally.n_compared), apart
    for metric, its in list(tally.metrics.items())[:MOST_CARDS]:
        yield words(metric), _in_a_card(its.gained), f"{signed(its.per_hour)} an hour"


def _in_a_card(gained: int) -> str:
    """The same, short where a card has no room for all digits."""
    return signed(gained) if abs(gained) < 10_000_000 else f"{'+' if gained > 0 else '−'}{short(abs(gained))}"


def _sides(growth: Growth) -> Table:
    columns = [
        Column("Run", "text"),
        Column("Directory", "text"),
        Column("Records"),
        Column("Dead letters"),
        Column("Retrieved from", "text"),
        Column("To", "text"),
        Column("State", "text"),
    ]
    rows = [_side_row(*named) for named in (("Old", growth.old), ("New", growth.new))]
    return Table("The two runs", columns, rows, is_sortable=False)


def _side_row(name: str, side: Side) -> list[Cell]:
    times = [side.retrieved.first, side.retrieved.last]
    shown = [Cell(moment(at), utc_text(at)) for at in times] if side.retrieved.n else [EMPTY, EMPTY]
    counts = [number_cell(side.retrieved.n), number_cell(side.n_dead)]
    return [text_cell(name), text_cell(side.name), *counts, *shown, text_cell(STATES[side.state])]


def _parts(tally: Tally) -> list[tuple[str, int]]:
    """All tweets of both runs."""
    return [("compared", tally.n_compared), *tally.left_out()]


def _tweets(tally: Tally) -> Table:
    found = _parts(tally)
    n_all = sum(n for _, n in found)
    rows = [
        [text_cell(words(name)), number_cell(n, n / n_all if n_all else 0), Cell(percent(n, n_all), n)]
        for name, n in found
    ]
    columns = [Column("Tweets", "text"), Column("Number"), Column("Share")]
    return Table("Tweets of both runs", columns, rows, [Cell("All"), number_cell(n_all), EMPTY])


def _equation(tally: Tally) -> str:
    found = _parts(tally)
    said = " + ".join(f"{number(n)} {name}" for name, n in found)
    return (
        f"{said} = {number(sum(n for _, n in found))} tweets."
        if tally.n_compared or len(found) > 1
        else "There are no tweets."
    )


def _gained(tally: Tally) -> Table:
    columns = [
        Column("Metric", "text"),
        Column("Gained"),
        Column("An hour", note="The sum of what each tweet gained an hour"),
        Column("A tweet", note="The mean of those that both runs have counted"),
        Column("Tweets", note="Counted in both runs"),
        Column("Rose"),
        Column("Fell"),
        Column("Fell by"),
        Column("Not counted", note="In one of the runs at least; such are no zeros"),
    ]
    rows = [
        [
            text_cell(metric),
            signed_cell(its.gained),
            signed_cell(round(its.per_hour, 6)),
            signed_cell(its.gained / its.tweets if its.tweets else None),
            *map(number_cell, (its.tweets, its.n_rose, its.n_fell, its.fell_by, its.n_not_counted)),
        ]
        for metric, its in tally.metrics.items()
    ]
    return Table("Gains by metric", columns, rows)


def _tops(tally: Tally) -> Iterator[tuple[str, str, Table, Table | None]]:
    for metric, its in tally.metrics.items():
        best, fastest = its.best.ranked(), its.fastest.ranked()
        if best:
            is_same = best == fastest
            title = f"{words(metric)}: by gain" + (", and by gain an hour" if is_same else "")
            other = None if is_same or not fastest else _top(f"{words(metric)}: by gain an hour", fastest, 2)
            yield metric, signed(best[0]["gained"]), _top(title, best, 1), other


def _top(caption: str, ranked: Sequence[Mapping[str, Any]], sorted_by: int) -> Table:
    columns = [
        Column("Tweet", "id"),
        Column("Gained"),
        Column("An hour"),
        Column("From"),
        Column("To"),
        Column("Time between"),
    ]
    rows = [
        [
            tweet_cell(entry["tweet_id"]),
            signed_cell(entry["gained"]),
            signed_cell(entry["per_hour"]),
            number_cell(entry["old"]),
            number_cell(entry["new"]),
            Cell(duration(3600 * entry["hours"]), entry["hours"]),
        ]
        for entry in ranked
    ]
    return Table(caption, columns, rows, sorted_by=sorted_by)


def _pictures(tally: Tally) -> Iterator[tuple[str, Markup, Markup | None]]:
    for metric, its in tally.metrics.items():
        if its.n_rose or its.n_fell:
            yield metric, _spread(metric, its), _by_age(metric, its)


def _spread(metric: str, tally: MetricTally) -> Markup:
    ends = (short(edge - 1) for edge in GAIN_EDGES[1:])
    classes = [f"{short(first)} to {last}" for first, last in zip(GAIN_EDGES, ends, strict=False)]
    names = ["fell", "none", *classes, f"{short(GAIN_EDGES[-1])} or more"]
    labels = ["fell", "none", *(f"{short(first)}+" for first in GAIN_EDGES)]
    counts = tally.by_gain.tolist()
    # What is empty at the upper end says nothing.
    n_shown = max(place for place, n in enumerate(counts) if n or place < 3) + 1
    tips = [f"{name}: {number(n)} tweets" for name, n in zip(names, counts, strict=True)]
    title = f"Tweets by what they gained in {words(metric)}"
    return bar_chart(title, labels[:n_shown], counts[:n_shown], tips[:n_shown], most_labels=n_shown)


def _by_age(metric: str, tally: MetricTally) -> Markup | None:
    ages = [each for each in tally.by_age() if each.tweets]
    if len(ages) < 2:
        return None
    means = [each.per_hour / each.tweets for each in ages]
    tips = [
        f"{age_text(each)}: {number(mean)} an hour, {number(each.tweets)} tweets"
        for each, mean in zip(ages, means, strict=True)
    ]
    title = f"Mean gain an hour in {words(metric)} by age of the tweet"
    return bar_chart(title, [age_text(each) for each in ages], means, tips, most_labels=len(ages))


def age_text(age: AgeClass) -> str:
    """`to 7 d`: a class of ages as a chart names it."""
    return f"over {AGE_EDGES_DAYS[-1]} d" if age.up_to_days is None else f"to {age.up_to_days} d"


def _ages(tally: Tally) -> Table:
    columns = [
        Column("Metric", "text"),
        Column("Age"),
        Column("Tweets"),
        Column("Gained"),
        Column("An hour, a tweet"),
    ]
    rows = [
        [
            text_cell(metric),
            Cell(age_text(age), age.up_to_days or AGE_EDGES_DAYS[-1] + 1),
            number_cell(age.tweets),
            signed_cell(age.gained),
            signed_cell(round(age.per_hour / age.tweets, 6)),
        ]
        for metric, its in tally.metrics.items()
        for age in its.by_age()
        if age.tweets
    ]
    return Table("Gains by age of the tweet at its old record", columns, rows)


def signed(value: float) -> str:
    """`+1,234`: what is gained, with its sign; or lost, with a minus as print has it."""
    return f"+{number(value)}" if value > 0 else f"−{number(-value)}" if value < 0 else "0"


def signed_cell(value: float | None) -> Cell:
    """The same as a cell; a dash for None."""
    return EMPTY if value is None else Cell(signed(value), value)
