"""Whatever interrupts a run: the same command finishes it, and the result is that of an undisturbed run."""

import signal
import sqlite3
import subprocess
import threading
from collections import Counter
from pathlib import Path

import pytest

from harvester.transport.pace import UNANSWERED_S
from tests.end_to_end.by_hand import Asked, Reply, counts, serving
from tests.end_to_end.forked import running_simulator
from tests.end_to_end.running import (
    Runner,
    Simulator,
    assert_same_result,
    committed_ids,
    let_pass,
    wait_for,
)

SLOW = ("--latency", "40", "--jitter", "40")


def _answered(simulator: Simulator, n: int) -> bool:
    return len(simulator.requests()) >= n


def test_kill_at_several_moments_costs_no_row_and_only_what_was_not_committed(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner
) -> None:
    with running_simulator(tmp_path, "--latency", "90", "--jitter", "20") as simulator:
        arguments = (str(id_file), "--base-url", simulator.url, "--concurrency", "1")
        committed: Counter[str] = Counter()
        for n_more in (1, 8, 3, 7):
            n_wanted = len(simulator.requests()) + n_more
            process = run.start(*arguments)
            wait_for(lambda n=n_wanted: _answered(simulator, n), "requests")  # type: ignore[misc]
            run.kill(process)
            let_pass(run, UNANSWERED_S)
            committed.update(committed_ids(run))
        n_before_last = len(simulator.requests())
        finished = run(*arguments)
        assert finished.code == 0, finished.err
        last = [i for request in simulator.requests()[n_before_last:] for i in request["tweet_ids"]]
    assert_same_result(run, undisturbed)
    assert not committed.keys() & set(last)
    assert committed


def test_kill_before_the_first_answer_makes_no_next_process_ask_at_once(
    run: Runner, id_file: Path, tmp_path: Path
) -> None:
    """Nothing is committed and no header has told a limit, which may be six a minute."""
    with running_simulator(tmp_path, "--latency", "30000") as simulator:
        arguments = (str(id_file), "--base-url", simulator.url, "--rate", "600/min")
        for n in (1, 2):
            process = run.start(*arguments)
            wait_for(lambda n=n: _answered(simulator, n), "a request")  # type: ignore[misc]
            run.kill(process)
            let_pass(run, 8.0)
        first, second = (request["time"] for request in simulator.requests())
    assert second - first > 10.0 - 8.0


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 143)])
def test_signal_drains_says_how_to_go_on_and_the_same_command_finishes(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner, name: str, code: int
) -> None:
    with running_simulator(tmp_path, *SLOW) as simulator:
        arguments = (str(id_file), "--base-url", simulator.url, "--concurrency", "4")
        process = run.start(*arguments)
        wait_for(lambda: _answered(simulator, 8), "eight requests")
        process.send_signal(signal.Signals[name])
        stopped = run.finish(process)
        assert stopped.code == stopped.last_line["exit"] == code
        assert f"-o {run.out}" in stopped.err
        assert not (run.out / "_SUCCESS").exists()
        assert run(*arguments).code == 0
        asked = Counter(i for request in simulator.requests() for i in request["tweet_ids"])
    assert_same_result(run, undisturbed)
    assert set(asked.values()) == {1}


def test_second_signal_does_not_wait_for_what_is_in_flight(
    run: Runner, id_file: Path, tmp_path: Path
) -> None:
    with running_simulator(tmp_path, "--fault", "hang=1") as simulator:
        process = run.start(str(id_file), "--base-url", simulator.url, "--grace", "50")
        wait_for(lambda: _answered(simulator, 1), "a request")
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        assert run.finish(process).code == 130


def test_grace_ends_a_drain_that_waits_for_an_answer(run: Runner, id_file: Path, tmp_path: Path) -> None:
    with running_simulator(tmp_path, "--fault", "hang=1") as simulator:
        process = run.start(str(id_file), "--base-url", simulator.url, "--grace", "0.2")
        wait_for(lambda: _answered(simulator, 1), "a request")
        process.send_signal(signal.SIGTERM)
        assert run.finish(process).code == 143


def test_second_run_in_the_same_directory_is_turned_away(run: Runner, id_file: Path, tmp_path: Path) -> None:
    with running_simulator(tmp_path, *SLOW) as simulator:
        arguments = (str(id_file), "--base-url", simulator.url, "--concurrency", "1")
        process = run.start(*arguments)
        wait_for(lambda: _answered(simulator, 1), "a request")
        second = run(*arguments)
        assert second.code == 6
        assert f"process {process.pid}" in second.err
        run.kill(process)
        let_pass(run, UNANSWERED_S)
        assert run(str(id_file), "--base-url", simulator.url, "--concurrency", "16").code == 0


def test_torn_tail_of_the_records_is_cut_and_the_run_goes_on(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner
) -> None:
    with running_simulator(tmp_path, *SLOW) as simulator:
        process = run.start(str(id_file), "--base-url", simulator.url, "--concurrency", "2")
        wait_for(lambda: bool(committed_ids(run)), "a commit")
        run.kill(process)
        with (run.out / "totals.ndjson").open("ab") as file:
            file.write(b'{"tweet_id":"12","sta')
        finished = run(str(id_file), "--base-url", simulator.url, "--concurrency", "16")
    assert finished.code == 0, finished.err
    assert "resuming at batch" in finished.err
    assert_same_result(run, undisturbed)


def test_records_shorter_than_the_journal_says_are_damage(run: Runner, id_file: Path, tmp_path: Path) -> None:
    with running_simulator(tmp_path, *SLOW) as simulator:
        process = run.start(str(id_file), "--base-url", simulator.url, "--concurrency", "2")
        wait_for(lambda: bool(committed_ids(run)), "a commit")
        run.kill(process)
        records = run.out / "totals.ndjson"
        records.write_bytes(records.read_bytes()[:100])
        n_requests = len(simulator.requests())
        finished = run(str(id_file), "--base-url", simulator.url)
        assert (finished.code, len(simulator.requests())) == (6, n_requests)
    assert "totals.ndjson is damaged" in finished.err


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("journal.db", "journal.db is missing"),
        ("totals.ndjson", "_SUCCESS counts"),
        ("run.json", "run.json is"),
    ],
)
def test_run_directory_that_has_lost_a_file_is_damaged_and_nothing_is_asked(
    run: Runner, id_file: Path, tmp_path: Path, name: str, says: str
) -> None:
    with running_simulator(tmp_path) as simulator:
        assert run(str(id_file), "--base-url", simulator.url).code == 0
        n_requests = len(simulator.requests())
        (run.out / name).unlink()
        if name == "journal.db":
            (run.out / "_SUCCESS").unlink()
        finished = run(str(id_file), "--base-url", simulator.url)
        assert (finished.code, len(simulator.requests())) == (6, n_requests)
    assert says in finished.err


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (("--top", "3"), "top 10, now it is 3"),
        (("-m", "favorites"), "metrics"),
        (("--limit", "5000"), "limit unset, now it is 5000"),
    ],
)
def test_other_options_on_a_run_directory_are_refused(
    run: Runner, id_file: Path, calm: Simulator, change: tuple[str, ...], names: str
) -> None:
    assert run(str(id_file), "--base-url", calm.url).code == 0
    finished = run(str(id_file), "--base-url", calm.url, *change)
    assert finished.code == 6
    assert names in finished.err


def test_other_input_on_a_run_directory_is_refused(
    run: Runner, ids: list[int], calm: Simulator, tmp_path: Path
) -> None:
    """Longer, under another name, and edited without changing its size."""
    path = tmp_path / "some.txt"
    young = sorted(ids)[-1_001:]
    path.write_text("".join(f"{i}\n" for i in young[:-1]))
    with running_simulator(tmp_path, *SLOW) as simulator:
        arguments = ("some.txt", "--base-url", simulator.url, "--concurrency", "1")
        process = run.start(*arguments)
        wait_for(lambda: bool(committed_ids(run)), "a commit")
        run.kill(process)
        n_requests = len(simulator.requests())
        path.write_text("".join(f"{i}\n" for i in (young[1], young[0], *young[2:-1])))
        edited = run(*arguments)
        path.write_text("".join(f"{i}\n" for i in young))
        longer = run(*arguments)
        path.write_text("".join(f"{i}\n" for i in young[:-1]))
        path.rename(tmp_path / "other.txt")
        renamed = run("other.txt", *arguments[1:])
        assert (edited.code, longer.code, renamed.code) == (6, 6, 6)
        assert len(simulator.requests()) == n_requests
    assert "some.txt was edited" in edited.err
    assert "some.txt has grown from 20,000 bytes to 20,020 bytes" in longer.err
    assert "some.txt was moved to other.txt" in renamed.err


@pytest.mark.parametrize("stop", ["SIGKILL", "SIGTERM"])
def test_what_is_answered_behind_a_slow_batch_is_not_asked_again(
    run: Runner, ids: list[int], stop: str
) -> None:
    """The second batch is never answered, the other 11 are; once they are kept, the process ends."""
    tweets = [str(i) for i in sorted(ids)][-3_000:]
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in tweets))
    may_answer = threading.Event()

    def answer(asked: Asked, _n: int) -> Reply:
        if tweets[250] in asked["tweet_ids"]:
            may_answer.wait(60)
        return counts(asked)

    with serving(answer) as service:
        arguments = ("ids.txt", "-m", "favorites", "--base-url", service.url, "--grace", "0")
        process = run.start(*arguments)
        wait_for(lambda: _n_kept(run) == 10, "the others to be kept")
        process.send_signal(signal.Signals[stop])
        run.finish(process)
        n_before = len(service.asked)
        may_answer.set()
        finished = run(*arguments)
        asked_again = service.tweets[n_before:]
    assert finished.code == 0, finished.err
    assert [tweets[250] in asked for asked in asked_again] == [True]
    assert [record["tweet_id"] for record in run.records()] == tweets
    assert _n_kept(run) == 0


def _n_kept(run: Runner) -> int:
    """Settled batches that wait in the journal for others."""
    if not (run.out / "journal.db").exists():
        return 0
    journal = sqlite3.connect(run.out / "journal.db")
    try:
        return int(journal.execute("SELECT count(*) FROM ahead").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        journal.close()
