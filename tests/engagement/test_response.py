"""Answers, row by row of the contract's section 4, and everything that an answer must not be taken for."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.engagement.answer import (
    Answer,
    Counted,
    Gone,
    MetricsDenied,
    RateLimited,
    Refused,
    Trouble,
    Unauthorized,
    Unowned,
    WrongUrl,
)
from harvester.engagement.body import Body, Root, _decode_typed, _read_by_key
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import metrics_of
from harvester.engagement.nested import MAX_COUNT
from harvester.engagement.request import Access, Request
from harvester.engagement.response import error_message, read_answer

METRICS = ("favorites", "video_views", "impressions")
ONE, TWO, THREE = "1060976163948904448", "1060976163948904449", "20"


def request(*ids: str, metrics: tuple[str, ...] = METRICS) -> Request:
    return Request(ENDPOINTS["totals"], ids or (ONE, TWO), metrics, METRICS, Access.USER_CONTEXT)


def counts(
    favorites: object = "1", video_views: object = "2", impressions: object = "3"
) -> dict[str, object]:
    return {"favorites": favorites, "video_views": video_views, "impressions": impressions}


def body(rows: object = None, **beside: object) -> bytes:
    return json.dumps(beside if rows is None else {"harvester": rows, **beside}).encode()


def errors(*texts: object, **beside: object) -> bytes:
    return body(errors=list(texts), **beside)


def counted(answer: Answer) -> Counted:
    assert isinstance(answer, Counted), answer
    return answer


def row(answer: Answer, index: int = 0) -> dict[str, int] | None:
    """What was counted of one tweet; None where it has no row."""
    found = counted(answer).rows[index]
    if found is None:
        return None
    return {m: value for m, value in msgspec.structs.asdict(found).items() if value is not msgspec.UNSET}


# What is counted


@pytest.mark.parametrize("count", ["551", 551, "0", 0, str(MAX_COUNT), MAX_COUNT])
def test_counts_may_be_strings_or_numbers(count: object) -> None:
    answer = read_answer(request(ONE), 200, body({ONE: counts(favorites=count)}))
    assert row(answer) == {"favorites": int(str(count)), "video_views": 2, "impressions": 3}


def test_counts_may_be_mixed_within_one_answer() -> None:
    answer = read_answer(request(), 200, body({ONE: counts(1, "2", 3), TWO: counts("4", 5, "6")}))
    assert row(answer) == {"favorites": 1, "video_views": 2, "impressions": 3}
    assert row(answer, 1) == {"favorites": 4, "video_views": 5, "impressions": 6}


def test_rows_stand_in_the_requests_order_whatever_the_answers_is() -> None:
    answer = read_answer(request(), 200, body({TWO: counts(2), ONE: counts(1)}))
    assert [row(answer, index) for index in (0, 1)] == [
        {"favorites": 1, "video_views": 2, "impressions": 3},
        {"favorites": 2, "video_views": 2, "impressions": 3},
    ]


def test_a_tweet_that_is_missing_has_no_row_and_is_not_mentioned() -> None:
    answer = counted(read_answer(request(), 200, body({ONE: counts()})))
    assert row(answer, 1) is None
    assert not answer.mentions(TWO)


@pytest.mark.parametrize("empty", [{}, {"likes": 5}])
def test_a_tweet_without_any_count_that_was_asked_for_is_missing(empty: dict[str, int]) -> None:
    answer = counted(read_answer(request(), 200, body({ONE: counts(), TWO: empty})))
    assert row(answer, 1) is None
    assert not answer.mentions(TWO)


def test_a_metric_that_is_missing_stays_unset_and_is_no_zero() -> None:
    answer = read_answer(request(ONE), 200, body({ONE: {"favorites": "9"}}))
    assert row(answer) == {"favorites": 9}


@pytest.mark.parametrize("extra", [{"video_views": "0"}, {"impressions": 0}, {"impressions": "-1"}])
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_metric_that_was_not_asked_is_never_counted(extra: dict[str, object], is_listed: bool) -> None:
    """The contract has a zero for it where the tweet is too old, which is why it was not asked."""
    asked = request(ONE, metrics=("favorites",))
    lists = {"unsupported_for_video_views_tweet_ids": [ONE]} if is_listed else {}
    assert row(read_answer(asked, 200, body({ONE: {"favorites": "1", **extra}}, **lists))) == {"favorites": 1}


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ('"favorites":"1","impressions":"0"', {"favorites": 1}),
        ('"favorites":"1","likes":"0"', {"favorites": 1}),
        ('"impressions":"0","likes":"5"', None),
        ('"favorites":"1","favorites":"7"', None),
    ],
)
def test_a_metric_in_the_place_of_one_that_was_asked_is_noticed(
    inside: str, expected: dict[str, int] | None
) -> None:
    """As many keys, and as many e, as the row should have."""
    asked = request(ONE, metrics=("favorites", "video_views"))
    answer = read_answer(asked, 200, f'{{"harvester":{{"{ONE}":{{{inside}}}}}}}'.encode())
    assert row(answer) == expected


def test_a_metric_that_was_not_asked_is_not_in_a_series() -> None:
    metrics = ("favorites",)
    asked = Request(ENDPOINTS["28hr"], (ONE,), metrics, METRICS, Access.USER_CONTEXT, series="day")
    days = {"2026-11-22": "4"}
    text = json.dumps({"harvester_series": {ONE: {"favorites": days, "video_views": days}}}).encode()
    answer = read_answer(asked, 200, text)
    assert row(answer) == {"favorites": 4}
    detail = counted(answer).details[0]
    assert detail is not None
    assert list(detail.series) == ["favorites"]


def test_tweets_that_were_not_asked_are_left_out_and_counted() -> None:
    answer = counted(read_answer(request(ONE), 200, body({ONE: counts(), TWO: counts(), THREE: counts()})))
    assert len(answer.rows) == 1
    assert answer.n_unexpected == 2


def test_an_answer_that_counts_nothing_is_all_missing() -> None:
    answer = counted(read_answer(request(), 200, body({})))
    assert list(answer.rows) == [None, None]


def test_errors_beside_whole_data_do_no_harm() -> None:
    answer = read_answer(request(ONE), 200, body({ONE: counts()}, errors=["something: else {"]))
    assert row(answer) == {"favorites": 1, "video_views": 2, "impressions": 3}


@pytest.mark.parametrize("rest", [{}, {"likes": "5"}])
def test_a_tweet_whose_row_lacks_a_metric_is_incomplete(rest: dict[str, str]) -> None:
    short = {"favorites": "9", "impressions": "8", **rest}
    answer = counted(read_answer(request(), 200, body({ONE: counts(), TWO: short, THREE: short})))
    assert answer.incomplete == {TWO}
    assert row(answer, 1) == {"favorites": 9, "impressions": 8}


def test_a_tweet_is_complete_without_the_metrics_that_are_unsupported_for_it() -> None:
    rows: dict[str, object] = {ONE: {"favorites": "9", "impressions": "8"}, TWO: {"favorites": "9"}}
    lists = {"unsupported_for_video_views_tweet_ids": [ONE, TWO]}
    assert counted(read_answer(request(), 200, body(rows, **lists))).incomplete == {TWO}


def test_a_tweet_that_is_gone_is_not_incomplete() -> None:
    text = body({ONE: {"favorites": "9"}}, unavailable_tweet_ids=[ONE])
    assert counted(read_answer(request(ONE), 200, text)).incomplete == frozenset()


def test_what_a_range_of_time_leaves_out_was_not_touched() -> None:
    asked = Request(ENDPOINTS["28hr"], (ONE,), METRICS, METRICS, Access.USER_CONTEXT)
    assert counted(read_answer(asked, 200, body({ONE: {"favorites": "9"}}))).incomplete == frozenset()


# What an answer lists


@pytest.mark.parametrize("listed", [[TWO], [int(TWO)], [TWO, TWO, "999"]])
def test_unavailable_tweets_are_those_listed_that_were_asked(listed: list[object]) -> None:
    text = body({ONE: counts()}, errors=["1 Tweet ID(s) are unavailable"], unavailable_tweet_ids=listed)
    answer = counted(read_answer(request(), 200, text))
    assert answer.unavailable == {TWO}
    assert [row(answer, index) is None for index in (0, 1)] == [False, True]


def test_an_unavailable_tweet_has_no_row_also_when_it_is_counted() -> None:
    answer = counted(
        read_answer(request(ONE), 200, body({ONE: counts(0, 0, 0)}, unavailable_tweet_ids=[ONE]))
    )
    assert answer.rows == [None]


def test_all_unavailable_needs_no_grouping() -> None:
    answer = counted(read_answer(request(), 200, errors("2", unavailable_tweet_ids=[ONE, TWO])))
    assert answer.unavailable == {ONE, TWO}


def test_video_views_zero_is_unset_when_listed_as_unsupported() -> None:
    text = body({ONE: counts(video_views="0")}, unsupported_for_video_views_tweet_ids=[ONE])
    answer = counted(read_answer(request(ONE), 200, text))
    assert row(answer) == {"favorites": 1, "impressions": 3}
    assert answer.unsupported == {ONE: {"video_views"}}


def test_impressions_are_unset_when_listed_and_only_what_was_asked_is_unsupported() -> None:
    text = body({ONE: counts()}, unsupported_for_impressions_engagements_tweet_ids=[ONE])
    answer = counted(read_answer(request(ONE), 200, text))
    assert row(answer) == {"favorites": 1, "video_views": 2}
    assert answer.unsupported == {ONE: {"impressions"}}, "engagements were not asked for"


def test_a_tweet_in_both_lists_lacks_the_metrics_of_both() -> None:
    lists = {
        "unsupported_for_impressions_engagements_tweet_ids": [ONE],
        "unsupported_for_video_views_tweet_ids": [ONE],
    }
    answer = counted(read_answer(request(ONE), 200, body({ONE: counts()}, **lists)))
    assert row(answer) == {"favorites": 1}
    assert answer.unsupported == {ONE: {"impressions", "video_views"}}


def test_an_uncounted_tweet_is_accounted_for_when_nothing_asked_of_it_is_supported() -> None:
    asked = request(ONE, metrics=("impressions",))
    text = errors("too old", unsupported_for_impressions_engagements_tweet_ids=[ONE])
    answer = counted(read_answer(asked, 200, text))
    assert answer.rows == [None]
    assert answer.mentions(ONE)


@pytest.mark.parametrize("name", ["video_views", "impressions_engagements"])
def test_an_uncounted_tweet_is_missing_when_other_metrics_of_it_could_be_counted(name: str) -> None:
    asked = request(metrics=("favorites", "video_views"))
    lists = {f"unsupported_for_{name}_tweet_ids": [TWO]}
    answer = counted(read_answer(asked, 200, body({ONE: counts()}, **lists)))
    assert not answer.mentions(TWO)


@pytest.mark.parametrize("null", ["unavailable_tweet_ids", "errors", "unsupported_for_video_views_tweet_ids"])
def test_lists_may_be_null(null: str) -> None:
    assert row(read_answer(request(ONE), 200, body({ONE: counts()}, **{null: None}))) is not None


# What is wrong with one tweet costs only that tweet

WRONG_COUNTS = [
    *(
        "-1",
        "1.5",
        "1.0",
        "1e3",
        '"-1"',
        '"-0"',
        '"1.5"',
        '"1e3"',
        '"1E3"',
        "1E3",
        '""',
        '" 1"',
        '"+1"',
    ),
    *(
        '"1_0"',
        '"0x1"',
        '"many"',
        '"\u0661"',
        "true",
        "null",
        '"null"',
        "[]",
        "[1]",
        "{}",
        '{"a":1}',
        "1e999",
    ),
    *(str(MAX_COUNT + 1), str(2**63), f'"{2**64}"', "9" * 25, "9" * 5000, f'"{"9" * 5000}"'),
]


@pytest.mark.parametrize("wrong", WRONG_COUNTS, ids=lambda text: text[:12])
def test_a_wrong_count_costs_only_its_tweet(wrong: str) -> None:
    good, bad = json.dumps(counts()), json.dumps(counts()).replace('"1"', wrong, 1)
    text = f'{{"harvester":{{"{ONE}":{good},"{TWO}":{bad}}}}}'.encode()
    answer = counted(read_answer(request(), 200, text))
    assert row(answer) == {"favorites": 1, "video_views": 2, "impressions": 3}
    assert row(answer, 1) is None
    assert answer.malformed.keys() == {TWO}
    assert "favorites is" in answer.malformed[TWO]
    assert len(answer.malformed[TWO]) <= 300


@pytest.mark.parametrize("wrong", ["null", "5", '"5"', "[]", '["favorites"]', "true"])
def test_a_tweet_that_is_no_object_costs_only_itself(wrong: str) -> None:
    text = f'{{"harvester":{{"{ONE}":{json.dumps(counts())},"{TWO}":{wrong}}}}}'.encode()
    answer = counted(read_answer(request(), 200, text))
    assert row(answer) is not None
    assert answer.malformed.keys() == {TWO}


def test_a_tweet_that_is_listed_twice_with_other_counts_is_malformed() -> None:
    one, other = json.dumps(counts(1)), json.dumps(counts(2))
    text = f'{{"harvester":{{"{TWO}":{one},"{ONE}":{one},"{TWO}":{other}}}}}'.encode()
    answer = counted(read_answer(request(), 200, text))
    assert answer.malformed == {TWO: "listed twice with other counts"}
    assert row(answer) == {"favorites": 1, "video_views": 2, "impressions": 3}


def test_a_tweet_that_is_listed_twice_with_the_same_counts_is_counted_once() -> None:
    same = json.dumps(counts())
    text = f'{{"harvester":{{"{ONE}":{same},"{ONE}":{same}}}}}'.encode()
    assert row(read_answer(request(ONE), 200, text)) == {"favorites": 1, "video_views": 2, "impressions": 3}


@pytest.mark.parametrize("rest", [', "video_views":"2","impressions":"3"', ""])
def test_a_metric_that_comes_twice_with_other_counts_costs_its_tweet(rest: str) -> None:
    text = f'{{"harvester":{{"{ONE}":{{"favorites":"1"{rest}, "favorites":"7"}}}}}}'.encode()
    assert counted(read_answer(request(ONE), 200, text)).malformed.keys() == {ONE}


@pytest.mark.parametrize("name", ["harvester", "unavailable_tweet_ids"])
def test_a_part_that_comes_twice_with_other_content_is_trouble(name: str) -> None:
    parts = {"harvester": f'{{"{ONE}":{json.dumps(counts())}}}', "unavailable_tweet_ids": f'["{TWO}"]'}
    empty = {"harvester": "{}", "unavailable_tweet_ids": "[]"}
    for first, second in ((parts, empty), (empty, parts)):
        whole = ",".join(f'"{key}":{value}' for key, value in parts.items() if key != name)
        text = f'{{{whole},"{name}":{first[name]},"{name}":{second[name]}}}'.encode()
        assert isinstance(read_answer(request(), 200, text), Trouble)


def test_a_malformed_tweet_that_was_not_asked_is_nothing() -> None:
    answer = counted(read_answer(request(ONE), 200, body({ONE: counts(), TWO: counts(-1)})))
    assert answer.malformed == {}


# What is no answer at all

HONEST = body({ONE: counts(), TWO: counts("77", 8, "9")}, errors=["x"], unavailable_tweet_ids=[])


@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_truncated_body_is_never_salvaged_wherever_it_is_cut(status: int) -> None:
    texts = {
        200: HONEST,
        400: errors("1 Tweet ID(s) are unavailable", unavailable_tweet_ids=[ONE]),
        403: errors(f"Forbidden to access tweets: {ONE}, {TWO}"),
    }
    text = texts[status]
    assert not isinstance(read_answer(request(), status, text), Trouble | Refused)
    for end in range(len(text)):
        assert isinstance(read_answer(request(), status, text[:end]), Trouble | Refused), text[:end]


def test_a_body_with_something_behind_its_end_is_trouble() -> None:
    assert isinstance(read_answer(request(), 200, HONEST + HONEST), Trouble)
    assert isinstance(read_answer(request(), 200, HONEST + b"\0"), Trouble)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b"0",
        b'"text"',
        b'{"harvester":[]}',
        b'{"harvester":5}',
        b'{"harvester":"5"}',
        b'{"harvester":null}',
        b'{"other":{}}',
        b'{"errors":["internal server error"]}',
        b'{"harvester":{"1":{"favorites":NaN}}}',
        b'{"harvester":{},"unavailable_tweet_ids":"1060976163948904448"}',
        b"\x1f\x8b\x08\x00\x00",
        b'{"harvester":{"\xff":{}}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda text: repr(text[:30]),
)
def test_a_200_that_is_no_answer_is_trouble(text: bytes) -> None:
    assert isinstance(read_answer(request(), 200, text), Trouble)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500])
@pytest.mark.parametrize("place", ['{{"harvester":{{"1":{{"favorites":{}}}}}}}', '{{"errors":[{}]}}'])
def test_deep_nesting_raises_nothing_whatever_the_depth(status: int, place: str) -> None:
    for depth in (*range(150, 1000, 7), 5000):
        nested = "[" * depth + "]" * depth
        answer = read_answer(request("1"), status, place.format(nested).encode())
        assert not isinstance(answer, Counted) or answer.malformed


def test_a_web_page_is_told_from_an_unreadable_answer() -> None:
    page = read_answer(request(), 200, b"\n<html><title>Hotel\n Wifi &amp; more</title></html>")
    assert isinstance(page, Trouble)
    assert (page.kind, page.message) == ("not the API", "200: a page titled 'Hotel Wifi & more'")
    torn = read_answer(request(), 200, b'{"harv')
    assert isinstance(torn, Trouble)
    assert torn.kind == "unreadable"


def test_the_fingerprint_is_that_of_the_bytes() -> None:
    one, same, other = (read_answer(request(), 200, text) for text in (b"{", b"{", b"["))
    assert isinstance(one, Trouble)
    assert one == same
    assert one != other


# Refusals


@pytest.mark.parametrize("listed", [[ONE], [int(ONE)], [ONE, "5"]])
def test_a_400_that_lists_tweets_names_those_that_are_gone(listed: list[object]) -> None:
    text = errors("1 Tweet ID(s) are unavailable", unavailable_tweet_ids=listed)
    assert read_answer(request(), 400, text) == Gone(frozenset({ONE}), "400: 1 Tweet ID(s) are unavailable")


@pytest.mark.parametrize(("n", "are_all"), [(1, False), (2, True), (3, True)])
def test_a_400_without_a_list_means_all_when_it_counts_all(n: int, are_all: bool) -> None:
    answer = read_answer(request(), 400, errors(f"{n} Tweet ID(s) are unavailable"))
    assert isinstance(answer, Gone if are_all else Refused)


@pytest.mark.parametrize("rows", [None, {}])
@pytest.mark.parametrize(("n", "are_all"), [(1, False), (2, True), (3, True)])
def test_a_200_without_data_and_list_is_read_as_the_400_with_that_text(
    rows: object, n: int, are_all: bool
) -> None:
    answer = read_answer(request(), 200, body(rows, errors=[f"{n} Tweet ID(s) are unavailable"]))
    assert isinstance(answer, Gone if are_all else Refused)
    assert not isinstance(answer, Gone) or answer.tweet_ids == {ONE, TWO}


def test_tweets_that_a_200_counts_as_unavailable_beside_data_are_missing() -> None:
    answer = counted(
        read_answer(request(), 200, body({ONE: counts()}, errors=["1 Tweet ID(s) are unavailable"]))
    )
    assert row(answer) is not None
    assert row(answer, 1) is None


@pytest.mark.parametrize(
    "listed", [5, "1060976163948904448", {"1060976163948904448": 1}, None, True, [], ["9"]]
)
def test_a_400_that_lists_nothing_asked_names_nobody(listed: object) -> None:
    assert isinstance(read_answer(request(), 400, errors("bad", unavailable_tweet_ids=listed)), Refused)


@pytest.mark.parametrize("separator", [",", ", ", " "])
def test_a_403_names_the_tweets_that_are_unowned(separator: str) -> None:
    text = errors(f"Forbidden to access tweets: {separator.join((ONE, TWO))}")
    answer = read_answer(request(ONE, TWO, THREE), 403, text)
    assert isinstance(answer, Unowned)
    assert answer.tweet_ids == {ONE, TWO}


def test_a_403_names_tweets_by_author_and_an_author_is_no_tweet() -> None:
    texts = (
        f"Forbidden to access tweets for author id {THREE}: {ONE}",
        f"Forbidden to access tweets for author id 7: {TWO}",
    )
    answer = read_answer(request(ONE, TWO, THREE), 403, errors(*texts))
    assert isinstance(answer, Unowned)
    assert answer.tweet_ids == {ONE, TWO}


def test_a_403_finds_whole_ids_only() -> None:
    answer = read_answer(request(ONE, ONE[:-1]), 403, errors(f"Forbidden to access tweets: {ONE}"))
    assert isinstance(answer, Unowned)
    assert answer.tweet_ids == {ONE}


@pytest.mark.parametrize("text", ["metrics: video_views,impressions", "metrics: video_views, impressions"])
def test_a_403_names_metrics(text: str) -> None:
    answer = read_answer(request(), 403, errors(f"Forbidden to access {text}"))
    assert isinstance(answer, MetricsDenied)
    assert answer.metrics == {"video_views", "impressions"}


@pytest.mark.parametrize(
    "text",
    ["Forbidden to access tweets: 999", "Forbidden to access metrics: url_clicks", "Forbidden", "", {"a": 1}],
)
def test_a_403_that_names_nothing_asked_refuses_the_request(text: object) -> None:
    assert isinstance(read_answer(request(), 403, errors(text)), Refused)


def test_a_403_that_names_no_id_means_the_tweet_when_it_is_alone() -> None:
    answer = read_answer(request(ONE), 403, errors("Forbidden to access tweets"))
    assert isinstance(answer, Unowned)


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (
            401,
            errors("Your account could not be authenticated. Reason: Access token not found"),
            Unauthorized,
        ),
        (401, b"", Unauthorized),
        (403, b"", Refused),
        (404, b"", WrongUrl),
        (404, errors("not here"), WrongUrl),
        (429, errors("Rate limit exceeded"), RateLimited),
        (429, b"", RateLimited),
        (429, b"slow down", RateLimited),
        (500, errors("internal server error"), Trouble),
        (502, b"<html><title>Bad Gateway</title>", Trouble),
        (503, b"", Trouble),
        (408, b"", Trouble),
        (302, b"", Trouble),
        (204, b"", Trouble),
        (400, b"", Refused),
        (400, b" \n", Refused),
        (405, b"", Refused),
        (405, errors("no"), Refused),
        (413, b"", Refused),
    ],
)
def test_the_status_decides_what_a_refusal_is(status: int, text: bytes, kind: type[Answer]) -> None:
    answer = read_answer(request(), status, text)
    assert isinstance(answer, kind)
    assert not isinstance(answer, Counted)
    assert str(status) in answer.message


PAGES = (b"<html><title>Blocked</title></html>", b"\n<!DOCTYPE html>")
OTHER_WORDS = (b"not JSON", b"[]", b'"Forbidden"', b'{"message":"Forbidden"}')


@pytest.mark.parametrize(("status", "means"), [(401, Unauthorized), (404, WrongUrl)])
@pytest.mark.parametrize("text", OTHER_WORDS)
def test_refused_credentials_and_a_wrong_url_are_so_in_any_words(
    status: int, means: type[Unauthorized | WrongUrl], text: bytes
) -> None:
    assert isinstance(read_answer(request(), status, text), means)


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        *((status, page, "not the API") for status in (400, 401, 403, 404, 405, 413) for page in PAGES),
        *((status, words, "unreadable") for status in (400, 403, 405, 413) for words in OTHER_WORDS),
    ],
)
def test_a_refusal_in_other_words_than_the_apis_is_trouble(status: int, text: bytes, kind: str) -> None:
    answer = read_answer(request(), status, text)
    assert isinstance(answer, Trouble)
    assert answer.kind == kind
    assert str(status) in answer.message
    assert answer == read_answer(request(), status, text), "the same bytes have the same fingerprint"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (errors("one", "two"), "500: one; two"),
        (body(errors="one"), "500: one"),
        (body(error="one"), "500: one"),
        (errors("a\nb\tc"), "500: a b c"),
        (errors("red \x1b[31m"), "500: red \\x1b[31m"),
        (b'{"errors":["\\ud800"]}', "500: \\ud800"),
        (b"<TITLE>\xff</TITLE>", "500: a page titled '\ufffd'"),
        (b"plain", "500: 'plain'"),
        (b"", "500: no body"),
    ],
)
def test_error_message_is_one_printable_line(text: bytes, message: str) -> None:
    assert error_message(500, text) == message


def test_error_message_is_capped() -> None:
    assert len(error_message(500, errors("x" * 100_000))) == 300
    assert len(error_message(500, errors("\x00" * 100_000))) == 300


# The fast way and the patient way

ALL_METRICS = metrics_of("totals", user_context=True)
honest_count = st.integers(0, MAX_COUNT).flatmap(lambda n: st.sampled_from([n, str(n)]))
honest_row = st.fixed_dictionaries(dict.fromkeys(ALL_METRICS, honest_count))
lists = st.lists(st.integers(1, 60).map(str), max_size=5, unique=True)
beside = st.fixed_dictionaries(
    {},
    optional={
        "errors": st.lists(st.sampled_from(["2 Tweet ID(s) are unavailable", "too old: 1", "é {", "a-b."])),
        "unavailable_tweet_ids": lists,
        "unsupported_for_video_views_tweet_ids": lists,
        "unsupported_for_impressions_engagements_tweet_ids": lists,
        "start": st.just("2026-11-22T00:00:00Z"),
    },
)


def reading(way: Any) -> Any:
    """What a way of reading found, or None where it declines."""
    if way is None:
        return None
    root, malformed = (way.root, way.malformed) if isinstance(way, Body) else (way, {})
    rows = root.counts and {i: msgspec.structs.asdict(counts) for i, counts in root.counts.items()}
    return rows, malformed, *(set(getattr(root, name) or ()) for name in Root.__struct_fields__[2:])


@settings(max_examples=80)
@given(st.dictionaries(st.integers(1, 60).map(str), honest_row, max_size=12), beside, st.booleans())
def test_both_ways_of_reading_agree_on_honest_bodies(rows: Any, others: Any, is_spaced: bool) -> None:
    asked = Request(ENDPOINTS["totals"], tuple(rows), ALL_METRICS, ALL_METRICS, Access.USER_CONTEXT)
    separators = (", ", ": ") if is_spaced else (",", ":")
    text = json.dumps({"harvester": rows, **others}, separators=separators).encode()
    fast, patient = reading(_decode_typed(asked, text)), reading(_read_by_key(asked, text))
    assert patient is not None
    assert fast in (None, patient)
    assert patient[0] == {i: {m: int(n) for m, n in r.items()} for i, r in rows.items()}


@settings(max_examples=30)
@given(st.dictionaries(st.integers(1, 60).map(str), honest_row, max_size=12), lists)
def test_the_fast_way_is_taken_where_the_answer_is_as_documented(rows: Any, gone: list[str]) -> None:
    asked = Request(ENDPOINTS["totals"], tuple(rows), ALL_METRICS, ALL_METRICS, Access.USER_CONTEXT)
    old = "Impressions & engagements for tweets older than 90 days (1, 2) are not supported"
    texts = [f"{len(gone)} Tweet ID(s) are unavailable", old]
    text = body(rows, errors=texts, unavailable_tweet_ids=gone, unsupported_for_video_views_tweet_ids=gone)
    assert _decode_typed(asked, text) is not None


any_count = st.one_of(honest_count, st.sampled_from([*WRONG_COUNTS, "x", 1.0, -1, None, True, [], {}]))
any_row = st.dictionaries(st.sampled_from([*ALL_METRICS, "likes"]), any_count, max_size=8)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(1, 6).map(str), any_row), max_size=6), beside)
def test_whatever_the_counts_are_no_way_gives_a_number_that_was_not_sent(rows: Any, others: Any) -> None:
    """Tweets may come twice here: the body is put together by hand."""
    inside = ",".join(f'"{tweet_id}":{json.dumps(values)}' for tweet_id, values in rows)
    rest = "".join(f',"{name}":{json.dumps(value)}' for name, value in others.items())
    text = f'{{"harvester":{{{inside}}}{rest}}}'.encode()
    asked = Request(ENDPOINTS["totals"], tuple("123456"), ALL_METRICS, ALL_METRICS, Access.USER_CONTEXT)
    fast = _decode_typed(asked, text)
    assert fast is None or reading(fast) == reading(_read_by_key(asked, text))
    found = read_answer(asked, 200, text)
    if isinstance(found, Refused):
        assert not any(values for _, values in rows if set(values) & set(ALL_METRICS))
        return
    answer = counted(found)
    for index, tweet_id in enumerate(asked.tweet_ids):
        sent = [values for name, values in rows if name == tweet_id]
        for metric, value in (row(answer, index) or {}).items():
            assert all(str(values[metric]) == str(value) for values in sent)


@pytest.mark.parametrize("words", ["older than 90 days (2026-08-26, 12.5 %: E) are not supported", "1e3"])
def test_words_beside_the_counts_do_not_make_an_answer_dear_to_read(words: str) -> None:
    asked = request(ONE)
    assert _decode_typed(asked, body({ONE: counts()}, errors=[words])) is not None


@pytest.mark.parametrize("errors", ['["\\u003a\\u0065\\u0065"]', "[1e5]"])
def test_nothing_in_the_errors_makes_up_for_a_metric_that_comes_twice(errors: str) -> None:
    rows = f'{{"{ONE}":{{"favorites":"1","video_views":"2","video_views":"7","impressions":"3"}}}}'
    answer = read_answer(request(ONE), 200, f'{{"harvester":{rows},"errors":{errors}}}'.encode())
    assert ONE in counted(answer).malformed
