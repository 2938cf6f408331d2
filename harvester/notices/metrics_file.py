"""How a run is, as a Prometheus text file: for node_exporter's textfile collector, or whatever reads its format.

The file is replaced as a whole each time. It stays when the run has ended, and says then with which exit code.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from harvester.errors import ExitCode
from harvester.notices.notices import Moment
from harvester.sources import printable_name

Sample = tuple[Mapping[str, str], float]
"""Its labels beside `run`, and its value."""
WAITS: Final = ("rate limit", "service", "disk", "input")
"""What a run may wait for. Others are short, and part of its pace."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric. labels: beside `run`, the name of the run directory. read: its samples at a moment."""

    name: str
    about: str
    labels: tuple[str, ...]
    read: Callable[[Moment], Iterable[Sample]]
    is_counter: bool = False


def _tweets(moment: Moment) -> Iterator[Sample]:
    for name, facts in moment.facts.items():
        for status, n in facts.tweets.items():
            yield {"endpoint": name, "status": status}, n


def _requests(moment: Moment) -> Iterator[Sample]:
    for name, facts in moment.facts.items():
        for result, n in facts.requests.items():
            yield {"endpoint": name, "result": _label(result)}, n


def _totals(moment: Moment) -> Iterator[Sample]:
    for snapshot in moment.snapshots:
        if snapshot.n_total is not None:
            yield {"endpoint": snapshot.endpoint}, snapshot.n_total


def _waits(moment: Moment) -> Iterator[Sample]:
    for snapshot in moment.snapshots:
        now = snapshot.wait.reason if snapshot.wait and moment.exit_code is None else None
        for reason in WAITS:
            yield {"endpoint": snapshot.endpoint, "reason": _label(reason)}, float(reason == now)


def _label(words: str) -> str:
    return words.lower().replace(" ", "_")


def _by_endpoint(value: str) -> Callable[[Moment], Iterator[Sample]]:
    """Reads one of the facts of each endpoint."""

    def read(moment: Moment) -> Iterator[Sample]:
        for name, facts in moment.facts.items():
            yield {"endpoint": name}, getattr(facts, value)

    return read


def _exit_code(moment: Moment) -> Iterator[Sample]:
    if moment.exit_code is not None:
        yield {}, moment.exit_code


def _succeeded_at(moment: Moment) -> Iterator[Sample]:
    if moment.exit_code is ExitCode.OK:
        yield {}, moment.at_s


FIGURES: Final = (
    Figure("harvester_tweets", "Tweets that have a record, by status.", ("endpoint", "status"), _tweets),
    Figure(
        "harvester_dead_letters",
        "Tweets that have a dead letter: run again to ask for them.",
        ("endpoint",),
        _by_endpoint("dead_letters"),
    ),
    Figure(
        "harvester_requests_total",
        "Requests over all processes of the run, by what came of them.",
        ("endpoint", "result"),
        _requests,
        is_counter=True,
    ),
    Figure(
        "harvester_ids_settled",
        "IDs that are accounted for: a record or a dead letter, committed.",
        ("endpoint",),
        _by_endpoint("settled"),
    ),
    Figure(
        "harvester_ids_expected",
        "IDs to settle in all; not there while the input is still being read.",
        ("endpoint",),
        _totals,
    ),
    Figure(
        "harvester_waiting",
        "1 while nothing is sent for this reason, else 0.",
        ("endpoint", "reason"),
        _waits,
    ),
    Figure(
        "harvester_elapsed_seconds",
        "Time spent on the endpoint, over all processes of the run.",
        ("endpoint",),
        _by_endpoint("elapsed_s"),
    ),
    Figure(
        "harvester_last_update_timestamp_seconds",
        "When this file was written.",
        (),
        lambda moment: [({}, moment.at_s)],
    ),
    Figure("harvester_exit_code", "How the run ended; not there while it goes on.", (), _exit_code),
    Figure(
        "harvester_success_timestamp_seconds",
        "When the run ended with exit code 0; not there otherwise.",
        (),
        _succeeded_at,
    ),
)


class MetricsFile(Collector):
    """Writes the figures of a run. name: that of the run directory, the label `run`."""

    def __init__(self, path: Path, out: Path) -> None:
        self.name = f"--metrics-file {printable_name(path)}"
        self._path = path
        self._run = printable_name(out.absolute().name)
        self._moment = Moment(0.0)
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """The figures of the moment that is written. prometheus-client asks for them."""
        for figure in FIGURES:
            family = CounterMetricFamily if figure.is_counter else GaugeMetricFamily
            metric = family(figure.name, figure.about, labels=("run", *figure.labels))
            for labels, value in figure.read(self._moment):
                metric.add_metric([self._run, *(labels[label] for label in figure.labels)], value)
            if metric.samples:
                yield metric

    def describe(self) -> list[Metric]:
        """Nothing: nobody else is in the registry."""
        return []

    def _write(self, moment: Moment) -> None:
        self._moment = moment
        write_to_textfile(str(self._path), self._registry)

    begin = go_on = end = _write
