"""The Prometheus text file: what is in it, by what names, and that it never is in the way."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from harvester.errors import ExitCode
from harvester.notices.metrics_file import FIGURES, WAITS, MetricsFile
from harvester.notices.notices import Moment
from tests.growth.conftest import IDS
from tests.notices.conftest import tell

README: Final = (Path(__file__).parents[2] / "README.md").read_text()
UNITS: Final = ("seconds", "bytes")


def families(path: Path) -> dict[str, Metric]:
    """The metrics of a file, by name as they are written."""
    found = list(text_string_to_metric_families(path.read_text()))
    return {f"{m.name}_total" if m.type == "counter" else m.name: m for m in found}


def value(path: Path, name: str, **labels: str) -> float:
    samples = {tuple(sorted(s.labels.items())): s.value for s in families(path)[name].samples}
    return samples[tuple(sorted({"run": "run", **labels}.items()))]


class Copied(MetricsFile):
    """Keeps what it has written each time."""

    texts: list[str]

    def __init__(self, path: Path, out: Path) -> None:
        super().__init__(path, out)
        self.texts = []
        self._file = path

    def _write(self, moment: Moment) -> None:
        super()._write(moment)
        self.texts.append(self._file.read_text())

    begin = go_on = end = _write


def test_the_figures_of_a_finished_run_are_its_outcome(tmp_path: Path) -> None:
    path = tmp_path / "harvest.prom"
    outcome = tell([MetricsFile(path, tmp_path / "run")], tmp_path / "run", ill="7")
    counts = outcome.results[0].counts()
    for status in ("ok", "unavailable", "forbidden", "no_data"):
        assert value(path, "harvester_tweets", endpoint="totals", status=status) == counts[status]
    assert value(path, "harvester_dead_letters", endpoint="totals") == counts["failed"]
    requests = outcome.results[0].requests
    assert (
        value(path, "harvester_requests_total", endpoint="totals", result="answered") == requests["answered"]
    )
    assert value(path, "harvester_ids_settled", endpoint="totals") == len(IDS)
    assert value(path, "harvester_ids_expected", endpoint="totals") == len(IDS)
    assert value(path, "harvester_exit_code") == ExitCode.INCOMPLETE
    assert "harvester_success_timestamp_seconds" not in families(path)
    for wait in WAITS:
        assert value(path, "harvester_waiting", endpoint="totals", reason=wait.replace(" ", "_")) == 0


def test_a_run_that_goes_on_has_no_exit_code(tmp_path: Path) -> None:
    listener = Copied(tmp_path / "harvest.prom", tmp_path / "run")
    tell([listener], tmp_path / "run", concurrency=1)
    assert len(listener.texts) > 3
    assert ["harvester_exit_code" in text for text in listener.texts] == [False] * (
        len(listener.texts) - 1
    ) + [True]
    assert "harvester_success_timestamp_seconds" in listener.texts[-1]


def test_requests_of_all_processes_are_counted(tmp_path: Path) -> None:
    path, out = tmp_path / "harvest.prom", tmp_path / "run"
    tell([MetricsFile(path, out)], out, stop_after=2, concurrency=1)
    before = value(path, "harvester_requests_total", endpoint="totals", result="answered")
    assert value(path, "harvester_exit_code") == ExitCode.TERMINATED
    tell([MetricsFile(path, out)], out)
    assert value(path, "harvester_requests_total", endpoint="totals", result="answered") > before > 0
    assert value(path, "harvester_exit_code") == ExitCode.OK


def test_names_follow_the_conventions_of_prometheus(tmp_path: Path) -> None:
    path = tmp_path / "harvest.prom"
    tell([MetricsFile(path, tmp_path / "run")], tmp_path / "run")
    found = families(path)
    assert set(found) == {figure.name for figure in FIGURES}
    for name, metric in found.items():
        assert re.fullmatch(r"harvester_[a-z]+(_[a-z]+)*", name)
        assert metric.documentation.endswith(".")
        assert (metric.type == "counter") == name.endswith("_total")
        assert not name.endswith(("_count", "_sum", "_bucket", "_info"))
        assert not {"milliseconds", "minutes", "kilobytes", "megabytes"} & set(name.split("_"))
        assert not any(unit in name for unit in UNITS) or name.removesuffix("_total").endswith(UNITS)
        for sample in metric.samples:
            assert all(re.fullmatch(r"[a-z][a-z_]*", label) for label in sample.labels)
            assert sample.labels["run"] == "run"


def test_a_file_that_cannot_be_written_is_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "nowhere" / "harvest.prom"
    outcome = tell([MetricsFile(path, tmp_path / "run")], tmp_path / "run")
    assert outcome.exit_code is ExitCode.OK
    (warning,) = caplog.messages
    assert warning.startswith(f"--metrics-file {path}: ")
    assert "No such file or directory" in warning


def test_nothing_but_the_file_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    path = tmp_path / "metrics" / "harvest.prom"
    tell([MetricsFile(path, tmp_path / "run")], tmp_path / "run")
    assert list(path.parent.iterdir()) == [path]


def test_a_name_with_quotes_stays_a_label(tmp_path: Path) -> None:
    path, out = tmp_path / "harvest.prom", tmp_path / 'a "run" \\ of\nmine'
    MetricsFile(path, out).end(Moment(5.0, exit_code=ExitCode.USAGE))
    (sample,) = families(path)["harvester_exit_code"].samples
    assert (sample.labels, sample.value) == ({"run": out.name}, 2.0)


def documented() -> Mapping[str, set[str]]:
    """The README's table: by name, the labels."""
    rows = re.findall(r"^\| `(harvester_\w+)` \| (.*?) \|", README, re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


@pytest.mark.skipif("--metrics-file" not in README, reason="the README does not speak of it")
def test_every_figure_is_documented() -> None:
    assert documented() == {figure.name: set(figure.labels) for figure in FIGURES}
