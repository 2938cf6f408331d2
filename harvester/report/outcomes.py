"""What came of a run, as tables. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from harvester.engagement.metrics import RATE
from harvester.report.gathering import MOST_RANKED, Endpoint, Reason
from harvester.report.tables import EMPTY, Cell, Column, Table, number_cell, text_cell, tweet_cell
from harvester.report.tallies import AGE_LABELS
from harvester.report.times import by_day, days_between
from harvester.report.wording import percent, shown_time, within, words

MEANINGS: Final = {
    "ok": "counted",
    "unavailable": "deleted, protected or otherwise gone",
    "forbidden": "not owned by the token's user",
    "no_data": "answered, but neither listed nor counted",
    "failed": "a dead letter: asked and given up",
}
"""Of what became of a tweet."""
REQUESTS: Final = {
    "sent": ("sent", "requests that went out, repeated ones too"),
    "answered": ("answered", "whole answers that could be read, refusals by name too"),
    "repeated": ("repeated", "sent again after trouble, or after a 429"),
    "rate_limited": ("429", "refused for their rate; they cost no attempt"),
    "unexpected": ("tweets never asked for", "that stood in answers, and were left out"),
}
MOST_ROWS: Final = 100
"""Of a grouping; more are in `summary.json`."""


def equation(endpoint: Endpoint) -> str:
    """`8,325 ok + 175 unavailable = 8,500`: the outcomes that there are, added up."""
    parts = [f"{n:,} {name.replace('_', ' ')}" for name, n in endpoint.counts.items() if n]
    return f"{' + '.join(parts) or '0'} = {endpoint.n_settled:,}"


def outcome_table(endpoint: Endpoint) -> Table:
    """Tweets by what became of them."""
    whole = endpoint.n_settled
    rows = [
        (
            text_cell(words(name)),
            number_cell(n),
            Cell(percent(n, whole), n),
            Cell(MEANINGS[name]),
        )
        for name, n in endpoint.counts.items()
    ]
    columns = (Column("Outcome", "text"), Column("Tweets"), Column("Share"), Column("Means", "text"))
    total = (Cell("All"), number_cell(whole), Cell(percent(whole, whole)), Cell(""))
    return Table("What became of the tweets", columns, rows, total, is_sortable=False)


def totals_table(endpoint: Endpoint) -> Table:
    """Totals and spread of each metric."""
    columns = (
        Column("Metric", "text"),
        Column("Total"),
        Column("Tweets", note="tweets of which it was counted"),
        Column("Of them 0"),
        Column("Mean"),
        Column("Median"),
        Column("90 %", note="as many tweets have no more than this"),
        Column("99 %", note="as many tweets have no more than this"),
        Column("Largest"),
    )
    rows = [_totals_row(endpoint, metric, total) for metric, total in endpoint.totals.items()]
    note = "Quantiles of 128 and more are within 0.8 %; everything else is exact."
    return Table("Totals, and how they are spread over the tweets", columns, rows, note=note)


def _totals_row(endpoint: Endpoint, metric: str, total: int) -> tuple[Cell, ...]:
    spread = endpoint.spreads.get(metric)
    if spread is None:
        return (text_cell(words(metric)), number_cell(total), number_cell(0), *[EMPTY] * 6)
    values = (spread.mean, spread.median, spread.p90, spread.p99, spread.largest)
    return (
        text_cell(words(metric)),
        number_cell(total),
        number_cell(spread.n),
        Cell(percent(spread.n_zero, spread.n), spread.n_zero / spread.n),
        *map(number_cell, values),
    )


def top_table(endpoint: Endpoint, metric: str) -> Table:
    """The top list of a metric, with what else is known of its tweets."""
    others = [name for name in endpoint.columns if name != metric]
    ranked = endpoint.tops[metric]
    columns = (
        Column("Rank"),
        Column(words(metric)),
        Column("Tweet", "id"),
        Column("Created (UTC)", "text"),
        *(Column(words(name)) for name in others),
    )
    most = ranked[0][0] if ranked else 0
    rows = []
    for rank, (value, tweet_id) in enumerate(ranked[:MOST_RANKED], start=1):
        tweet = endpoint.tweets.get(tweet_id)
        created_at = tweet.created_at if tweet else None
        values = tweet.values if tweet else {}
        rows.append(
            (
                number_cell(rank),
                _value_cell(metric, value, value / most),
                tweet_cell(tweet_id),
                Cell(shown_time(created_at).removesuffix(" UTC"), created_at) if created_at else EMPTY,
                *(number_cell(values.get(name)) for name in others),
            )
        )
    left = (
        f" The first {MOST_RANKED} of {len(ranked):,}; all are in top_tweets.csv."
        if len(ranked) > MOST_RANKED
        else ""
    )
    return Table(f"Top tweets by {within(metric)}", columns, rows, sorted_by=1, note=left.strip())


def _value_cell(metric: str, value: float, share: float) -> Cell:
    if metric == RATE:
        return Cell(percent(value, 1), value, share=share)
    return number_cell(value, share)


def age_table(endpoint: Endpoint) -> Table | None:
    """Median and mean of each metric by age; None where no tweet tells its age."""
    columns = (
        Column("Metric", "text"),
        Column("Age", "text"),
        Column("Tweets"),
        Column("Median"),
        Column("Mean"),
    )
    rows = [
        (
            text_cell(words(metric)),
            Cell(group.label, f"{AGE_LABELS.index(group.label):02d}"),
            number_cell(group.n),
            number_cell(group.median),
            number_cell(group.mean),
        )
        for metric, spread in endpoint.spreads.items()
        for group in spread.ages
        if group.n and spread.largest
    ]
    return Table("By age of the tweets", columns, rows) if rows else None


def count_table(endpoint: Endpoint) -> Table | None:
    """How many tweets have how many, of each metric; None where nothing was counted."""
    columns = (Column("Metric", "text"), Column("From"), Column("To"), Column("Tweets"), Column("Share"))
    rows = [
        (
            text_cell(words(metric)),
            number_cell(bucket.first),
            number_cell(bucket.last),
            number_cell(bucket.n),
            Cell(percent(bucket.n, spread.n), bucket.n / spread.n),
        )
        for metric, spread in endpoint.spreads.items()
        for bucket in spread.buckets
        if bucket.n and spread.largest
    ]
    return Table("Tweets by count", columns, rows) if rows else None


def day_table(endpoint: Endpoint) -> Table | None:
    """What all tweets have together on each day; None without a series."""
    metrics = [metric for metric in endpoint.columns if endpoint.series.get(metric)]
    days = days_between([endpoint.series[metric] for metric in metrics])
    if not days:
        return None
    columns = (Column("Day (UTC)", "text"), *(Column(words(metric)) for metric in metrics))
    by_metric = [by_day(endpoint.series[metric], days) for metric in metrics]
    rows = [
        (text_cell(day), *map(number_cell, counts)) for day, *counts in zip(days, *by_metric, strict=True)
    ]
    return Table("All tweets, by day", columns, rows, sorted_by=0)


def request_table(endpoint: Endpoint) -> Table:
    """What it took: requests, and errors by kind."""
    told = endpoint.requests
    rows = [
        (text_cell(words(name)), number_cell(told[key]), Cell(means))
        for key, (name, means) in REQUESTS.items()
        if key in told and (told[key] or key in ("sent", "answered", "repeated", "rate_limited"))
    ]
    if endpoint.limit_per_minute is not None:
        limit = number_cell(endpoint.limit_per_minute)
        rows.append((Cell("Allowance"), limit, Cell("requests a minute, as last seen")))
    errors = sorted(told.get("errors", {}).items(), key=lambda pair: (-pair[1], pair[0]))
    rows += [
        (Cell(f"Error: {kind}"), number_cell(n), Cell("came to nothing, and was tried again"))
        for kind, n in errors
    ]
    columns = (Column("Requests", "text"), Column("Number"), Column("Means", "text"))
    return Table("Requests", columns, rows, is_sortable=False)


def dead_table(reasons: Sequence[Reason]) -> Table:
    """Dead letters by reason, with examples."""
    columns = (
        Column("Reason", "text"),
        Column("Tweets"),
        Column("For instance", "id"),
        Column("Last error", "text"),
        Column("Attempts"),
    )
    rows = []
    for reason in reasons:
        for place, letter in enumerate(reason.examples):
            head = (text_cell(reason.name), number_cell(reason.n)) if not place else (Cell(""), Cell(""))
            rows.append(
                (
                    *head,
                    tweet_cell(str(letter.get("tweet_id", ""))),
                    Cell(str(letter.get("error", ""))),
                    number_cell(letter.get("attempts")),
                )
            )
    return Table("Dead letters by reason", columns, rows, is_sortable=False)


def rejected_table(reasons: Sequence[Reason]) -> Table:
    """Rejected lines by reason, with examples."""
    columns = (
        Column("Reason", "text"),
        Column("Lines"),
        Column("For instance", "text"),
        Column("Where", "text"),
    )
    rows = []
    for reason in reasons:
        for place, line in enumerate(reason.examples):
            head = (text_cell(reason.name), number_cell(reason.n)) if not place else (Cell(""), Cell(""))
            rows.append((*head, Cell(str(line["text"])), Cell(f"{line['file']}, line {line['line']:,}")))
    total = (Cell("All"), number_cell(sum(reason.n for reason in reasons)), Cell(""), Cell(""))
    return Table("Lines that are no tweet ID", columns, rows, total, is_sortable=False)


def grouping_table(name: str, group_by: Sequence[str], nested: Mapping[str, Any]) -> Table:
    """A grouping that is summed over the run: a row for each leaf."""
    leaves = list(_leaves(nested))
    columns = (*(Column(value, "text") for value in group_by), Column("Count"))
    rows = [(*map(text_cell, path), number_cell(count)) for path, count in leaves[:MOST_ROWS]]
    left = (
        f"The first {MOST_ROWS} of {len(leaves):,}; all are in summary.json."
        if len(leaves) > MOST_ROWS
        else ""
    )
    return Table(name, columns, rows, note=left)


def _leaves(nested: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], int]]:
    for key, value in nested.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value
