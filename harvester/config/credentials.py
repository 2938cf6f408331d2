"""Where credentials come from: the environment, mounted files, a vault's command, or a credentials file.

Never a flag: arguments stand in the process list. A variable may be given three ways, the first that is
there wins: `HARVESTER_BEARER_TOKEN`, `HARVESTER_BEARER_TOKEN_FILE`, `HARVESTER_BEARER_TOKEN_COMMAND`; and
the same with `TWITTER_` in front.
"""

import os
import shlex
import stat
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.errors import UsageError

PREFIXES: Final = ("HARVESTER_", "TWITTER_")
COMMAND_TIMEOUT_S: Final = 60


def load_credentials(
    environ: Mapping[str, str], credentials_file: Path | None = None, account: str | None = None
) -> Credentials:
    """The credentials that are configured. What the environment gives goes before the file.

    credentials_file: TOML with `[app]` (consumer_key, consumer_secret, bearer_token) and tables
    `[accounts.NAME]` (access_token, access_token_secret); taken if it exists. account: whose access token,
    "default" if None.

    Raises UsageError for half a pair, an unknown account, a secret that cannot be read, a file that others
    may read; the message never holds a secret.
    """
    stored = _read_file(credentials_file) if credentials_file and credentials_file.exists() else {}
    app = _table(stored, "app", credentials_file)
    accounts = _table(stored, "accounts", credentials_file)
    if account is not None and account not in accounts:
        raise UsageError(f"there is no account {account[:60]!r} in {credentials_file}")
    user = _table(accounts, account or "default", credentials_file)

    def find(name: str, table: Mapping[str, Any]) -> Secret | None:
        # A named account is wanted as it stands in the file, whatever the environment holds.
        value = None if account and table is user else _from_environment(name.upper(), environ)
        value = value if value is not None else table.get(name)
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{credentials_file}: {name} has to be a text")
        if value and not (value.isascii() and value.isprintable()):
            raise UsageError(f"the {name.replace('_', ' ')} holds characters that no credential has")
        return Secret(value) if value else None

    key, secret = find("consumer_key", app), find("consumer_secret", app)
    token, token_secret = find("access_token", user), find("access_token_secret", user)
    _demand_pair("consumer key", key, secret)
    _demand_pair("access token", token, token_secret)
    app_key = AppKey(key, secret) if key and secret else None
    access_token = AccessToken(token, token_secret) if token and token_secret else None
    if access_token and not app_key:
        raise UsageError("an access token needs the consumer key and secret of its app as well")
    return Credentials(app_key, access_token, find("bearer_token", app))


def _from_environment(name: str, environ: Mapping[str, str]) -> str | None:
    for prefix in PREFIXES:
        variable = prefix + name
        if value := environ.get(variable):
            return value.strip()
        if path := environ.get(f"{variable}_FILE"):
            return _from_file(Path(path), variable)
        if command := environ.get(f"{variable}_COMMAND"):
            return _from_command(command, variable)
    return None


def _from_file(path: Path, variable: str) -> str:
    try:
        value = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as exc:
        why = exc.strerror if isinstance(exc, OSError) else "not text"
        raise UsageError(f"{variable}_FILE: {path}: {why}") from None
    if not value:
        raise UsageError(f"{variable}_FILE: {path} is empty")
    return value


def _from_command(command: str, variable: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # the user's own command is what is asked for
            shlex.split(command), capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False
        )
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as exc:
        raise UsageError(f"{variable}_COMMAND cannot be run: {type(exc).__name__}") from None
    if done.returncode or not done.stdout.strip():
        raise UsageError(f"{variable}_COMMAND gave no secret (exit code {done.returncode})")
    return done.stdout.strip()


def _read_file(path: Path) -> dict[str, Any]:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(f"{path} can be read by others", f"Run: chmod 600 {shlex.quote(str(path))}")
        return tomllib.loads(path.read_text())
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from None
    except ValueError:
        # The parser's message quotes the file, which is full of secrets.
        raise UsageError(f"{path} is not valid TOML") from None


def _table(parent: Mapping[str, Any], name: str, path: Path | None) -> dict[str, Any]:
    table = parent.get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"{path}: {name!r} has to be a table")
    return table


def _demand_pair(what: str, first: Secret | None, second: Secret | None) -> None:
    if (first is None) != (second is None):
        missing = "secret" if second is None else "key" if what == "consumer key" else "token"
        raise UsageError(f"half of the {what} is configured, its {missing} is missing")
