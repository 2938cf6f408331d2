"""`harvester config show`: what is in force, where it comes from, and nothing secret."""

import json
from pathlib import Path
from typing import Any

import click
import pytest

from harvester.cli.main import cli, run_cli
from harvester.cli.run import run
from tests.cli.test_configuration import commands

Said = pytest.CaptureFixture[str]
SECRET = "c4n4ry"

pytestmark = pytest.mark.usefixtures("bare")


def shown(capsys: Said, *arguments: str) -> dict[str, Any]:
    """The document of `config show --json`."""
    assert run_cli(["config", "show", *arguments, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_each_value_has_the_place_that_it_comes_from(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    Path("harvester.toml").write_text('top = 3\nrate = ["9/s"]\n[run]\nmetrics = ["favorites", "replies"]\n')
    monkeypatch.setenv("HARVESTER_TOP", "4")
    document = shown(capsys)
    flags = document["flags"]
    assert (document["schema"], document["command"], document["file"]) == (1, "run", "harvester.toml")
    assert flags["top"] == {"value": 4, "source": "environment", "place": "HARVESTER_TOP"}
    assert flags["rate"] == {"value": ["9/s"], "source": "file", "place": "harvester.toml: rate"}
    assert flags["metrics"]["place"] == "harvester.toml: [run] metrics"
    assert flags["metrics"]["value"] == "favorites,replies"
    assert flags["patience"] == {"value": 900.0, "source": "default", "place": None}
    assert flags["out"] == {"value": None, "source": "default", "place": None}


def test_what_is_shown_is_what_the_command_takes(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    Path("harvester.toml").write_text("top = 3\n[run]\ngrace = 2\nseries = 'day'\n")
    monkeypatch.setenv("HARVESTER_DEDUPE", "no")
    monkeypatch.setenv("HARVESTER_ENDPOINT", "28hr,historical")
    monkeypatch.setenv("HARVESTER_GROUP", "a=tweet.id,engagement.type b=engagement.day")
    flags = shown(capsys)["flags"]
    parent = click.Context(cli, info_name="harvester")
    taken = run.make_context("run", ["ids.txt", "-o", "D"], parent).params
    for name in ("grace", "series", "dedupe", "endpoint", "timeout", "simulate", "group"):
        given = taken[name]
        assert flags[name]["value"] == (list(given) if isinstance(given, tuple) else given)


def test_every_command_can_be_shown(capsys: Said) -> None:
    for names in commands(cli):
        assert shown(capsys, *names)["command"] == " ".join(names)
    assert shown(capsys, "auth.login")["command"] == "auth login"


def test_file_is_the_one_that_is_asked_for(capsys: Said) -> None:
    Path("mine.toml").write_text("top = 7\n")
    document = shown(capsys, "--config", "mine.toml")
    assert document["file"] == "mine.toml"
    assert document["flags"]["top"]["value"] == 7


@pytest.mark.parametrize(
    ("text", "variable", "says"),
    [
        ("top = 'x'", None, "harvester.toml: top: has to be a whole number"),
        ("top = -1", None, "harvester.toml: top: -1 is not in the range"),
        ("tops = 1", None, "harvester.toml: unknown key 'tops'"),
        ("", ("HARVESTER_TOP", "many"), "HARVESTER_TOP: 'many' is not a valid integer"),
        ("", ("HARVESTER_ENDPOINT", "totals total"), "HARVESTER_ENDPOINT: unknown endpoint 'total'"),
    ],
)
def test_what_the_command_would_refuse_is_refused(
    text: str, variable: tuple[str, str] | None, says: str, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    Path("harvester.toml").write_text(text)
    if variable:
        monkeypatch.setenv(*variable)
    assert run_cli(["config", "show"]) == 2
    assert says in capsys.readouterr().err


def test_variables_that_nothing_knows_are_told(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    for name in ("HARVESTER_FORMATS", "HARVESTER_BEARER_TOKEN_COMMAND", "HARVESTER_TOP", "HARVESTER_PIN"):
        monkeypatch.setenv(name, "5")
    assert run_cli(["config", "show"]) == 0
    assert capsys.readouterr().err == (
        "warning: nothing knows HARVESTER_FORMATS. Did you mean 'HARVESTER_FORMAT'?\n"
    )
    assert shown(capsys)["unknown_variables"] == ["HARVESTER_FORMATS"]


def test_credentials_are_told_by_their_place_and_never_read(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    path = bare / "home/harvester/credentials.toml"
    path.parent.mkdir(parents=True)
    path.write_text(
        f'[app]\nconsumer_key = "{SECRET}"\nconsumer_secret = "{SECRET}"\nbearer_token = "{SECRET}"\n'
        f'[accounts.ada]\naccess_token = "{SECRET}"\naccess_token_secret = "{SECRET}"\n'
    )
    path.chmod(0o600)
    monkeypatch.setenv("HARVESTER_BEARER_TOKEN_COMMAND", f"touch {bare / 'asked'}")
    monkeypatch.setenv("TWITTER_CONSUMER_KEY", SECRET)
    monkeypatch.setenv("HARVESTER_ACCESS_TOKEN_FILE", "/run/secrets/token")
    monkeypatch.setenv("HARVESTER_BASE_URL", f"https://host/?token={SECRET}")
    document = shown(capsys)
    assert {(c["kind"], c["account"]): c["place"] for c in document["credentials"]} == {
        ("consumer_key", None): "TWITTER_CONSUMER_KEY",
        ("consumer_secret", None): f"{path}: [app]",
        ("bearer_token", None): "HARVESTER_BEARER_TOKEN_COMMAND, a command",
        ("access_token", "ada"): f"{path}: [accounts.ada]",
        ("access_token_secret", "ada"): f"{path}: [accounts.ada]",
        ("access_token", "default"): "HARVESTER_ACCESS_TOKEN_FILE, the file /run/secrets/token",
    }
    assert run_cli(["config", "show"]) == 0
    said = capsys.readouterr()
    assert "[redacted]" in said.out
    assert SECRET not in json.dumps(document) + said.out + said.err
    assert not (bare / "asked").exists()


def test_credentials_file_that_cannot_be_used_is_told(bare: Path, capsys: Said) -> None:
    path = bare / "home/harvester/credentials.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f"[app]\nbearer_token = '{SECRET}'\n")
    path.chmod(0o644)
    assert "can be read by others" in shown(capsys)["credentials_problem"]
    assert run_cli(["config", "show"]) == 0
    assert "can be read by others" in capsys.readouterr().out


def test_secret_in_the_configuration_file_is_refused_with_where_it_belongs(capsys: Said) -> None:
    Path("harvester.toml").write_text(f'bearer_token = "{SECRET}"\n')
    assert run_cli(["plan", "ids.txt"]) == 2
    said = capsys.readouterr().err
    assert "Credentials go into the environment" in said
    assert SECRET not in said


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_person_sees_a_table_that_fits(columns: int, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    Path("harvester.toml").write_text(
        '[run]\nbase-url = "https://a-rather-long-name.of-a-host.example.org"\n'
    )
    assert run_cli(["config", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert any("all allowed" in line for line in lines)
