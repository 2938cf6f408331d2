"""The page of two runs in a real browser: no error, no request, sorting, a phone."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from harvester.growth.compare import compared
from harvester.growth.page import write_page
from tests.end_to_end.test_report_in_browser import PHONE, browser, column, opened

__all__ = ["browser"]


@pytest.fixture
def page(june: Path, july: Path, tmp_path: Path) -> Path:
    path = tmp_path / "growth.html"
    with compared(june, july, ("favorites", "impressions"), 5) as growth:
        growth.finish()
        write_page(growth, path)
    return path


def test_the_page_says_nothing_asks_for_nothing_and_sorts(browser: Browser, page: Path) -> None:
    watched = opened(browser, page)
    table = watched.page.locator("#top details table.sortable").first
    gained = column(table, 1)
    assert len(gained) == 5
    table.locator("thead th").nth(1).locator("button").click()
    assert column(table, 1) == gained[::-1]
    watched.page.wait_for_load_state("networkidle")
    assert watched.said == []
    assert watched.asked == [page.as_uri()]
    watched.page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_need_not_scroll_sideways(browser: Browser, page: Path, scheme: str) -> None:
    watched = opened(browser, page, PHONE, scheme)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert watched.page.screenshot(full_page=True)
    watched.page.context.close()
