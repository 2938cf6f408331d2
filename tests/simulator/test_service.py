"""The service without a socket: the order of the gates, and what is logged."""

from collections.abc import Callable

import orjson
import pytest

from harvester.simulator.credentials import Credentials
from harvester.simulator.options import Limits, Options, Outage, Shares
from harvester.simulator.service import TOKEN_PATH, Call, Served, Service

NOW = 1_795_000_020.0
KNOWN = Credentials("key", "secret", bearer_token="b")
URL = "http://127.0.0.1/insights/engagement/totals"

Ask = Callable[..., dict[str, object]]


def call(document: object, *, token: str = "b", url: str = URL, method: str = "POST") -> Call:
    return Call(method, url, f"Bearer {token}", orjson.dumps(document))


def errors(served: Served) -> str:
    return "\n".join(orjson.loads(served.reply.content)["errors"])


def test_a_good_call_is_answered_and_logged(ask: Ask) -> None:
    served = Service(Options(shares=Shares(deleted=0.0)), KNOWN).serve(call(ask([20, 21])), NOW)
    assert served.reply.status == 200
    assert served.delay_s == 0
    entry = served.entry
    assert (entry.time, entry.endpoint, entry.credential, entry.status) == (NOW, "totals", "bearer", 200)
    assert (entry.tweet_ids, entry.engagement_types[0], entry.fault) == (["20", "21"], "favorites", None)


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", URL),
        ("POST", URL + "x"),
        ("POST", "http://127.0.0.1/insights/engagement/28hr"),
        ("GET", "http://127.0.0.1" + TOKEN_PATH),
    ],
)
def test_a_wrong_url_or_method_is_not_found(ask: Ask, method: str, url: str) -> None:
    served = Service(Options(), KNOWN).serve(call(ask([20]), url=url, method=method), NOW)
    assert (served.reply.status, served.entry.endpoint) == (404, None)


def test_bad_json_is_a_bad_request() -> None:
    bad = Call("POST", URL, "Bearer b", b'{"tweet_ids": [')
    assert Service(Options(), KNOWN).serve(bad, NOW).reply.status == 400


@pytest.mark.parametrize(
    ("body", "content"), [("json", b'{"errors":["'), ("text", b"Too many"), ("empty", b"")]
)
def test_too_many_requests_are_told_in_the_style_that_is_asked_for(
    ask: Ask, body: str, content: bytes
) -> None:
    service = Service(Options(limits=Limits(per_minute=1, body=body)), KNOWN)  # type: ignore[arg-type]  # the literals
    assert service.serve(call(ask([20])), NOW).reply.status == 200
    reply = service.serve(call(ask([20])), NOW).reply
    assert reply.status == 429
    assert reply.content.startswith(content)
    assert bool(reply.content) == (b"rate limit" in reply.content)
    assert reply.headers["x-per-minute-remaining"] == "0"


def test_a_refused_credential_takes_nothing_of_the_allowance(ask: Ask) -> None:
    service = Service(Options(limits=Limits(per_minute=1)), KNOWN)
    assert service.serve(call(ask([20]), token="x"), NOW).reply.status == 401
    assert service.serve(call(ask([20])), NOW).reply.status == 200


def test_a_fault_takes_its_part_of_the_allowance(ask: Ask) -> None:
    service = Service(Options(limits=Limits(per_minute=1), faults=(("http-500", 1.0),)), KNOWN)
    assert [service.serve(call(ask([20])), NOW).reply.status for _ in range(2)] == [500, 429]


def test_credentials_are_revoked_after_so_many_answers(ask: Ask) -> None:
    service = Service(Options(revoke_after=2), KNOWN)
    statuses = [service.serve(call(ask([20])), NOW).reply.status for _ in range(4)]
    assert statuses == [200, 200, 401, 401]
    token = Call("POST", "http://127.0.0.1" + TOKEN_PATH, "Basic a2V5OnNlY3JldA==", b"")
    assert service.serve(token, NOW).reply.status == 403


def test_an_outage_counts_from_the_first_request(ask: Ask) -> None:
    service = Service(Options(outages=(Outage(10, 20),)), KNOWN)
    statuses = {
        after: service.serve(call(ask([20])), NOW + after).reply.status for after in (0, 9, 10, 29, 30)
    }
    assert statuses == {0: 200, 9: 200, 10: 503, 29: 503, 30: 200}


def test_what_is_never_answered_has_no_status_in_the_log(ask: Ask) -> None:
    served = Service(Options(faults=(("hang", 1.0),)), KNOWN).serve(call(ask([20])), NOW)
    assert (served.entry.status, served.entry.fault) == (None, "hang")


def test_latency_and_jitter_delay_the_answer(ask: Ask) -> None:
    service = Service(Options(latency_ms=40, jitter_ms=20), KNOWN)
    delays = [service.serve(call(ask([20])), NOW).delay_s for _ in range(50)]
    assert 0.04 <= min(delays) < 0.045
    assert 0.055 < max(delays) <= 0.06


def test_ages_follow_the_given_time(ask: Ask) -> None:
    document = ask([1060976163948904448], ["video_views"])
    young = Service(Options(now_ms=1_545_000_000_000, shares=Shares(deleted=0.0)), KNOWN)
    old = Service(Options(shares=Shares(deleted=0.0)), KNOWN)
    key = "unsupported_for_video_views_tweet_ids"
    assert key not in orjson.loads(young.serve(call(document), NOW).reply.content)
    assert key in orjson.loads(old.serve(call(document), NOW).reply.content)
