"""Where credentials come from, and that none of them shows."""

import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harvester.config.credentials import load_app_key, load_credentials
from harvester.engagement.credentials import AccessToken, Credentials
from harvester.errors import UsageError

CANARY = "c4n4ry"
FULL = """
[app]
consumer_key = "file-key"
consumer_secret = "file-secret"
bearer_token = "file-bearer"
[accounts.default]
access_token = "file-token"
access_token_secret = "file-token-secret"
[accounts.other]
access_token = "other-token"
access_token_secret = "other-token-secret"
"""
KEYS = {"HARVESTER_CONSUMER_KEY": "env-key", "HARVESTER_CONSUMER_SECRET": "env-secret"}
TOKENS = {"HARVESTER_ACCESS_TOKEN": "env-token", "HARVESTER_ACCESS_TOKEN_SECRET": "env-token-secret"}
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(content: str, mode: int = 0o600) -> Path:
        path = tmp_path / "credentials.toml"
        path.write_text(content)
        path.chmod(mode)
        return path

    return write_file


def revealed(credentials: Credentials) -> tuple[str | None, ...]:
    """Key, secret, token, its secret, bearer token."""
    key, token, bearer = credentials.app_key, credentials.access_token, credentials.bearer_token
    secrets = (
        key and key.key,
        key and key.secret,
        token and token.token,
        token and token.secret,
        bearer,
    )
    return tuple(secret.reveal() if secret else None for secret in secrets)


def python(code: str) -> str:
    """A command line that runs a piece of Python."""
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def test_nothing_configured_is_no_credentials() -> None:
    assert load_credentials({}) == Credentials()


def test_a_file_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert load_credentials({}, tmp_path / "none.toml") == Credentials()


def test_a_file_gives_all(write: Write) -> None:
    assert revealed(load_credentials({}, write(FULL))) == (
        *("file-key", "file-secret", "file-token", "file-token-secret"),
        "file-bearer",
    )


def test_the_environment_goes_before_the_file(write: Write) -> None:
    found = revealed(load_credentials(KEYS | TOKENS, write(FULL)))
    assert found == ("env-key", "env-secret", "env-token", "env-token-secret", "file-bearer")


def test_a_named_account_goes_before_the_environment(write: Write) -> None:
    found = revealed(load_credentials(KEYS | TOKENS, write(FULL), "other"))
    assert found == ("env-key", "env-secret", "other-token", "other-token-secret", "file-bearer")


def test_the_default_account_may_be_named(write: Write) -> None:
    assert revealed(load_credentials(TOKENS, write(FULL), "default"))[2] == "file-token"


@pytest.mark.parametrize("has_file", [True, False])
def test_an_account_that_is_not_there_is_refused(write: Write, has_file: bool) -> None:
    with pytest.raises(UsageError, match="no account 'nobody'"):
        load_credentials(KEYS | TOKENS, write(FULL) if has_file else None, "nobody")


@pytest.mark.parametrize("prefix", ["HARVESTER_", "TWITTER_"])
def test_both_prefixes_are_read(prefix: str) -> None:
    assert revealed(load_credentials({f"{prefix}BEARER_TOKEN": " b \n"}))[-1] == "b"


def test_our_own_prefix_goes_before_twitters() -> None:
    environ = {"TWITTER_BEARER_TOKEN": "theirs", "HARVESTER_BEARER_TOKEN": "ours"}
    assert revealed(load_credentials(environ))[-1] == "ours"


def test_a_secret_may_stand_in_a_mounted_file(tmp_path: Path) -> None:
    path = tmp_path / "bearer"
    path.write_text("mounted\n")
    assert revealed(load_credentials({"HARVESTER_BEARER_TOKEN_FILE": str(path)}))[-1] == "mounted"


def test_a_secret_may_come_from_a_command() -> None:
    environ = {"HARVESTER_BEARER_TOKEN_COMMAND": python("print('from the vault')")}
    assert revealed(load_credentials(environ))[-1] == "from the vault"


def test_the_first_way_that_is_there_wins(tmp_path: Path) -> None:
    path = tmp_path / "bearer"
    path.write_text("mounted")
    environ = {
        "HARVESTER_BEARER_TOKEN": "plain",
        "HARVESTER_BEARER_TOKEN_FILE": str(path),
        "HARVESTER_BEARER_TOKEN_COMMAND": "/nowhere",
    }
    assert revealed(load_credentials(environ))[-1] == "plain"
    del environ["HARVESTER_BEARER_TOKEN"]
    assert revealed(load_credentials(environ))[-1] == "mounted"


@pytest.mark.parametrize(
    "environ",
    [
        {"HARVESTER_BEARER_TOKEN_FILE": "/nowhere/at/all"},
        {"HARVESTER_BEARER_TOKEN_FILE": "/"},
        {"HARVESTER_BEARER_TOKEN_COMMAND": "/nowhere/at/all"},
        {"HARVESTER_BEARER_TOKEN_COMMAND": "unbalanced 'quote"},
        {"HARVESTER_BEARER_TOKEN_COMMAND": python(f"print('{CANARY}'); raise SystemExit(3)")},
        {"HARVESTER_BEARER_TOKEN_COMMAND": python("pass")},
        {"HARVESTER_BEARER_TOKEN_COMMAND": python("import sys; sys.stdout.buffer.write(bytes([255]))")},
        {"HARVESTER_BEARER_TOKEN_COMMAND": " "},
    ],
)
def test_a_secret_that_cannot_be_read_is_a_usage_error(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="HARVESTER_BEARER_TOKEN_") as caught:
        load_credentials(environ)
    assert CANARY not in str(caught.value)


def test_an_empty_mounted_secret_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "bearer"
    path.write_text("\n")
    with pytest.raises(UsageError, match="HARVESTER_BEARER_TOKEN_FILE"):
        load_credentials({"HARVESTER_BEARER_TOKEN_FILE": str(path)})


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"HARVESTER_CONSUMER_KEY": CANARY}, "consumer key.*secret is missing"),
        ({"HARVESTER_CONSUMER_SECRET": CANARY}, "consumer key.*key is missing"),
        (KEYS | {"HARVESTER_ACCESS_TOKEN": CANARY}, "access token.*secret is missing"),
        (KEYS | {"HARVESTER_ACCESS_TOKEN_SECRET": CANARY}, "access token.*token is missing"),
        (TOKENS, "needs the consumer key"),
    ],
)
def test_half_of_a_pair_is_refused_without_showing_it(environ: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        load_credentials(environ)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_file_that_others_may_read_is_refused(write: Callable[[str, int], Path], mode: int) -> None:
    with pytest.raises(UsageError, match="can be read by others") as caught:
        load_credentials({}, write(FULL, mode))
    assert caught.value.hint
    assert caught.value.hint.startswith("Run: chmod 600 ")


@pytest.mark.parametrize(
    "content",
    [
        f'[app]\nbearer_token = "{CANARY}',
        f"{CANARY}",
        f'app = "{CANARY}"',
        f'accounts = "{CANARY}"',
        f'[accounts]\ndefault = "{CANARY}"',
    ],
)
def test_a_file_that_is_no_credentials_file_is_refused_without_showing_it(write: Write, content: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_credentials({}, write(content))
    assert CANARY not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("value", ["5", "true", "[1]", '{a = "x"}'])
def test_a_secret_in_the_file_that_is_no_text_is_refused(write: Write, value: str) -> None:
    with pytest.raises(UsageError, match="bearer_token"):
        load_credentials({}, write(f"[app]\nbearer_token = {value}"))


def names(accounts: Mapping[str, AccessToken]) -> dict[str, tuple[str, str]]:
    return {name: (token.token.reveal(), token.secret.reveal()) for name, token in accounts.items()}


BOTH = {
    "default": ("file-token", "file-token-secret"),
    "other": ("other-token", "other-token-secret"),
}


@pytest.mark.parametrize("environ", [{}, KEYS, KEYS | TOKENS])
@pytest.mark.parametrize("account", [None, "other"])
def test_all_accounts_of_the_file_are_there_by_name(
    write: Write, environ: dict[str, str], account: str | None
) -> None:
    credentials = load_credentials(environ, write(FULL), account)
    assert names(credentials.accounts) == BOTH
    assert "other-token" not in repr(credentials)


def test_the_environments_account_has_no_name() -> None:
    assert load_credentials(KEYS | TOKENS).accounts == {}


@pytest.mark.parametrize("half", ["access_token", "access_token_secret"])
@pytest.mark.parametrize("environ", [{}, KEYS | TOKENS])
def test_half_an_account_is_refused_by_its_name(write: Write, environ: dict[str, str], half: str) -> None:
    path = write(f'{FULL}[accounts.half]\n{half} = "{CANARY}"\n')
    with pytest.raises(UsageError, match="access token of account 'half'") as caught:
        load_credentials(environ, path)
    assert CANARY not in f"{caught.value} {caught.value.hint}"


def test_the_other_half_of_the_default_account_may_be_in_a_vault(write: Write) -> None:
    path = write('[accounts.default]\naccess_token = "file-token"\naccess_token_secret = ""\n')
    environ = KEYS | {"HARVESTER_ACCESS_TOKEN_SECRET_COMMAND": python("print('vault')")}
    credentials = load_credentials(environ, path)
    assert revealed(credentials)[2:4] == ("file-token", "vault")
    assert names(credentials.accounts) == {"default": ("file-token", "vault")}


def test_half_a_default_account_is_not_mixed_with_another_users_pair(write: Write) -> None:
    path = write('[accounts.default]\naccess_token = "file-token"\n')
    credentials = load_credentials(KEYS | TOKENS, path)
    assert names(credentials.accounts) == {"default": ("env-token", "env-token-secret")}


def test_an_account_without_a_token_is_none(write: Write) -> None:
    path = write("[accounts.empty]\n")
    assert load_credentials(KEYS, path).accounts == {}
    with pytest.raises(UsageError, match="no account 'empty'"):
        load_credentials(KEYS, path, "empty")


def test_the_apps_key_is_found_whatever_else_is_wrong(write: Write) -> None:
    path = write('[app]\nconsumer_key = "k"\nconsumer_secret = "s"\n[accounts.half]\naccess_token = "t"\n')
    app_key = load_app_key({}, path)
    assert app_key is not None
    assert (app_key.key.reveal(), app_key.secret.reveal()) == ("k", "s")
    assert load_app_key({}) is None
