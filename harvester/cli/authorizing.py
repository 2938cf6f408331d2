"""The work of `harvester auth`: tokens over the network, the PIN, what was found, and where secrets are kept."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from harvester.cli.main import print_json
from harvester.config.credentials import TOKEN_PAIR, load_app_key, load_credentials
from harvester.config.credentials_file import read_private, with_secrets
from harvester.config.places import credentials_path
from harvester.engagement.credentials import AppKey, Secret
from harvester.engagement.tweet_id import parse_tweet_id
from harvester.errors import ExitCode, UsageError
from harvester.rundir.files import storage_errors, write_derived
from harvester.rundir.lock import exclusively
from harvester.transport.access_check import Check, check_access, exit_code_of
from harvester.transport.oauth import fetch_bearer_token
from harvester.transport.pin_flow import ask_request_token, authorize_url, exchange_pin
from harvester.transport.session import HttpSession, Session

SCHEMA: Final = 1

_T = TypeVar("_T")


def get_bearer_token(auth_url: str, *, save: bool) -> None:
    """Fetch the app's bearer token, and print or store it."""
    path = credentials_path(os.environ)
    app_key = _demand_app_key(path)
    token = _online(lambda session: fetch_bearer_token(session, auth_url, app_key))
    if save:
        _store(path, ("app",), {"bearer_token": token})
        click.echo(f"The bearer token is in {path}.", err=True)
        return
    click.echo(token.reveal())
    if sys.stdout.isatty():
        click.echo("This is a secret; with --save it is stored without being shown.", err=True)


def get_access_token(account: str, auth_url: str) -> None:
    """Get a user's access token by PIN, and store it."""
    if not account.strip() or not account.isprintable():
        raise UsageError("--account needs a name of printable characters")
    path = credentials_path(os.environ)
    app_key = _demand_app_key(path)
    table = ("accounts", account)
    # So that no PIN is typed for a file that nothing can be stored in.
    with_secrets(path, read_private(path), table, {})
    request_token = _online(lambda session: ask_request_token(session, auth_url, app_key))
    url = authorize_url(auth_url, request_token)
    click.echo(f"Open this address as the user in question, and consent:\n  {url}", err=True)
    pin = _read_pin()
    granted = _online(lambda session: exchange_pin(session, auth_url, app_key, request_token, pin))
    token = granted.access_token
    _store(path, table, dict(zip(TOKEN_PAIR, (token.token, token.secret), strict=True)))
    whose = f"@{granted.screen_name or '?'} (user {granted.user_id or 'unknown'})"
    click.echo(f"The access token of {whose} is in {path}, as account {account!r}.", err=True)


def check_credentials(
    account: str | None, tweet: str, base_url: str, auth_url: str, *, as_json: bool
) -> ExitCode:
    """Send one cheap request for each endpoint and kind of access, and say what came of it."""
    tweet_id = parse_tweet_id(tweet)
    if isinstance(tweet_id, str):
        raise UsageError(f"--tweet {tweet[:60]!r} is no tweet ID: {tweet_id}")
    credentials = load_credentials(os.environ, credentials_path(os.environ), account)
    checks = _online(lambda session: check_access(credentials, session, base_url, auth_url, str(tweet_id)))
    code = exit_code_of(checks)
    if code is ExitCode.USAGE:
        raise UsageError(
            "no credentials are configured",
            "Set HARVESTER_BEARER_TOKEN, or consumer key, consumer secret, access token and its secret.",
        )
    if as_json:
        documents = [_document(each) for each in checks]
        print_json({"schema": SCHEMA, "account": account, "checks": documents, "exit": int(code)})
    else:
        click.echo("\n".join(_table(checks)))
    return code


def _read_pin() -> str:
    """The PIN from standard input. Raises UsageError where there is none."""
    if sys.stdin.isatty():
        click.echo("PIN: ", err=True, nl=False)
    try:
        pin = sys.stdin.readline().strip()
    except UnicodeDecodeError:
        pin = ""
    if not pin or not pin.isascii() or not pin.isprintable():
        raise UsageError("no PIN was given", "Run the same command again, and type the PIN from the page.")
    return pin


def _online(work: Callable[[Session], Coroutine[Any, Any, _T]]) -> _T:
    """What some work with the network gives."""

    async def main() -> _T:
        async with HttpSession(connections=1) as session:
            return await work(session)

    return asyncio.run(main())


def _demand_app_key(path: Path) -> AppKey:
    if app_key := load_app_key(os.environ, path):
        return app_key
    raise UsageError(
        "no consumer key and secret are configured",
        f"Set HARVESTER_CONSUMER_KEY and HARVESTER_CONSUMER_SECRET, or write them into {path}.",
    )


def _store(path: Path, table: tuple[str, ...], secrets: Mapping[str, Secret]) -> None:
    """Put secrets into the credentials file, which is there with the old content or with the new one."""
    target = path.resolve()  # a link is followed, not replaced
    with storage_errors(target):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusively(target):
        text = with_secrets(path, read_private(path), table, secrets)
        write_derived(target, text.encode(), 0o600)


def _table(checks: list[Check]) -> list[str]:
    rows = [(each.endpoint, each.access.value, each.verdict, each.why) for each in checks]
    return [f"{a:<12}{b:<14}{c:<16}{d}" for a, b, c, d in [("endpoint", "access", "verdict", "why"), *rows]]


def _document(check: Check) -> dict[str, str]:
    return {
        "endpoint": check.endpoint,
        "access": check.access.value,
        "verdict": check.verdict,
        "why": check.why,
    }
