"""Wrong input and bugs: one clear line, or one line of JSON; where a traceback shows, and the nearest names."""

import json
import os
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvester.cli import harvesting, main
from harvester.cli.declaring import Manner
from harvester.cli.main import cli, manner_of, run_cli
from harvester.errors import ServiceError

Said = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("bare")


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("run ids.txt", '[run]\nlog-format = "json"\n'),
        ("run ids.txt -o x --top many", 'log-format = "json"\n'),
        ("status", "json = true\n"),
    ],
)
def test_wrong_usage_is_json_where_the_file_asks_for_that(line: str, file: str, capsys: Said) -> None:
    Path("harvester.toml").write_text(file)
    assert run_cli(line.split()) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == 2


@pytest.mark.parametrize(
    ("line", "says", "hint"),
    [
        ("rum ids.txt", "no such command: rum", "Did you mean 'run'?"),
        ("auth logn", "no such command: logn", "Did you mean 'login'?"),
        ("plan ids.txt --metric favorites", "no such flag: --metric", "Did you mean '--metrics'?"),
        ("plan ids.txt -e total", "unknown endpoint 'total'", "Did you mean 'totals'?"),
        ("plan ids.txt -m favorits", "unknown metric 'favorits'", "Did you mean 'favorites'?"),
        ("plan ids.txt --format parket", "unknown input format 'parket'", "Did you mean 'parquet'?"),
        ("plan ids.txt --series hours", "'hours' is not one of 'day', 'hour'", "Did you mean 'hour'?"),
        ("plan ids.txt --rate total=9/s", "'total=9/s' names no endpoint", "Did you mean 'totals'?"),
        (
            "plan ids.txt --group a=tweet.idd",
            "'tweet.idd' is nothing to group by",
            "Did you mean 'tweet.id'?",
        ),
        ("simulate --fault http-504=0.1", "'http-504' is no fault", "Did you mean 'http-503'?"),
        ("completion bsh", "'bsh' is not one of", "Did you mean 'bash'?"),
        ("config show rum", "no such command: rum", "Did you mean 'run'?"),
        ("config show auth", "auth has commands of its own", "auth bearer or auth check or auth login"),
        ("plan ids.txt --limit many", "'many' is not a valid integer", "See: harvester plan --help"),
        ("verify", "Missing argument 'RUN_DIR'", "See: harvester verify --help"),
        ("inspect nowhere.txt", "nowhere.txt", None),
    ],
)
def test_wrong_input_is_one_line_and_a_hint(line: str, says: str, hint: str | None, capsys: Said) -> None:
    Path("ids.txt").write_text("1060976163948904448\n")
    assert run_cli(line.split()) == 2
    said = capsys.readouterr()
    assert said.out == ""
    complaint, *rest = said.err.splitlines()
    assert complaint.startswith("harvester: ")
    assert says in complaint
    assert len(rest) <= 1
    assert hint is None or hint in rest[0]


@pytest.mark.parametrize(
    ("line", "code", "hint"),
    [
        ("plan --json --no-such-flag", 2, "See: harvester plan --help"),
        ("plan ids.txt --json -e total", 2, "Did you mean 'totals'?"),
        ("inspect --json nowhere.txt", 2, None),
        ("run ids.txt -o D --log-format json -e total", 2, "Did you mean 'totals'?"),
        ("run ids.txt -o D --log-format=json --account ada", 2, None),
        ("run ids.txt --log-format json", 2, "See: harvester run --help"),
    ],
)
def test_error_is_one_line_of_json_where_that_is_asked_for(
    line: str, code: int, hint: str | None, capsys: Said
) -> None:
    Path("ids.txt").write_text("1060976163948904448\n")
    assert run_cli(line.split()) == code
    *before, last = capsys.readouterr().err.splitlines()
    document = json.loads(last)
    assert document["event"] == "error"
    assert document["time"].endswith("Z")
    assert document["error"].keys() == {"code", "message", "hint"}
    assert document["error"]["code"] == code
    assert hint is None or document["error"]["hint"] == hint
    assert all(line.startswith("{") for line in before)


@pytest.mark.parametrize(
    ("arguments", "environ", "wanted"),
    [
        ("run x --log-format json", {}, Manner(as_json=True)),
        ("run x --log-format text", {}, Manner()),
        ("run x", {"HARVESTER_LOG_FORMAT": "json"}, Manner(as_json=True)),
        ("plan x", {"HARVESTER_LOG_FORMAT": "json"}, Manner()),
        ("plan x --json", {}, Manner(as_json=True)),
        ("plan x -- --json", {}, Manner()),
        ("plan x", {"HARVESTER_JSON": "true"}, Manner(as_json=True)),
        ("plan x", {"HARVESTER_JSON": "0"}, Manner()),
        ("plan x -vv", {}, Manner(verbosity=2)),
        ("plan x -v --verbose", {}, Manner(verbosity=2)),
        ("plan - -o v", {}, Manner()),
    ],
)
def test_manner_shows_before_the_line_is_understood(
    arguments: str, environ: dict[str, str], wanted: Manner
) -> None:
    assert manner_of(arguments.split(), environ) == wanted


def failing(error: Exception) -> Any:
    """Something that ends with this error where a harvest would begin."""

    def fail(*_arguments: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("by\nzero"), ExceptionGroup("tasks", [ZeroDivisionError("by\nzero")])]
)
def test_bug_is_one_line_and_exit_code_1(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setattr(harvesting, "harvest", failing(error))
    assert run_cli(["run", "ids.txt", "-o", "D"]) == 1
    said = capsys.readouterr()
    complaint, hint = said.err.splitlines()
    assert complaint.startswith("harvester: a bug in harvester ")
    assert complaint.endswith("ZeroDivisionError: by zero")
    assert "-vv" in hint
    assert json.loads(said.out) == {"schema": 1, "run_dir": "D", "exit": 1}


def test_traceback_shows_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setattr(harvesting, "harvest", failing(ZeroDivisionError("by zero")))
    run_cli(["run", "ids.txt", "-o", "D", "-v"])
    assert "Traceback" not in capsys.readouterr().err
    run_cli(["run", "ids.txt", "-o", "D", "-vv"])
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.splitlines()[-2].startswith("harvester: a bug")
    run_cli(["run", "ids.txt", "-o", "D", "-vv", "--log-format", "json"])
    document = json.loads(capsys.readouterr().err)
    assert document["error"]["code"] == 1
    assert "test_errors.py" in document["error"]["traceback"]


def test_verbose_is_shared_by_all_commands(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    assert run_cli(["inspect", "nowhere.txt", "-vv"]) == 2
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.setenv("HARVESTER_VERBOSE", "2")
    assert run_cli(["inspect", "nowhere.txt"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_error_that_a_run_ends_with_is_told_as_others_are(
    monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    def end(main: Any) -> Any:
        main.close()
        raise ServiceError("it is down", "wait")

    monkeypatch.setenv("HARVESTER_BEARER_TOKEN", "x")
    monkeypatch.setattr(harvesting, "_run_loop", end)
    assert run_cli(["run", "ids.txt", "-o", "D", "-q"]) == 5
    assert capsys.readouterr().err == "harvester: it is down\n  wait\n"
    assert run_cli(["run", "ids.txt", "-o", "D", "--log-format", "json"]) == 5
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    document = next(event for event in events if event["event"] == "error")
    assert document["error"] == {"code": 5, "message": "it is down", "hint": "wait"}


def test_command_without_a_subcommand_shows_its_help_as_wrong_usage(capsys: Said) -> None:
    for arguments in ([], ["auth"], ["config"]):
        assert run_cli(arguments) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("Usage: harvester")
    assert main.PROGRAM == "harvester"


def test_name_that_is_no_text_is_told_as_json_too(capsys: Said) -> None:
    main.print_error(6, os.fsdecode(b"no\xff is no run directory"), None)
    document = json.loads(capsys.readouterr().err)
    assert document["error"] == {"code": 6, "message": "no\\udcff is no run directory", "hint": None}


WORDS = (
    "",
    "-",
    "ids.txt",
    "none",
    "-1",
    "0",
    "nan",
    "totals",
    "a=b",
    "28d",
    "x" * 200,
    "day",
    "http://u:p@h",
    "http://[",
)
FILES = (
    "",
    "top = 3",
    "[run]",
    "[run.x]",
    "top = [",
    "[[run]]",
    "metrics = [1, [2]]",
    "x = inf",
    "start = 07:32:00",
)
CHEAP = ("plan", "verify", "export", "diff", "status", "report", "completion")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    name=st.sampled_from(("plan", "verify", "export", "diff", "status", "report", "completion")),
)
def test_no_line_and_no_file_is_a_bug(data: st.DataObject, name: str, capsys: Said) -> None:
    """Whatever is typed, and whatever the file holds: no traceback, no bug, and at most one complaint."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = [param for param in command.params if isinstance(param, click.Option)]
    flags = [flag for option in options for flag in option.opts if flag != "--watch"]
    words = data.draw(st.lists(st.sampled_from([*flags, *WORDS]), max_size=4))
    Path("harvester.toml").write_text(data.draw(st.sampled_from(FILES)))
    code = run_cli([name, *(word for word in words if not (name == "plan" and word == "-"))])
    said = capsys.readouterr().err
    assert code in (0, 2, 5, 6)
    assert words.count("-v") + words.count("--verbose") > 1 or "Traceback" not in said
    assert said.count("harvester: ") <= 1
