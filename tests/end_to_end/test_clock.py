"""A machine whose clock was set between two processes of a run, or is wrong altogether."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.forked import running_simulator
from tests.end_to_end.running import (
    BEARER,
    DEADLINE_S,
    Runner,
    assert_same_result,
    clean_environment,
    committed_ids,
    wait_for,
)


@pytest.mark.skipif(shutil.which("faketime") is None, reason="libfaketime is not installed")
@pytest.mark.parametrize("offset", ["-2h", "+2h"])
def test_resumed_by_another_clock_gives_the_same(
    run: Runner, id_file: Path, tmp_path: Path, undisturbed: Runner, offset: str
) -> None:
    limits = ("--latency", "30", "--rate-limit-per-second", "20")
    with running_simulator(tmp_path, *limits) as simulator:
        arguments = (str(id_file), "--base-url", simulator.url, "--concurrency", "2")
        process = run.start(*arguments)
        wait_for(lambda: bool(committed_ids(run)), "a commit")
        run.kill(process)
        finished = subprocess.run(
            [
                "faketime",
                "-f",
                offset,
                sys.executable,
                "-m",
                "harvester",
                "run",
                *arguments,
                "-o",
                str(run.out),
            ],
            capture_output=True,
            check=False,
            cwd=run.folder,
            timeout=DEADLINE_S,
            env={**clean_environment(), **run.homes, **BEARER, "FAKETIME_DONT_FAKE_MONOTONIC": "1"},
        )
        assert finished.returncode == 0, finished.stderr
        assert not [request for request in simulator.requests() if request["status"] == 429]
    assert_same_result(run, undisturbed)
