"""The page of two runs: what stands in it, and that foreign text stays text."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harvester.errors import StorageError
from harvester.growth.compare import compared
from harvester.growth.page import make_page, signed, write_page
from harvester.report.summary import TWEET_URL
from tests.growth.conftest import IDS, harvest
from tests.growth.naive import gains_between


class Read(HTMLParser):
    """What a page links to, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "href" and value:
                self.links.append(value)
            if name in ("src", "srcset", "action"):
                self.sources.append(str(value))

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(old: Path, new: Path) -> Read:
    with compared(old, new, None, 3) as growth:
        growth.finish()
        return Read(make_page(growth))


def test_the_page_says_what_was_gained_and_by_which_tweets(june: Path, july: Path) -> None:
    page, gains = page_of(june, july), gains_between(june, july)
    total = sum(gained["favorites"] for gained in gains.values())
    assert signed(total) in page.text
    best = max(gains, key=lambda i: (gains[i]["favorites"], -int(i)))
    assert f"{TWEET_URL}{best}" in page.links
    assert "What tweets gained in 1 d" in page.text
    assert re.search(r"50 only in the old run \+ 100 only in the new run .* = 700 tweets\.", page.text)


def test_the_page_needs_no_network(june: Path, july: Path) -> None:
    page = page_of(june, july)
    assert not page.sources
    assert all(link.startswith((TWEET_URL, "#", "data:")) for link in page.links)


def test_a_name_that_is_markup_stays_a_name(june: Path, july: Path, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>&\u202e"
    hostile = Path(shutil.copytree(july, tmp_path / name))
    page = page_of(june, hostile)
    assert not page.sources
    assert "<img src=x onerror=alert(1)>&" in page.text
    assert "\u202e" not in page.text


def test_runs_without_a_tweet_in_common_have_a_page(tmp_path: Path) -> None:
    old = harvest(tmp_path / "old", IDS[:50], 0, 20, metrics=("favorites",))
    new = harvest(tmp_path / "new", IDS[50:60], 1, 20, metrics=("favorites",))
    assert "Nothing to compare" in page_of(old, new).text


def test_the_page_is_written_whole_or_not_at_all(june: Path, july: Path, tmp_path: Path) -> None:
    with compared(june, july, None, 3) as growth:
        growth.finish()
        write_page(growth, tmp_path / "growth.html")
        assert (tmp_path / "growth.html").read_bytes() == make_page(growth)
        assert [path.name for path in tmp_path.iterdir()] == ["growth.html"]
        with pytest.raises(StorageError, match="No such file or directory"):
            write_page(growth, tmp_path / "nowhere" / "growth.html")
