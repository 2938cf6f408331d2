"""How an ending becomes an exit code and words."""

import json

import click
import pytest

from harvester.cli import main
from harvester.cli.main import COMMANDS, cli, run_cli
from harvester.errors import (
    CredentialsError,
    ExitCode,
    HarvesterError,
    RunDirectoryError,
    ServiceError,
    StorageError,
    UsageError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("why", "do"), 2),
        (CredentialsError("why", "do"), 4),
        (ServiceError("why", "do"), 5),
        (RunDirectoryError("why", "do"), 6),
        (StorageError("why", "do"), 7),
        (click.UsageError("why"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_error_ends_with_its_code_and_one_line(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(main.cli, "main", fail)
    assert run_cli([]) == code
    said = capsys.readouterr()
    assert said.out == ""
    if isinstance(error, HarvesterError):
        assert said.err == "harvester: why\n  do\n"
    elif code == 2:
        assert said.err == "harvester: why\n"


def test_help_names_every_command_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)
    assert all(str(int(code)) in text for code in ExitCode)


@pytest.mark.parametrize("name", COMMANDS)
def test_command_of_the_table_is_where_the_table_says(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli(["harvest"]) == 2
    assert capsys.readouterr().err.startswith("harvester: no such command: harvest\n")


def test_json_is_printed_as_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    main.print_json({"schema": 1, "run_dir": "a\nb"})
    assert json.loads(capsys.readouterr().out.removesuffix("\n")) == {"schema": 1, "run_dir": "a\nb"}
