"""The README tells the truth: what it shows exists."""

import re
import shlex
from pathlib import Path

import click
import pytest

import harvester
from harvester.cli.main import cli
from harvester.errors import ExitCode
from harvester.rundir.names import SUCCESS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SHOWN = re.findall(r"^    (harvester \S.*?)(?:\s+#.*)?$", README, re.MULTILINE)


def test_readme_shows_commands() -> None:
    assert len(SHOWN) >= 3


@pytest.mark.parametrize("line", SHOWN)
def test_shown_command_is_understood(line: str) -> None:
    name, *arguments = shlex.split(line)[1:]
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    command.make_context(name, arguments)


def test_scripts_and_parts_of_the_house_exist() -> None:
    for script in re.findall(r"scripts/(\w+)", README):
        assert (ROOT / "scripts" / script).exists(), script
    drawn = re.findall(r"^      (\w+(?:\.py|/))  ", README, re.MULTILINE)
    there = {p.name + ("/" if p.is_dir() else "") for p in (ROOT / "harvester").iterdir()}
    assert set(drawn) == there - {"__main__.py", "__pycache__/", "version.py", "py.typed"}


def test_every_exit_code_is_explained() -> None:
    table = README[README.index("| exit code |") :]
    rows = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    explained = {int(code) for row in rows for code in row.split(",")}
    assert explained == {int(code) for code in ExitCode}


def test_every_file_of_a_run_directory_is_named() -> None:
    for name in ("totals.ndjson", "totals.failed.ndjson", "rejected.ndjson", "summary.json", SUCCESS):
        assert name in README


def test_public_names_are_sorted_and_there() -> None:
    assert sorted(harvester.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)) == list(
        harvester.__all__
    )
    for name in harvester.__all__:
        assert getattr(harvester, name) is not None
    with pytest.raises(AttributeError):
        harvester.no_such_name  # noqa: B018
