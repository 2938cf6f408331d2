"""Every error of the contract's table, in each of its forms: what the user sees, and the exit code."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.end_to_end.by_hand import Asked, Reply, counts, serving
from tests.end_to_end.running import BEARER, USER_KEYS, Runner

OLD, TOO_OLD, YOUNG = "1060976163948904448", "20", "2093414906388487168"
BAD = "2093414906388487170"
GONE = "1 Tweet ID(s) are unavailable"
UNOWNED = f"Forbidden to access tweets: {BAD}"
BY_AUTHOR = f"Forbidden to access tweets for author id 185728888: {BAD}"
BAD_GROUPING = (
    "One or more of the groupBys you have specified are not supported: (engagement.hour). "
    "Please adjust your request and try again."
)
NOT_FOUND = "Your account could not be authenticated. Reason: Access token not found"
AGE = f"Impressions & engagements for tweets older than 90 days ({OLD}) are not supported"
METRICS = ("impressions", "favorites", "video_views")


@dataclass
class Case:
    """What the API does, and what is to come of it. statuses: of the records. says: on standard error."""

    answer: Callable[[Asked, int], Reply]
    code: int
    statuses: dict[str, int] = field(default_factory=dict)
    says: str = ""
    keys: dict[str, str] = field(default_factory=lambda: USER_KEYS)
    most_requests: int = 12


def errors(status: int, *texts: str, **beside: object) -> Reply:
    return Reply(status, {"errors": list(texts), **beside})


def if_bad(reply: Reply) -> Callable[[Asked, int], Reply]:
    """The error for a request with the bad tweet, and counts for one without it."""
    return lambda asked, _n: reply if BAD in asked["tweet_ids"] else counts(asked)


def if_asked_with_others(reply: Reply, alone: Reply) -> Callable[[Asked, int], Reply]:
    def answer(asked: Asked, n: int) -> Reply:
        return alone if asked["tweet_ids"] == [BAD] else if_bad(reply)(asked, n)

    return answer


def always(reply: Reply) -> Callable[[Asked, int], Reply]:
    return lambda _asked, _n: reply


def at_first(reply: Reply) -> Callable[[Asked, int], Reply]:
    return lambda asked, n: reply if n == 1 else counts(asked)


def partly_gone(asked: Asked, _n: int) -> Reply:
    left = {**asked, "tweet_ids": [i for i in asked["tweet_ids"] if i != BAD]}
    return counts(left, errors=[GONE], unavailable_tweet_ids=[BAD])


def too_old(asked: Asked, _n: int) -> Reply:
    """Lists what it cannot count although our client does not ask for it; and a zero for video_views."""
    lists = {
        "unsupported_for_impressions_engagements_tweet_ids": [OLD],
        "unsupported_for_video_views_tweet_ids": [TOO_OLD],
    }
    return counts(asked, errors=[AGE], **lists)


def metric_denied(asked: Asked, _n: int) -> Reply:
    if "impressions" in asked["engagement_types"]:
        return errors(403, "Forbidden to access metrics: impressions")
    return counts(asked)


ALL_OK, ONE_GONE, ONE_FORBIDDEN = {"ok": 4}, {"ok": 3, "unavailable": 1}, {"ok": 3, "forbidden": 1}
LIMITED = {"Retry-After": "1"}
CASES = {
    "deleted, beside data": Case(partly_gone, 0, ONE_GONE),
    "protected, listed": Case(if_bad(errors(400, GONE, unavailable_tweet_ids=[BAD])), 0, ONE_GONE),
    "protected, only counted": Case(if_bad(errors(400, GONE)), 0, ONE_GONE),
    "nothing left": Case(always(errors(400, "4 Tweet ID(s) are unavailable")), 0, {"unavailable": 4}),
    "too old": Case(too_old, 0, ALL_OK),
    "unowned": Case(if_bad(errors(403, UNOWNED)), 0, ONE_FORBIDDEN),
    "unowned, by author": Case(if_bad(errors(403, BY_AUTHOR)), 0, ONE_FORBIDDEN),
    "unowned, not named": Case(
        if_asked_with_others(errors(403, "Forbidden"), errors(403, UNOWNED)), 0, ONE_FORBIDDEN
    ),
    "unowned, with a bearer token": Case(
        lambda asked, n: (
            if_bad(errors(403, UNOWNED))(asked, n) if "impressions" in str(asked) else counts(asked)
        ),
        0,
        ALL_OK,
        keys={**USER_KEYS, **BEARER},
    ),
    "metric denied": Case(metric_denied, 0, ALL_OK),
    "all metrics denied": Case(
        always(errors(403, f"Forbidden to access metrics: {', '.join(METRICS)}")), 4, says="may read none"
    ),
    "grouping refused": Case(always(errors(400, BAD_GROUPING)), 2, says="groupBys", most_requests=40),
    "bad request": Case(always(Reply(400, b"")), 2, says="refuses every request", most_requests=40),
    "no such token": Case(always(errors(401, NOT_FOUND)), 4, says="Access token not found"),
    "unknown authorization": Case(
        always(errors(401, "Your account could not be authenticated. Reason: Unknown Authorization Type")),
        4,
        says="Unknown Authorization Type",
    ),
    "app not authorized": Case(
        always(errors(401, "Your application id is not authorized.")), 4, says="not authorized"
    ),
    "wrong URL": Case(always(errors(404, "Not Found")), 2, says="is no endpoint of the API"),
    "too many, empty": Case(at_first(Reply(429, b"", LIMITED)), 0, ALL_OK),
    "too many, as HTML": Case(at_first(Reply(429, b"<html>rate limit</html>", LIMITED)), 0, ALL_OK),
    "too many": Case(at_first(Reply(429, {"errors": ["rate limit exceeded"]}, LIMITED)), 0, ALL_OK),
    "server trouble": Case(at_first(errors(500, "internal server error")), 0, ALL_OK),
    "server trouble, as HTML": Case(at_first(Reply(502, b"<html><title>502</title></html>")), 0, ALL_OK),
    "server down": Case(always(errors(503, "unavailable")), 5, says="503: unavailable", most_requests=20),
}


@pytest.mark.parametrize("name", CASES)
def test_error_of_the_contract(run: Runner, name: str) -> None:
    case = CASES[name]
    (run.folder / "ids.txt").write_text("".join(f"{i}\n" for i in (OLD, TOO_OLD, YOUNG, BAD)))
    with serving(case.answer) as service:
        arguments = ("ids.txt", "-m", ",".join(METRICS), "--base-url", service.url, "--patience", "3")
        finished = run(*arguments, keys=case.keys)
    assert finished.code == case.code, finished.err
    assert finished.last_line["exit"] == case.code
    assert len(service.asked) <= case.most_requests
    if case.code:
        assert case.says in finished.err
        assert not (run.out / "_SUCCESS").exists()
        assert not run.records()
    else:
        assert Counter(record["status"] for record in run.records()) == case.statuses
        assert (run.out / "_SUCCESS").exists()
        for record in run.records():
            metrics, unsupported = record.get("metrics", {}), set(record.get("unsupported", ()))
            assert not unsupported & metrics.keys()
            if record["status"] == "ok":
                assert metrics.keys() | unsupported == set(METRICS)
