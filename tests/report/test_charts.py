"""Charts: what stands in a page, and what does not."""

import re
import sys
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from markupsafe import Markup

from harvester.report.charts import MOST_DOTS, Line, bar_chart, line_chart, stacked_chart

HOSTILE = "</title><script>alert('x')</script>\"'&"
LABELS = ["0", "1", "2", "5"]
MAKERS = [
    lambda title, labels: bar_chart(title, labels, [4, 0, 2, 1]),
    lambda title, labels: line_chart(title, labels, [Line(title, [4, None, 2, 1])]),
    lambda title, labels: line_chart(title, labels, [Line(title, [4000, 1, 0, 0.01])], is_logarithmic=True),
    lambda title, labels: line_chart(title, labels, [Line(title, [4, 0, 2, 1])], is_filled=True),
    lambda title, labels: stacked_chart(title, labels, [Line(title, [4, 0, 2, 1]), Line("b", [1, 1, 1, 1])]),
]


def titles_of(chart: Markup, kind: str = "series") -> list[str]:
    """The tooltips of a chart's marks."""
    root = ET.fromstring(chart)
    return [
        title.text or ""
        for group in root.iter()
        if group.attrib.get("class", "").startswith(kind)
        for title in group.iter("{http://www.w3.org/2000/svg}title")
    ]


@pytest.mark.parametrize("make", MAKERS)
def test_chart_has_no_script_style_or_address_and_is_the_same_each_time(
    make: Callable[[str, list[str]], Markup],
) -> None:
    chart = make("tweets", LABELS)
    assert chart == make("tweets", LABELS)
    assert not re.search(r"<script|<style|<desc|<!--|href|url\(|@import| id=|style=", chart)
    assert set(re.findall(r"https?://[^\"]+", chart)) == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("make", MAKERS)
def test_foreign_words_in_a_chart_are_escaped(make: Callable[[str, list[str]], Markup]) -> None:
    chart = make(HOSTILE, [HOSTILE, "a", "b", "c"])
    assert "<script" not in chart
    root = ET.fromstring(chart)
    assert root.attrib["aria-label"] == HOSTILE
    assert root.attrib["role"] == "img"


@pytest.mark.parametrize("make", MAKERS)
def test_every_mark_has_its_value_as_a_tooltip(make: Callable[[str, list[str]], Markup]) -> None:
    titles = titles_of(make("tweets", LABELS))
    assert titles
    assert all(re.search(r"\b[0-9]", title) for title in titles)


def test_tooltips_are_those_that_were_given() -> None:
    assert titles_of(bar_chart("t", ["a", "b"], [1, 2], ["one <x>", "two"])) == ["one <x>", "two"]


def test_logarithmic_axis_has_powers_of_ten_and_leaves_a_gap_for_zero() -> None:
    chart = line_chart("t", LABELS, [Line("mean", [4000, 0, 2, 0.01])], is_logarithmic=True)
    axis = [text for text in re.findall(r">([^<]+)</text>", chart) if text not in LABELS]
    assert axis == ["0.01", "0.1", "10", "100", "1k", "10k"]
    assert titles_of(chart) == ["mean, 0: 4,000", "mean, 2: 2", "mean, 5: 0.01"]


def test_values_within_a_decade_stand_on_a_plain_axis_with_zero() -> None:
    chart = line_chart("t", LABELS, [Line("mean", [4, 0, 2, 3])], is_logarithmic=True)
    assert titles_of(chart) == ["mean, 0: 4", "mean, 1: 0", "mean, 2: 2", "mean, 5: 3"]


def test_long_line_has_no_dots_and_few_labels() -> None:
    labels = [str(n) for n in range(MOST_DOTS + 1)]
    chart = line_chart("t", labels, [Line("a", [1.0] * len(labels))])
    assert "<circle" not in chart
    assert len(re.findall(r'class="axis x"', chart)) == 1
    assert 4 <= len(re.findall(r'class="major"', chart)) <= 10


@pytest.mark.parametrize("values", [[], [0], [0, 0], [5], [2**63 - 1, 0]])
def test_odd_rows_of_values_can_be_drawn(values: list[int]) -> None:
    labels = ["same"] * len(values)
    for chart in (
        bar_chart("t", labels, values),
        line_chart("t", labels, [Line("a", values)], is_logarithmic=True, is_filled=True),
        stacked_chart("t", labels, [Line("a", values)]),
    ):
        ET.fromstring(chart)


def test_drawing_leaves_imports_as_they_are() -> None:
    assert all(hasattr(finder, "find_spec") for finder in sys.meta_path)
