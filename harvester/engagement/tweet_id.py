"""Tweet IDs: what is one, and what a Snowflake tells of its age. Source: contract, section 7."""

from functools import cache
from typing import Final

import numpy as np
import orjson
from numpy.typing import NDArray

from harvester.engagement.damaged import LARGEST_EXACT_DOUBLE, digits_within, why_no_id

MAX_TWEET_ID: Final = 2**63 - 1
MAX_DIGITS: Final = len(str(MAX_TWEET_ID))
SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657
"""2010-11-04T01:42:54.657Z, the zero of the time that an ID carries in its upper bits."""
FIRST_TWEET: Final = 20
FIRST_SNOWFLAKE: Final = 30_000_000_000
"""IDs below are from the plain sequence before 2010-11-04; they carry no time."""
DAY_MS: Final = 86_400_000

_FIRST_DAY: Final = SNOWFLAKE_EPOCH_MS // DAY_MS
_LAST_DAY: Final = ((MAX_TWEET_ID >> 22) + SNOWFLAKE_EPOCH_MS) // DAY_MS
_DAY_MINUTES: Final = 24 * 60
_EPOCH_IN_FIRST_DAY_MS: Final = SNOWFLAKE_EPOCH_MS % DAY_MS

Ids = NDArray[np.int64]


def parse_tweet_id(text: str) -> int | str:
    """The ID that a text holds, as an int, or the reason why it holds none, as a str.

    Around plain digits is forgiven what is certain to be no part of them, see `digits_within`, and so are
    leading zeros: the same number is the same tweet. Never raises.
    """
    if not (text.isascii() and text.isdigit()):
        digits = digits_within(text)
        if digits is None:
            return why_no_id(text)
        text = digits
    value = int(text) if len(text) <= MAX_DIGITS else int(text.lstrip("0")[:20] or "0")
    if not value:
        return "zero is no tweet ID"
    return value if value <= MAX_TWEET_ID else "larger than a tweet ID can be"


def created_ms(tweet_id: int) -> int | None:
    """When the tweet was made, in ms since 1970 UTC; None for an ID from before Snowflake."""
    return (tweet_id >> 22) + SNOWFLAKE_EPOCH_MS if tweet_id >= FIRST_SNOWFLAKE else None


def first_id_at(time_ms: int) -> int:
    """The smallest ID that a tweet made at time_ms (since 1970 UTC) or later can have.

    An ID from before Snowflake is below every such ID that lies in this decade, so comparing with it
    makes those tweets old, as they are.
    """
    return max((time_ms - SNOWFLAKE_EPOCH_MS) << 22, FIRST_SNOWFLAKE)


def rounded_places(ids: Ids) -> NDArray[np.intp]:
    """The places of the IDs that are too large for a double and end in `00`; by chance 1 % of those do.

    JavaScript and spreadsheets leave zeros where they had no digits for the rest. Source: contract, section 7.
    """
    places = np.flatnonzero((ids & 3) == 0)  # a quarter is left for the slow division
    few = ids[places]
    rounded: NDArray[np.intp] = places[(few % 25 == 0) & (few > LARGEST_EXACT_DOUBLE)]
    return rounded


def count_rounded(ids: Ids) -> tuple[int, int]:
    """How many of the IDs are too large for a double, and how many of those end in `00`."""
    return int(np.count_nonzero(ids > LARGEST_EXACT_DOUBLE)), len(rounded_places(ids))


def decimals(ids: Ids) -> tuple[str, ...]:
    """The IDs as the API wants them, in decimal. Same order, same length."""
    written = orjson.dumps(np.ascontiguousarray(ids), option=orjson.OPT_SERIALIZE_NUMPY)
    return tuple(written[1:-1].decode().split(",")) if len(ids) else ()


def created_at_texts(ids: Ids) -> list[str | None]:
    """`2018-11-09T19:23:24Z` for each ID, None for those from before Snowflake. Same order, same length."""
    dates, minutes, seconds = _clock_texts()
    second = ((ids >> 22) + _EPOCH_IN_FIRST_DAY_MS) // 1000
    minute = second // 60
    day = minute // _DAY_MINUTES
    lines = np.empty(len(ids), _CREATED_AT_LINE)
    lines["date"] = dates.take(day)
    lines["minute"] = minutes.take(minute - day * _DAY_MINUTES)
    lines["second"] = seconds.take(second - minute * 60)
    texts = lines.tobytes().decode("ascii").splitlines()
    is_old = ids < FIRST_SNOWFLAKE
    if is_old.any():
        return [None if old else text for old, text in zip(is_old.tolist(), texts, strict=True)]
    return [*texts]


_CREATED_AT_LINE: Final = np.dtype([("date", "V11"), ("minute", "V6"), ("second", "V4")])


@cache
def _clock_texts() -> tuple[NDArray[np.void], NDArray[np.void], NDArray[np.void]]:
    """How each day that an ID can carry, each minute of a day and each second of a minute are written.

    Copying them together costs a tenth of formatting a time. What is looked up is small enough for the caches.
    """
    days = np.datetime_as_string(np.arange(_FIRST_DAY, _LAST_DAY + 1).astype("datetime64[D]"))
    dates = np.strings.add(days.astype("S10"), b"T")
    minutes = np.array([f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(_DAY_MINUTES)], "S6")
    seconds = np.array([f"{second:02d}Z\n" for second in range(60)], "S4")
    return dates.view("V11"), minutes.view("V6"), seconds.view("V4")
