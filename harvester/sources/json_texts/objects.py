"""What a single object is: under which key its own ID stands, and whether it is a tweet or a user."""

import re
from typing import Any, Final

from harvester.engagement.damaged import LARGEST_EXACT_DOUBLE
from harvester.engagement.tweet_id import MAX_DIGITS

ID_KEYS: Final = ("tweet_id", "id_str", "status_id", "id")
"""Where a tweet's own ID stands. The first counts, but for a number of which another has the exact digits."""
MISSING: Final = object()
USER: Final = "a user, not a tweet; --column reads its ID all the same"
NAMED: Final = "a user or a list, not a tweet; --column reads its ID all the same"

_SURE_ID_KEYS: Final = ("tweet_id", "status_id")
_KEPT_PART: Final = 1e14
"""A spreadsheet keeps 15 digits, JavaScript more: of so many parts a rounded number loses less than one."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_USER_KEYS: Final = _words("username screen_name followers_count most_recent_tweet_id connection_status")
_NAMING_KEYS: Final = _USER_KEYS | {"name", "public_metrics"}
"""Without these nothing is asked. In a hurry, `values` stumbles over each that makes a user."""
_TWEET_KEYS: Final = _words(
    "text full_text body content rawContent renderedContent tweet tweet_text user user_id user_id_str author_id "
    "author actor verb object conversation_id conversation_id_str source truncated favorited retweeted "
    "retweet_count favorite_count reply_count quote_count retweets_count likes_count replies_count "
    "in_reply_to_status_id in_reply_to_status_id_str in_reply_to_user_id referenced_tweets retweeted_status "
    "quoted_status is_quote_status edit_history_tweet_ids in_reply_to_screen_name possibly_sensitive message "
    "retweets retweetCount replyCount quoteCount conversationId fullText isRetweet is_retweet "
    "public_metrics.retweet_count public_metrics.reply_count public_metrics.quote_count"
)
"""What users do not have. A table of tweets that names their users has one of these beside the name."""
_OWNER_KEYS: Final = _words("user_id user_id_str author_id")
_LIKELY_KEYS: Final = _words(
    "likes like_count likeCount favorites hashtags cashtags mentions lang language date"
)
"""What users seldom have: two of these are a tweet's where nothing tells of a profile."""
_PROFILE_KEYS: Final = _words(
    "followers_count followersCount followers friends_count following bio description verified "
    "most_recent_tweet_id connection_status"
)
_LINK_KEYS: Final = _words(
    "url link permalink tweet_url tweet_link status_url permanent_url permanentUrl tweetUrl"
)
_STATUS_LINK: Final = re.compile(r"/status(?:es)?/([0-9]{1,19})(?![0-9])")


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
    if _NAMING_KEYS.isdisjoint(value):
        return None
    there, metrics = _keys_of(value), _keys_of(value.get("public_metrics"))
    is_user = "followers_count" in metrics or not there.isdisjoint(_USER_KEYS)
    if not (is_user or "name" in there) or _is_tweet(value, there, metrics):
        return None
    return USER if is_user else NAMED


def _keys_of(value: Any) -> set[str]:
    """Those under which something stands that is not null."""
    return {key for key, held in value.items() if held is not None} if isinstance(value, dict) else set()


def _is_tweet(value: dict[str, Any], there: set[str], metrics: set[str]) -> bool:
    """Whether an object with names as users have them is a tweet. there, metrics: the keys that are not null."""
    if not there.isdisjoint(_SURE_ID_KEYS) or "retweet_count" in metrics:
        return True
    own = _digits(own_id(value))
    # A tweet never has its author's ID, and a link to another tweet may be of one that a user has pinned.
    itself = {key for key in there & _OWNER_KEYS if own is not None and _digits(value[key]) == own}
    if (there & _TWEET_KEYS) - itself or any(_is_link_to(own, value[key]) for key in there & _LINK_KEYS):
        return True
    if "followers_count" in metrics or not there.isdisjoint(_PROFILE_KEYS):
        return False
    return "like_count" in metrics or len(there & _LIKELY_KEYS) > 1


def _is_link_to(own: str | None, link: Any) -> bool:
    found = _STATUS_LINK.search(link) if isinstance(link, str) else None
    return found is not None and found[1] == own


def _is_exact(text: Any, number: float | Number) -> bool:
    """Whether a text has the digits of an ID that the number may have been before it was rounded."""
    if not isinstance(text, str) or isinstance(text, Number) or _digits(text) is None:
        return False
    exact = int(text)
    return exact > LARGEST_EXACT_DOUBLE and abs(float(number) - exact) * _KEPT_PART < exact


def _digits(held: Any) -> str | None:
    """Text or a number as digits, if an ID may have so many; also a Number, so that both readings agree."""
    if not isinstance(held, (str, int)) or len(text := str(held)) > MAX_DIGITS:
        return None
    return text if text.isascii() and text.isdigit() else None
