"""`harvester inspect`: what a person and a pipeline see of it."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harvester.cli import inspect as command
from harvester.cli.inspection_tables import bar, print_inspection, safe
from harvester.cli.main import run_cli
from harvester.engagement.tweet_id import DAY_MS, first_id_at
from harvester.inspection.report import Inspection, inspect_input
from harvester.sources import Form, find_sources

NOW_MS = 1_795_535_000_000
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    old = [first_id_at(1_400_000_000_000) + n for n in range(30)]
    (tmp_path / "ids.txt").write_text("".join(f"{i}\n" for i in [*old, old[0], "no id"]))
    (tmp_path / "owned.csv").write_text("tweet_id,author\n" + "".join(f"{i},ada\n" for i in old[:10]))
    (tmp_path / "cut.gz").write_bytes(b"\x1f\x8b\x08" + bytes(20))
    return tmp_path


def document_of(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    """What `--json` says; it is one line, and nothing else is said."""
    capsys.readouterr()
    assert run_cli(["inspect", *arguments, "--json"]) == code
    said = capsys.readouterr()
    assert (said.err, said.out.count("\n")) == ("", 1)
    document: dict[str, Any] = json.loads(said.out)
    assert (document["schema"], document["exit"]) == (1, code)
    return document


def found_in(names: Iterable[str], form: Form) -> Inspection:
    return inspect_input(find_sources(list(names)), form, NOW_MS)


def printed(found: Inspection, width: int = 80) -> str:
    text = io.StringIO()
    print_inspection(Console(file=text, width=width, highlight=False, force_terminal=False), found)
    return text.getvalue()


def test_json_has_every_file_and_the_sums(capsys: pytest.CaptureFixture[str]) -> None:
    document = document_of(capsys, "ids.txt", "owned.csv")
    assert [(each["file"], each["ids"]) for each in document["files"]] == [("ids.txt", 31), ("owned.csv", 10)]
    sums = document["input"]
    assert (sums["ids"], sums["distinct"], sums["repeats_within"], sums["repeats_across"]) == (41, 30, 1, 10)
    assert document["reasons"][0]["examples"] == [{"file": "ids.txt", "line": 32, "text": "no id"}]


def test_an_unreadable_part_is_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    document = document_of(capsys, "cut.gz", "ids.txt", code=3)
    assert document["files"][0]["unreadable"]["line"] == 1
    assert document["input"]["unreadable"] == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no input given"),
        (("nowhere.txt",), "no such file"),
        (("ids.txt", "--format", "xml"), "unknown input format 'xml'"),
        (("owned.csv", "--column", "who"), "no column 'who'"),
        (("owned.csv", "--owner-column", "author", "--owner-from-folder"), "owners are wanted from"),
    ],
)
def test_wrong_usage_is_exit_code_2(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["inspect", *arguments]) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.out == ""


def test_options_of_the_input_come_from_the_file_of_options(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "mine.toml").write_text('owner-column = "author"\ndedupe = false\nrate = "600/min"\n')
    document = document_of(capsys, "owned.csv", "--config", "mine.toml")
    assert document["owners"]["largest"] == [{"owner": "ada", "tweets": 10}]
    assert document["input"]["distinct"] is None


def test_owners_come_from_folders(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bob").mkdir()
    (here / "bob/ids.txt").write_text("21\n22\n")
    document = document_of(capsys, "bob", "--owner-from-folder")
    assert document["files"][0]["owners"] == document["owners"]
    assert document["owners"]["largest"] == [{"owner": "bob", "tweets": 2}]


def test_a_person_sees_files_damage_ages_and_what_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["inspect", "ids.txt", "owned.csv", "cut.gz"]) == 3
    said = capsys.readouterr().out
    assert "csv, column tweet_id, 1 header" in said
    assert "41 IDs on 43 lines of 3 files: 30 distinct, 11 repeated" in said
    assert "ids.txt:32: 'no id'" in said
    assert "cut.gz:1: the rest is unreadable: " in said
    assert "2014      30  ████████████" in said
    assert "impressions, engagements             0       30  90 days" in said
    assert "\x1b" not in said


def test_an_input_without_ids_is_told_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "none.txt").write_text("foo\n")
    assert run_cli(["inspect", "none.txt"]) == 0
    assert "There is no tweet ID in it." in capsys.readouterr().out


def test_nothing_is_written(here: Path) -> None:
    before = sorted(here.rglob("*"))
    assert run_cli(["inspect", "ids.txt"]) == 0
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize("width", [80, 120, 200])
def test_lines_fit_the_terminal(here: Path, width: int) -> None:
    long_name = "a/very/long/path" * 8
    (here / long_name).parent.mkdir(parents=True)
    (here / long_name).write_text("tweet_id,author\n123,ada\nx,ada\n" + "y" * 150 + ",ada\n")
    found = found_in([long_name, "owned.csv", "."], Form(owner_from_folder=True))
    assert max(map(len, printed(found, width).splitlines())) <= width


def test_how_a_file_was_read_stands_beside_its_name_if_there_is_room() -> None:
    found = found_in(["owned.csv"], Form())
    assert "owned.csv  csv, column tweet_id, 1 header     11" in printed(found, 120)
    assert "\n  csv, column tweet_id, 1 header" in printed(found, 78)


@pytest.mark.parametrize(("quiet_s", "is_shown"), [(-1.0, True), (60.0, False)])
def test_a_terminal_shows_how_far_a_long_reading_is(
    quiet_s: float, is_shown: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "QUIET_S", quiet_s)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    assert run_cli(["inspect", "ids.txt"]) == 0
    assert ("100% read, 31 IDs" in capsys.readouterr().err) is is_shown


def test_foreign_text_is_neither_markup_nor_obeyed(here: Path) -> None:
    (here / "we[red]ird\x1b[31m.csv").write_text("[bold]id,[b]who\n1,[i]ada\x1b]\n[red]x,\x1b[2J\n")
    said = printed(found_in(["we[red]ird\x1b[31m.csv"], Form(column="1", owner_column="2")))
    for part in ("we[red]ird\\x1b[31m.csv", "column [bold]id", "'[red]x'", "[i]ada\\x1b]"):
        assert part in said
    assert "\x1b" not in said


def test_of_many_files_only_the_first_and_those_with_trouble_are_shown(here: Path) -> None:
    for n in range(60):
        (here / f"part-{n:02}").write_text("x\n" if n == 47 else f"{n + 1}\n")
    said = printed(found_in(["part-*"], Form()))
    assert [name for name in ("part-09", "part-10", "part-47", "part-59") if f"{name} " in said] == [
        "part-09",
        "part-47",
    ]
    assert "… and 49 more files, all sound; --json has them all" in said


def test_rounded_ids_are_told(here: Path) -> None:
    ids = [first_id_at(NOW_MS - n * DAY_MS) // 1000 * 1000 for n in range(1, 30)]
    (here / "rounded.txt").write_text("".join(f"{i}\n" for i in ids))
    said = printed(found_in(["rounded.txt"], Form()))
    assert "100% look rounded" in said
    assert "1 file with IDs that look rounded" in said


def test_a_bar_shows_what_is_more_than_nothing_and_no_more_than_its_width() -> None:
    assert [bar(share, 4) for share in (0, 1e-9, 0.5, 0.53, 1)] == ["", "▏", "██", "██▏", "████"]
    assert [bar(share, 4, is_ascii=True) for share in (0, 1e-9, 1)] == ["", "#", "####"]


def test_safe_text_is_what_it_was_where_it_can_be_printed() -> None:
    assert safe("größe.csv") == "größe.csv"
    assert safe("a\nb\udc80\u202e") == "a\\nb\\udc80\\u202e"


@pytest.mark.skipif(sys.platform == "win32", reason="no FIFO there")
def test_an_interrupt_ends_it_at_once(here: Path) -> None:
    os.mkfifo(here / "pipe")
    arguments = [sys.executable, "-m", "harvester", "inspect", "ids.txt", "pipe"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        subprocess.Popen(
            arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
        (here / "pipe").open("wb"),  # opens when it is read from
    ):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err.strip()) == (130, b"", b"")


def test_a_stream_that_knows_only_ascii_is_told_all_the_same(here: Path) -> None:
    (here / "größe.txt").write_text("1\nñ\n")
    arguments = [sys.executable, "-m", "harvester", "inspect", "größe.txt"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    said = subprocess.run(arguments, env=environment, capture_output=True, timeout=20, check=False)
    assert (said.returncode, said.stderr) == (0, b"")
    assert b"gr\\xf6\\xdfe.txt" in said.stdout
