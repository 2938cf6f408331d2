"""Faults of the service and of the user: what they cost, what is said, and the exit code."""

import json
from pathlib import Path

import pytest

from tests.end_to_end.forked import running_simulator
from tests.end_to_end.running import (
    USER_KEYS,
    Runner,
    Simulator,
    assert_same_result,
)

FAULTS = (
    "http-500",
    "http-502",
    "http-503",
    "html",
    "empty",
    "cut-json",
    "cut-gzip",
    "cut-body",
    "cut-close",
    "reset",
    "reset-body",
    "content-type",
    "plain-gzip",
    "close",
    "extra-ids",
    "other-batch-ids",
    "all",
)
APP_KEYS = {name: value for name, value in USER_KEYS.items() if "CONSUMER" in name}


@pytest.mark.parametrize("fault", [*(f"{name}=0.3" for name in FAULTS), "huge=@4-5"])
def test_fault_of_some_answers_changes_nothing_in_the_result(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner, fault: str
) -> None:
    # Pages of HTML from the first request on would be something that is not the API.
    with running_simulator(tmp_path, "--fault", fault, "--faults-after", "1") as simulator:
        finished = run(str(id_file), "--base-url", simulator.url)
        assert finished.code == 0, finished.err
        n_faults = sum(request["fault"] is not None for request in simulator.requests())
        n_requests = len(simulator.requests())
    assert n_faults
    n_needed = undisturbed.summary()["endpoints"]["totals"]["requests"]["sent"]
    # A fault costs one more request, and two where the same bytes came three times: they are halved then.
    assert n_requests <= n_needed + 2 * n_faults
    assert_same_result(run, undisturbed)


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_answer_that_never_ends_is_given_up_and_asked_for_again(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner, fault: str
) -> None:
    with running_simulator(tmp_path, "--fault", f"{fault}=@3-4") as simulator:
        finished = run(str(id_file), "--base-url", simulator.url, "--timeout", "1")
        assert finished.code == 0, finished.err
        assert [request["fault"] for request in simulator.requests()].count(fault) == 2
    assert run.summary()["endpoints"]["totals"]["requests"]["errors"] == {"timeout": 2}
    assert_same_result(run, undisturbed)


@pytest.mark.parametrize("fault", ["rate-limit-retry-after", "rate-limit-headers"])
def test_429_out_of_nowhere_is_waited_out_as_told(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner, fault: str
) -> None:
    """It strikes the last request: what a client guesses from it would slow all others down for minutes."""
    n_needed = undisturbed.summary()["endpoints"]["totals"]["requests"]["sent"]
    flags = ("--fault", f"{fault}=@{n_needed}", "--rate-limit", "6000")
    with running_simulator(tmp_path, *flags) as simulator:
        finished = run(str(id_file), "--base-url", simulator.url)
        assert finished.code == 0, finished.err
        refused, again = (request["time"] for request in simulator.requests()[-2:])
        assert [request["status"] for request in simulator.requests()[-2:]] == [429, 200]
    assert again - refused >= 1
    assert_same_result(run, undisturbed)


@pytest.mark.parametrize("fault", ["doubled-key", "bad-counts"])
def test_tweet_with_a_count_that_is_none_is_a_dead_letter_until_it_has_one(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner, calm: Simulator, fault: str
) -> None:
    with running_simulator(tmp_path, "--fault", f"{fault}=0.3") as simulator:
        finished = run(str(id_file), "--base-url", simulator.url)
        n_faults = sum(request["fault"] is not None for request in simulator.requests())
    assert finished.code == 3
    assert finished.last_line["failed"] == n_faults
    assert run(str(id_file), "--base-url", calm.url).code == 0
    for name in ("rejected.ndjson", "totals.failed.ndjson"):
        assert run.text(name) == undisturbed.text(name)
    assert sorted(run.text("totals.ndjson").splitlines()) == sorted(
        undisturbed.text("totals.ndjson").splitlines()
    )


@pytest.mark.parametrize("style", ["500", "502", "503", "reset", "refuse"])
def test_outage_within_patience_changes_nothing_in_the_result(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner, style: str
) -> None:
    with running_simulator(tmp_path, "--latency", "40", "--outage", f"0.1+1={style}") as simulator:
        finished = run(str(id_file), "--base-url", simulator.url, "--concurrency", "4")
        assert finished.code == 0, finished.err
        assert any(request["fault"] == "outage" for request in simulator.requests())
    assert_same_result(run, undisturbed)


def test_missing_tweets_are_asked_again_and_found(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner
) -> None:
    """The fault may hit the second ask as well; then the tweet has no data, and never a zero."""
    with running_simulator(tmp_path, "--fault", "missing-ids=0.2") as simulator:
        finished = run(str(id_file), "--base-url", simulator.url)
    assert finished.code == 0, finished.err
    truth = {record["tweet_id"]: record for record in undisturbed.records()}
    n_same = 0
    for record in run.records():
        if record["status"] != "no_data":
            assert record.get("metrics") == truth[record["tweet_id"]].get("metrics")
            n_same += 1
    assert n_same > 5_800


def test_too_many_requests_are_waited_out_and_cost_no_tweet(
    run: Runner, ids: list[int], tmp_path: Path
) -> None:
    """A per-second allowance that is not known beforehand; without headers only the 429 tells."""
    (tmp_path / "some.txt").write_text("".join(f"{i}\n" for i in ids[:2_000]))
    limits = ("--rate-limit-per-second", "5", "--retry-after", "seconds", "--no-limit-headers")
    with running_simulator(tmp_path, *limits) as simulator:
        finished = run("some.txt", "--base-url", simulator.url)
        refused = [request for request in simulator.requests() if request["status"] == 429]
    assert finished.code == 0, finished.err
    assert refused
    requests = run.summary()["endpoints"]["totals"]["requests"]
    assert requests["rate_limited"] == len(refused)
    assert len(run.records()) == 2_000


def test_headers_are_heeded_so_that_hardly_anything_is_refused(
    run: Runner, ids: list[int], tmp_path: Path
) -> None:
    (tmp_path / "some.txt").write_text("".join(f"{i}\n" for i in ids[:3_000]))
    with running_simulator(tmp_path, "--rate-limit-per-second", "5", "--window", "sliding") as simulator:
        finished = run("some.txt", "--base-url", simulator.url, "--concurrency", "32")
        statuses = [request["status"] for request in simulator.requests()]
    assert finished.code == 0, finished.err
    # 32 workers that did not wait would be refused some twenty times; a busy machine may cost one.
    assert statuses.count(429) <= 1
    assert set(statuses) <= {200, 429}


def test_refused_credentials_stop_the_run_before_any_work(run: Runner, id_file: Path, tmp_path: Path) -> None:
    with running_simulator(tmp_path) as simulator:
        finished = run(str(id_file), "--base-url", simulator.url, keys={"HARVESTER_BEARER_TOKEN": "wrong"})
        assert len(simulator.requests()) == 1
    assert finished.code == finished.last_line["exit"] == 4
    assert "could not be authenticated" in finished.err


def test_revoked_credentials_stop_the_run_and_good_ones_finish_it(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner, calm: Simulator
) -> None:
    with running_simulator(tmp_path, "--revoke-after", "10") as simulator:
        finished = run(str(id_file), "--base-url", simulator.url, "--concurrency", "3")
        n_refused = sum(request["status"] == 401 for request in simulator.requests())
    assert finished.code == 4
    assert n_refused <= 3 + 1
    assert (run.out / "totals.failed.ndjson").read_text() == ""
    assert run(str(id_file), "--base-url", calm.url).code == 0
    assert_same_result(run, undisturbed)


def test_service_that_cannot_be_reached_ends_the_run_within_seconds(run: Runner, id_file: Path) -> None:
    finished = run(str(id_file), "--base-url", "http://127.0.0.1:1")
    assert finished.code == 5
    assert "cannot reach http://127.0.0.1:1" in finished.err


def test_outage_beyond_patience_keeps_everything_and_makes_no_dead_letter(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner, calm: Simulator
) -> None:
    with running_simulator(tmp_path, "--latency", "20", "--outage", "0.2+600") as simulator:
        finished = run(str(id_file), "--base-url", simulator.url, "--patience", "3", "--concurrency", "2")
    assert finished.code == 5
    assert finished.last_line["failed"] == 0
    assert run(str(id_file), "--base-url", calm.url).code == 0
    assert_same_result(run, undisturbed)


def test_page_instead_of_the_api_ends_the_run(run: Runner, id_file: Path, tmp_path: Path) -> None:
    with running_simulator(tmp_path, "--fault", "html=1") as simulator:
        finished = run(str(id_file), "--base-url", simulator.url)
    assert finished.code == 5
    assert "is answered by something that is not the API" in finished.err


def test_wrong_address_ends_the_run_as_wrong_usage(run: Runner, id_file: Path, calm: Simulator) -> None:
    finished = run(str(id_file), "--base-url", f"{calm.url}/elsewhere")
    assert finished.code == 2
    assert "is no endpoint of the API" in finished.err


def test_bearer_token_is_fetched_with_only_the_apps_key(
    run: Runner, id_file: Path, calm: Simulator, undisturbed: Runner
) -> None:
    finished = run(str(id_file), "--base-url", calm.url, "--auth-url", calm.url, keys=APP_KEYS)
    assert finished.code == 0, finished.err
    assert_same_result(run, undisturbed)


def test_expired_bearer_token_is_fetched_anew_with_the_apps_key(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner
) -> None:
    with running_simulator(tmp_path, "--expire-bearer-after", "8") as simulator:
        address = ("--base-url", simulator.url, "--auth-url", simulator.url)
        finished = run(str(id_file), *address, "--concurrency", "4", keys=APP_KEYS)
        assert finished.code == 0, finished.err
        faults = [request["fault"] for request in simulator.requests()]
        assert len(simulator.requests("token")) == 2
    assert 1 <= faults.count("expired-bearer") <= 4
    assert_same_result(run, undisturbed)


def test_expired_bearer_token_without_the_apps_key_ends_the_run(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner, calm: Simulator
) -> None:
    with running_simulator(tmp_path, "--expire-bearer-after", "8") as simulator:
        finished = run(str(id_file), "--base-url", simulator.url, "--concurrency", "4")
    assert finished.code == 4
    assert (run.out / "totals.failed.ndjson").read_text() == ""
    assert run(str(id_file), "--base-url", calm.url).code == 0
    assert_same_result(run, undisturbed)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no input given"),
        (("missing.txt",), "missing.txt"),
        (("{ids}", "-m", "favorits"), "favorites"),
        (("{ids}", "-m", "url_clicks"), "does not offer"),
        (("{ids}", "-m", "impressions"), "needs user context"),
        (("{ids}", "--rate", "quick"), "is no rate"),
        (("{ids}", "-e", "total"), "unknown endpoint"),
        (("{ids}", "--concurrency", "none"), "is no number of requests"),
        (("{ids}", "--base-url", "api"), "is no http or https URL"),
        (("{ids}", "--column", "x", "--format", "text"), "no columns"),
        (("{ids}", "--no-such-flag"), "no such flag"),
        (("{ids}", "--grace", "nan"), "'--grace': nan is no number of seconds"),
        (("{ids}", "--grace", "inf"), "'--grace': inf is no number of seconds"),
        (("{ids}", "--timeout", "nan"), "'--timeout'"),
        (("{ids}", "--timeout", "inf"), "'--timeout'"),
        (("{ids}", "--patience", "nan"), "'--patience'"),
        (("{ids}", "--patience", "1e300"), "'--patience'"),
    ],
)
def test_wrong_usage_gets_one_clear_line(
    run: Runner, id_file: Path, arguments: tuple[str, ...], says: str
) -> None:
    finished = run(*(argument.format(ids=id_file) for argument in arguments))
    assert finished.code == 2
    lines = finished.err.splitlines()
    complaint = [n for n, line in enumerate(lines) if line.startswith("harvester: ")]
    assert len(complaint) == 1
    assert len(lines) - complaint[0] <= 2
    assert says in finished.err
    assert (finished.last_line["schema"], finished.last_line["exit"]) == (1, 2)
    assert finished.last_line["run_dir"] in (str(run.out), None)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--format", "xls"),
        ("--column", "0"),
        ("--owner-column", "a", "--owner-from-folder"),
    ],
)
def test_form_of_the_input_that_is_none_is_refused_before_a_directory_is_begun(
    run: Runner, wrong: tuple[str, ...]
) -> None:
    (run.folder / "ids.csv").write_text("a,b\n1,1060976163948904448\n")
    finished = run("ids.csv", "--base-url", "http://127.0.0.1:1", *wrong)
    assert finished.code == 2
    assert not run.out.exists()


def test_wrong_column_leaves_the_run_directory_to_the_right_one(run: Runner, calm: Simulator) -> None:
    (run.folder / "ids.csv").write_text("a,b\n1,1060976163948904448\n")
    wrong = run("ids.csv", "--base-url", calm.url, "--column", "bb")
    right = run("ids.csv", "--base-url", calm.url, "--column", "b")
    assert (wrong.code, right.code) == (2, 0), wrong.err + right.err
    assert "no column 'bb'" in wrong.err
    assert right.last_line["ok"] + right.last_line["unavailable"] == 1
    again = run("ids.csv", "--base-url", calm.url, "--column", "bb")
    assert (again.code, again.last_line["exit"]) == (6, 6)


def test_log_in_json_is_json_line_by_line(run: Runner, id_file: Path, calm: Simulator) -> None:
    finished = run(str(id_file), "--base-url", calm.url, "--log-format", "json")
    events = [json.loads(line)["event"] for line in finished.err.splitlines()]
    assert events[0] == "start"
    assert events[-1] == "end"
