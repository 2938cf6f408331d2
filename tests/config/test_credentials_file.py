"""The credentials file keeps everything but what is replaced."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.config.credentials_file import read_private, with_secrets
from harvester.engagement.credentials import Secret
from harvester.errors import UsageError

FILE = Path("credentials.toml")
WITH_COMMENTS = """\
# ours, ask Ada
[app]  # the app
consumer_key = "k"   # of July

# below: accounts
[accounts.default]
access_token = "t"  # first
access_token_secret = 's'

# the end
"""
LAYOUTS = {
    "empty": "",
    "a comment": "# hello\n",
    "comments": WITH_COMMENTS,
    "no final newline": '[app]\nconsumer_key = "k"',
    "inline": 'app = {consumer_key = "k"}\naccounts = {other = {access_token = "a"}}\n',
    "inline account": '[accounts]\nother = {access_token="a"}\ndefault = {}\n',
    "dotted": 'app.consumer_key = "k"\naccounts.other.access_token = "a"\n',
    "dotted in a table": '[accounts]\nother.access_token = "a"\ndefault.access_token = "b"\n',
    "scattered": '[accounts.a]\nx = "1"\n[app]\nconsumer_key="k"\n[accounts.default]\naccess_token="2"\n',
    "quoted": '[accounts."a b"]\naccess_token="1"\n',
    "Windows": '[app]\r\nconsumer_key = "k"\r\n',
    "foreign": "[other]\nwhen = 2026-07-01\nlist = [1, 2]\n[[more]]\na = 1\n",
}
PLACES: list[tuple[tuple[str, ...], dict[str, str]]] = [
    (("app",), {"bearer_token": "B%2F+="}),
    (("accounts", "default"), {"access_token": "1-T", "access_token_secret": "S"}),
    (("accounts", 'new "one" ü'), {"access_token": "1-T", "access_token_secret": "S"}),
]


def stored(text: str, table: tuple[str, ...], values: dict[str, str]) -> str:
    return with_secrets(FILE, text, table, {name: Secret(value) for name, value in values.items()})


def expected(text: str, table: tuple[str, ...], values: dict[str, str]) -> dict[str, Any]:
    document = place = tomllib.loads(text)
    for name in table:
        place = place.setdefault(name, {})
    place.update(values)
    return document


@pytest.mark.parametrize(("table", "values"), PLACES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_secret_is_added_and_nothing_else_changes(
    layout: str, table: tuple[str, ...], values: dict[str, str]
) -> None:
    text = LAYOUTS[layout]
    assert tomllib.loads(stored(text, table, values)) == expected(text, table, values)


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.text("aé.\"' #=[]\\", min_size=1)), max_size=5))
def test_any_sequence_of_storing_gives_the_last_of_each(
    steps: list[tuple[tuple[tuple[str, ...], dict[str, str]], str]],
) -> None:
    text, document = WITH_COMMENTS, tomllib.loads(WITH_COMMENTS)
    for (table, values), name in steps:
        place = (*table[:-1], name) if len(table) > 1 else table
        document = expected(text, place, values)
        text = stored(text, place, values)
        assert tomllib.loads(text) == document


@pytest.mark.parametrize(("table", "values"), PLACES)
def test_comments_and_spaces_stay(table: tuple[str, ...], values: dict[str, str]) -> None:
    lines = stored(WITH_COMMENTS, table, values).splitlines()
    for line in WITH_COMMENTS.splitlines():
        replaced = line.split(" =")[0] in values and table[-1] == "default"
        assert line in lines or replaced, line
    assert sum("# " in line for line in lines) == WITH_COMMENTS.count("# ")


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ('app = "canary"', ("app",)),
        ('accounts = "canary"', ("accounts", "default")),
        ('[accounts]\ndefault = "canary"', ("accounts", "default")),
        ('app = "canary', ("app",)),
    ],
)
def test_a_file_that_is_no_credentials_file_is_refused_without_showing_it(
    text: str, table: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match=r"credentials\.toml") as caught:
        with_secrets(FILE, text, table, {})
    assert "canary" not in f"{caught.value} {caught.value.hint}"


def test_a_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_private(tmp_path / "none" / "credentials.toml") == ""


def test_a_file_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    with pytest.raises(UsageError, match="directory"):
        read_private(folder)
