"""What is in force for a command: each flag's value and its source, as the command itself would find them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import click
from click.core import ParameterSource

from harvester.cli.configuration import (
    PREFIX,
    Configured,
    configure,
    configured,
    leaves,
    options_of,
    variable_of,
)
from harvester.cli.declaring import WrongValueError
from harvester.config.origins import Found, find_credentials, is_credential
from harvester.errors import UsageError, did_you_mean
from harvester.sources.urls import shown_argument

Source = Literal["default", "environment", "file"]
_SOURCES: Final[Mapping[ParameterSource | None, Source]] = {
    ParameterSource.ENVIRONMENT: "environment",
    ParameterSource.DEFAULT_MAP: "file",
}
_DEFAULT_IN_WORDS: Final = re.compile(r"\[default: (.+?)\]")


@dataclass(frozen=True, slots=True)
class Value:
    """What a flag is where nothing is said on the command line.

    value: None if it is not set; then in_words says what that means. place: the variable, or file and key.
    """

    flag: str
    value: object
    in_words: str
    source: Source
    place: str | None


@dataclass(frozen=True, slots=True)
class InForce:
    """All that is configured for a command. unknown: variables that nothing knows, each with a hint or None."""

    command: str
    file: Path | None
    values: tuple[Value, ...]
    credentials: Found
    credentials_file: Path
    unknown: Mapping[str, str | None]

    def to_dict(self) -> dict[str, object]:
        """The same as `config show --json` prints it."""
        return {
            "schema": 1,
            "command": self.command,
            "file": None if self.file is None else str(self.file),
            "flags": {v.flag: {"value": v.value, "source": v.source, "place": v.place} for v in self.values},
            "credentials_file": str(self.credentials_file),
            "credentials": [
                {"kind": origin.kind, "account": origin.account, "place": origin.place}
                for origin in self.credentials.origins
            ],
            "credentials_problem": self.credentials.problem,
            "unknown_variables": list(self.unknown),
        }


def look_up(
    root: click.Command,
    names: Sequence[str],
    file: Path | None,
    environ: Mapping[str, str],
    credentials: Path,
) -> InForce:
    """What is in force for a command of the root, by its names: `auth`, `login`.

    file: the TOML file to read, None for none. Raises UsageError for a command that is not there, and for what
    that command would refuse.
    """
    top = click.Context(root, info_name=root.name)
    ctx, command = _find(top, root, names)
    loaded = Configured()
    if file is not None:
        configure(ctx, str(file))
        loaded = configured(ctx)
    read = command.make_context(
        names[-1], [], ctx.parent, resilient_parsing=True, default_map=ctx.default_map or {}
    )
    values = tuple(
        _value(read, flag, option, loaded)
        for flag, option in options_of(command).items()
        if option.expose_value and not option.hidden
    )
    unknown = _unknown_variables(root, top, environ)
    found = find_credentials(environ, credentials)
    return InForce(" ".join(names), file, values, found, credentials, unknown)


def _find(
    ctx: click.Context, root: click.Command, names: Sequence[str]
) -> tuple[click.Context, click.Command]:
    command = root
    for name in names:
        known = command.list_commands(ctx) if isinstance(command, click.Group) else []
        child = command.get_command(ctx, name) if isinstance(command, click.Group) else None
        if child is None:
            raise UsageError(f"no such command: {' '.join(names)[:60]}", did_you_mean(name, known))
        command, ctx = child, click.Context(child, info_name=name, parent=ctx)
    if isinstance(command, click.Group):
        one = " or ".join(f"{' '.join(names)} {name}".strip() for name in command.list_commands(ctx))
        raise UsageError(
            f"{' '.join(names) or root.name} has commands of its own", f"Say one of them: {one}."
        )
    return ctx, command


def _value(ctx: click.Context, flag: str, option: click.Option, loaded: Configured) -> Value:
    name = option.name or flag
    source = _SOURCES.get(ctx.get_parameter_source(name), "default")
    place = {"environment": str(option.envvar), "file": loaded.place_of(option), "default": None}[source]
    value = ctx.params.get(name)
    if value is None and source != "default":
        _explain(ctx, option, source, loaded, place)
    shown = _shown(value)
    return Value(flag, shown, _in_words(shown, option), source, place)


def _explain(
    ctx: click.Context, option: click.Option, source: Source, loaded: Configured, place: str | None
) -> None:
    """Raise what is wrong with a value that the command could not read."""
    setting = loaded.settings.get(option.name or "")
    given = option.value_from_envvar(ctx) if source == "environment" else setting and setting.value
    try:
        option.type_cast_value(ctx, given)
    except click.BadParameter as exc:
        hint = exc.hint if isinstance(exc, WrongValueError) else None
        raise UsageError(f"{place}: {exc.message}", hint) from None


def _shown(value: Any) -> object:
    """A value as it may be shown and written as JSON: paths as texts, and of URLs nothing that may be a secret."""
    match value:
        case None | bool() | int() | float():
            return value
        case list() | tuple():
            return [_shown(part) for part in value]
        case _:
            return shown_argument(str(value))


def _in_words(value: object, option: click.Option) -> str:
    told = _DEFAULT_IN_WORDS.search(option.help or "")
    match value:
        case None | []:
            return told[1] if told else "not set"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _unknown_variables(
    root: click.Command, ctx: click.Context, environ: Mapping[str, str]
) -> dict[str, str | None]:
    known = {variable_of(option) for command in leaves(root, ctx) for option in _options(command.params)}
    return {
        name: did_you_mean(name, known)
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known and not is_credential(name)
    }


def _options(params: Iterable[click.Parameter]) -> list[click.Option]:
    return [param for param in params if isinstance(param, click.Option)]
