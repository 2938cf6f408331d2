"""A URL as the input: stopped, gone on with, verified, and noticed when its object is another one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.forked import ForkingRunner, running_simulator, shared_server
from tests.end_to_end.running import Finished, Runner, Simulator, committed_ids, wait_for
from tests.sources.web_server import Served, Server, serving

CANARY = "canary-5e07"


@pytest.fixture(scope="module")
def content(ids: list[int]) -> bytes:
    """1,500 IDs, a duplicate and a line that is none."""
    return "".join(f"{i}\n" for i in (*ids[:1_500], ids[0], "none")).encode()


@pytest.fixture
def server(content: bytes) -> Iterator[Server]:
    with serving(Served(content)) as server:
        yield server


@pytest.fixture(scope="module")
def reference(content: bytes, calm: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A harvest of that content from a file."""
    runner = ForkingRunner(tmp_path_factory.mktemp("reference"), shared_server())
    (runner.folder / "ids.txt").write_bytes(content)
    finished = runner("ids.txt", "--base-url", calm.url)
    assert finished.code == 0, finished.err
    return runner


def assert_same(run: Runner, reference: Runner) -> None:
    for name in ("totals.ndjson", "top_tweets.csv"):
        assert run.text(name) == reference.text(name)
    assert run.summary()["input"] == reference.summary()["input"]


def stop_in_the_middle(run: Runner, simulator: Simulator, *arguments: str) -> None:
    process = run.start(*arguments, "--base-url", simulator.url, "--concurrency", "1")
    wait_for(lambda: bool(committed_ids(run)), "a commit")
    run.kill(process)


@pytest.fixture
def run(tmp_path: Path) -> ForkingRunner:
    return ForkingRunner(tmp_path, shared_server())


def verify(run: ForkingRunner) -> Finished:
    return run.command("verify", str(run.out))


def test_run_of_a_url_is_gone_on_with_and_verified(
    run: ForkingRunner, server: Server, reference: Runner, tmp_path: Path
) -> None:
    with running_simulator(tmp_path, "--latency", "40") as simulator:
        stop_in_the_middle(run, simulator, server.url)
        n_before = len(simulator.requests())
        server.served.etag = '"two"'
        refused = run(server.url, "--base-url", simulator.url)
        assert (refused.code, len(simulator.requests())) == (6, n_before)
        assert f'the input has changed, {server.url} has version ETag "two"' in " ".join(refused.err.split())
        server.served.etag = '"one"'
        finished = run(server.url, "--base-url", simulator.url)
    assert finished.code == 0, finished.err
    assert_same(run, reference)
    assert verify(run).code == 0
    server.served.etag = '"two"'
    assert verify(run).code == 6


def test_service_that_fails_in_the_middle_costs_a_run_nothing(
    run: ForkingRunner, ids: list[int], server: Server, calm: Simulator, reference: Runner
) -> None:
    server.served.statuses = [200, 404]
    failed = run(server.url, "--base-url", calm.url)
    assert failed.code == 5, failed.err
    assert "run the same command again" in failed.err
    finished = run(server.url, "--base-url", calm.url)
    assert finished.code == 0, finished.err
    assert_same(run, reference)


def test_signed_url_can_be_another_one_when_the_run_goes_on_and_is_nowhere_stored(
    run: ForkingRunner, server: Server, calm: Simulator, reference: Runner
) -> None:
    """Its name is stored without the signature, so that it cannot be read again by that alone."""
    url = server.url.replace("//", f"//ada:{CANARY}@")
    server.served.statuses = [200, 200, 401]
    (run.folder / "list.txt").write_text(f"{url}?sig={CANARY}-1\n")
    said = [run("@list.txt", "--base-url", calm.url, "-vv")]
    (run.folder / "list.txt").write_text(f"{url}?sig={CANARY}-2\n")
    said += [run("@list.txt", "--base-url", calm.url, "-vv") for _ in range(2)]
    assert [each.code for each in said] == [5, 0, 0]
    assert_same(run, reference)
    verified = verify(run)
    assert (verified.code, "input: not read again" in verified.out) == (0, True)
    (run.folder / "list.txt").unlink()
    told = [each.out + each.err for each in (*said, verified)]
    files = [path.read_bytes() for path in run.folder.rglob("*") if path.is_file()]
    assert not [text for text in (*map(os.fsencode, told), *files) if CANARY.encode() in text]


def test_url_whose_size_nobody_tells_is_kept_as_a_stream(
    run: ForkingRunner, server: Server, content: bytes, reference: Runner, tmp_path: Path
) -> None:
    server.served.etag = None
    server.served.has_length = server.served.has_ranges = False
    with running_simulator(tmp_path, "--latency", "40") as simulator:
        stop_in_the_middle(run, simulator, server.url)
        finished = run(server.url, "--base-url", simulator.url)
        assert finished.code == 0, finished.err
        assert (run.out / "input-0.kept").read_bytes() == content
        assert_same(run, reference)
        assert verify(run).code == 0
        server.served.content = content[:-1] + b"?"
        assert run(server.url, "--base-url", simulator.url).code == 6
