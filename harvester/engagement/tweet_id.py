"""Tweet IDs: what is one, and what a Snowflake tells of its age. Source: contract, section 7."""

import re
from functools import cache
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

MAX_TWEET_ID: Final = 2**63 - 1
SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657
"""2010-11-04T01:42:54.657Z, the zero of the time that an ID carries in its upper bits."""
FIRST_SNOWFLAKE: Final = 30_000_000_000
"""IDs below are from the plain sequence before 2010-11-04; they carry no time."""
DAY_MS: Final = 86_400_000
LARGEST_EXACT_DOUBLE: Final = 2**53

_FIRST_DAY: Final = SNOWFLAKE_EPOCH_MS // DAY_MS
_LAST_DAY: Final = ((MAX_TWEET_ID >> 22) + SNOWFLAKE_EPOCH_MS) // DAY_MS
_DATE_LENGTH: Final = len("2018-11-09T")
_TIME_LENGTH: Final = len("19:23:24Z")

Ids = NDArray[np.int64]


def parse_tweet_id(text: str) -> int | str:
    """The ID that a text holds, as an int, or the reason why it holds none, as a str.

    Spaces and one pair of quotes around the digits are forgiven, and so are leading zeros: the same
    number is the same tweet. Digits other than ASCII's are not.
    """
    digits = text.strip()
    if len(digits) >= 2 and digits[0] == digits[-1] and digits[0] in "\"'":
        digits = digits[1:-1].strip()
    if not digits:
        return "empty"
    if not (digits.isascii() and digits.isdigit()):
        return _why_not_decimal(digits)
    digits = digits.lstrip("0")
    if not digits:
        return "zero is no tweet ID"
    if len(digits) > 19 or (value := int(digits)) > MAX_TWEET_ID:
        return "larger than a tweet ID can be"
    return value


_FORMS_OF_DAMAGE: Final = (
    (re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+"), "a spreadsheet has rounded it"),
    (
        re.compile(r"[0-9]+\.[0-9]*"),
        "a decimal point: it was a floating-point number, its last digits are lost",
    ),
    (re.compile(r"-[0-9]+"), "negative"),
    (re.compile(r"(https?://|(www\.|mobile\.)?(twitter|x)\.com/).*", re.DOTALL), "a link, not an ID"),
    (re.compile(r"(\{|\[|window\.YTD).*", re.DOTALL), "JSON, not an ID"),
)


def _why_not_decimal(text: str) -> str:
    reasons = (reason for form, reason in _FORMS_OF_DAMAGE if form.fullmatch(text))
    return next(reasons, "not a decimal number")


def created_ms(tweet_id: int) -> int | None:
    """When the tweet was made, in ms since 1970 UTC; None for an ID from before Snowflake."""
    return (tweet_id >> 22) + SNOWFLAKE_EPOCH_MS if tweet_id >= FIRST_SNOWFLAKE else None


def first_id_at(time_ms: int) -> int:
    """The smallest ID that a tweet made at time_ms (since 1970 UTC) or later can have.

    An ID from before Snowflake is below every such ID that lies in this decade, so comparing with it
    makes those tweets old, as they are.
    """
    return max((time_ms - SNOWFLAKE_EPOCH_MS) << 22, FIRST_SNOWFLAKE)


def count_rounded(ids: Ids) -> tuple[int, int]:
    """How many of the IDs are too large for a double, and how many of those end in `00`; by chance 1 %.

    JavaScript and spreadsheets leave zeros where they had no digits for the rest. Source: contract, section 7.
    """
    large = ids[ids > LARGEST_EXACT_DOUBLE]
    return len(large), int(np.count_nonzero(large % 100 == 0))


def decimals(ids: Ids) -> list[str]:
    """The IDs as they are written. A quarter of the time of `str` for each."""
    if not len(ids):
        return []
    return orjson.dumps(ids, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].decode().split(",")


def created_at_texts(ids: Ids) -> list[str | None]:
    """`2018-11-09T19:23:24Z` for each ID, None for those from before Snowflake. Same order, same length."""
    dates, times = _clock_texts()
    days, seconds = np.divmod(((ids >> 22) + SNOWFLAKE_EPOCH_MS) // 1000, 86_400)
    characters = np.empty((len(ids), _DATE_LENGTH + _TIME_LENGTH), np.uint32)
    characters[:, :_DATE_LENGTH] = dates[days - _FIRST_DAY]
    characters[:, _DATE_LENGTH:] = times[seconds]
    texts: list[str | None] = characters.view(f"U{_DATE_LENGTH + _TIME_LENGTH}").ravel().tolist()
    if len(old := np.flatnonzero(ids < FIRST_SNOWFLAKE)):
        for index in old.tolist():
            texts[index] = None
    return texts


@cache
def _clock_texts() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The characters of each day that an ID can carry, and of each second of a day, as they are written.

    Copying them together costs a sixth of formatting a time; the tables take 4 MB.
    """
    days = np.arange(_FIRST_DAY, _LAST_DAY + 1).astype("datetime64[D]")
    seconds = np.arange(86_400).astype("datetime64[s]")
    dates, times = _characters(days, "U10", "T"), _characters(seconds, "U19", "Z")
    return dates, np.ascontiguousarray(times[:, -_TIME_LENGTH:])


def _characters(moments: NDArray[np.datetime64], kind: str, end: str) -> NDArray[np.uint32]:
    """The code points of each moment as it is written, with one more at its end; a row each."""
    texts = np.strings.add(np.datetime_as_string(moments).astype(kind), end)
    return texts.view(np.uint32).reshape(len(texts), -1)
