"""`summary.json` and `top_tweets.csv`."""

import csv
import io
import json

from harvester.engagement.settling import Status
from harvester.reduce import Partial, Reduction
from harvester.report.summary import EndpointResult, make_summary, make_top_tweets_csv


def result(n_failed: int = 2) -> EndpointResult:
    reduction = Reduction(("favorites", "retweets"), 2)
    reduction.n_by_status.update({Status.OK: 3, Status.UNAVAILABLE: 1})
    reduction.add(
        Partial(reduction.n_by_status.__class__(), {"favorites": 12}, {"favorites": [(5, 10), (5, 9)]})
    )
    reduction.add(Partial(reduction.n_by_status.__class__(), {"retweets": 0}, {"favorites": [(2, 8)]}))
    return EndpointResult("totals", reduction, n_failed, {"sent": 4})


def test_counts_hold_every_status_and_add_up() -> None:
    counts = result().counts()
    assert counts == {"ok": 3, "unavailable": 1, "forbidden": 0, "no_data": 0, "failed": 2}
    assert sum(counts.values()) == 6


def test_counts_leave_dead_letters_to_the_journal() -> None:
    """A tweet that is given up again in a rerun is one dead letter, however often it was counted as dead."""
    one = result(n_failed=1)
    one.reduction.n_by_status[Status.DEAD] = 5
    assert one.counts()["failed"] == 1
    assert "dead" not in one.counts()


def test_summary_is_as_the_design_shows_it() -> None:
    summary = make_summary([result()], {"ids": 6}, run_id="r", exit=3)
    assert json.loads(json.dumps(summary)) == {
        "schema": 1,
        "run_id": "r",
        "exit": 3,
        "input": {"ids": 6},
        "endpoints": {
            "totals": {
                "counts": {"ok": 3, "unavailable": 1, "forbidden": 0, "no_data": 0, "failed": 2},
                "totals": {"favorites": 12, "retweets": 0},
                "top": {
                    "favorites": [{"tweet_id": "9", "value": 5}, {"tweet_id": "10", "value": 5}],
                    "retweets": [],
                },
                "requests": {"sent": 4},
            }
        },
    }


def test_top_tweets_are_ranked_and_linked() -> None:
    rows = list(csv.DictReader(io.StringIO(make_top_tweets_csv([result()]).decode())))
    assert rows == [
        {
            "endpoint": "totals",
            "metric": "favorites",
            "rank": str(rank),
            "tweet_id": tweet_id,
            "value": "5",
            "url": f"https://twitter.com/lookup/status/{tweet_id}",
        }
        for rank, tweet_id in ((1, "9"), (2, "10"))
    ]


def test_top_tweets_have_a_header_also_when_there_are_none() -> None:
    nothing = EndpointResult("totals", Reduction(("favorites",), 0), 0, {})
    assert make_top_tweets_csv([nothing]) == b"endpoint,metric,rank,tweet_id,value,url\n"
    assert make_top_tweets_csv([]) == b"endpoint,metric,rank,tweet_id,value,url\n"
