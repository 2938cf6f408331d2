"""The layers of options: flags over environment over file. click merges them; this reads the file."""

import os
import tomllib
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from harvester.config import places
from harvester.errors import UsageError

FILE_NAME: Final = "harvester.toml"
SETTINGS: Final = {"auto_envvar_prefix": "HARVESTER", "show_default": True}
"""Of commands whose flags are also variables of the environment."""
config_home, credentials_path = places.config_home, places.credentials_path
Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(*, is_shared: bool) -> Callable[[Command], Command]:
    """`--config`, which no command reads itself: the file's keys become the defaults of its other options.

    is_shared: keys that the command does not have are left to `run`; otherwise they are refused.
    """
    return click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        is_eager=True,
        expose_value=False,
        callback=lambda ctx, _param, value: _apply(ctx, value, is_shared=is_shared),
        metavar="FILE",
        help="TOML with flags as keys.  [default: harvester.toml if there]",
    )


def _apply(ctx: click.Context, value: Path | None, *, is_shared: bool) -> None:
    """Make a TOML file's keys the defaults of the command's options.

    Without a value: `harvester.toml` here, else `config.toml` in the user's configuration folder.
    """
    path = value or next(
        (p for p in (Path(FILE_NAME), config_home(os.environ) / "config.toml") if p.is_file()), None
    )
    if path is not None:
        settings = _read(path, ctx.command, is_shared=is_shared)
        ctx.default_map = {**settings, **(ctx.default_map or {})}


def _read(path: Path, command: click.Command, *, is_shared: bool) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text())
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from None
    except ValueError as exc:
        raise UsageError(f"{path} is not valid TOML: {exc}") from None
    known = {str(p.name): p for p in command.params if isinstance(p, click.Option) and p.name != "config"}
    values: dict[str, Any] = {}
    for key, setting in document.items():
        name = key.replace("-", "_")
        if name not in known:
            if is_shared:
                continue
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0].replace('_', '-')!r}?" if near else None
            raise UsageError(f"{path}: unknown key {key[:60]!r}", hint)
        wants_list = known[name].multiple
        is_list = isinstance(setting, list)
        if is_list and not wants_list:
            values[name] = ",".join(map(str, setting))
        else:
            values[name] = [setting] if wants_list and not is_list else setting
    return values
