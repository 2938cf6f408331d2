"""Standard streams that are closed, cut off or full: the work goes on, and the exit code is a documented one."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.running import BEARER, DEADLINE_S, Runner, Simulator, clean_environment

Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Runs `harvester ARGUMENTS` with redirections behind it, in bash; the code is the harvester's own."""

    def run_it(*arguments: str, streams: str) -> subprocess.CompletedProcess[str]:
        command = shlex.join([sys.executable, "-m", "harvester", *arguments])
        return subprocess.run(
            ["bash", "-c", f"{command} {streams}; exit ${{PIPESTATUS[0]}}"],
            check=False,
            cwd=tmp_path,
            env={**clean_environment(), **BEARER},
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )

    return run_it


STREAMS = [
    "2>&1 | head -1",
    "2>&1 | true",
    "| true",
    "2>/dev/full",
    ">/dev/full",
    ">/dev/full 2>&1",
    "<&-",
    ">&-",
    "2>&-",
    "<&- >&- 2>&-",
]


@pytest.mark.parametrize("streams", STREAMS)
@pytest.mark.parametrize("how", [("-vv",), ("-vv", "--log-format", "json"), ("--progress",)])
def test_stream_that_takes_nothing_does_not_touch_the_harvest(
    shell: Shell, run: Runner, ids: list[int], calm: Simulator, streams: str, how: tuple[str, ...]
) -> None:
    """Hundreds of lines are logged, so that the first reader is gone long before the last."""
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in ids[:2_000]))
    arguments = ("run", "ids.txt", "-o", "run", "--base-url", calm.url, *how)
    done = shell(*arguments, streams=streams)
    assert done.returncode == 0, done.stderr
    assert (run.out / "_SUCCESS").exists()
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("streams", STREAMS)
def test_stream_that_takes_nothing_does_not_change_what_an_error_ends_with(
    shell: Shell, streams: str
) -> None:
    done = shell("run", "missing.txt", "-o", "run", streams=streams)
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(("streams", "code"), [("| true", 0), (">&-", 0), (">/dev/full", 7)])
def test_data_that_could_not_be_printed_is_told_where_somebody_may_wait_for_it(
    shell: Shell, run: Runner, streams: str, code: int
) -> None:
    (run.folder / "ids.txt").write_text("1060976163948904448\n")
    done = shell("plan", "ids.txt", "--json", streams=streams)
    assert done.returncode == code, done.stderr
    says = "harvester: standard output: No space left on device\n"
    assert done.stderr == (says if code else "")
