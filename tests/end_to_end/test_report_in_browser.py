"""The report in a real browser: no error, no request, sorting, light and dark, phone and paper."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from tests.end_to_end.reported import HOSTILE_LINE, Reported, reported_run

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
REQUIRED: Final = ("CI", "BROWSER_REQUIRED")
"""Where one of these is set, a browser has to be there."""
PHONE: Final = {"width": 360, "height": 740}
DESK: Final = {"width": 1280, "height": 900}


def browser_path() -> str:
    """Where the browser is. Skips where there is none, unless one is required."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        why = f"no browser is here: none of {', '.join(NAMES)}"
        if any(map(os.environ.get, REQUIRED)):
            pytest.fail(why)
        pytest.skip(why)
    return found


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reported]:
    browser_path()
    with reported_run(tmp_path_factory.mktemp("reported")) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # A sandbox within a sandbox is refused to root, who has no need of it for a page of our own.
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser_path(), args=arguments)
        yield started
        started.close()


@dataclass
class Watched:
    """A page, and what it said and asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def opened(browser: Browser, path: Path, viewport: dict[str, int] = DESK, scheme: str = "light") -> Watched:
    """The report in a window of its own, watched from before its first byte."""
    context = browser.new_context(
        viewport={"width": viewport["width"], "height": viewport["height"]},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    watched = Watched(context.new_page())
    watched.page.on("console", lambda message: watched.said.append(message.text))
    watched.page.on("pageerror", lambda error: watched.said.append(str(error)))
    watched.page.on("request", lambda request: watched.asked.append(request.url))
    watched.page.goto(path.as_uri())
    return watched


@pytest.fixture
def desk(browser: Browser, reported: Reported) -> Iterator[Watched]:
    watched = opened(browser, reported.page)
    yield watched
    watched.page.context.close()


def column(table: Locator, place: int) -> list[str]:
    """The texts of a column, from the top."""
    return [row.locator("th, td").nth(place).inner_text() for row in table.locator("tbody tr").all()]


def top_table(watched: Watched) -> Locator:
    return watched.page.locator("#totals details table.sortable").first


def test_page_says_nothing_asks_for_nothing_and_runs_no_foreign_script(
    desk: Watched, reported: Reported
) -> None:
    desk.page.wait_for_load_state("networkidle")
    assert desk.said == []
    assert desk.asked == [reported.page.as_uri()]
    assert "harvester report" in desk.page.title()
    assert HOSTILE_LINE in desk.page.inner_text("#rejected")
    assert desk.page.locator("img").count() == 0
    assert desk.page.locator("script").count() == 1


def test_header_sorts_its_table_by_click_and_by_keyboard(desk: Watched) -> None:
    table = top_table(desk)
    header = table.locator("thead th").nth(1)
    first = column(table, 1)
    numbers = [int(text.replace(",", "")) for text in first]
    assert header.get_attribute("aria-sort") == "descending"
    assert numbers == sorted(numbers, reverse=True)
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    assert [int(text.replace(",", "")) for text in column(table, 1)] == sorted(numbers)
    header.locator("button").focus()
    desk.page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    desk.page.keyboard.press("Space")
    assert header.get_attribute("aria-sort") == "ascending"
    by_id = table.locator("thead th").nth(2)
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")
    assert by_id.get_attribute("aria-sort") == "descending"
    assert header.get_attribute("aria-sort") == "none"
    ids = [int(text) for text in column(table, 2)]
    assert ids == sorted(ids, reverse=True)


def test_what_is_not_there_stays_below_in_either_order(desk: Watched) -> None:
    table = desk.page.locator("#totals table.sortable").first
    for place in range(table.locator("thead th").count()):
        for _ in range(2):
            table.locator("thead th").nth(place).locator("button").click()
            cells = column(table, place)
            assert cells == sorted(cells, key=lambda text: text == "–")


def test_links_lead_to_the_tweets_and_tell_them_nothing(desk: Watched) -> None:
    links = desk.page.locator("a[href^=http]").all()
    assert links
    for link in links[:20]:
        assert re.fullmatch(r"https://twitter\.com/lookup/status/\d+", link.get_attribute("href") or "")
        assert link.get_attribute("rel") == "noreferrer noopener"


def luminance(color: str) -> float:
    """Of a color as the browser names it. Source: WCAG 2.2, relative luminance."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground_in_light_and_dark(
    browser: Browser, reported: Reported, scheme: str
) -> None:
    watched = opened(browser, reported.page, scheme=scheme)
    grounds = {}
    for selector in (".lead", "h3", ".pill", "summary .aside", "caption small", "thead th", "td a", ".note"):
        ink, ground = watched.page.locator(selector).first.evaluate(
            """element => {
                const ground = (each) => getComputedStyle(each).backgroundColor;
                let behind = element;
                while (ground(behind) === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
                return [getComputedStyle(element).color, ground(behind)];
            }"""
        )
        darker, lighter = sorted((luminance(ink), luminance(ground)))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (selector, ink, ground)
        grounds[selector] = luminance(ground)
    assert all((ground < 0.2) == (scheme == "dark") for ground in grounds.values())
    watched.page.context.close()


@pytest.mark.parametrize("width", [320, 360, 768])
def test_page_is_read_without_scrolling_sideways(browser: Browser, reported: Reported, width: int) -> None:
    watched = opened(browser, reported.page, {**PHONE, "width": width})
    watched.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert watched.page.evaluate("document.documentElement.scrollWidth") == width
    wide = top_table(watched)
    is_wider = "element => element.parentElement.scrollWidth > element.parentElement.clientWidth"
    assert wide.evaluate(is_wider) == (width < 768 or wide.evaluate("element => element.offsetWidth") > width)
    watched.page.context.close()


def test_everything_that_is_folded_away_opens_at_once(desk: Watched) -> None:
    folded = desk.page.locator("details:not([open])")
    button = desk.page.get_by_role("button", name="Open all")
    assert folded.count() > 3
    button.click()
    assert folded.count() == 0
    desk.page.get_by_role("button", name="Fold all").click()
    assert folded.count() == desk.page.locator("details").count()


def test_paper_is_white_and_nothing_on_it_is_cut_off(browser: Browser, reported: Reported) -> None:
    watched = opened(browser, reported.page, {"width": 690, "height": 975}, scheme="dark")
    watched.page.get_by_role("button", name="Open all").click()
    watched.page.emulate_media(media="print")
    assert watched.page.locator("nav").is_hidden()
    assert luminance(watched.page.evaluate("getComputedStyle(document.body).backgroundColor")) == 1
    assert (
        watched.page.locator(".scroll").first.evaluate("each => getComputedStyle(each).overflowX")
        == "visible"
    )
    assert watched.page.evaluate("document.documentElement.scrollWidth") == 690
    watched.page.context.close()


def test_without_scripts_the_page_is_whole(browser: Browser, reported: Reported) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(reported.page.as_uri())
    assert page.locator("#totals details table tbody tr").first.is_visible()
    assert page.locator("th button").count() == 0
    context.close()


def test_picture_of_the_page_shows_charts(desk: Watched, tmp_path: Path) -> None:
    picture = tmp_path / "report.png"
    desk.page.locator(".panel").first.scroll_into_view_if_needed()
    desk.page.screenshot(path=picture)
    assert picture.stat().st_size > 10_000
    bar = desk.page.locator("svg.pygal-chart rect.rect").first
    box = bar.bounding_box()
    assert box
    assert box["width"] > 3
    assert box["height"] > 20
    ground = desk.page.locator(".panel").first.evaluate("each => getComputedStyle(each).backgroundColor")
    assert bar.evaluate("each => getComputedStyle(each).fill") != ground
