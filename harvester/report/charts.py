"""Charts as SVG that stands in a page: without scripts, styles and fonts of its own, so the page's hold for it.

Each mark has its value as a native tooltip. Colours come from the classes `color-0`, `color-1`, … that pygal gives
its series, everything else from the page's styles as well: light, dark and printed are one drawing.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any, Final

import pygal
from markupsafe import Markup
from pygal.style import Style

from harvester.report.wording import number, short

WIDTH: Final = 480
WIDE: Final = 960
HEIGHT: Final = 220
LABEL_PX: Final = 12
MOST_DOTS: Final = 62
"""Of a line: with more, a dot for each value is too small to be met by a pointer."""
MOST_LABELS: Final = 7
# pygal adds a finder of modules for its plugins, by a protocol that Python has given up: each later import of what
# is not there would warn of it.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != pygal.__name__]

_NUMBERS: Final = ("x", "y", "cx", "cy", "width", "height", "d")
_BEHIND_A_TENTH: Final = re.compile(r"(\d\.\d)\d+")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_SVG: Final = "{http://www.w3.org/2000/svg}"
_LEFT_OUT: Final = ("defs", "style", "script")
_STYLE: Final = Style(font_family="sans-serif", label_font_size=LABEL_PX, major_label_font_size=LABEL_PX)


@dataclass(frozen=True, slots=True)
class Line:
    """A named row of values, one for each label of the chart; None where there is none."""

    name: str
    values: Sequence[float | None]


def bar_chart(
    title: str,
    labels: Sequence[str],
    values: Sequence[float],
    tips: Sequence[str] | None = None,
    *,
    most_labels: int = MOST_LABELS,
    is_wide: bool = False,
) -> Markup:
    """A bar for each value. title: what is read aloud. tips: the tooltips, if they are not label and value."""
    chart = _chart(pygal.Bar, labels, most_labels, is_wide=is_wide)
    chart.add(title, list(values))
    chart.add_xml_filter(_cleaner(title, {0: tips} if tips else {}))
    return _rendered(chart)


def line_chart(
    title: str,
    labels: Sequence[str],
    lines: Sequence[Line],
    *,
    is_logarithmic: bool = False,
    is_filled: bool = False,
    is_wide: bool = False,
) -> Markup:
    """A line for each row of values, over the same labels; None is a gap.

    is_logarithmic: where the values span more than a decade; 0 is a gap then.
    """
    chart = _chart(pygal.Line, labels, is_wide=is_wide)
    chart.show_dots = len(labels) <= MOST_DOTS
    chart.dots_size = 3
    chart.fill = is_filled
    drawn = lines
    if is_logarithmic and _spans_decades(lines):
        lines = [Line(line.name, [value or None for value in line.values]) for line in lines]
        drawn = _on_log_scale(chart, lines)
    for line in drawn:
        chart.add(line.name, line.values, allow_interruptions=True)
    return _finished(chart, title, labels, lines)


def _on_log_scale(chart: Any, lines: Sequence[Line]) -> list[Line]:
    """The lines as powers of ten. pygal's own logarithmic axis draws over gaps and cannot go below 1."""
    drawn = [Line(line.name, [log10(value) if value else None for value in line.values]) for line in lines]
    powers = [power for line in drawn for power in line.values if power is not None]
    first, last = floor(min(powers)), ceil(max(powers))
    chart.range = (first, last)
    chart.y_labels = [{"value": power, "label": short(10.0**power)} for power in range(first, last + 1)]
    chart.include_x_axis = False
    return drawn


def stacked_chart(
    title: str, labels: Sequence[str], lines: Sequence[Line], *, is_wide: bool = True
) -> Markup:
    """A bar for each label, made of the values of all rows one above the other."""
    chart = _chart(pygal.StackedBar, labels, is_wide=is_wide)
    for line in lines:
        chart.add(line.name, [value or 0 for value in line.values])
    return _finished(chart, title, labels, lines)


def _spans_decades(lines: Iterable[Line]) -> bool:
    """Whether a logarithmic axis would have two labels at least."""
    values = [value for line in lines for value in line.values if value]
    return bool(values) and max(values) > 30 * min(values)


def _finished(chart: Any, title: str, labels: Sequence[str], lines: Sequence[Line]) -> Markup:
    tips = {
        place: [
            f"{line.name}, {label}: {number(value)}"
            for label, value in zip(labels, line.values, strict=True)
            if value is not None
        ]
        for place, line in enumerate(lines)
    }
    chart.add_xml_filter(_cleaner(title, tips))
    return _rendered(chart)


def _chart(
    kind: Callable[..., Any],
    labels: Sequence[str],
    most_labels: int = MOST_LABELS,
    *,
    is_wide: bool,
) -> Any:
    chart = kind(
        width=WIDE if is_wide else WIDTH,
        height=HEIGHT,
        style=_STYLE,
        css=(),
        js=(),
        title=None,
        show_legend=False,
        no_prefix=True,
        disable_xml_declaration=True,
        explicit_size=False,
        margin=8,
        margin_right=16,
        spacing=6,
        max_scale=5,
        value_formatter=short,
        include_x_axis=True,
        rounded_bars=1,
        truncate_label=-1,
        show_minor_x_labels=False,
    )
    # pygal knows a label by its text: those that come twice are made distinct by what is not seen.
    chart.x_labels = _distinct(labels)
    chart.x_labels_major = _some(chart.x_labels, most_labels * (2 if is_wide else 1))
    return chart


def _distinct(labels: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    distinct = []
    for label in labels:
        seen[label] = seen.get(label, -1) + 1
        distinct.append(label + "\u200b" * seen[label])
    return distinct


def _some(labels: Sequence[str], most: int) -> list[str]:
    step = -(-len(labels) // most) if labels else 1
    return list(labels[::step])


def _rendered(chart: Any) -> Markup:
    return Markup(chart.render(is_unicode=True))  # noqa: S704  # pygal escapes what it is given


def _cleaner(title: str, tips: Mapping[int, Sequence[str]]) -> Callable[[Any], Any]:
    """What makes of pygal's drawing one that belongs to the page."""

    def clean(root: Any) -> Any:
        for element in list(root):
            # A comment's tag is a function.
            if not isinstance(element.tag, str) or _name(element) in (*_LEFT_OUT, "title"):
                root.remove(element)
        root.attrib.pop("id", None)
        root.attrib |= {"role": "img", "aria-label": title}
        for parent in list(root.iter()):
            for name in _NUMBERS:
                if name in parent.attrib:
                    parent.attrib[name] = _BEHIND_A_TENTH.sub(r"\1", parent.attrib[name])
            for child in list(parent):
                _clean_child(parent, child)
        for place, texts in tips.items():
            _retell(root, place, texts)
        return root

    return clean


def _name(element: Any) -> str:
    return str(element.tag).removeprefix(_SVG)


def _clean_child(parent: Any, child: Any) -> None:
    """Take out what only pygal's script or its own page would need; what a mark's value is becomes its title."""
    kind = child.attrib.get("class", "")
    if kind == "line reactive":
        parent.append(_outline(child))
    if kind.endswith(("tooltip-overlay", "text-overlay", "titles")) or (
        _name(child) == "rect" and kind == "background"
    ):
        parent.remove(child)
    elif _name(child) == "desc":
        if kind == "value":
            label = next((e.text for e in parent if e.attrib.get("class") == "x_label"), None)
            child.tag = f"{_SVG}title" if child.tag.startswith(_SVG) else "title"
            child.text = f"{label}: {child.text}" if label else child.text
            child.attrib.clear()
        else:
            parent.remove(child)


def _outline(area: Any) -> Any:
    """The line above a filled area, which itself gets no line around it."""
    points = _NUMBER.findall(area.attrib["d"])[2:-2]
    pairs = [" ".join(pair) for pair in zip(points[::2], points[1::2], strict=True)]
    area.attrib["class"] = "area"
    line = deepcopy(area)
    line.attrib |= {"class": "line reactive nofill", "d": f"M{' L'.join(pairs)}"}
    return line


def _retell(root: Any, place: int, texts: Sequence[str]) -> None:
    """Put other words into the tooltips of a row of values."""
    titles = [
        title
        for row in root.iter()
        if f"serie-{place} " in row.attrib.get("class", "")
        for title in row.iter()
        if _name(title) == "title"
    ]
    if len(titles) == len(texts):
        for title, text in zip(titles, texts, strict=True):
            title.text = text
