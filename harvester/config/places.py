"""Where the user's own configuration is."""

from collections.abc import Mapping
from pathlib import Path


def config_home(environ: Mapping[str, str]) -> Path:
    """The folder of the user's own configuration."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "harvester"


def credentials_path(environ: Mapping[str, str]) -> Path:
    """Where the credentials file is, if there is one."""
    return config_home(environ) / "credentials.toml"
