"""The layers of options: flags over environment over file. click merges them; this reads the file."""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import click

from harvester.errors import UsageError

FILE_NAME: Final = "harvester.toml"


def config_home(environ: Mapping[str, str]) -> Path:
    """The folder of the user's own configuration."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "harvester"


def credentials_path(environ: Mapping[str, str]) -> Path:
    """Where the credentials file is, if there is one."""
    return config_home(environ) / "credentials.toml"


def apply_config_file(ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    """Make a TOML file's keys the defaults of the command's options. A callback for an eager option.

    Without a value: `harvester.toml` here, else `config.toml` in the user's configuration folder.
    """
    return _apply(ctx, value, is_shared=False)


def apply_shared_config_file(ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    """The same for a command that shares the file with `run`: keys that it does not have are left to that."""
    return _apply(ctx, value, is_shared=True)


def _apply(ctx: click.Context, value: Path | None, *, is_shared: bool) -> Path | None:
    path = value or next(
        (p for p in (Path(FILE_NAME), config_home(os.environ) / "config.toml") if p.is_file()), None
    )
    if path is not None:
        settings = _read(path, ctx.command, is_shared=is_shared)
        ctx.default_map = {**settings, **(ctx.default_map or {})}
    return path


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
