"""What the files of a run directory are called. Pure."""

from typing import Final

MANIFEST: Final = "run.json"
JOURNAL: Final = "journal.db"
REJECTED: Final = "rejected.ndjson"
SUMMARY: Final = "summary.json"
TOP_TWEETS: Final = "top_tweets.csv"
REPORT: Final = "report.html"
SUCCESS: Final = "_SUCCESS"


def records_name(endpoint: str) -> str:
    """Of an endpoint's records."""
    return f"{endpoint}.ndjson"


def dead_letters_name(endpoint: str) -> str:
    """Of an endpoint's dead letters."""
    return f"{endpoint}.failed.ndjson"


def pace_name(endpoint: str) -> str:
    """Of what an endpoint has spent last."""
    return f".pace-{endpoint}.json"
