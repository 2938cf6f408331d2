"""An input that only grew at its end is gone on with when that is asked for: what was asked is not asked again."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from tests.end_to_end.forked import ForkingRunner, running_simulator, shared_server
from tests.end_to_end.running import Runner, Simulator, committed_ids, wait_for


def csv(ids: list[int], *, is_begun: bool = True) -> bytes:
    lines = [f"{n},{i},x" for n, i in enumerate(ids)]
    return ("\n".join([*(["n,tweet_id,note"] if is_begun else []), *lines]) + "\n").encode()


def text(ids: list[int], *, is_begun: bool = True) -> bytes:
    del is_begun
    return "".join(f"{i}\n" for i in ids).encode()


def zipped(ids: list[int], *, is_begun: bool = True) -> bytes:
    return gzip.compress(csv(ids, is_begun=is_begun))


def outcomes(run: Runner) -> dict[str, tuple[str, object]]:
    records = run.records()
    found = {record["tweet_id"]: (record["status"], record.get("metrics")) for record in records}
    assert len(found) == len(records)
    return found


@pytest.mark.parametrize("is_killed", [False, True], ids=["complete", "killed"])
@pytest.mark.parametrize(("name", "make"), [("ids.txt", text), ("ids.csv", csv), ("ids.csv.gz", zipped)])
def test_grown_input_gives_what_all_of_it_gives(
    run: Runner, ids: list[int], calm: Simulator, tmp_path: Path, name: str, make: object, is_killed: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(make(ids[:1_200]))  # type: ignore[operator]
    with running_simulator(tmp_path, "--latency", "30" if is_killed else "0") as simulator:
        arguments = (name, "--base-url", simulator.url, "--concurrency", "1")
        if is_killed:
            process = run.start(*arguments)
            wait_for(lambda: bool(committed_ids(run)), "a commit")
            run.kill(process)
        else:
            assert run(*arguments).code == 0
        path.write_bytes(path.read_bytes() + make(ids[1_200:2_000], is_begun=False))  # type: ignore[operator]
        n_before = len(simulator.requests())
        refused = run(*arguments)
        assert (refused.code, len(simulator.requests())) == (6, n_before)
        assert f"{name} has grown" in refused.err
        assert "--continue-grown" in refused.err
        grown = run(*arguments, "--continue-grown")
        assert grown.code == 0, grown.err
        asked = Counter(i for request in simulator.requests() for i in request["tweet_ids"])
        assert run(*arguments).code == 0
        assert max(asked.values()) <= (2 if is_killed else 1)
    fresh = ForkingRunner(tmp_path / "fresh", shared_server())
    assert fresh(str(path), "--base-url", calm.url).code == 0
    assert outcomes(run) == outcomes(fresh)
    for part in ("counts", "totals", "top"):
        assert run.summary()["endpoints"]["totals"][part] == fresh.summary()["endpoints"]["totals"][part]
    assert run.summary()["input"] == fresh.summary()["input"]


def test_kill_while_taking_up_what_was_added_costs_nothing(
    run: Runner, ids: list[int], calm: Simulator, tmp_path: Path
) -> None:
    """As if it came right after the mark of success was taken away."""
    path = tmp_path / "ids.txt"
    path.write_bytes(text(ids[:600]))
    arguments = ("ids.txt", "--base-url", calm.url)
    assert run(*arguments).code == 0
    (run.out / "_SUCCESS").unlink()
    path.write_bytes(text(ids[:700]))
    assert run(*arguments).code == 6
    grown = run(*arguments, "--continue-grown")
    assert grown.code == 0, grown.err
    assert outcomes(run).keys() == {str(i) for i in ids[:700]}
