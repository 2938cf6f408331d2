"""What is accepted, and where it comes from."""

from pathlib import Path

import pytest

from harvester.simulator.credentials import (
    Account,
    Credentials,
    completed,
    credentials_from,
    generate_credentials,
    read_credentials,
    user_id_of,
)

FILE = """
[app]
consumer_key = "key"
consumer_secret = "secret"
bearer_token = "bearer"

[accounts.zoe]
access_token = "z"
access_token_secret = "z secret"

[accounts.ann]
access_token = "a"
access_token_secret = "a secret"
"""


def test_credentials_come_from_the_environment_or_not_at_all() -> None:
    user = {"HARVESTER_ACCESS_TOKEN": "t", "HARVESTER_ACCESS_TOKEN_SECRET": "s"}
    assert credentials_from({"HARVESTER_BEARER_TOKEN": "b"}) == Credentials(bearer_token="b")
    assert credentials_from(user) == Credentials(accounts=(Account("default", "t", "s"),))
    assert credentials_from({"HARVESTER_BEARER_TOKEN": "", "OTHER": "x"}) is None


def test_a_credentials_file_has_an_app_and_accounts_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "credentials.toml"
    path.write_text(FILE)
    accounts = (Account("zoe", "z", "z secret"), Account("ann", "a", "a secret"))
    assert read_credentials(path) == Credentials("key", "secret", "bearer", accounts)


@pytest.mark.parametrize(
    "text",
    [
        'app = "hidden"',
        "[app]\nconsumer_key = 3",
        "accounts = 3",
        '[accounts]\nann = "hidden"',
        '[accounts.ann]\naccess_token = "hidden"',
        '[app]\nconsumer_key = "hidden',
    ],
)
def test_a_file_that_does_not_fit_is_refused_without_its_secrets(tmp_path: Path, text: str) -> None:
    path = tmp_path / "credentials.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"TOML|table|has to have") as caught:
        read_credentials(path)
    assert "hidden" not in str(caught.value)


def test_an_app_without_bearer_token_and_account_gets_them() -> None:
    whole = completed(Credentials("key", "secret"))
    assert whole.bearer_token
    assert [account.name for account in whole.accounts] == ["default"]


def test_what_is_known_is_kept_when_the_rest_is_made_up() -> None:
    known = Credentials("key", "secret", "b", (Account("ann", "t", "s"),))
    assert completed(known) == known
    assert completed(Credentials(bearer_token="b")) == Credentials(bearer_token="b")


def test_made_up_credentials_are_others_each_time_and_are_told_whole() -> None:
    assert generate_credentials() != generate_credentials()
    assert all(generate_credentials().told().values())


def test_accounts_have_different_user_ids_and_always_the_same() -> None:
    assert user_id_of("ann") == user_id_of("ann") != user_id_of("bob")


def test_credentials_do_not_show_in_a_repr() -> None:
    shown = repr(Credentials("key", bearer_token="hidden", accounts=(Account("ann", "hidden", "hidden"),)))
    assert shown == "Credentials(consumer_key, bearer_token, Account(ann))"
