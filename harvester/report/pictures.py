"""What came of an endpoint, as charts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from harvester.report.charts import Line, bar_chart, line_chart, stacked_chart
from harvester.report.gathering import MOST_LINES, Endpoint
from harvester.report.tallies import Bucket, Spread
from harvester.report.times import HOURS, WEEKDAYS, Heat, by_day, days_between, heat_of
from harvester.report.wording import duration, percent, short, within, words
from harvester.timeline import NOTHING, Happened, Timeline

FEWEST_SPANS: Final = 3
MOST_SPANS: Final = 80
"""Of time, that a chart of the run has room for."""


@dataclass(frozen=True, slots=True)
class MetricPicture:
    """How a metric is spread, and how it goes with the tweets' age; None where too few tell theirs."""

    metric: str
    spread: Spread
    distribution: Markup
    ages: Markup | None


def metric_pictures(endpoint: Endpoint) -> Iterator[MetricPicture]:
    """One for each metric of which anything was counted. Drawn one by one: who iterates may stop."""
    for metric, spread in endpoint.spreads.items():
        if spread.largest:
            yield MetricPicture(metric, spread, _distribution(metric, spread), _ages(metric, spread))


def _distribution(metric: str, spread: Spread) -> Markup:
    labels = [short(bucket.first) for bucket in spread.buckets]
    tips = [
        f"{_range_of(bucket)}: {bucket.n:,} tweets ({percent(bucket.n, spread.n)})"
        for bucket in spread.buckets
    ]
    title = f"How many tweets have how many {within(metric)}"
    return bar_chart(title, labels, [bucket.n for bucket in spread.buckets], tips, most_labels=12)


def _range_of(bucket: Bucket) -> str:
    return f"{bucket.first:,}" if bucket.first == bucket.last else f"{bucket.first:,} to {bucket.last:,}"


def _ages(metric: str, spread: Spread) -> Markup | None:
    if sum(group.n > 0 for group in spread.ages) < 2:
        return None
    labels = [group.label.removeprefix("< ") for group in spread.ages]
    lines = [
        Line("mean", [group.mean for group in spread.ages]),
        Line("median", [group.median for group in spread.ages]),
    ]
    title = f"{words(metric)} by age of the tweets, mean and median"
    return line_chart(title, labels, lines, is_logarithmic=True)


@dataclass(frozen=True, slots=True)
class SeriesPicture:
    """What happened to a metric over time: all tweets by day, the top tweets by day, a week by the hour."""

    metric: str
    total: int
    days: Markup
    tweets: Markup | None
    names: Sequence[str]
    heat: Heat | None


def series_pictures(endpoint: Endpoint) -> Iterator[SeriesPicture]:
    """One for each metric that has a series."""
    days = days_between([*endpoint.series.values()])
    for metric in endpoint.columns:
        points = endpoint.series.get(metric)
        if points:
            total, best = sum(points.values()), _best_series(endpoint, metric)
            lines = [Line(str(tweet), by_day(series, days)) for tweet, series in best.items()]
            yield SeriesPicture(
                metric,
                total,
                _days(
                    f"{words(metric)} by day, all tweets", days, [Line("all tweets", by_day(points, days))]
                ),
                _days(f"{words(metric)} by day, the top tweets", days, lines) if lines else None,
                [line.name for line in lines],
                heat_of(points),
            )


def _days(title: str, days: Sequence[str], lines: Sequence[Line]) -> Markup:
    if len(days) == 1:
        return bar_chart(
            title, [line.name for line in lines], [line.values[0] or 0 for line in lines], is_wide=True
        )
    return line_chart(title, days, lines, is_filled=len(lines) == 1, is_wide=True)


def _best_series(endpoint: Endpoint, metric: str) -> Mapping[int, Mapping[str, int]]:
    found = {}
    for _, tweet_id in endpoint.tops.get(metric, ())[:MOST_LINES]:
        tweet = endpoint.tweets.get(tweet_id)
        if tweet and tweet.days.get(metric):
            found[tweet_id] = tweet.days[metric]
    return found


def heat_rows(heat: Heat) -> list[tuple[str, list[tuple[str, float]]]]:
    """Its rows for a table: the weekday, and of each hour the text and how dark it is, from 0 to 1."""
    span = heat.largest - heat.smallest
    return [
        (day, [(short(value), (value - heat.smallest) / span if span else 0.0) for value in row])
        for day, row in zip(WEEKDAYS, heat.cells, strict=True)
    ]


HOUR_LABELS: Final = tuple(f"{hour:02d}" for hour in range(HOURS))


@dataclass(frozen=True, slots=True)
class Course:
    """How the work went over time. waits: None where nothing was waited for; troubles: likewise."""

    throughput: Markup
    waits: Markup | None
    wait_names: Sequence[str]
    waited: Sequence[str]
    troubles: Markup | None
    trouble_names: Sequence[str]


def course_of(timeline: Timeline) -> Course | None:
    """How the work went; None where the run kept no timeline, or was over too soon for one."""
    if len(timeline.spans) < FEWEST_SPANS:
        return None
    width_s, spans = _coarser(timeline)
    labels = [duration(place * width_s) for place in range(len(spans))]
    waits = {
        "allowance": [span.rate_limit_s for span in spans],
        "service": [span.service_s for span in spans],
        "disk": [span.disk_s for span in spans],
    }
    shares = [Line(name, [100 * s / width_s for s in seconds]) for name, seconds in waits.items()]
    troubles = [
        Line("429", [float(span.rate_limited) for span in spans]),
        Line("errors", [float(span.errors) for span in spans]),
    ]
    settled = Line("tweets a minute", [span.settled * 60 / width_s for span in spans])
    has_waits, has_troubles = any(map(any, waits.values())), any(any(line.values) for line in troubles)
    return Course(
        line_chart(
            "Tweets settled a minute, over the run's time", labels, [settled], is_filled=True, is_wide=True
        ),
        stacked_chart("Share of the time waited, in percent", labels, shares) if has_waits else None,
        [line.name for line in shares],
        [f"{duration(sum(seconds))} for the {name}" for name, seconds in waits.items() if sum(seconds)],
        stacked_chart("Requests that came to nothing", labels, troubles) if has_troubles else None,
        [line.name for line in troubles],
    )


def _coarser(timeline: Timeline) -> tuple[int, list[Happened]]:
    """The same in fewer spans, and how long those are, in seconds."""
    n = -(-len(timeline.spans) // MOST_SPANS)
    groups = (timeline.spans[at : at + n] for at in range(0, len(timeline.spans), n))
    return n * timeline.width_s, [sum(group, start=NOTHING) for group in groups]
