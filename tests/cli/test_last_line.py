"""The line of JSON that a run ends with, however it ends."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harvester.cli import harvesting
from harvester.cli.main import run_cli
from harvester.errors import ExitCode, ServiceError
from harvester.job import Outcome


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but a bearer token and one list of IDs."""
    for name in os.environ:
        if name.startswith(("HARVESTER_", "TWITTER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HARVESTER_BEARER_TOKEN", "token")
    monkeypatch.chdir(tmp_path)
    Path("ids.txt").write_text("1060976163948904448\n")
    Path("bad.toml").write_text("no-such-key = 1")


def line_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What stands on standard output: one line."""
    line: dict[str, Any] = json.loads(capsys.readouterr().out.removesuffix("\n"))
    return line


@pytest.mark.parametrize(
    ("arguments", "run_dir"),
    [
        ("ids.txt", None),
        ("ids.txt -o D --no-such-flag", "D"),
        ("ids.txt -o D --top many", "D"),
        ("ids.txt -o D --timeout nan", "D"),
        ("ids.txt -o D --config bad.toml", "D"),
        ("ids.txt -o D --rate quick", "D"),
        ("ids.txt -o D --concurrency 0", "D"),
        ("ids.txt -o D -e total", "D"),
        ("ids.txt -o D --account nobody", "D"),
        ("missing.txt -o D", "D"),
    ],
)
def test_wrong_usage_ends_with_the_line(
    arguments: str, run_dir: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["run", *arguments.split()]) == 2
    assert line_of(capsys) == {"schema": 1, "run_dir": run_dir, "exit": 2}


def test_half_a_credential_ends_with_the_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARVESTER_CONSUMER_KEY", "key")
    assert run_cli(["run", "ids.txt", "-o", "D"]) == 2
    assert line_of(capsys) == {"schema": 1, "run_dir": "D", "exit": 2}


@pytest.mark.parametrize(
    ("ending", "code"), [(ServiceError("down"), 5), (KeyboardInterrupt(), 130), (ZeroDivisionError(), 1)]
)
def test_error_of_any_kind_ends_with_the_line(
    ending: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(main: Any) -> Outcome:
        main.close()
        raise ending

    monkeypatch.setattr(harvesting, "_run_loop", fail)
    assert run_cli(["run", "ids.txt", "-o", "D"]) == code
    assert line_of(capsys) == {"schema": 1, "run_dir": "D", "exit": code}


@pytest.mark.parametrize("flags", [[], ["--log-format", "json"]])
def test_run_that_comes_to_an_end_has_its_counts_in_the_line(
    flags: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def finish(main: Any) -> Outcome:
        main.close()
        return Outcome(ExitCode.OK, counts={"ok": 3, "failed": 0})

    monkeypatch.setattr(harvesting, "_run_loop", finish)
    assert run_cli(["run", "ids.txt", "-o", os.fsdecode(b"D\xff"), *flags]) == 0
    assert line_of(capsys) == {"schema": 1, "run_dir": "D\\xff", "ok": 3, "failed": 0, "exit": 0}


def test_line_is_not_for_a_person(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run_cli(["run"]) == 2
    assert capsys.readouterr().out == ""


def test_help_is_all_that_is_printed_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["run", "--help"]) == 0
    assert "exit" not in capsys.readouterr().out.splitlines()[-1]
