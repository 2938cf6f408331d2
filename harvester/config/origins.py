"""Where each credential would come from, without reading a secret, running a command, or asking a vault."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harvester.config.credentials import DEFAULT_ACCOUNT, TOKEN_PAIR, find_variable
from harvester.config.credentials_file import parse_tables, read_private, table_in
from harvester.errors import UsageError

APP_SECRETS: Final = ("consumer_key", "consumer_secret", "bearer_token")


@dataclass(frozen=True, slots=True)
class Origin:
    """A credential that is configured. kind: `bearer_token`; account: whose, None for the app. place: in words."""

    kind: str
    account: str | None
    place: str


@dataclass(frozen=True, slots=True)
class Found:
    """All credentials that are configured. problem: why the credentials file cannot be used, None if it can."""

    origins: tuple[Origin, ...]
    problem: str | None = None


def find_credentials(environ: Mapping[str, str], path: Path) -> Found:
    """The credentials by where they come from; the environment goes before the file."""
    problem = None
    try:
        tables = parse_tables(path, read_private(path))
        app, accounts = table_in(tables, "app", path), table_in(tables, "accounts", path)
        stored = {name: table_in(accounts, name, path) for name in accounts}
    except UsageError as exc:
        app, stored, problem = {}, {}, exc.message
    origins = [
        Origin(kind, None, place)
        for kind in APP_SECRETS
        if (place := _variable(kind, environ) or (f"{path}: [app]" if app.get(kind) else None))
    ]
    stored.setdefault(DEFAULT_ACCOUNT, {})
    for account, table in stored.items():
        for kind in TOKEN_PAIR:
            given = _variable(kind, environ) if account == DEFAULT_ACCOUNT else None
            place = given or (f"{path}: [accounts.{account[:60]}]" if table.get(kind) else None)
            if place:
                origins.append(Origin(kind, account, place))
    return Found(tuple(origins), problem)


def is_credential(variable: str) -> bool:
    """Whether a variable of the environment is one that a credential may come from."""
    name = variable.removeprefix("HARVESTER_").removesuffix("_FILE").removesuffix("_COMMAND").lower()
    return name in (*APP_SECRETS, *TOKEN_PAIR)


def _variable(kind: str, environ: Mapping[str, str]) -> str | None:
    found = find_variable(kind, environ)
    if found is None:
        return None
    how = {"": "", "_FILE": f", the file {os.fspath(found.value)}", "_COMMAND": ", a command"}[found.suffix]
    return f"{found.variable}{how}"
