"""What a shell completes: in a real bash, and by click's protocol for zsh and fish."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import get_completion_class

from harvester.cli.completion import SHELLS, VARIABLE
from harvester.cli.kinds import FORMATS, run_directories
from harvester.cli.main import cli, run_cli
from harvester.sources import FORMATS as READABLE

Said = pytest.CaptureFixture[str]

BASH = """
eval "$(harvester completion bash)"
compopt() { reply+=("<$2>"); }
while IFS= read -r line; do
    read -ra COMP_WORDS <<< "$line"
    [[ $line == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=() reply=()
    _harvester_completion harvester
    echo "${COMPREPLY[*]}${reply[*]}"
done
"""


@pytest.fixture
def folder(bare: Path) -> Path:
    """With a file of IDs, two runs, and a credentials file."""
    for name in ("july", "june"):
        (bare / "runs" / name).mkdir(parents=True)
        (bare / "runs" / name / "run.json").touch()
    (bare / "ids.txt").touch()
    path = bare / "home/harvester/credentials.toml"
    path.parent.mkdir(parents=True)
    path.write_text("[accounts.ada]\n[accounts.alan]\n[accounts.grace]\n")
    path.chmod(0o600)
    return bare


def completed(line: str) -> list[str]:
    """What follows a line's last word, by click's machinery; kinds that the shell itself completes as <kind>."""
    complete = get_completion_class("bash")(cli, {}, "harvester", VARIABLE)
    *words, last = line.split(" ")
    found = complete.get_completions(words, last)
    return [item.value if item.type == "plain" else f"<{item.type}>" for item in found]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("pl", "plan"),
        ("auth ", "bearer check login"),
        ("plan --met", "--metrics"),
        ("run -e ", "totals 28hr historical"),
        ("run ids.txt -e totals -e h", "historical"),
        ("run -m fav", "favorites"),
        ("run -m favorites,re", "favorites,retweets favorites,replies"),
        ("run -m favorites,fav", ""),
        ("plan --format p", "parquet"),
        ("run --series ", "day hour"),
        ("run --rate to", "totals="),
        ("run --account a", "ada alan"),
        ("auth check --account g", "grace"),
        ("verify ", "runs/june runs/july"),
        ("verify runs/ju", "runs/june runs/july"),
        ("verify runs/jul", "runs/july"),
        ("verify nowhere", "<dir>"),
        ("run ", "<file>"),
        ("run id", "<file>"),
        ("run ids.txt -o ", "<dir>"),
        ("run --config ", "<file>"),
        ("simulate --fault http-50", "http-500= http-502= http-503="),
        ("completion ", "bash zsh fish"),
        ("config show si", "simulate"),
        ("config show auth ch", "check"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_follows_is_completed(line: str, wanted: str) -> None:
    assert sorted(completed(line)) == sorted(wanted.split())


@pytest.mark.usefixtures("folder")
def test_real_bash_completes(folder: Path) -> None:
    """One bash, and a process of ours for each line."""
    script = folder / "bin" / "harvester"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m harvester "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    lines = {
        "harvester run -m favorites,re": "favorites,retweets favorites,replies",
        "harvester verify ": "runs/july runs/june",
        "harvester run ": "<default>",
        "harvester run ids.txt -o ru": "<dirnames>",
    }
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH],
        input="".join(f"{line}\n" for line in lines),
        env={**os.environ, "PATH": f"{script.parent}:{os.environ['PATH']}"},
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == list(lines.values())
    assert done.stderr == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_script_is_printed_for_each_shell(shell: str, capsys: Said) -> None:
    assert run_cli(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"{VARIABLE}={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_fish_script_does_not_cut_values_at_their_commas(
    monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    run_cli(["completion", "fish"])
    assert 'string split --max 1 ","' in capsys.readouterr().out
    monkeypatch.setenv("COMP_WORDS", "harvester run -m favorites,rep")
    monkeypatch.setenv("COMP_CWORD", "favorites,rep")
    assert (
        get_completion_class("fish")(cli, {}, "harvester", VARIABLE).complete() == "plain,favorites,replies"
    )


def test_values_have_words_beside_them_where_a_shell_shows_these(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_WORDS", "harvester run -e 2")
    monkeypatch.setenv("COMP_CWORD", "3")
    told = get_completion_class("zsh")(cli, {}, "harvester", VARIABLE).complete()
    assert told == "plain\n28hr\nthe last 28 hours"


def test_completion_does_not_depend_on_files_that_cannot_be_read(bare: Path) -> None:
    (bare / "harvester.toml").write_text("top = ")
    assert completed("plan --met") == ["--metrics"]
    path = bare / "home/harvester/credentials.toml"
    path.parent.mkdir(parents=True)
    path.write_text("[")
    assert completed("run --account ") == []


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("", ["near"]),
        ("far", ["far/away/run"]),
        ("far/a", ["far/away/run"]),
        ("near/", []),
        (".", []),
        ("none/", []),
    ],
)
@pytest.mark.usefixtures("bare")
def test_nearest_folders_with_a_run_are_found(typed: str, wanted: list[str]) -> None:
    for name in ("near", "far/away/run", ".hidden", "a/b/c/too/deep"):
        Path(name).mkdir(parents=True)
        Path(name, "run.json").touch()
    assert run_directories(typed) == wanted


def test_formats_are_those_that_can_be_read() -> None:
    assert FORMATS == READABLE
