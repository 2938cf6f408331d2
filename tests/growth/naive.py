"""Two runs compared by plain Python, from their files: what the join on the disk has to equal."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def records_of(run: Path) -> dict[str, Record]:
    """By tweet ID, the last record of each in a run's file, and what stands for a dead letter."""
    dead = (run / "totals.failed.ndjson").read_text().splitlines()
    found = {letter["tweet_id"]: {"status": "failed"} for letter in map(json.loads, dead)}
    for line in (run / "totals.ndjson").read_text().splitlines():
        record = json.loads(line)
        found[record["tweet_id"]] = record
    return found


def hours_between(old: Record, new: Record) -> float:
    """Between two records."""
    times = [datetime.fromisoformat(record["retrieved_at"]) for record in (old, new)]
    return (times[1] - times[0]).total_seconds() / 3600


def gains_between(old_run: Path, new_run: Path) -> dict[str, dict[str, int]]:
    """By tweet ID, what it gained, metric by metric."""
    old, new = records_of(old_run), records_of(new_run)
    return {
        tweet_id: {
            metric: count - old[tweet_id]["metrics"][metric]
            for metric, count in new[tweet_id]["metrics"].items()
            if metric in old[tweet_id]["metrics"]
        }
        for tweet_id in sorted(old.keys() & new.keys(), key=int)
        if old[tweet_id]["status"] == new[tweet_id]["status"] == "ok"
    }


def not_ok_between(old_run: Path, new_run: Path) -> Counter[tuple[str, str]]:
    """Tweets of both runs by their two statuses, if one is not ok."""
    old, new = records_of(old_run), records_of(new_run)
    pairs = Counter((old[i]["status"], new[i]["status"]) for i in old.keys() & new.keys())
    del pairs["ok", "ok"]
    return pairs
