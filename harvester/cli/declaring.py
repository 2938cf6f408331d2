"""What all commands have in common: their help, the layers of their options, and how an option is refused.

A command module declares options with cloup and says `@command(NAME, epilog=…)`. Each flag is then a variable of
the environment and a key of the TOML file as well; `--config` and `--verbose` are there without being declared.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import click
import cloup
from click.core import ParameterSource

from harvester.cli.configuration import apply_configuration, configured, flag_of, variable_of
from harvester.errors import did_you_mean

MAX_WIDTH: Final = 100
CONTEXT: Final = {
    "show_default": True,
    "max_content_width": MAX_WIDTH,
    "help_option_names": ["-h", "--help"],
    "formatter_settings": cloup.HelpFormatter.settings(
        col1_max_width=32,
        theme=cloup.HelpTheme(
            invoked_command=cloup.Style(bold=True),
            heading=cloup.Style(bold=True),
            col1=cloup.Style(fg="cyan"),
        ),
    ),
}


_AS_JSON: Final = {"as_json": True, "log_format": "json"}
"""The options, by name, that ask for it, and the value with which they do."""


@dataclass(slots=True)
class Manner:
    """How errors are told: as JSON or to a person, and how much of them. Learnt while the command line is read."""

    as_json: bool = False
    verbosity: int = 0


class WrongValueError(click.BadParameter):
    """A value that an option cannot take, and what to write instead."""

    def __init__(
        self, message: str, hint: str | None, ctx: click.Context | None, param: click.Parameter | None
    ) -> None:
        super().__init__(message, ctx, param)
        self.hint = hint


class NearestChoice(click.Choice[str]):
    """A choice that names the nearest value where it is given another one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """One of the values. Raises WrongValueError."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as exc:
            near = did_you_mean(str(value), self.choices)
            raise WrongValueError(exc.message, near, ctx, param) from None


class _Told(cloup.Command):
    """The help of a command and of a group of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = {**CONTEXT, **(kwargs.get("context_settings") or {})}
        super().__init__(*args, **kwargs)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the epilog: paragraphs, and headings with lines that stay as they are, as examples have to."""
        for block in (self.epilog or "").replace("\b", "").strip("\n").split("\n\n"):
            lines = block.strip("\n").splitlines()
            if not lines:
                continue
            formatter.write_paragraph()
            if lines[0].endswith(":") and len(lines) > 1:
                formatter.write_heading(lines.pop(0).removesuffix(":"))
                formatter.write("\n".join(lines) + "\n")
            else:
                formatter.write_text(" ".join(lines))


class Command(_Told):
    """A command whose flags are also variables of the environment and keys of the TOML file."""

    def __init__(self, *args: Any, params: list[click.Parameter] | None = None, **kwargs: Any) -> None:
        own = list(params or [])
        options = [param for param in own if isinstance(param, click.Option)]
        taken = {flag_of(option) for option in options}
        config, verbose = _shared_options()
        shared = [*([config] if options else []), *([] if "verbose" in taken else [verbose])]
        for option in (*options, *shared):
            option.envvar = variable_of(option)
        for param in own:
            if type(param.type) is click.Choice:
                param.type = NearestChoice(param.type.choices, param.type.case_sensitive)
        super().__init__(*args, params=[*own, *shared], **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line, over the environment, over the file. Raises click's usage errors, UsageError."""
        try:
            rest = super().parse_args(ctx, args)
        except click.UsageError as exc:
            _learn_from_file(ctx)
            raise (_located(exc) if isinstance(exc, click.BadParameter) else exc) from None
        manner = ctx.find_object(Manner)
        if manner and not ctx.resilient_parsing:  # which knows no file
            manner.as_json = bool(ctx.params.get("as_json")) or ctx.params.get("log_format") == "json"
            manner.verbosity = ctx.params.get("verbose") or manner.verbosity
        return rest


class Group(_Told, cloup.Group):
    """A group of commands, which names the nearest one."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called. Raises click's error, which names the nearest."""
        name = args[0]
        if self.get_command(ctx, name) is None and not ctx.resilient_parsing and name[:1].isalnum():
            raise click.NoSuchCommand(name, possibilities=self.list_commands(ctx), ctx=ctx)
        return super().resolve_command(ctx, args)


def command(
    name: str, *, epilog: str | None = None, cls: type[Command] = Command
) -> Callable[[Callable[..., Any]], Command]:
    """A command of the table in `main`, from its function; its options are declared below this."""
    return cloup.command(name, cls=cls, epilog=epilog)


def _shared_options() -> tuple[click.Option, ...]:
    """`--config`, `--verbose`: new ones for each command, since it changes them."""
    config = cloup.Option(
        ["--config"],
        type=click.Path(dir_okay=False),
        is_eager=True,
        expose_value=False,
        callback=apply_configuration,
        metavar="FILE",
        help="TOML with flags as keys.  [default: harvester.toml if there]",
        group=cloup.OptionGroup("Configuration"),
    )
    verbose = cloup.Option(
        ["-v", "--verbose"],
        count=True,
        expose_value=False,
        callback=_be_verbose,
        show_default=False,
        help="More words; -vv: where an error comes from, too.",
    )
    return config, verbose


def _be_verbose(ctx: click.Context, _param: click.Parameter, verbosity: int) -> None:
    if not verbosity:
        return
    import logging  # noqa: PLC0415  # imported when wanted: help and completion are quick

    logging.basicConfig(
        level=logging.DEBUG if verbosity > 1 else logging.INFO, format="%(levelname)s: %(message)s"
    )
    if manner := ctx.find_object(Manner):
        manner.verbosity = verbosity


def _learn_from_file(ctx: click.Context) -> None:
    """Errors are told as JSON where the file asks for that, also if the command line cannot be understood."""
    settings, manner = configured(ctx).settings, ctx.find_object(Manner)
    asks = any(name in settings and settings[name].value == value for name, value in _AS_JSON.items())
    if asks and manner:
        manner.as_json = True


def _located(error: click.BadParameter) -> click.BadParameter:
    """The same error; a value that does not come from the command line with the place that it comes from."""
    ctx, option = error.ctx, error.param
    if ctx is None or not isinstance(option, click.Option) or isinstance(error, click.MissingParameter):
        return error
    source = ctx.get_parameter_source(option.name or "")
    place = (
        {
            ParameterSource.ENVIRONMENT: str(option.envvar),
            ParameterSource.DEFAULT_MAP: configured(ctx).place_of(option),
        }.get(source)
        if source
        else None
    )
    if place is None:
        return error
    located = WrongValueError(error.message, getattr(error, "hint", None), ctx, option)
    located.param_hint = place
    return located
