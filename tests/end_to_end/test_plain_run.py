"""A harvest that nothing comes between."""

import csv
import gzip
import hashlib
import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.end_to_end.forked import running_simulator
from tests.end_to_end.running import USER_KEYS, Runner, Simulator, assert_same_result


def test_run_accounts_for_every_line_of_the_input(undisturbed: Runner, ids: list[int]) -> None:
    records = undisturbed.records()
    rejected = (undisturbed.out / "rejected.ndjson").read_text().splitlines()
    assert Counter(int(record["tweet_id"]) for record in records) == Counter(ids)
    assert [json.loads(line)["text"] for line in rejected] == ["no id", "1.12E+18"]
    counted = undisturbed.summary()["input"]
    assert counted["lines"] == counted["ids"] + counted["rejected"] + counted["blank"] + counted["headers"]
    assert (counted["distinct"], counted["duplicates"]) == (6_000, 30)


def test_totals_and_top_lists_equal_those_computed_from_the_records(undisturbed: Runner) -> None:
    summary = undisturbed.summary()["endpoints"]["totals"]
    for metric, total in summary["totals"].items():
        values = [
            (record["metrics"][metric], int(record["tweet_id"]))
            for record in undisturbed.records()
            if metric in record.get("metrics", {})
        ]
        assert sum(value for value, _ in values) == total
        best = sorted(((-value, tweet_id) for value, tweet_id in values if value), key=lambda pair: pair)[:10]
        top = [(-top["value"], int(top["tweet_id"])) for top in summary["top"][metric]]
        assert top == best
    with (undisturbed.out / "top_tweets.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["rank"]), row["tweet_id"]) for row in rows if row["metric"] == "favorites"] == [
        (rank, top["tweet_id"]) for rank, top in enumerate(summary["top"]["favorites"], start=1)
    ]


def test_success_file_holds_sizes_and_checksums_of_all_files(undisturbed: Runner) -> None:
    success = json.loads((undisturbed.out / "_SUCCESS").read_text())
    assert set(success["files"]) == {
        "run.json",
        "totals.ndjson",
        "totals.failed.ndjson",
        "rejected.ndjson",
        "summary.json",
        "top_tweets.csv",
    }
    for name, described in success["files"].items():
        content = (undisturbed.out / name).read_bytes()
        assert described == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_complete_run_is_left_as_it_is_without_a_request(run: Runner, id_file: Path, tmp_path: Path) -> None:
    with running_simulator(tmp_path) as simulator:
        arguments = (str(id_file), "--base-url", simulator.url)
        first = run(*arguments)
        n_requests = len(simulator.requests())
        files = {path.name: path.read_bytes() for path in run.out.iterdir() if path.name != ".lock"}
        again = run(*arguments)
        assert (first.code, again.code) == (0, 0)
        assert len(simulator.requests()) == n_requests
    assert {path.name: path.read_bytes() for path in run.out.iterdir() if path.name != ".lock"} == files
    assert again.last_line == first.last_line


@pytest.mark.parametrize("arguments", [(".",), ("*",), ("ids.txt", "run")])
def test_run_that_writes_among_its_input_is_complete_the_second_time(
    run: Runner, ids: list[int], calm: Simulator, arguments: tuple[str, ...]
) -> None:
    """The last case is a shell's `*`: before the run there is no `run` yet, and it is not named."""
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in ids[:300]))
    first = run(*(argument for argument in arguments if argument != "run"), "--base-url", calm.url)
    second = run(*arguments, "--base-url", calm.url)
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert second.last_line == first.last_line
    assert "is complete" in second.err


def test_all_forms_of_the_same_input_give_the_same_records(
    run: Runner, undisturbed: Runner, ids: list[int], calm: Simulator
) -> None:
    """A folder with gzipped text, CSV with an index column, and text with Windows line ends."""
    folder = run.folder / "input"
    folder.mkdir()
    (folder / "1.txt.gz").write_bytes(gzip.compress("\n".join(map(str, ids[:2_000])).encode()))
    rows = "\n".join(f'{n},"{tweet_id}"' for n, tweet_id in enumerate(ids[2_000:4_000]))
    (folder / "2.csv").write_text(f"index,tweet_id\n{rows}\n")
    (folder / "3.txt").write_text("".join(f"{tweet_id}\r\n" for tweet_id in ids[4_000:]))
    finished = run("input", "--base-url", calm.url)
    assert finished.code == 0, finished.err
    assert run.text("totals.ndjson") == undisturbed.text("totals.ndjson")


def test_standard_input_is_harvested_like_a_file(
    run: Runner, undisturbed: Runner, id_file: Path, calm: Simulator
) -> None:
    process = run.start("-", "--base-url", calm.url, stdin=subprocess.PIPE)
    finished = run.finish(process, id_file.read_bytes())
    assert finished.code == 0, finished.err
    assert run.text("totals.ndjson") == undisturbed.text("totals.ndjson")


def test_user_context_gets_private_metrics_of_young_tweets_only(
    run: Runner, id_file: Path, calm: Simulator
) -> None:
    """The simulator verifies each OAuth 1.0a signature."""
    finished = run(str(id_file), "--base-url", calm.url, keys=USER_KEYS)
    assert finished.code == 0, finished.err
    records = [record for record in run.records() if record["status"] == "ok"]
    has_private = {"impressions" in record["metrics"] for record in records}
    assert has_private == {True, False}
    for record in records:
        assert ("impressions" in record["metrics"]) != ("impressions" in record.get("unsupported", []))


@pytest.mark.parametrize("form", ["plain", "author"])
def test_tweets_of_others_are_forbidden_with_an_access_token_alone(
    run: Runner, id_file: Path, tmp_path: Path, form: str
) -> None:
    with running_simulator(tmp_path, "--owned-share", "0.7", "--forbidden-text", form) as simulator:
        finished = run(str(id_file), "--base-url", simulator.url, keys=USER_KEYS)
    assert finished.code == 0, finished.err
    assert 1_000 < finished.last_line["forbidden"] < 2_600
    assert sum(finished.last_line[s] for s in ("ok", "unavailable", "forbidden", "no_data")) == 6_000


def test_tweets_of_others_get_their_public_metrics_with_both_tokens(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner
) -> None:
    keys = {**USER_KEYS, "HARVESTER_BEARER_TOKEN": "bearer-canary-31"}
    with running_simulator(tmp_path, "--owned-share", "0.7") as simulator:
        finished = run(str(id_file), "--base-url", simulator.url, keys=keys)
    assert finished.code == 0, finished.err
    assert finished.last_line["forbidden"] == 0
    public = {r["tweet_id"]: r.get("metrics") for r in undisturbed.records()}
    for record in run.records():
        ours = {m: n for m, n in record.get("metrics", {}).items() if m not in ("impressions", "engagements")}
        assert ours == (public[record["tweet_id"]] or {})


def test_protected_tweets_are_unavailable_also_when_a_refusal_names_none(
    run: Runner, tmp_path: Path, ids: list[int]
) -> None:
    (tmp_path / "few.txt").write_text("".join(f"{tweet_id}\n" for tweet_id in ids[:600]))
    with running_simulator(tmp_path, "--protected-share", "0.01", "--protected", "bare") as simulator:
        finished = run("few.txt", "--base-url", simulator.url)
    assert finished.code == 0, finished.err
    assert finished.last_line["unavailable"] > 0
    assert finished.last_line["ok"] + finished.last_line["unavailable"] == 600


def test_untouched_tweets_are_asked_once_more_and_have_no_data(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner
) -> None:
    with running_simulator(tmp_path, "--untouched", "missing") as simulator:
        finished = run(str(id_file), "--base-url", simulator.url)
        asked = Counter(i for request in simulator.requests() for i in request["tweet_ids"])
    assert finished.code == 0, finished.err
    by_status = {record["tweet_id"]: record["status"] for record in run.records()}
    for tweet_id, status in by_status.items():
        assert asked[tweet_id] == (2 if status == "no_data" else 1)
    zeros = {r["tweet_id"] for r in undisturbed.records() if not any(r.get("metrics", {"": 1}).values())}
    assert {i for i, status in by_status.items() if status == "no_data"} <= zeros


def test_sample_is_marked_and_holds_the_first_ids(
    run: Runner, id_file: Path, ids: list[int], calm: Simulator
) -> None:
    assert run(str(id_file), "--limit", "300", "--base-url", calm.url).code == 0
    assert {int(record["tweet_id"]) for record in run.records()} == set(ids[:300])
    assert run.summary()["sample"] is True
    assert json.loads((run.out / "run.json").read_text())["sample"] is True


def test_concurrency_and_latency_change_nothing_in_the_result(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner
) -> None:
    with running_simulator(tmp_path, "--latency", "5", "--jitter", "60") as simulator:
        assert run(str(id_file), "--base-url", simulator.url, "--concurrency", "32").code == 0
    assert_same_result(run, undisturbed)


def test_samples_are_harvested_from_the_embedded_simulator(run: Runner) -> None:
    samples = Path(__file__).parents[2] / "input_samples"
    finished = run(str(samples), "--simulate", keys={})
    assert finished.code == 0, finished.err
    assert (run.out / "_SUCCESS").exists()
    favorites = sorted(
        (-record["metrics"]["favorites"], int(record["tweet_id"]))
        for record in run.records()
        if record.get("metrics", {}).get("favorites")
    )[:10]
    top = run.summary()["endpoints"]["totals"]["top"]["favorites"]
    assert [(-entry["value"], int(entry["tweet_id"])) for entry in top] == favorites


def test_lines_that_are_huge_binary_or_not_text_are_rejected_and_the_rest_is_harvested(
    run: Runner, ids: list[int], calm: Simulator
) -> None:
    lines = [
        str(ids[0]).encode(),
        b"9" * 10_000_000,
        bytes(range(14, 256)),
        b"\xff\xfe\xfa",
        str(ids[1]).encode(),
    ]
    (run.folder / "dirty.txt").write_bytes(b"\n".join(lines))
    finished = run("dirty.txt", "--base-url", calm.url)
    assert finished.code == 0, finished.err
    assert [int(record["tweet_id"]) for record in run.records()] == ids[:2]
    rejected = [json.loads(line) for line in (run.out / "rejected.ndjson").read_text().splitlines()]
    assert [entry["line"] for entry in rejected] == [2, 3, 4]
    assert all(len(entry["text"]) <= 200 and entry["reason"] for entry in rejected)
