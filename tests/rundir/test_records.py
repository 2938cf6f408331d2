"""What stands in the files, line by line."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from harvester.engagement.answer import Counts
from harvester.engagement.body import counts_type
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.request import Access, Request
from harvester.engagement.settling import DeadLetter, Fate, Settled, Status
from harvester.rundir.records import encode_dead_letters, encode_records, encode_rejected

COLUMNS = ("impressions", "favorites")
ROW = counts_type(COLUMNS)
SNOWFLAKE, OLD = 1_060_976_163_948_904_448, 20
WHEN = "2026-11-23T10:15:00Z"
LETTER = DeadLetter("service", "503: 'try later'", 7)
DEAD = Fate(Status.DEAD, (), LETTER)


def settled(
    rows: dict[int, Counts | None],
    fates: dict[int, Fate] | None = None,
    metrics: tuple[str, ...] = COLUMNS,
) -> Settled:
    request = Request(ENDPOINTS["totals"], tuple(map(str, rows)), metrics, COLUMNS, Access.USER_CONTEXT)
    return Settled(request, list(rows.values()), {str(i): fate for i, fate in (fates or {}).items()})


def records(batch: Settled) -> list[dict[str, Any]]:
    ids = np.array([int(i) for i in batch.request.tweet_ids], np.int64)
    text = b"".join(encode_records(ids, batch, WHEN))
    assert text == b"" or text.endswith(b"\n")
    return [json.loads(line) for line in text.splitlines()]


def test_a_record_is_as_the_design_shows_it() -> None:
    batch = settled({SNOWFLAKE: ROW(UNSET, 9)}, metrics=("favorites",))
    text = b"".join(encode_records(np.array([SNOWFLAKE], np.int64), batch, WHEN))
    assert text == (
        b'{"tweet_id":"1060976163948904448","status":"ok","created_at":"2018-11-09T19:23:24Z",'
        b'"metrics":{"favorites":9},"unsupported":["impressions"],"retrieved_at":"2026-11-23T10:15:00Z"}\n'
    )


def test_a_tweet_from_before_snowflake_has_no_created_at() -> None:
    (record,) = records(settled({OLD: ROW(1, 0)}))
    assert record == {
        "tweet_id": "20",
        "status": "ok",
        "metrics": {"impressions": 1, "favorites": 0},
        "retrieved_at": WHEN,
    }


@pytest.mark.parametrize("others", [{}, {7: Fate(Status.NO_DATA)}])
def test_an_uncounted_tweet_has_no_zeros(others: dict[int, Fate]) -> None:
    """Both where all of a batch is as planned, and where some is not."""
    rows = {OLD: None, **dict.fromkeys(others)}
    record = records(settled(rows, others, metrics=()))[0]
    assert (record["status"], record["metrics"], record["unsupported"]) == ("ok", {}, list(COLUMNS))


@pytest.mark.parametrize("status", [Status.UNAVAILABLE, Status.FORBIDDEN, Status.NO_DATA])
def test_a_tweet_that_is_not_ok_has_neither_metrics_nor_unsupported(status: Status) -> None:
    (record,) = records(settled({SNOWFLAKE: None}, {SNOWFLAKE: Fate(status)}, metrics=("favorites",)))
    assert record == {
        "tweet_id": str(SNOWFLAKE),
        "status": status.value,
        "created_at": "2018-11-09T19:23:24Z",
        "retrieved_at": WHEN,
    }


def test_a_fate_of_ok_tells_its_own_unsupported_metrics() -> None:
    rows: dict[int, Counts | None] = {1: ROW(UNSET, 5), 2: ROW(4, 6)}
    one, two = records(settled(rows, {1: Fate(Status.OK, ("impressions",))}))
    assert (one["metrics"], one["unsupported"]) == ({"favorites": 5}, ["impressions"])
    assert two["metrics"] == {"impressions": 4, "favorites": 6}
    assert "unsupported" not in two


def test_dead_letters_are_no_records_and_keep_the_batchs_order() -> None:
    batch = settled({3: None, 1: ROW(1, 1), 2: None}, {2: DEAD, 3: DEAD})
    assert [record["tweet_id"] for record in records(batch)] == ["1"]
    letters = encode_dead_letters(batch)
    assert [dead.tweet_id for dead in letters] == [3, 2]
    assert json.loads(letters[0].letter) == {
        "tweet_id": "3",
        "endpoint": "totals",
        "metrics": list(COLUMNS),
        "access": "user context",
        "reason": "service",
        "error": "503: 'try later'",
        "attempts": 7,
    }


@pytest.mark.parametrize("fates", [{}, {1: Fate(Status.UNAVAILABLE)}])
def test_no_dead_letters_where_nothing_was_given_up(fates: dict[int, Fate]) -> None:
    assert encode_dead_letters(settled({1: None if fates else ROW(1, 1)}, fates)) == []


fates = st.sampled_from(
    [None, Fate(Status.UNAVAILABLE), Fate(Status.NO_DATA), DEAD, Fate(Status.OK, COLUMNS)]
)


@given(st.dictionaries(st.integers(1, 2**63 - 1), st.tuples(fates, st.integers(0, 10**12)), max_size=20))
def test_each_tweet_is_a_record_or_a_dead_letter(tweets: dict[int, tuple[Fate | None, int]]) -> None:
    rows = {i: None if fate else ROW(n, n) for i, (fate, n) in tweets.items()}
    batch = settled(rows, {i: fate for i, (fate, _) in tweets.items() if fate})
    written = records(batch)
    dead = [letter.tweet_id for letter in encode_dead_letters(batch)]
    assert [int(r["tweet_id"]) for r in written] == [i for i, (fate, _) in tweets.items() if fate is not DEAD]
    assert dead == [i for i, (fate, _) in tweets.items() if fate is DEAD]
    for record in written:
        fate, n = tweets[int(record["tweet_id"])]
        assert record.get("metrics") == (
            None if fate and fate.status is not Status.OK else {} if fate else rows_of(n)
        )


def rows_of(n: int) -> dict[str, int]:
    return msgspec.structs.asdict(ROW(n, n))


def test_a_batch_without_tweets_is_nothing() -> None:
    assert records(settled({})) == []


def test_a_rejected_line_tells_where_and_why() -> None:
    assert encode_rejected("ids.csv", 1204, "1.06E+18", "rounded") == (
        b'{"file":"ids.csv","line":1204,"text":"1.06E+18","reason":"rounded"}\n'
    )


def test_a_file_name_that_is_no_text_is_escaped() -> None:
    line = encode_rejected(b"caf\xe9.txt".decode(errors="surrogateescape"), 1, "x", "y")
    assert json.loads(line)["file"] == "caf\\udce9.txt"
