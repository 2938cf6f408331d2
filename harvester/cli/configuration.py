"""The layers of options: flags over environment over the file's table of the command over its top level.

    rate = "600/min"            # for every command that has --rate
    [run]
    top = 20                    # for `run` alone
    [auth]
    auth-url = "https://…"      # for all commands of `auth`
    [auth.login]
    account = "ada"

click merges flags, environment and defaults; this reads the file, and puts it between the latter two.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from harvester.config.places import config_home
from harvester.errors import UsageError, did_you_mean

PREFIX: Final = "HARVESTER_"
FILE_NAME: Final = "harvester.toml"
NOT_CONFIGURABLE: Final = frozenset({"config", "help", "version"})
CREDENTIALS: Final = frozenset(
    {"consumer_key", "consumer_secret", "bearer_token", "access_token", "access_token_secret"}
)
LIST: Final = "LIST"
"""The metavar of a flag that takes values between commas: in the file, that may be a list."""
_META: Final = "harvester.configured"


@dataclass(frozen=True, slots=True)
class Setting:
    """A value of the file, and where in it that stands."""

    value: object
    key: str


@dataclass(frozen=True, slots=True)
class Configured:
    """What a file says for one command. settings: by the name of the command's parameter."""

    path: Path | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def place_of(self, option: click.Option) -> str | None:
        """File and key that an option has its value from, if it is in the file."""
        setting = self.settings.get(option.name or "")
        return f"{self.path}: {setting.key}" if setting else None


def flag_of(option: click.Option) -> str:
    """The flag's name without dashes before it: `log-format`."""
    return next((name for name in option.opts if name.startswith("--")), option.opts[0]).lstrip("-")


def variable_of(option: click.Option) -> str:
    """The variable of the environment that stands for a flag: `HARVESTER_LOG_FORMAT`."""
    return PREFIX + flag_of(option).replace("-", "_").upper()


def options_of(command: click.Command) -> dict[str, click.Option]:
    """The flags of a command that are also variables and keys, by name."""
    options = (param for param in command.params if isinstance(param, click.Option))
    return {flag_of(option): option for option in options if flag_of(option) not in NOT_CONFIGURABLE}


def apply_configuration(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    """Make the keys of a TOML file the defaults of the command's options. Raises UsageError."""
    if not ctx.resilient_parsing:
        configure(ctx, value)


def configure(ctx: click.Context, name: str | None) -> None:
    """The same. Without a name: `harvester.toml` here, else `config.toml` in the user's configuration folder."""
    path = find_file(name)
    loaded = Configured() if path is None else Configured(path, _settings(ctx, path))
    ctx.meta[_META] = loaded
    ctx.default_map = {name: setting.value for name, setting in loaded.settings.items()}


def configured(ctx: click.Context) -> Configured:
    """What a file said for the command of a context."""
    found = ctx.meta.get(_META)
    return found if isinstance(found, Configured) else Configured()


def find_file(name: str | None) -> Path | None:
    """The file that is used, None if there is none."""
    if name is not None:
        return Path(name)
    places = (Path(FILE_NAME), config_home(os.environ) / "config.toml")
    return next((path for path in places if path.is_file()), None)


def read_document(path: Path) -> dict[str, Any]:
    """The file's tables. Raises UsageError."""
    import tomllib  # noqa: PLC0415  # only where there is a file

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from None
    except ValueError as exc:
        raise UsageError(f"{path} is not valid TOML: {exc}") from None


def _settings(ctx: click.Context, path: Path) -> dict[str, Setting]:
    """What the file says for the context's command; all of the file is looked at, for what nothing knows."""
    names: list[str] = []
    root = ctx
    while root.parent is not None:
        names.insert(0, root.info_name or "")
        root = root.parent
    found: dict[str, Setting] = {}
    reader = _Reader(path, root, ctx.command, found)
    reader.read(read_document(path), root.command, names, ())
    return found


class _Reader:
    """Goes through the tables of a file, from the top level to those of the command."""

    def __init__(
        self, path: Path, root: click.Context, command: click.Command, found: dict[str, Setting]
    ) -> None:
        self._path = path
        self._root = root
        self._command = command
        self._options = options_of(command)
        self._found = found

    def read(
        self, table: Mapping[str, Any], node: click.Command, way: Sequence[str] | None, above: tuple[str, ...]
    ) -> None:
        """Take in a table and those within it. way: the names from here to the command, None beside its way."""
        for key, value in table.items():
            if not isinstance(value, dict):
                self._take(key, value, node, way, above)
        below = [(key, value) for key, value in table.items() if isinstance(value, dict)]
        for key, value in below:
            child = node.get_command(self._root, key) if isinstance(node, click.Group) else None
            if child is None:
                self._refuse_table(key, node, above)
            on_way = way is not None and way[:1] == [key]
            self.read(value, child, way[1:] if way and on_way else None, (*above, key))

    def _take(
        self, key: str, value: object, node: click.Command, way: Sequence[str] | None, above: tuple[str, ...]
    ) -> None:
        flag = key.replace("_", "-")
        option = self._options.get(flag) if way is not None else None
        if option is None:
            if flag not in _flags_below(node, self._root):
                self._refuse(key, node, above)
            return
        place = _place(key, above)
        self._found[option.name or flag] = Setting(_typed(option, value, f"{self._path}: {place}"), place)

    def _refuse_table(self, key: str, node: click.Command, above: tuple[str, ...]) -> NoReturn:
        if key.replace("_", "-") in _flags_below(node, self._root):
            raise UsageError(f"{self._path}: {_place(key, above)}: has to be a value, not a table")
        self._refuse(key, node, above)

    def _refuse(self, key: str, node: click.Command, above: tuple[str, ...]) -> NoReturn:
        tables = node.list_commands(self._root) if isinstance(node, click.Group) else []
        known = {*tables, *_flags_below(node, self._root)} - {key}
        where = f"{self._path}: unknown key {key[:60]!r}" + (f" in [{'.'.join(above)}]" if above else "")
        if key.replace("-", "_") in CREDENTIALS:
            raise UsageError(where, "Credentials go into the environment, or into credentials.toml.")
        raise UsageError(where, did_you_mean(key.replace("_", "-"), known))


def _flags_below(node: click.Command, ctx: click.Context) -> set[str]:
    """The flags of a command, or of all commands of a group."""
    return {flag for command in leaves(node, ctx) for flag in options_of(command)}


def leaves(node: click.Command, ctx: click.Context) -> Iterator[click.Command]:
    """A command, or those of a group and of the groups within it."""
    if not isinstance(node, click.Group):
        yield node
        return
    for name in node.list_commands(ctx):
        if child := node.get_command(ctx, name):
            yield from leaves(child, ctx)


def _place(key: str, above: tuple[str, ...]) -> str:
    return f"[{'.'.join(above)}] {key}" if above else key


def _typed(option: click.Option, value: object, place: str) -> object:
    """A value as click takes it. Raises UsageError for one of a type that the flag does not have."""
    if option.multiple:
        parts = value if isinstance(value, list) else [value]
        return [_text(part, place, "a text, or a list of them") for part in parts]
    if option.is_bool_flag:
        if not isinstance(value, bool):
            raise UsageError(f"{place}: has to be true or false, not {_shown(value)}")
        return value
    if option.count or isinstance(option.type, click.types.IntParamType):
        if not isinstance(value, int) or isinstance(value, bool):
            raise UsageError(f"{place}: has to be a whole number, not {_shown(value)}")
        return value
    if isinstance(option.type, click.types.FloatParamType):
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise UsageError(f"{place}: has to be a number, not {_shown(value)}")
        return value
    if isinstance(value, list) and option.metavar == LIST:
        return ",".join(_text(part, place, "a text, or a list of them") for part in value)
    return _text(value, place, "a text")


def _text(value: object, place: str, wanted: str) -> str:
    if isinstance(value, datetime):
        in_utc = value.astimezone(UTC) if value.tzinfo else value
        return in_utc.strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{place}: has to be {wanted}, not {_shown(value)}")
    return str(value)


def _shown(value: object) -> str:
    text = "true" if value is True else "false" if value is False else repr(value)
    return text[:60]
