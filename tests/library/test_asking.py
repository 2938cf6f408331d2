"""The keywords of a harvest, and what becomes of them."""

from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from harvester.config.options import Options
from harvester.engagement.groupings import Grouping
from harvester.errors import UsageError
from harvester.library.asking import HarvestOptions, options_of

NOT_ASKED = {"inputs", "out", "is_simulated"}


def test_there_is_a_keyword_for_each_option() -> None:
    assert set(get_type_hints(HarvestOptions)) == {field.name for field in fields(Options)} - NOT_ASKED


def test_lists_and_texts_are_what_options_have() -> None:
    grouping = Grouping("days", ("engagement.type", "engagement.day"))
    options = options_of(
        ("a.csv",),
        "runs/july",
        {"endpoints": ["historical", "totals"], "metrics": "favorites, retweets", "groupings": [grouping]},
    )
    assert options == Options(
        ("a.csv",),
        Path("runs/july"),
        ("totals", "historical"),
        ("favorites", "retweets"),
        groupings=(grouping,),
    )


def test_given_ids_are_plain_text_unless_it_is_said_otherwise() -> None:
    assert options_of((), "out", {}).file_format == "text"
    assert options_of((), "out", {"file_format": "ndjson"}).file_format == "ndjson"
    assert options_of(("ids.csv",), "out", {}).file_format is None


@pytest.mark.parametrize("name", ["base_url", "auth_url"])
def test_a_url_is_one(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        options_of((), "out", {name: "ftp://x"})  # type: ignore[misc]  # the name is one of them


def test_an_unknown_keyword_is_pythons_own_error() -> None:
    with pytest.raises(TypeError, match="no_such"):
        options_of((), "out", {"no_such": 1})  # type: ignore[typeddict-unknown-key]  # that is the point
