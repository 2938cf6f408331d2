"""The credentials file: TOML that nobody else may read. How it is read, and how a new secret gets into it.

    [app]               consumer_key, consumer_secret, bearer_token
    [accounts.NAME]     access_token, access_token_secret

No message quotes the file, which is full of secrets.
"""

import os
import shlex
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harvester.engagement.credentials import Secret
from harvester.errors import UsageError


def read_private(path: Path) -> str:
    """The text of the credentials file, empty if there is none. Raises UsageError if others may read it."""
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(f"{path} can be read by others", f"Run: chmod 600 {shlex.quote(str(path))}")
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not valid TOML") from None


def parse_tables(path: Path, text: str) -> dict[str, Any]:
    """The tables of the file. Raises UsageError."""
    try:
        return tomllib.loads(text)
    except ValueError:
        # The parser's message quotes the file, and so does its traceback.
        raise UsageError(f"{path} is not valid TOML") from None


def table_in(parent: Mapping[str, Any], name: str, path: Path | None) -> dict[str, Any]:
    """A table by its name, empty if there is none. Raises UsageError if something else has this name."""
    table = parent.get(name, {})
    if not isinstance(table, dict):
        raise UsageError(f"{path}: {name[:60]!r} has to be a table")
    return table


def with_secrets(path: Path, text: str, table: tuple[str, ...], secrets: Mapping[str, Secret]) -> str:
    """The file's text with these secrets in this table; everything else stays, comments too.

    path is only for messages. Raises UsageError where the text is no credentials file.
    """
    import tomlkit  # noqa: PLC0415  # only `auth` writes, and every command reads
    from tomlkit.items import InlineTable  # noqa: PLC0415

    tables = parse_tables(path, text)
    for name in table:
        tables = table_in(tables, name, path)
    document = tomlkit.parse(text)
    place: Any = document
    for depth, name in enumerate(table, start=1):
        if name not in place:
            is_inline = isinstance(place, InlineTable)
            place[name] = tomlkit.inline_table() if is_inline else tomlkit.table(depth < len(table))
        place = place[name]
    for name, secret in secrets.items():
        place[name] = secret.reveal()
    return tomlkit.dumps(document)
