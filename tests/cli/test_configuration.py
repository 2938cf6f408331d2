"""Flags over environment over file."""

from pathlib import Path

import click
import pytest

from harvester.cli.configuration import config_option
from harvester.errors import UsageError


@click.command("sample", context_settings={"auto_envvar_prefix": "HARVESTER"})
@click.option("--top", type=int, default=10)
@click.option("--rate", multiple=True)
@click.option("--metrics")
@click.option("--newer-than")
@config_option(is_shared=False)
def sample(**_options: object) -> None:
    """A command with the kinds of options that there are."""


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return {}


def parsed(*arguments: str) -> dict[str, object]:
    return sample.make_context("sample", list(arguments)).params


@pytest.mark.usefixtures("options")
def test_file_in_the_working_folder_gives_defaults() -> None:
    Path("harvester.toml").write_text('top = 3\nrate = "600/min"\nmetrics = ["favorites", "replies"]\n')
    params = parsed()
    assert (params["top"], params["rate"], params["metrics"]) == (3, ("600/min",), "favorites,replies")


@pytest.mark.usefixtures("options")
def test_users_own_file_is_read_where_there_is_none_in_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "home" / "harvester").mkdir(parents=True)
    (tmp_path / "home" / "harvester" / "config.toml").write_text('newer-than = "28d"\n')
    assert parsed()["newer_than"] == "28d"


@pytest.mark.usefixtures("options")
def test_environment_goes_before_file_and_flag_before_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("harvester.toml").write_text("top = 3\n")
    monkeypatch.setenv("HARVESTER_TOP", "4")
    assert parsed()["top"] == 4
    assert parsed("--top", "5")["top"] == 5


@pytest.mark.usefixtures("options")
def test_unknown_key_names_the_nearest() -> None:
    Path("harvester.toml").write_text("newer = 1\nnewer-then = 2\n")
    with pytest.raises(UsageError) as caught:
        parsed()
    assert caught.value.hint == "Did you mean 'newer-than'?"


@pytest.mark.usefixtures("options")
@pytest.mark.parametrize(("text", "says"), [("top = ", "not valid TOML"), (None, "No such file")])
def test_file_that_cannot_be_read_is_wrong_usage(text: str | None, says: str) -> None:
    if text is not None:
        Path("mine.toml").write_text(text)
    with pytest.raises(UsageError, match=says):
        parsed("--config", "mine.toml")
