"""Several processes on one directory, and harvests that differ only in how much they do at once."""

from pathlib import Path

import pytest

from tests.end_to_end.forked import ForkingRunner, ForkServer, running_simulator
from tests.end_to_end.running import Runner, Simulator, assert_same_result, wait_for

N_PROCESSES = 20


def test_of_twenty_processes_one_works_and_when_that_is_killed_the_next_one_does(
    server: ForkServer, id_file: Path, tmp_path: Path, undisturbed: Runner
) -> None:
    run = ForkingRunner(tmp_path, server)
    with running_simulator(tmp_path, "--latency", "500") as simulator:
        arguments = (str(id_file), "--base-url", simulator.url, "--concurrency", "4")
        processes = [run.start(*arguments) for _ in range(N_PROCESSES)]
        wait_for(lambda: sum(process.poll() == 6 for process in processes) == N_PROCESSES - 1, "all but one")
        # It is still at work: the others were turned away before it was half done.
        (worker,) = (process for process in processes if process.poll() is None)
        said = [run.finish(process).err for process in processes if process is not worker]
        # The second request goes when the first is answered: before that the next process would wait for long.
        wait_for(lambda: len(simulator.requests()) > 1, "an answer")
        asked = [i for request in simulator.requests() for i in request["tweet_ids"]]
        run.kill(worker)
        finished = run(*arguments)
    assert all("is in use" in err for err in said)
    # Who comes between the lock and what it says of its holder is told of none.
    assert sum(f"in use by process {worker.pid} on" in err for err in said) > N_PROCESSES / 2, said
    assert len(asked) == len(set(asked))
    assert finished.code == 0, finished.err
    assert_same_result(run, undisturbed)


@pytest.mark.parametrize(
    ("concurrency", "latency"),
    [("1", ()), ("64", ()), ("64", ("--latency", "5", "--jitter", "300")), ("7", ("--tail-latency", "20"))],
    ids=["one", "64", "shuffled", "long tail"],
)
def test_as_many_at_once_as_one_likes_give_the_same_bytes(
    server: ForkServer,
    id_file: Path,
    tmp_path: Path,
    undisturbed: Runner,
    calm: Simulator,
    concurrency: str,
    latency: tuple[str, ...],
) -> None:
    run = ForkingRunner(tmp_path, server)
    if latency:
        with running_simulator(tmp_path, *latency) as simulator:
            finished = run(str(id_file), "--base-url", simulator.url, "--concurrency", concurrency)
    else:
        finished = run(str(id_file), "--base-url", calm.url, "--concurrency", concurrency)
    assert finished.code == 0, finished.err
    assert_same_result(run, undisturbed)
