"""The service without a socket: the order of the gates, and what is logged."""

from collections.abc import Callable

import orjson
import pytest
from authlib.oauth1.rfc5849.client_auth import ClientAuth

from harvester.simulator.call import Call
from harvester.simulator.catalogue import Fault
from harvester.simulator.credentials import Account, Credentials
from harvester.simulator.fault_rules import Chance, Moment, Outage, Rule
from harvester.simulator.options import Limits, Options, Shares
from harvester.simulator.service import Served, Service

NOW = 1_795_000_020.0
KNOWN = Credentials("key", "secret", bearer_token="b")
URL = "http://127.0.0.1/insights/engagement/totals"

Ask = Callable[..., dict[str, object]]


def call(document: object, *, token: str = "b", url: str = URL, method: str = "POST") -> Call:
    return Call(method, url, f"Bearer {token}", orjson.dumps(document))


def signed(account: Account, url: str) -> str:
    """A header by authlib's client, with a nonce of its own and the time of the test."""
    client = ClientAuth("key", "secret", account.access_token, account.access_token_secret)
    client.get_oauth_params = lambda nonce, _: ClientAuth.get_oauth_params(client, nonce, str(int(NOW)))
    _, headers, _ = client.prepare("POST", url, {}, b"")
    return str(headers["Authorization"])


def errors(served: Served) -> str:
    return "\n".join(orjson.loads(served.reply.content)["errors"])


def test_a_good_call_is_answered_and_logged(ask: Ask) -> None:
    served = Service(Options(shares=Shares(deleted=0.0)), KNOWN).serve(call(ask([20, 21])), NOW)
    assert served.reply.status == 200
    assert served.delay_s == 0
    entry = served.entry
    assert (entry.time, entry.endpoint, entry.credential, entry.status) == (NOW, "totals", "bearer", 200)
    assert (entry.tweet_ids, entry.engagement_types[0], entry.fault) == (["20", "21"], "favorites", None)
    assert (entry.groupings, entry.account) == ({"g": ["tweet.id", "engagement.type"]}, None)


def test_the_log_has_the_range_as_asked_and_whose_token_it_was(ask: Ask) -> None:
    account = Account("ann", "token", "token secret")
    service = Service(Options(now_ms=1_795_000_000_000), Credentials("key", "secret", None, (account,)))
    url = "http://127.0.0.1/insights/engagement/historical"
    document = ask([20], days=["engagement.day"]) | {"start": "2026-11-01", "end": "2026-11-02T12:24:00Z"}
    entry = service.serve(Call("POST", url, signed(account, url), orjson.dumps(document)), NOW).entry
    assert (entry.endpoint, entry.credential, entry.account) == ("historical", "oauth1", "ann")
    assert (entry.start, entry.end) == ("2026-11-01", "2026-11-02T12:24:00Z")
    assert entry.groupings == {"days": ["engagement.day"]}


@pytest.mark.parametrize(
    "document", [None, 3, {"start": 3, "groupings": []}, {"groupings": {"g": 3}}, {"tweet_ids": "20"}]
)
def test_what_makes_no_sense_is_refused_and_logged(document: object) -> None:
    served = Service(Options(), KNOWN).serve(call(document), NOW)
    assert served.reply.status == 400
    assert (served.entry.tweet_ids, served.entry.start) == ([], None)


def test_a_28hr_fault_is_drawn_apart_from_that_of_a_historical_one(ask: Ask) -> None:
    """The same body for both endpoints is not the same request."""
    known = Credentials("key", "secret", "b")
    base = "http://127.0.0.1/insights/engagement/"

    def faults(names: str) -> list[object]:
        service = Service(Options(faults=(Chance("http-500", 0.5),)), known)
        urls = [base + ("28hr" if name == "a" else "historical") for name in names]
        return [service.serve(call(ask([20]), url=url), NOW).entry.fault for url in urls]

    assert faults("a" * 9) == faults("ab" * 9)[::2]


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", URL),
        ("POST", URL + "x"),
        ("GET", "http://127.0.0.1/oauth2/token"),
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
    service = Service(Options(limits=Limits(per_minute=1), faults=(Chance("http-500", 1.0),)), KNOWN)
    assert [service.serve(call(ask([20])), NOW).reply.status for _ in range(2)] == [500, 429]


def test_nothing_goes_wrong_before_so_many_answers(ask: Ask) -> None:
    service = Service(Options(faults=(Chance("http-500", 1.0),), faults_after=2), KNOWN)
    assert [service.serve(call(ask([20 + n])), NOW).reply.status for n in range(4)] == [200, 200, 500, 500]


def test_credentials_are_revoked_after_so_many_answers(ask: Ask) -> None:
    service = Service(Options(revoke_after=2), KNOWN)
    statuses = [service.serve(call(ask([20])), NOW).reply.status for _ in range(4)]
    assert statuses == [200, 200, 401, 401]
    token = Call("POST", "http://127.0.0.1/oauth2/token", "Basic a2V5OnNlY3JldA==", b"")
    assert service.serve(token, NOW).reply.status == 403


def test_an_outage_counts_from_the_first_request_and_is_named(ask: Ask) -> None:
    service = Service(Options(outages=(Outage(10, 20), Outage(40, 1, "reset"))), KNOWN)
    served = {after: service.serve(call(ask([20])), NOW + after).entry for after in (0, 9, 10, 29, 30, 40)}
    assert {after: entry.status for after, entry in served.items()} == {
        0: 200,
        9: 200,
        10: 503,
        29: 503,
        30: 200,
        40: None,
    }
    assert {after for after, entry in served.items() if entry.fault == "outage"} == {10, 29, 40}


TOKEN_URL = "http://127.0.0.1/oauth2/token"


def fetch_token(service: Service) -> str:
    form = b"grant_type=client_credentials"
    served = service.serve(Call("POST", TOKEN_URL, "Basic a2V5OnNlY3JldA==", form), NOW)
    return str(orjson.loads(served.reply.content)["access_token"])


def test_a_bearer_token_expires_and_the_next_one_is_another(ask: Ask) -> None:
    service = Service(Options(expire_bearer_after=2), KNOWN)
    assert fetch_token(service) == "b"
    entries = [service.serve(call(ask([20])), NOW).entry for _ in range(4)]
    assert [(entry.status, entry.fault) for entry in entries] == [
        (200, None),
        (200, None),
        (401, "expired-bearer"),
        (401, "expired-bearer"),
    ]
    fresh = fetch_token(service)
    assert fresh == fetch_token(service) != "b"
    entries = [service.serve(call(ask([20]), token=fresh), NOW).entry for _ in range(4)]
    assert {(entry.status, entry.fault) for entry in entries} == {(200, None)}
    assert service.serve(call(ask([20])), NOW).entry.fault == "expired-bearer"


def test_an_expired_bearer_token_leaves_signatures_as_they_are(ask: Ask) -> None:
    account = Account("ann", "token", "token secret")
    known = Credentials("key", "secret", "b", (account,))
    service = Service(Options(expire_bearer_after=1, shares=Shares(deleted=0.0)), known)
    for _ in range(3):
        by_user = Call("POST", URL, signed(account, URL), orjson.dumps(ask([20])))
        assert service.serve(by_user, NOW).reply.status == 200
    assert service.serve(call(ask([20]), token="never"), NOW).entry.fault is None


def test_a_moment_counts_all_requests_and_strikes_whatever_they_would_get(ask: Ask) -> None:
    faults: tuple[Rule, ...] = (Moment("html", 2, 3), Moment("http-503", 5, 5))
    service = Service(Options(faults=faults, limits=Limits(per_minute=3)), KNOWN)
    fetch_token(service)
    tokens = ["b", "wrong", "b", "b", "b", "b"]
    entries = [service.serve(call(ask([20]), token=token), NOW).entry for token in tokens]
    assert [(entry.status, entry.fault) for entry in entries] == [
        (200, None),
        (200, "html"),
        (200, "html"),
        (200, None),
        (503, "http-503"),
        (429, None),
    ]


def test_a_moment_does_not_wait_for_answers(ask: Ask) -> None:
    service = Service(Options(faults=(Moment("html", 1, 1),), faults_after=5), KNOWN)
    assert service.serve(call(ask([20])), NOW).entry.fault == "html"


@pytest.mark.parametrize(
    ("fault", "status", "whole"),
    [
        ("content-type", 200, True),
        ("close", 200, True),
        ("extra-ids", 200, True),
        ("missing-ids", 200, False),
        ("plain-gzip", 200, False),
        ("cut-close", 200, False),
        ("drip", 200, False),
        ("rate-limit-headers", 429, False),
        ("reset", None, False),
    ],
)
def test_the_log_tells_whether_the_answer_was_whole(
    ask: Ask, fault: Fault, status: int | None, whole: bool
) -> None:
    options = Options(faults=(Chance(fault, 1),), shares=Shares(deleted=0.0))
    entry = Service(options, KNOWN).serve(call(ask([20, 21])), NOW).entry
    assert (entry.fault, entry.status, entry.whole) == (fault, status, whole)


def test_a_refusal_is_no_fault_and_not_whole(ask: Ask) -> None:
    entry = Service(Options(), KNOWN).serve(call(ask([20], ["impressions"])), NOW).entry
    assert (entry.status, entry.fault, entry.whole) == (403, None, False)


def test_tweets_of_the_request_before_come_with_the_next(ask: Ask) -> None:
    options = Options(faults=(Moment("other-batch-ids", 1, 2),), shares=Shares(deleted=0.0))
    service = Service(options, KNOWN)
    first, second = (service.serve(call(ask([one])), NOW) for one in (20, 21))
    assert first.entry.fault is None
    assert orjson.loads(second.reply.content)["g"].keys() == {"20", "21"}


def test_what_is_never_answered_has_no_status_in_the_log(ask: Ask) -> None:
    served = Service(Options(faults=(Chance("hang", 1.0),)), KNOWN).serve(call(ask([20])), NOW)
    assert (served.entry.status, served.entry.fault) == (None, "hang")


def test_latency_delays_the_answer(ask: Ask) -> None:
    service = Service(Options(latency_ms=40, jitter_ms=20, tail_latency_ms=1), KNOWN)
    delays = [service.serve(call(ask([20])), NOW).delay_s for _ in range(50)]
    assert 0.04 <= min(delays) < 0.05 < max(delays) <= 0.06 + 0.05


def test_ages_follow_the_given_time(ask: Ask) -> None:
    document = ask([1060976163948904448], ["video_views"])
    young = Service(Options(now_ms=1_545_000_000_000, shares=Shares(deleted=0.0)), KNOWN)
    old = Service(Options(shares=Shares(deleted=0.0)), KNOWN)
    key = "unsupported_for_video_views_tweet_ids"
    assert key not in orjson.loads(young.serve(call(document), NOW).reply.content)
    assert key in orjson.loads(old.serve(call(document), NOW).reply.content)
