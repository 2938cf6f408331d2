"""Standard input is kept in the run directory: a run that read it is gone on with, and not with another one."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.forked import ForkingRunner, running_simulator, shared_server
from tests.end_to_end.running import (
    BEARER,
    DEADLINE_S,
    Runner,
    Simulator,
    clean_environment,
    committed_ids,
    wait_for,
)

SLOW = ("--latency", "40")


@pytest.fixture(scope="module")
def content(ids: list[int]) -> bytes:
    """1,500 IDs, a duplicate and a line that is none."""
    return "".join(f"{i}\n" for i in (*ids[:1_500], ids[0], "none")).encode()


@pytest.fixture(scope="module")
def reference(content: bytes, calm: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A harvest of that content that nothing came between."""
    runner = ForkingRunner(tmp_path_factory.mktemp("reference"), shared_server())
    finished = runner.finish(runner.start("-", "--base-url", calm.url, stdin=subprocess.PIPE), content)
    assert finished.code == 0, finished.err
    return runner


def n_answered(simulator: Simulator) -> int:
    return len(simulator.requests())


def interrupted(run: Runner, simulator: Simulator, content: bytes, *, is_whole: bool) -> tuple[str, ...]:
    """A run that was killed after a commit, when so much of standard input had come; its arguments."""
    arguments = ("-", "--base-url", simulator.url, "--concurrency", "1")
    process = run.start(*arguments, stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(content)
    process.stdin.flush()
    if is_whole:
        process.stdin.close()
        process.stdin = None
    wait_for(lambda: bool(committed_ids(run)), "a commit")
    wait_for(lambda: kept(run) == content, "all of it to be kept")
    run.kill(process)
    return arguments


def kept(run: Runner) -> bytes:
    return (run.out / "input-0.kept").read_bytes()


def go_on(run: Runner, arguments: tuple[str, ...], stdin: bytes | None) -> tuple[int, str]:
    """The same command again; None for a standard input with nothing on it. The exit code and what it says."""
    process = run.start(*arguments, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)
    finished = run.finish(process, stdin)
    return finished.code, finished.err


def assert_same(run: Runner, reference: Runner) -> None:
    for name in ("totals.ndjson", "rejected.ndjson", "top_tweets.csv"):
        assert run.text(name) == reference.text(name)


@pytest.mark.parametrize("again", [True, False], ids=["given again", "not given again"])
def test_what_was_kept_to_its_end_need_not_be_given_again(
    run: Runner, content: bytes, reference: Runner, tmp_path: Path, again: bool
) -> None:
    with running_simulator(tmp_path, *SLOW) as simulator:
        arguments = interrupted(run, simulator, content, is_whole=True)
        code, said = go_on(run, arguments, content if again else None)
    assert code == 0, said
    assert_same(run, reference)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (lambda c: c.replace(b"none", b"noon"), "it is another one within its first"),
        (lambda c: c[:-10], "it ends after"),
        (lambda c: c + b"12345\n", "it goes on after the"),
    ],
    ids=["edited", "shorter", "longer"],
)
def test_other_standard_input_is_found_before_the_first_request(
    run: Runner, content: bytes, tmp_path: Path, other: object, says: str
) -> None:
    with running_simulator(tmp_path, *SLOW) as simulator:
        arguments = interrupted(run, simulator, content, is_whole=True)
        n_before = n_answered(simulator)
        code, said = go_on(run, arguments, other(content))  # type: ignore[operator]
        assert (code, n_answered(simulator)) == (6, n_before)
    assert f"standard input has changed since the run began: {says}" in " ".join(said.split())


def test_what_was_cut_has_to_be_given_again(
    run: Runner, content: bytes, reference: Runner, tmp_path: Path
) -> None:
    with running_simulator(tmp_path, *SLOW) as simulator:
        arguments = interrupted(run, simulator, content[:20_000], is_whole=False)
        n_before = n_answered(simulator)
        nothing = go_on(run, arguments, None)
        less = go_on(run, arguments, content[:5_000])
        other = go_on(run, arguments, content.replace(b"1", b"2"))
        assert n_answered(simulator) == n_before
        assert [code for code, _ in (nothing, less, other)] == [6, 6, 6]
        assert "Give all of it again" in nothing[1]
        code, said = go_on(run, arguments, content)
    assert code == 0, said
    assert_same(run, reference)


def test_signal_before_the_end_of_standard_input_says_that_it_has_to_be_given_again(
    run: Runner, content: bytes, reference: Runner, tmp_path: Path
) -> None:
    with running_simulator(tmp_path, *SLOW) as simulator:
        arguments = ("-", "--base-url", simulator.url)
        process = run.start(*arguments, stdin=subprocess.PIPE)
        assert process.stdin
        process.stdin.write(content[:20_000])
        process.stdin.flush()
        wait_for(lambda: n_answered(simulator) > 1, "requests")
        process.terminate()
        process.wait(DEADLINE_S)
        stopped = run.finish(process, b"")
        assert stopped.code == 143
        assert "had not come to its end: to go on, give all of it again" in stopped.err
        code, said = go_on(run, arguments, content)
    assert code == 0, said
    assert_same(run, reference)


def test_complete_run_of_standard_input_is_left_as_it_is_but_not_for_another_one(
    run: Runner, content: bytes, calm: Simulator
) -> None:
    arguments = ("-", "--base-url", calm.url)
    assert go_on(run, arguments, content)[0] == 0
    assert [go_on(run, arguments, stdin)[0] for stdin in (None, content, content[:-9])] == [0, 0, 6]


def test_endless_standard_input_does_not_fill_the_disk_for_a_sample(run: Runner, calm: Simulator) -> None:
    with subprocess.Popen(["yes", "1060976163948904448"], stdout=subprocess.PIPE) as endless:
        assert endless.stdout
        arguments = ("-", "--no-dedupe", "--limit", "200000", "--base-url", calm.url)
        finished = run.finish(run.start(*arguments, stdin=endless.stdout.fileno()))
        endless.kill()
    assert finished.code == 0, finished.err
    assert len(kept(run)) < 20 * 200_000 + 2 * 2**20
    assert go_on(run, arguments, None)[0] == 0


def test_closed_standard_input_is_wrong_usage_and_leaves_the_directory_to_what_comes(
    run: Runner, content: bytes, calm: Simulator
) -> None:
    arguments = ("-", "--base-url", calm.url, "-o", str(run.out))
    command = shlex.join([sys.executable, "-m", "harvester", "run", *arguments])
    closed = subprocess.run(
        ["sh", "-c", f"{command} <&-"],
        capture_output=True,
        text=True,
        check=False,
        cwd=run.folder,
        env={**clean_environment(), **run.homes, **BEARER},
    )
    assert closed.returncode == 2
    assert "standard input is closed" in closed.stderr
    assert go_on(run, ("-", "--base-url", calm.url), content)[0] == 0
