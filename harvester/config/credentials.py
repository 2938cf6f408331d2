"""Where credentials come from: the environment, mounted files, a vault's command, or a credentials file.

Never a flag: arguments stand in the process list. A variable may be given three ways, the first that is
there wins: `HARVESTER_BEARER_TOKEN`, `HARVESTER_BEARER_TOKEN_FILE`, `HARVESTER_BEARER_TOKEN_COMMAND`; and
the same with `TWITTER_` in front.
"""

import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harvester.config.credentials_file import parse_tables, read_private, table_in
from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.errors import UsageError

PREFIXES: Final = ("HARVESTER_", "TWITTER_")
COMMAND_TIMEOUT_S: Final = 60
DEFAULT_ACCOUNT: Final = "default"
TOKEN_PAIR: Final = ("access_token", "access_token_secret")
"""Of an account, as the names stand in the file and, in capitals, in the environment."""


def load_credentials(
    environ: Mapping[str, str], credentials_file: Path | None = None, account: str | None = None
) -> Credentials:
    """The credentials that are configured. What the environment gives goes before the file.

    credentials_file: TOML as `credentials_file` describes it; taken if it exists. account: whose access
    token, as it stands in the file, whatever the environment holds; "default" if None.

    Raises UsageError for half a pair, an unknown account, a secret that cannot be read, a file that others
    may read; the message never holds a secret.
    """
    tables = _read_tables(credentials_file)
    app_key = _app_key(tables, environ, credentials_file)
    given = {name: _from_environment(name, environ) for name in TOKEN_PAIR} if account is None else {}
    stored = table_in(tables, "accounts", credentials_file)
    accounts = {}
    for name in stored:
        table = table_in(stored, name, credentials_file)
        # Half of the default account may be in the file, and the other half in a vault.
        is_half = name == DEFAULT_ACCOUNT and not all(map(table.get, TOKEN_PAIR))
        what = f"access token of account {name[:60]!r}"
        if token := _access_token(what, given if is_half else {}, table, credentials_file):
            accounts[name] = token
    if account is not None and account not in accounts:
        raise UsageError(f"there is no account {account[:60]!r} in {credentials_file}")
    access_token = accounts.get(account or DEFAULT_ACCOUNT)
    if any(given.values()):
        default = table_in(stored, DEFAULT_ACCOUNT, credentials_file)
        access_token = _access_token("access token", given, default, credentials_file)
    if access_token and not app_key:
        raise UsageError("an access token needs the consumer key and secret of its app as well")
    bearer_token = _app_secret("bearer_token", tables, environ, credentials_file)
    return Credentials(app_key, access_token, bearer_token, accounts)


def load_app_key(environ: Mapping[str, str], credentials_file: Path | None = None) -> AppKey | None:
    """The consumer key and secret, whatever else is configured. Raises UsageError as `load_credentials`."""
    return _app_key(_read_tables(credentials_file), environ, credentials_file)


def _read_tables(path: Path | None) -> dict[str, Any]:
    return parse_tables(path, read_private(path)) if path else {}


def _app_key(tables: Mapping[str, Any], environ: Mapping[str, str], path: Path | None) -> AppKey | None:
    key = _app_secret("consumer_key", tables, environ, path)
    secret = _app_secret("consumer_secret", tables, environ, path)
    _demand_pair("consumer key", key, secret)
    return AppKey(key, secret) if key and secret else None


def _app_secret(
    name: str, tables: Mapping[str, Any], environ: Mapping[str, str], path: Path | None
) -> Secret | None:
    app = table_in(tables, "app", path)
    return _secret(name, _from_environment(name, environ) or app.get(name), path)


def _access_token(
    what: str, first: Mapping[str, Any], second: Mapping[str, Any], path: Path | None
) -> AccessToken | None:
    """The pair from two places, each half from the first that has it."""
    token, secret = (_secret(name, first.get(name) or second.get(name), path) for name in TOKEN_PAIR)
    _demand_pair(what, token, secret)
    return AccessToken(token, secret) if token and secret else None


def _secret(name: str, value: object, path: Path | None) -> Secret | None:
    if not value:
        return None
    if not isinstance(value, str):
        raise UsageError(f"{path}: {name} has to be a text")
    if not (value.isascii() and value.isprintable()):
        raise UsageError(f"the {name.replace('_', ' ')} holds characters that no credential has")
    return Secret(value)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that a credential comes from. suffix: `_FILE`, `_COMMAND`, or none where it holds the secret."""

    variable: str
    suffix: str
    value: str = field(repr=False)


def find_variable(name: str, environ: Mapping[str, str]) -> Variable | None:
    """The first variable that is there for a credential, `bearer_token` for instance. Reads nothing."""
    for prefix in PREFIXES:
        for suffix in ("", "_FILE", "_COMMAND"):
            variable = f"{prefix}{name.upper()}{suffix}"
            if value := environ.get(variable):
                return Variable(variable, suffix, value)
    return None


def _from_environment(name: str, environ: Mapping[str, str]) -> str | None:
    found = find_variable(name, environ)
    if found is None:
        return None
    variable = found.variable.removesuffix(found.suffix)
    match found.suffix:
        case "_FILE":
            return _from_file(Path(found.value), variable)
        case "_COMMAND":
            return _from_command(found.value, variable)
        case _:
            return found.value.strip()


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


def _demand_pair(what: str, first: Secret | None, second: Secret | None) -> None:
    if (first is None) != (second is None):
        missing = "secret" if second is None else "key" if what == "consumer key" else "token"
        raise UsageError(f"half of the {what} is configured, its {missing} is missing")
