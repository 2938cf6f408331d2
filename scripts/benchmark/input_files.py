"""One input in several formats: input_files.py FOLDER IDS N_TWEETS

IDS is a file of tweet IDs, one a line; it is written as CSV, Parquet, gzip and zstd too, and its first N_TWEETS as
whole tweets of 4 KB, as the API of 2020 gives them, with other tweets in them.
"""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harvester.sources.layers.zstandard import zstd


def main() -> None:
    """Write the files."""
    folder, ids, n_tweets = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(exist_ok=True)
    text = ids.read_bytes()
    shutil.copyfile(ids, folder / "ids.txt")
    (folder / "ids.txt.gz").write_bytes(gzip.compress(text, 6))
    (folder / "ids.txt.zst").write_bytes(zstd.compress(text))
    numbers = text.split()
    rows = (b"%d,%b,some words,2026-11-24\n" % (place, number) for place, number in enumerate(numbers))
    (folder / "ids.csv").write_bytes(b"row,tweet_id,text,date\n" + b"".join(rows))
    pq.write_table(pa.table({"tweet_id": pa.array(list(map(int, numbers)))}), folder / "ids.parquet")
    tweets = [json.dumps(tweet(int(number))) for number in numbers[:n_tweets]]
    (folder / "tweets.ndjson").write_text("".join(f"{line}\n" for line in tweets))
    (folder / "tweets.json").write_text('{"results":[' + ",\n".join(tweets) + '],"next":"abc"}')


def tweet(tweet_id: int) -> dict[str, Any]:
    """A tweet as v1.1 of the API gives it, which retweets another one and quotes a third."""
    retweeted = {**_alone(tweet_id - 1), "quoted_status": _alone(tweet_id - 2), "is_quote_status": True}
    return {**_alone(tweet_id), "retweeted_status": retweeted}


def _alone(tweet_id: int) -> dict[str, Any]:
    number = tweet_id % 100_000
    return {
        "created_at": "Tue Nov 24 08:00:00 +0000 2026",
        "id": tweet_id,
        "id_str": str(tweet_id),
        "text": f"Some \u201cwords\u201d about number {number}, \u2026 and what follows from it \U0001f600 https://t.co/{number}",
        "source": '<a href="https://example.com" rel="nofollow">A client</a>',
        "truncated": False,
        "in_reply_to_status_id": None,
        "in_reply_to_status_id_str": None,
        "user": {
            "id": number,
            "id_str": str(number),
            "name": f"Name {number}",
            "screen_name": f"name_{number}",
            "location": None,
            "description": 'A line of words about oneself, as long as such lines are, with "quotes" in it.',
            "url": "https://example.com/page",
            "followers_count": number,
            "friends_count": number // 2,
            "created_at": "Mon Jan 05 10:11:12 +0000 2015",
            "verified": False,
            "profile_image_url_https": "https://example.com/images/normal.jpg",
        },
        "entities": {
            "hashtags": [{"text": "words", "indices": [5, 11]}],
            "urls": [
                {
                    "url": f"https://t.co/{number}",
                    "expanded_url": "https://example.com/a",
                    "indices": [40, 63],
                }
            ],
            "user_mentions": [],
            "symbols": [],
        },
        "retweet_count": number % 97,
        "favorite_count": number % 89,
        "favorited": False,
        "retweeted": False,
        "lang": "en",
    }


if __name__ == "__main__":
    main()
