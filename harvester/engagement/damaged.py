"""What tweet IDs look like after the tools that they went through: what is certain is repaired, the rest named.

Source: contract, section 7.
"""

import re
from typing import Final

LARGEST_EXACT_DOUBLE: Final = 2**53

_UNSEEN: Final = (
    "\xad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""Byte-order marks, zero-width spaces, soft hyphens, and the marks of direction that Windows copies along."""
_SPACES: Final = (
    " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_AROUND: Final = _SPACES + _UNSEEN
_CLOSING: Final = {
    '"': '"',
    "'": "'",
    "`": "`´'",
    "´": "´",
    "“": "”“",
    "”": "”",
    "„": "“”",
    "‘": "’",
    "’": "’",
}
"""With what each opening quote may be closed."""

_SITE: Final = r"(?:(?:https?:)?//)?(?:www\.|mobile\.|m\.)?(?:twitter|x)\.com"
_TWEET_LINK: Final = (
    _SITE + r"/(?:\#!/)?(?:i/web/|@?[a-z0-9_]{1,50}/)?status(?:es)?/([0-9]+)(?:/[a-z0-9_]*)*(?:[?\#]\S*)?"
)
_REPAIRED: Final = re.compile(
    rf"""
      '? ([0-9]+)                                   # a spreadsheet's mark of text
    | =("{{1,2}}) ([0-9]+) \2                       # a spreadsheet's formula, perhaps with doubled quotes
    | {_TWEET_LINK}
    | tag:search\.twitter\.com,2005:([0-9]+)
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_WHOLE_FLOAT: Final = re.compile(r"([0-9]{1,16})\.0*")

_JSON: Final = re.compile(r"""[{\[].*|[}\]][\]},;\s]*|window\.YTD.*|"[^"]*"\s*:.*""", re.DOTALL)
_MISSING: Final = frozenset(
    (
        *("nan", "null", "none", "nil", "na", "n/a", "<na>", "nat", "undefined", "missing"),
        *("#n/a", "#na", "#value!", "#ref!", "#null!", "\\n", "-", "--", "\u2014", "?"),
    )
)
SPREADSHEET: Final = "a spreadsheet has rounded it"
FLOATING: Final = "it was a floating-point number, its last digits are lost"
_SEVERAL: Final = "several numbers, not one"
_LONG_NUMBER: Final = re.compile("[0-9]{11,}")
_DATE: Final = "a date, not an ID"
_REASONS: Final = tuple(
    (re.compile(form, re.IGNORECASE | re.DOTALL), reason)
    for form, reason in (
        (r"[+-]?[0-9]+([.,][0-9]+)?e\+?[0-9]+", SPREADSHEET),
        (
            r"[0-9]{1,3}(?:([.,'’_ \xa0\u2009\u202f])[0-9]{3})(?:\1[0-9]{3})+|[0-9]{1,3},[0-9]{3}",
            "thousands separators, not digits alone",
        ),
        (r"[0-9]{16,}(\.[0-9]*|,0+)", FLOATING),
        (r"[0-9]*\.[0-9]*|[0-9]+,[0-9]{1,2}", "a decimal point, not a whole number"),
        (r"[-\u2212\u2013][0-9.,]+", "negative"),
        (r"0x[0-9a-f]+|(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,}", "hexadecimal, not decimal"),
        (r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", "a UUID, not an ID of a tweet"),
        (r"\d+", "digits that are not ASCII's"),
        (rf"{_SITE}(/\S*)?|https?://\S*|www\.\S*", "a link, but not to a tweet"),
        (r"id:twitter\.com:[0-9]+", "a user's ID, not a tweet's"),
        (r"@\w+", "a user's name, not a tweet's ID"),
        (r"[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}([T\s].*)?", _DATE),
        (r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{2,4}(\s.*)?", _DATE),
        (r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s.*[0-9]{4}.*", _DATE),
        (r"[0-9]+([\s,;|]+[0-9]+)+", _SEVERAL),
    )
)


def digits_within(text: str) -> str | None:
    """The ID's digits if it is certain which they are, leading zeros included; else None.

    Forgiven are spaces and what is not seen, one separator behind, one pair of quotes, a spreadsheet's marks of
    text, a float that a double holds exactly, and the tweet's link or tag around the ID.
    """
    bare = _bare(text)
    if found := _REPAIRED.fullmatch(bare):
        return next(group for group in reversed(found.groups()) if group)
    whole = _WHOLE_FLOAT.fullmatch(bare)
    return whole[1] if whole and int(whole[1]) < LARGEST_EXACT_DOUBLE else None


def why_no_id(text: str) -> str:
    """What a text is that holds no ID, as a reason."""
    bare = _bare(text)
    if not bare:
        return "empty"
    if "\0" in bare:
        is_spread = bare.replace("\0", "").isdecimal()
        return "NUL bytes between its digits" if is_spread else "binary data, no text"
    if _JSON.fullmatch(_stripped(text)):
        return "JSON, not an ID"
    if bare.lower() in _MISSING:
        return "a missing value"
    reasons = (reason for form, reason in _REASONS if form.fullmatch(bare))
    return next(reasons, _SEVERAL if len(_LONG_NUMBER.findall(bare)) > 1 else "not a decimal number")


def _bare(text: str) -> str:
    """Without what may stand around an ID."""
    bare = _stripped(text)
    if bare[-1:] in (",", ";"):
        bare = _stripped(bare[:-1])
    if len(bare) >= 2 and bare[-1] in _CLOSING.get(bare[0], ""):
        bare = _stripped(bare[1:-1])
    return bare


def _stripped(text: str) -> str:
    return text.strip(_AROUND)
