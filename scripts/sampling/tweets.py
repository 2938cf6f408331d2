"""Made-up tweets in the shapes that the APIs and exports give. All they say is that they are samples."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from harvester.engagement.tweet_id import created_ms

BEFORE_SNOWFLAKE_MS = 1_243_944_000_000
LANGUAGES = ("en", "de", "pt", "ja", "fr")


def created(tweet_id: int) -> datetime:
    """When the tweet was made; of one from before Snowflake, a day in 2009."""
    created_at_ms = created_ms(tweet_id) or BEFORE_SNOWFLAKE_MS
    return datetime.fromtimestamp(created_at_ms / 1000, UTC)


def text_of(tweet_id: int) -> str:
    """What the tweet says."""
    return f"A sample, number {tweet_id % 1000}: nothing is said here \u2026"


def user(number: int) -> dict[str, Any]:
    """A user of v1.1 whom nobody is."""
    user_id = 3_000_000_000_000_000_000 + number
    return {
        "id": user_id,
        "id_str": str(user_id),
        "name": f"Sample account {number}",
        "screen_name": f"sample_account_{number}",
        "followers_count": number * 7,
        "verified": False,
    }


def v1_1(tweet_id: int, others: Iterator[int]) -> dict[str, Any]:
    """A tweet of v1.1. Of five one is a retweet, one a quote, one an answer, of tweets that `others` gives."""
    tweet: dict[str, Any] = {
        "created_at": created(tweet_id).strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "id": tweet_id,
        "id_str": str(tweet_id),
        "full_text": text_of(tweet_id),
        "truncated": False,
        "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []},
        "source": '<a href="https://example.com" rel="nofollow">Sample app</a>',
        "in_reply_to_status_id": None,
        "in_reply_to_status_id_str": None,
        "user": user(tweet_id % 97),
        "is_quote_status": False,
        "retweet_count": tweet_id % 5,
        "favorite_count": tweet_id % 11,
        "lang": LANGUAGES[tweet_id % len(LANGUAGES)],
    }
    match tweet_id % 5:
        case 1:
            tweet["retweeted_status"] = v1_1(next(others) // 5 * 5, others)
        case 2:
            quoted = next(others) // 5 * 5
            tweet |= {
                "is_quote_status": True,
                "quoted_status_id": quoted,
                "quoted_status_id_str": str(quoted),
            }
            tweet["quoted_status"] = v1_1(quoted, others)
        case 3:
            answered = next(others)
            tweet |= {"in_reply_to_status_id": answered, "in_reply_to_status_id_str": str(answered)}
    return tweet


def page_v2(tweet_ids: list[int], others: Iterator[int], token: str | None) -> dict[str, Any]:
    """A page of v2: tweets, what they refer to beside them, and how to get the next page."""
    tweets = [v2(tweet_id, others) for tweet_id in tweet_ids]
    referenced = [
        int(reference["id"]) for tweet in tweets for reference in tweet.get("referenced_tweets", ())
    ]
    users = sorted({tweet["author_id"] for tweet in tweets})
    return {
        "data": tweets,
        "includes": {
            "tweets": [v2(tweet_id, others) for tweet_id in referenced],
            "users": [
                {"id": user_id, "name": "Sample account", "username": f"sample_{user_id[-3:]}"}
                for user_id in users
            ],
        },
        "meta": {
            "newest_id": str(max(tweet_ids)),
            "oldest_id": str(min(tweet_ids)),
            "result_count": len(tweets),
            **({"next_token": token} if token else {}),
        },
    }


def v2(tweet_id: int, others: Iterator[int]) -> dict[str, Any]:
    """A tweet of v2. Of five one is a retweet, one a quote."""
    kind = {1: "retweeted", 2: "quoted"}.get(tweet_id % 5)
    return {
        "author_id": user(tweet_id % 97)["id_str"],
        "created_at": created(tweet_id).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "edit_history_tweet_ids": [str(tweet_id)],
        "id": str(tweet_id),
        "public_metrics": {"retweet_count": tweet_id % 5, "like_count": tweet_id % 11},
        **({"referenced_tweets": [{"type": kind, "id": str(next(others) // 5 * 5)}]} if kind else {}),
        "text": text_of(tweet_id),
    }


def activity(tweet_id: int, others: Iterator[int]) -> dict[str, Any]:
    """A tweet of Activity Streams. Of five one is a share, whose object is the tweet that is shared."""
    is_share = tweet_id % 5 == 1
    number = tweet_id % 97
    return {
        "id": f"tag:search.twitter.com,2005:{tweet_id}",
        "objectType": "activity",
        "verb": "share" if is_share else "post",
        "actor": {
            "objectType": "person",
            "id": f"id:twitter.com:{user(number)['id']}",
            "displayName": f"Sample account {number}",
            "preferredUsername": f"sample_account_{number}",
        },
        "postedTime": created(tweet_id).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "generator": {"displayName": "Sample app", "link": "https://example.com"},
        "link": f"http://twitter.com/sample_account_{number}/statuses/{tweet_id}",
        "body": text_of(tweet_id),
        "object": activity(next(others) // 5 * 5, others) if is_share else note(tweet_id),
        "favoritesCount": tweet_id % 11,
        "retweetCount": tweet_id % 5,
        "gnip": {"matching_rules": [{"tag": "sample"}]},
    }


def note(tweet_id: int) -> dict[str, Any]:
    """The object of an activity that is no share: the tweet itself, under an ID of its own."""
    return {
        "objectType": "note",
        "id": f"object:search.twitter.com,2005:{tweet_id}",
        "summary": text_of(tweet_id),
        "postedTime": created(tweet_id).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }


def archived(tweet_id: int) -> dict[str, Any]:
    """A tweet as the account archive has it: all numbers are strings."""
    return {
        "tweet": {
            "edit_info": {"initial": {"editTweetIds": [str(tweet_id)], "editsRemaining": "5"}},
            "retweeted": False,
            "source": '<a href="https://example.com" rel="nofollow">Sample app</a>',
            "favorite_count": str(tweet_id % 11),
            "id": str(tweet_id),
            "id_str": str(tweet_id),
            "created_at": created(tweet_id).strftime("%a %b %d %H:%M:%S +0000 %Y"),
            "full_text": text_of(tweet_id),
            "lang": LANGUAGES[tweet_id % len(LANGUAGES)],
        }
    }
