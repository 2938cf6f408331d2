"""Standard streams that are closed, cut off or full: the work goes on, and the exit code is a documented one."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.forked import ForkingRunner
from tests.end_to_end.running import BEARER, DEADLINE_S, Runner, Simulator, clean_environment

PIPE: Final = "pipe"
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


STREAMS: dict[str, dict[str, str | None]] = {
    "2>&1 | head -1": {"stdout": PIPE, "stderr": "&1"},
    "2>&1 | true": {"stdout": PIPE, "stderr": "&1"},
    "| true": {"stdout": PIPE},
    "2>/dev/full": {"stderr": "/dev/full"},
    ">/dev/full": {"stdout": "/dev/full"},
    ">/dev/full 2>&1": {"stdout": "/dev/full", "stderr": "&1"},
    "<&-": {"stdin": None},
    ">&-": {"stdout": None},
    "2>&-": {"stderr": None},
    "<&- >&- 2>&-": dict.fromkeys(("stdin", "stdout", "stderr")),
}
"""As bash says it, and the same for a forked process."""


@pytest.fixture
def harvest(run: Runner, ids: list[int], calm: Simulator) -> tuple[str, ...]:
    """Hundreds of lines are logged, so that the first reader is gone long before the last."""
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in ids[:2_000]))
    return ("run", "ids.txt", "-o", "run", "--base-url", calm.url)


@pytest.mark.parametrize("streams", STREAMS)
def test_stream_that_takes_nothing_does_not_touch_the_harvest(
    shell: Shell, run: Runner, harvest: tuple[str, ...], streams: str
) -> None:
    done = shell(*harvest, "-vv", streams=streams)
    assert done.returncode == 0, done.stderr
    assert (run.out / "_SUCCESS").exists()
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("streams", STREAMS)
@pytest.mark.parametrize("how", [("-vv", "--log-format", "json"), ("--progress",)])
def test_stream_that_takes_nothing_does_not_touch_what_else_is_said(
    run: ForkingRunner, harvest: tuple[str, ...], streams: str, how: tuple[str, ...]
) -> None:
    """In forked processes: how an interpreter starts with such streams, the others have shown."""
    with reading(run.folder / PIPE, streams):
        done = run.finish(run.begin(*harvest, *how, streams=STREAMS[streams]))
    assert done.code == 0, done.err
    assert (run.out / "_SUCCESS").exists()
    assert "Traceback" not in done.out + done.err


@contextmanager
def reading(pipe: Path, streams: str) -> Iterator[None]:
    """What stands behind the bar of a shell's line reads that pipe, for as long as it likes; if there is a bar."""
    _, bar, command = streams.partition("| ")
    if not bar:
        yield
        return
    os.mkfifo(pipe)
    with subprocess.Popen(
        ["sh", "-c", f"exec {command} <{shlex.quote(str(pipe))}"], stdout=subprocess.DEVNULL
    ):
        yield


@pytest.mark.parametrize("streams", STREAMS)
def test_stream_that_takes_nothing_does_not_change_what_an_error_ends_with(
    run: ForkingRunner, streams: str
) -> None:
    with reading(run.folder / PIPE, streams):
        done = run.finish(run.begin("run", "missing.txt", "-o", "run", streams=STREAMS[streams]))
    assert done.code == 2
    assert "Traceback" not in done.out + done.err


@pytest.mark.parametrize(("streams", "code"), [("| true", 0), (">&-", 0), (">/dev/full", 7)])
def test_data_that_could_not_be_printed_is_told_where_somebody_may_wait_for_it(
    shell: Shell, run: Runner, streams: str, code: int
) -> None:
    (run.folder / "ids.txt").write_text("1060976163948904448\n")
    done = shell("plan", "ids.txt", "--json", streams=streams)
    assert done.returncode == code, done.stderr
    said = [json.loads(line)["error"]["message"] for line in done.stderr.splitlines()]
    assert said == (["standard output: No space left on device"] if code else [])
