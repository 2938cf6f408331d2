"""What a single object is: under which key its own ID stands, and whether it is a tweet or a user."""

from typing import Any, Final

from harvester.engagement.damaged import LARGEST_EXACT_DOUBLE

ID_KEYS: Final = ("tweet_id", "id_str", "status_id", "id")
"""Where a tweet's own ID stands. The first counts, but for a number of which another has the exact digits."""
MISSING: Final = object()
USER: Final = "a user, not a tweet"
NAMED: Final = "a user or a list, not a tweet"

_SURE_ID_KEYS: Final = ("tweet_id", "status_id")
_MAX_DIGITS: Final = 19
_KEPT_PART: Final = 1e14
"""A spreadsheet keeps 15 digits, JavaScript more: of so many parts a rounded number loses less than one."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_USER_KEYS: Final = _words("username screen_name followers_count most_recent_tweet_id connection_status")
_TWEET_KEYS: Final = _words(
    "text full_text body content rawContent renderedContent tweet tweet_text user user_id user_id_str author_id "
    "author actor verb object conversation_id conversation_id_str source truncated favorited retweeted "
    "retweet_count favorite_count reply_count quote_count retweets_count likes_count replies_count "
    "in_reply_to_status_id in_reply_to_status_id_str in_reply_to_user_id referenced_tweets retweeted_status "
    "quoted_status is_quote_status edit_history_tweet_ids"
)
"""What users do not have. A table of tweets that names their users has one of these beside the name."""


class Number(str):
    """A number as it was written."""

    __slots__ = ()


def own_id(value: dict[str, Any]) -> Any:
    """The first ID that is not empty; an empty one if there are only such; MISSING if there is none."""
    there = [value[key] for key in ID_KEYS if key in value]
    own = next((own for own in there if own not in (None, "")), there[0] if there else MISSING)
    if isinstance(own, (int, float, Number)):
        return next((text for text in there if _is_exact(text, own)), own)
    return own


def why_other(value: dict[str, Any]) -> str | None:
    """Why an object with an ID is no tweet, by what only users have, and only tweets; None if it may be one."""
    if not _TWEET_KEYS.isdisjoint(value) or any(value.get(key) is not None for key in _SURE_ID_KEYS):
        return None
    metrics = value.get("public_metrics")
    counts = metrics.get("followers_count") if isinstance(metrics, dict) else None
    if counts is not None or any(value.get(key) is not None for key in _USER_KEYS):
        return USER
    return NAMED if value.get("name") is not None else None


def _is_exact(text: Any, number: float | Number) -> bool:
    """Whether a text has the digits of an ID that the number may have been before it was rounded."""
    if not isinstance(text, str) or isinstance(text, Number) or len(text) > _MAX_DIGITS:
        return False
    if not (text.isascii() and text.isdigit()):
        return False
    exact = int(text)
    return exact > LARGEST_EXACT_DOUBLE and abs(float(number) - exact) * _KEPT_PART < exact
