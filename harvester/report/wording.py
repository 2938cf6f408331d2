"""Numbers, shares and times as a page for people shows them. Pure."""

from datetime import UTC, datetime
from math import floor, isfinite, log10
from typing import Final

_SHORT: Final = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_DURATIONS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))
_NAMES: Final = {"ok": "OK", "url_clicks": "URL clicks"}
NOTHING: Final = "–"


def number(value: float | None) -> str:
    """`1,234,567`; a rate or a mean with three digits; a dash for what is not there."""
    if value is None:
        return NOTHING
    if isinstance(value, int) or (float(value).is_integer() and abs(value) >= 1):
        return f"{int(value):,}"
    return _three_digits(value)


def _three_digits(value: float) -> str:
    if not value or not isfinite(value):
        return f"{value:g}"
    behind = min(max(2 - floor(log10(abs(value))), 0), 6)
    text = f"{value:,.{behind}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def short(value: float | None) -> str:
    """`1.2M`: three digits at most, for axes."""
    if value is None:
        return NOTHING
    for factor, letter in _SHORT:
        if abs(value) >= factor * 0.9995:
            return f"{_three_digits(float(f'{value / factor:.3g}'))}{letter}"
    return _three_digits(float(f"{value:.3g}"))


def percent(part: float, whole: float) -> str:
    """`12.3 %`, and never 0 % or 100 % of what is neither."""
    if not whole:
        return NOTHING
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.1f} %" if share % 100 else f"{share:.0f} %"


def duration(seconds: float) -> str:
    """`2 h 5 min`: the two largest units."""
    if seconds < 60:
        return f"{_three_digits(round(seconds, 1))} s"
    left = round(seconds)
    parts: list[str] = []
    for unit_s, name in (*_DURATIONS, (1, "s")):
        count, left = divmod(left, unit_s)
        if count or parts:
            parts.append(f"{count} {name}" if count else "")
    return " ".join(part for part in parts[:2] if part)


def moment(seconds: float) -> str:
    """`2026-11-24 18:52 UTC`. seconds: since 1970."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def shown_time(text: str) -> str:
    """The same of a time in ISO format; as it stands if it is none."""
    try:
        return moment(datetime.fromisoformat(text).timestamp())
    except ValueError:
        return text


def words(name: str) -> str:
    """`Quote tweets` for `quote_tweets`."""
    text = name.replace("_", " ")
    return _NAMES.get(name) or f"{text[:1].upper()}{text[1:]}"


def within(name: str) -> str:
    """The same within a sentence: `quote tweets`, but `URL clicks`."""
    text = words(name)
    return text if text[:2].isupper() else f"{text[:1].lower()}{text[1:]}"
