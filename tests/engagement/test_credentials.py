"""Secrets keep to themselves."""

import copy
import json
import pickle

import pytest

from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret

CANARY = "c4n4ry-4711"
SECRET = Secret(CANARY)
TOKEN = AccessToken(SECRET, SECRET)
ALL = Credentials(AppKey(SECRET, SECRET), TOKEN, SECRET, {"ada": TOKEN})


@pytest.mark.parametrize("shown", [repr(SECRET), str(SECRET), f"{SECRET}", repr(ALL), str(ALL), f"{ALL!r}"])
def test_a_secret_is_not_in_any_text_of_it(shown: str) -> None:
    assert CANARY not in shown


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_secret_refuses_to_be_written(write: object) -> None:
    assert callable(write)
    with pytest.raises(TypeError) as caught:
        write(SECRET)
    assert CANARY not in str(caught.value)


def test_a_secret_has_no_dict_that_a_debugger_would_print() -> None:
    assert not hasattr(SECRET, "__dict__")
    assert SECRET.reveal() == CANARY


@pytest.mark.parametrize(
    ("credentials", "has_user_context", "fetches_bearer"),
    [
        (Credentials(), False, False),
        (Credentials(bearer_token=SECRET), False, False),
        (Credentials(AppKey(SECRET, SECRET)), False, True),
        (Credentials(AppKey(SECRET, SECRET), bearer_token=SECRET), False, False),
        (Credentials(AppKey(SECRET, SECRET), AccessToken(SECRET, SECRET)), True, False),
        (Credentials(access_token=AccessToken(SECRET, SECRET)), False, False),
        (ALL, True, False),
    ],
)
def test_credentials_tell_what_they_are_good_for(
    credentials: Credentials, has_user_context: bool, fetches_bearer: bool
) -> None:
    assert credentials.has_user_context is has_user_context
    assert credentials.fetches_bearer is fetches_bearer
