"""Pages: what is escaped, what their policy allows, and how a table is marked up."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader

from harvester.report.page import MOST_FOREIGN, TEMPLATES, _environment, foreign, render
from harvester.report.summary import TWEET_URL
from harvester.report.tables import EMPTY, Cell, Column, Table, number_cell, text_cell, tweet_cell

TABLE = """{% extends "base.html" %}{% import "parts.html" as parts %}
{% block content %}{{ parts.table(table) }}{% endblock %}"""


class Seen(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(table: Table, monkeypatch: pytest.MonkeyPatch) -> str:
    """A page with nothing but a table."""
    loader = DictLoader(
        {"table.html": TABLE, **{path.name: path.read_text() for path in TEMPLATES.glob("*.html")}}
    )
    monkeypatch.setattr(_environment(), "loader", loader)
    return render("table.html", table=table).decode()


HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
WITH_ALL = Table(
    HOSTILE,
    [Column(HOSTILE, "text"), Column("Tweet", "id"), Column("Count", note="a note")],
    [
        (text_cell(HOSTILE), tweet_cell(9), number_cell(1_234, 0.5)),
        (Cell("b"), tweet_cell(HOSTILE), EMPTY),
    ],
    (Cell("All"), Cell(""), number_cell(1_234)),
    sorted_by=2,
    note=HOSTILE,
)


def test_foreign_words_become_no_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(page_of(WITH_ALL, monkeypatch))
    assert not seen.all("img")
    assert len(seen.all("script")) == 1
    assert seen.text.count(HOSTILE) == 5
    assert all(not name.startswith("on") for _, attributes in seen.elements for name in attributes)


def test_table_says_what_it_is_to_who_cannot_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(page_of(WITH_ALL, monkeypatch))
    assert len(seen.all("caption")) == 1
    assert [th.get("scope") for th in seen.all("th")] == ["col"] * 3 + ["row"] * 3
    assert [th.get("aria-sort") for th in seen.all("th")[:3]] == ["none", "none", "descending"]
    assert [td.get("data-sort") for td in seen.all("td")] == ["9", "1234", HOSTILE, None, None, "1234"]
    assert seen.all("table")[0]["class"] == "sortable"
    assert ("role", "region") in seen.all("div")[-1].items()


def test_table_of_one_row_is_not_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(page_of(Table("one", [Column("a")], [(number_cell(1),)]), monkeypatch))
    assert seen.all("table")[0]["class"] == ""


def test_policy_allows_no_request_and_no_script_but_the_page_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_of(WITH_ALL, monkeypatch)
    policy = next(
        m["content"] for m in Seen(page).all("meta") if m.get("http-equiv") == "Content-Security-Policy"
    )
    script = page[page.index("<script>") + len("<script>") : page.index("</script>")]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy
    addresses = [a.get(name) for _, a in Seen(page).elements for name in ("href", "src") if name in a]
    assert all(str(address).startswith(("data:", TWEET_URL)) for address in addresses)
    assert "url(" not in page
    assert "@import" not in page


@given(st.text(max_size=60))
def test_foreign_text_is_cut_and_shows_what_would_hide(text: str) -> None:
    shown = foreign(text)
    assert not re.search("[\x00-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    if text.isascii() and text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202etxt.exe", "a\\u202etxt.exe"),
        ("tab\there\n", "tab here "),
        ("\ud800", "\\ud800"),
        ("x" * 500, "x" * MOST_FOREIGN + "…"),
    ],
)
def test_foreign_text_for_instance(text: str, shown: str) -> None:
    assert foreign(text) == shown


def test_every_template_lies_in_the_package() -> None:
    names = {path.name for path in TEMPLATES.iterdir()}
    assert {"base.html", "parts.html", "run.html", "page.css", "page.js"} <= names
    assert TEMPLATES.is_relative_to(Path(__file__).parents[2] / "harvester")
