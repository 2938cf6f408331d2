"""Where a flag's value comes from: flags over environment over the file's table of the command over its top."""

from pathlib import Path

import click
import cloup
import pytest

from harvester.cli.configuration import options_of, variable_of
from harvester.cli.declaring import Command, Group
from harvester.cli.main import cli, run_cli
from harvester.errors import UsageError

pytestmark = pytest.mark.usefixtures("bare")


@cloup.group("tool", cls=Group)
def tool() -> None:
    """Some commands with the kinds of options that there are."""


@tool.command("sample")
@cloup.option("--top", type=click.IntRange(0), default=10)
@cloup.option("--share", type=float, default=0.5)
@cloup.option("--rate", multiple=True)
@cloup.option("--metrics", metavar="LIST")
@cloup.option("--newer-than")
@cloup.option("--format", "format_")
@cloup.option("--json", "as_json", is_flag=True)
@cloup.option("--dedupe/--no-dedupe", default=True)
@cloup.option("--series", type=click.Choice(["day", "hour"]))
def sample(**_options: object) -> None:
    """One."""


@tool.group("inner", cls=Group)
def inner() -> None:
    """Commands within."""


@inner.command("deep")
@cloup.option("--account")
@cloup.option("--top", type=int, default=10)
def deep(**_options: object) -> None:
    """Another."""


def parsed(*arguments: str) -> dict[str, object]:
    """What a command of the tool takes for its options."""
    found: dict[str, object] = {}
    names = ("sample",) if not arguments or arguments[0].startswith("-") else ()
    given = [*names, *arguments]
    command = deep if given[0] == "inner" else sample
    original, command.callback = command.callback, found.update
    try:
        tool.main(given, prog_name="tool", standalone_mode=False)
    finally:
        command.callback = original
    return found


def test_file_in_the_working_folder_gives_defaults() -> None:
    Path("harvester.toml").write_text('top = 3\nrate = "600/min"\nmetrics = ["favorites", "replies"]\n')
    params = parsed()
    assert (params["top"], params["rate"], params["metrics"]) == (3, ("600/min",), "favorites,replies")


def test_users_own_file_is_read_where_there_is_none_in_the_working_folder(bare: Path) -> None:
    (bare / "home" / "harvester").mkdir(parents=True)
    (bare / "home" / "harvester" / "config.toml").write_text('newer-than = "28d"\n')
    assert parsed()["newer_than"] == "28d"


def test_each_layer_goes_before_the_one_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("harvester.toml").write_text("top = 3\n")
    assert parsed()["top"] == 3
    Path("harvester.toml").write_text("top = 3\n[sample]\ntop = 4\n")
    assert parsed()["top"] == 4
    monkeypatch.setenv("HARVESTER_TOP", "5")
    assert parsed()["top"] == 5
    assert parsed("--top", "6")["top"] == 6


def test_table_of_a_command_is_for_it_alone() -> None:
    Path("harvester.toml").write_text('[sample]\ntop = 3\n[inner]\ntop = 4\n[inner.deep]\naccount = "ada"\n')
    assert parsed()["top"] == 3
    assert parsed("inner", "deep") == {"top": 4, "account": "ada"}


def test_key_that_only_another_command_has_is_left_to_it() -> None:
    Path("harvester.toml").write_text('account = "ada"\ntop = 3\n')
    assert parsed()["top"] == 3


@pytest.mark.parametrize(
    ("variable", "value", "name", "wanted"),
    [
        ("HARVESTER_FORMAT", "csv", "format_", "csv"),
        ("HARVESTER_JSON", "1", "as_json", True),
        ("HARVESTER_NEWER_THAN", "6h", "newer_than", "6h"),
        ("HARVESTER_DEDUPE", "no", "dedupe", False),
        ("HARVESTER_RATE", "600/min app=9/s", "rate", ("600/min", "app=9/s")),
        ("HARVESTER_CONFIG", "mine.toml", "top", 7),
    ],
)
def test_variable_has_the_name_of_the_flag(
    variable: str, value: str, name: str, wanted: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.toml").write_text("top = 7\n")
    monkeypatch.setenv(variable, value)
    assert parsed()[name] == wanted


@pytest.mark.parametrize(
    ("line", "name", "wanted"),
    [
        ('format = "csv"', "format_", "csv"),
        ("json = true", "as_json", True),
        ('newer_than = "6h"', "newer_than", "6h"),
        ("dedupe = false", "dedupe", False),
        ('rate = ["600/min", "app=9/s"]', "rate", ("600/min", "app=9/s")),
        ("newer-than = 2026-11-01", "newer_than", "2026-11-01"),
        ("newer-than = 2026-11-01T17:00:00+02:00", "newer_than", "2026-11-01T15:00"),
        ("share = 1", "share", 1.0),
    ],
)
def test_key_has_the_name_of_the_flag(line: str, name: str, wanted: object) -> None:
    Path("harvester.toml").write_text(line)
    assert parsed()[name] == wanted


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("newer-then = 2\n", "harvester.toml: unknown key 'newer-then'", "Did you mean 'newer-than'?"),
        ("[sampel]\ntop = 2\n", "harvester.toml: unknown key 'sampel'", "Did you mean 'sample'?"),
        ("[sample]\ntopp = 2\n", "unknown key 'topp' in [sample]", "Did you mean 'top'?"),
        ("[inner.deep]\nacount = 'x'\n", "unknown key 'acount' in [inner.deep]", "Did you mean 'account'?"),
        ("[sample]\naccount = 'x'\n", "unknown key 'account' in [sample]", None),
        ("config = 'x.toml'\n", "unknown key 'config'", None),
        ("[top]\n", "harvester.toml: top: has to be a value, not a table", None),
        ('top = "3"\n', "harvester.toml: top: has to be a whole number, not '3'", None),
        ("top = true\n", "top: has to be a whole number, not true", None),
        ("top = 1.5\n", "top: has to be a whole number, not 1.5", None),
        ('share = "x"\n', "share: has to be a number, not 'x'", None),
        ('[sample]\ndedupe = "no"\n', "harvester.toml: [sample] dedupe: has to be true or false", None),
        ("format = ['csv']\n", "format: has to be a text, not ['csv']", None),
        ("rate = [true]\n", "rate: has to be a text, or a list of them, not true", None),
        ("top = ", "harvester.toml is not valid TOML", None),
    ],
)
def test_what_the_file_may_not_hold_is_named_with_its_place(text: str, says: str, hint: str | None) -> None:
    Path("harvester.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        parsed()
    assert says in caught.value.message
    assert caught.value.hint == hint


def test_file_that_is_asked_for_has_to_be_there() -> None:
    with pytest.raises(UsageError, match=r"mine\.toml: No such file"):
        parsed("--config", "mine.toml")


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        ("file", "harvester.toml: [sample] top: -1 is not in the range"),
        ("environment", "HARVESTER_TOP: -1 is not in the range"),
        ("flag", "'--top': -1 is not in the range"),
    ],
)
def test_value_that_is_refused_is_named_with_where_it_comes_from(
    layer: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if layer == "file":
        Path("harvester.toml").write_text("[sample]\ntop = -1\n")
    if layer == "environment":
        monkeypatch.setenv("HARVESTER_TOP", "-1")
    with pytest.raises(click.BadParameter) as caught:
        parsed(*(["--top", "-1"] if layer == "flag" else []))
    assert says in caught.value.format_message()


def test_help_does_not_depend_on_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("harvester.toml").write_text("top = ")
    assert run_cli(["plan", "--help"]) == 0
    assert "Examples:" in capsys.readouterr().out


def commands(group: click.Group, names: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    """All commands that do something, by their names."""
    found: dict[tuple[str, ...], click.Command] = {}
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        inside = commands(command, (*names, name)) if isinstance(command, click.Group) else {}
        found |= inside or {(*names, name): command}
    return found


@pytest.mark.parametrize("names", commands(cli))
def test_every_flag_of_every_command_is_a_variable(names: tuple[str, ...]) -> None:
    command = commands(cli)[names]
    assert isinstance(command, Command)
    for option in options_of(command).values():
        assert option.envvar == variable_of(option)
    if options_of(command).keys() - {"verbose"}:
        assert any(param.name == "config" for param in command.params)


def test_flags_of_one_name_mean_one_thing() -> None:
    """A variable or a key at the top of the file is for all commands that have the flag."""
    kinds: dict[str, dict[tuple[object, ...], str]] = {}
    for names, command in commands(cli).items():
        for flag, option in options_of(command).items():
            kind = (type(option.type), option.type.name, option.multiple, option.is_flag, option.count)
            kinds.setdefault(flag, {})[kind] = " ".join(names)
    assert not {flag: list(found.values()) for flag, found in kinds.items() if len(found) > 1}
