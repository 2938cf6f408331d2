"""Two runs compared as their directories are: finished, interrupted, with dead letters, of other metrics."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harvester.errors import HarvesterError, RunDirectoryError, UsageError
from harvester.growth.compare import compared
from harvester.growth.lines import GainLines
from harvester.growth.tally import Tally
from tests.growth.conftest import IDS, harvest
from tests.growth.naive import gains_between, hours_between, not_ok_between, records_of
from tests.verify.conftest import Ill
from tests.worlds.harvesting import Interruption


def lines_of(
    old: Path, new: Path, metrics: Sequence[str] | None = None
) -> tuple[list[dict[str, Any]], Tally]:
    """The gains of all tweets as their lines say them, and what they come to."""
    with compared(old, new, metrics, 3) as growth:
        lines = GainLines(tuple(growth.tally.metrics))
        text = b"".join(map(lines.encode, growth.gains()))
        return [json.loads(line) for line in text.splitlines()], growth.tally


def test_every_tweet_has_its_gains_by_id_upwards(june: Path, july: Path) -> None:
    lines, tally = lines_of(june, july)
    wanted = gains_between(june, july)
    assert {line["tweet_id"]: line["gained"] for line in lines} == wanted
    assert [line["tweet_id"] for line in lines] == list(wanted)
    assert sum(1 for gains in wanted.values() if "impressions" not in gains) > 50
    for metric, its in tally.metrics.items():
        assert its.gained == sum(gains.get(metric, 0) for gains in wanted.values())
        assert its.n_not_counted == sum(metric not in gains for gains in wanted.values())


def test_a_line_has_times_and_gains_per_hour(june: Path, july: Path) -> None:
    old, new = records_of(june), records_of(july)
    for line in lines_of(june, july)[0]:
        before, after = old[line["tweet_id"]], new[line["tweet_id"]]
        assert line["old_retrieved_at"] == before["retrieved_at"]
        assert line["new_retrieved_at"] == after["retrieved_at"]
        assert line["hours"] == pytest.approx(hours_between(before, after), abs=1e-4)
        per_hour = {metric: gain / hours_between(before, after) for metric, gain in line["gained"].items()}
        assert line["per_hour"] == pytest.approx(per_hour, abs=1e-6)
        uncounted = {m for r in (before, after) for m in r.get("unsupported", ())}
        assert set(line.get("not_counted", ())) == uncounted


def test_tweets_that_cannot_be_compared_are_counted_and_have_no_line(june: Path, july: Path) -> None:
    lines, tally = lines_of(june, july)
    assert (tally.n_only_old, tally.n_only_new) == (50, 100)
    assert tally.not_ok == not_ok_between(june, july)
    assert tally.not_ok["ok", "unavailable"] > 0
    assert len(lines) == tally.n_compared == 550 - tally.n_not_ok


def test_counts_that_fell_are_kept_and_counted_apart(june: Path, tmp_path: Path) -> None:
    later = harvest(tmp_path / "later", IDS, 5, 10)
    lines, tally = lines_of(june, later, ["favorites"])
    gains = [line["gained"]["favorites"] for line in lines]
    assert min(gains) < 0
    its = tally.metrics["favorites"]
    assert (its.n_fell, its.fell_by) == (sum(g < 0 for g in gains), -sum(g for g in gains if g < 0))
    assert its.gained == sum(gains) < 0


def test_dead_letters_are_tweets_that_are_not_ok(june: Path, tmp_path: Path) -> None:
    serve = type("Serve", (Ill,), {"ending": "7"})
    later = harvest(tmp_path / "later", IDS, 5, 40, serve=serve)
    lines, tally = lines_of(june, later)
    assert tally.not_ok == not_ok_between(june, later)
    assert tally.not_ok["ok", "failed"] > 10
    assert not any(line["tweet_id"].endswith("7") for line in lines)


def test_an_interrupted_run_is_compared_as_far_as_its_journal_counts(june: Path, tmp_path: Path) -> None:
    later = harvest(tmp_path / "later", IDS, 5, 40, stop=Interruption(3, "drain"), concurrency=1)
    with (later / "totals.ndjson").open("a") as file:
        file.write('{"tweet_id":"1')
    with compared(june, later, None, 3) as growth:
        growth.finish()
        n_records = growth.new.retrieved.n
        assert 0 < n_records < len(IDS)
        assert growth.tally.n_only_old > 0
        assert (
            f"later is not finished: compared as far as its journal counts, {n_records} records"
            in (growth.remarks()[0])
        )


def test_a_run_that_has_barely_begun_has_nothing_to_compare(june: Path, tmp_path: Path) -> None:
    later = harvest(tmp_path / "later", IDS, 5, 40, stop=Interruption(1, "crash"))
    lines, tally = lines_of(june, later)
    assert (lines, tally.n_only_old) == ([], 600)


def test_of_a_tweet_that_a_run_has_several_times_the_last_record_counts(june: Path, tmp_path: Path) -> None:
    later = harvest(tmp_path / "later", [*IDS, *IDS[100:400]], 5, 40, is_deduped=False)
    n_records = len((later / "totals.ndjson").read_text().splitlines())
    lines, tally = lines_of(june, later)
    assert tally.n_repeated == n_records - len(IDS) > 100
    assert {line["tweet_id"]: line["gained"] for line in lines} == gains_between(june, later)


def test_runs_of_other_metrics_are_compared_by_those_that_both_have(june: Path, tmp_path: Path) -> None:
    later = harvest(tmp_path / "later", IDS, 5, 40, metrics=("replies", "favorites"))
    _, tally = lines_of(june, later)
    assert tuple(tally.metrics) == ("replies", "favorites")
    assert tuple(lines_of(june, later, ["favorites"])[1].metrics) == ("favorites",)


def test_the_rate_stands_for_what_it_is_made_of(june: Path, july: Path) -> None:
    assert tuple(lines_of(june, july, ["engagement_rate"])[1].metrics) == ("engagements", "impressions")


def test_tweets_of_an_overlap_that_are_out_of_order_are_left_out(tmp_path: Path) -> None:
    """Each run was interrupted, and the newer one came to its first tweets before the older one to its last."""
    old, new = tmp_path / "old", tmp_path / "new"
    asked: dict[str, Any] = {"metrics": ("favorites",), "concurrency": 1}
    harvest(old, IDS, 0, 20, stop=Interruption(2, "drain"), **asked)
    harvest(new, IDS, 2, 20, **asked)
    harvest(old, IDS, 3, 20, **asked)
    _, tally = lines_of(old, new)
    assert tally.n_out_of_order > 0
    assert tally.n_compared > 0


@pytest.fixture(scope="session")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that cannot be compared with june."""
    folder = tmp_path_factory.mktemp("others")
    harvest(folder / "ranges", IDS[:50], 5, 1, endpoints=("28hr",))
    harvest(folder / "both", IDS[:50], 6, 1, endpoints=("totals", "28hr"), metrics=("favorites",))
    harvest(folder / "plain", IDS[:50], 7, 1, metrics=("replies",))
    (folder / "empty").mkdir()
    return folder


@pytest.mark.parametrize(
    ("old", "new", "metrics", "kind", "says"),
    [
        ("ranges", "plain", None, UsageError, "ranges has no totals, and 28hr count a span of time each"),
        ("both", "plain", None, UsageError, "the runs have no metric in common: favorites; replies"),
        ("plain", "plain", None, UsageError, "plain are the same run"),
        ("plain", "june", ["replies"], UsageError, "plain is newer than "),
        ("june", "both", ["replies"], UsageError, "both has no metric 'replies'"),
        ("june", "both", ["favourites"], UsageError, "unknown metric 'favourites'"),
        ("june", "both", [], UsageError, "no metric is named"),
        ("june", "empty", None, RunDirectoryError, "empty is no run directory"),
        ("june", "nowhere", None, RunDirectoryError, "nowhere is no run directory"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_line(
    june: Path,
    others: Path,
    old: str,
    new: str,
    metrics: list[str] | None,
    kind: type[HarvesterError],
    says: str,
) -> None:
    before, after = (june if name == "june" else others / name for name in (old, new))
    with pytest.raises(kind) as told:
        lines_of(before, after, metrics)
    assert says in told.value.message
    assert "\n" not in told.value.message


def test_other_endpoints_are_left_out_and_that_is_said(june: Path, others: Path) -> None:
    with compared(june, others / "both", None, 3) as growth:
        growth.finish()
        assert "28hr: not compared, their counts are of a span of time each" in growth.remarks()


def test_damaged_records_are_no_gains(june: Path, july: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(july, tmp_path / "copy"))
    content = bytearray((copy / "totals.ndjson").read_bytes())
    content[content.index(b'"favorites":') + 12] ^= 1
    (copy / "totals.ndjson").write_bytes(content)
    with pytest.raises(RunDirectoryError, match="is damaged"):
        lines_of(june, copy)
