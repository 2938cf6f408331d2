"""Help: quick, within the terminal's width, in colours only where these are wanted, with groups and examples."""

import io
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from harvester.cli.declaring import Command
from harvester.cli.main import SECTIONS, cli, run_cli
from harvester.cli.streams import allows_color
from tests.cli.test_configuration import commands

HEAVY = ("numpy", "aiohttp", "rich", "jinja2", "pygal", "pyarrow", "duckdb", "orjson", "msgspec", "asyncio")
NAMES = sorted(commands(cli))
Said = pytest.CaptureFixture[str]


def helped(capsys: Said, *arguments: str) -> str:
    """What is printed for help."""
    assert run_cli([*arguments, "--help"]) == 0
    return capsys.readouterr().out


def test_help_and_completion_import_nothing_heavy() -> None:
    """In a fresh process, one after the other: what one imports, the next has, too."""
    code = (
        "import sys, io, contextlib\n"
        "from harvester.cli.main import run_cli\n"
        f"for names in {[[], *map(list, NAMES)]!r}:\n"
        "    with contextlib.redirect_stdout(io.StringIO()):\n"
        "        assert run_cli([*names, '--help']) == 0\n"
        f"print(*({set(HEAVY)!r} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_help_has_sections_examples_and_exit_codes(capsys: Said) -> None:
    text = helped(capsys)
    for heading in (*SECTIONS, "This tool", "Examples", "Exit codes"):
        assert f"\n{heading}:\n" in text


@pytest.mark.parametrize("names", NAMES, ids=" ".join)
def test_help_of_each_command_has_groups_and_examples(names: tuple[str, ...], capsys: Said) -> None:
    text = helped(capsys, *names)
    command = commands(cli)[names]
    assert isinstance(command, Command)
    for group in command.option_groups:
        assert f"\n{group.title}:\n" in text
    assert "\nExamples:\n" in text or "One line to have it" in text
    ungrouped = [param.name for param in command.params if isinstance(param, click.Option)]
    grouped = [option.name for group in command.option_groups for option in group]
    assert set(ungrouped) - set(grouped) <= {"verbose"}


@pytest.mark.parametrize("columns", [50, 80, 101, 200])
def test_help_is_as_wide_as_the_terminal_and_at_most_100(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = helped(capsys, "run").partition("\nExamples:")[0]
    assert max(map(len, text.splitlines())) <= min(columns, 100)
    if columns > 100:
        assert max(map(len, text.splitlines())) > 90


@pytest.mark.parametrize(
    ("environ", "is_terminal", "wanted"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colors_are_where_they_are_wanted(
    environ: dict[str, str], is_terminal: bool, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal)
    assert allows_color(environ, stream) is wanted


@pytest.mark.parametrize("is_forced", [True, False])
def test_help_has_colors_if_they_are_allowed(
    is_forced: bool, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1" if is_forced else "")
    assert ("\x1b[" in helped(capsys, "plan")) is is_forced


def test_module_runs_and_calls_itself_by_the_name_of_the_script(bare: Path) -> None:
    line = [sys.executable, "-m", "harvester", "plan", "--no-such-flag"]
    done = subprocess.run(line, check=False, capture_output=True, text=True, cwd=bare)
    assert done.returncode == 2
    assert done.stderr == "harvester: no such flag: --no-such-flag\n  See: harvester plan --help\n"
    assert not re.search("__main__|python", done.stderr)
