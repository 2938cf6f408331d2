"""What a check of the credentials sends, and what it makes of every answer of the contract."""

import json
from collections.abc import Mapping

import pytest

from harvester.engagement.answer import Trouble
from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.engagement.metrics import CATALOGUE, EndpointName, needs_user_context
from harvester.engagement.request import Access
from harvester.engagement.response import read_answer
from harvester.errors import ExitCode, ServiceError
from harvester.transport.access_check import (
    PROBES,
    Check,
    Verdict,
    check_access,
    exit_code_of,
    judge,
    probe_request,
)
from harvester.transport.session import Reply
from tests.transport.oauth_by_hand import Script

TWEET = "1060976163948904448"
BASE, AUTH = "https://data-api.twitter.com", "https://api.twitter.com"
APP = AppKey(Secret("consumer-key"), Secret("consumer-canary"))
TOKEN = AccessToken(Secret("1-token"), Secret("token-canary"))
BEARER = Secret("bearer-canary")
APP_ONLY, USER = Access.APP_ONLY, Access.USER_CONTEXT
COUNTED = Reply(200, {}, b'{"harvester":{"%s":{"favorites":"1"}}}' % TWEET.encode())


def errors(text: str, **lists: object) -> bytes:
    return json.dumps({"errors": [text], **lists}).encode()


ANSWERS: list[tuple[int, bytes, Verdict, str]] = [
    (200, COUNTED.body, "works", "200"),
    (200, b'{"harvester":{}}', "works", "200"),
    (200, errors("1 Tweet ID(s) are unavailable", unavailable_tweet_ids=[TWEET]), "works", "200"),
    (
        200,
        errors("…are not supported", unsupported_for_impressions_engagements_tweet_ids=[TWEET]),
        "works",
        "200",
    ),
    (400, errors("1 Tweet ID(s) are unavailable"), "works", "1 Tweet ID(s) are unavailable"),
    (403, errors(f"Forbidden to access tweets: {TWEET}"), "works", "Forbidden to access tweets"),
    (403, errors(f"Forbidden to access tweets for author id 1: {TWEET}"), "works", "for author id 1"),
    (403, errors("Forbidden to access metrics: impressions"), "refused", "metrics: impressions"),
    (403, errors("Your application id is not authorized."), "refused", "application id"),
    (401, errors("Your account could not be authenticated."), "refused", "authenticated. (note)"),
    (400, errors("One or more of the groupBys are not supported"), "refused", "groupBys"),
    (404, b"", "no answer", "404"),
    (429, b"", "no answer", "429"),
    (503, b"<title>Over capacity</title>", "no answer", "Over capacity"),
    (200, b"<title>Log in</title>", "no answer", "Log in"),
    (200, b"{}", "no answer", "neither counts nor errors"),
    (302, b"", "no answer", "302"),
]


@pytest.mark.parametrize(("status", "body", "verdict", "words"), ANSWERS)
def test_an_answer_is_judged(status: int, body: bytes, verdict: Verdict, words: str) -> None:
    answer = read_answer(probe_request("totals", USER, TWEET), status, body)
    found, why = judge(answer, " (note)")
    assert found == verdict
    assert words in why
    assert ("(note)" in why) == (status == 401)


def test_trouble_on_the_way_is_no_answer() -> None:
    assert judge(Trouble("connection", "refused"), " (note)") == ("no answer", "refused")


@pytest.mark.parametrize(("endpoint", "access"), PROBES)
def test_a_probe_asks_for_what_the_kind_of_access_is_there_for(
    endpoint: EndpointName, access: Access
) -> None:
    request = probe_request(endpoint, access, TWEET)
    assert request.tweet_ids == (TWEET,)
    assert 1 <= len(request.metrics) <= 2
    for metric in request.metrics:
        assert CATALOGUE[metric].is_on(endpoint)
        assert needs_user_context(metric, endpoint) == (access is USER)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (["works", "not configured"], ExitCode.OK),
        (["works", "refused", "no answer"], ExitCode.CREDENTIALS),
        (["works", "no answer"], ExitCode.SERVICE),
        (["not configured", "not configured"], ExitCode.USAGE),
    ],
)
def test_what_needs_a_person_goes_before_what_passes(verdicts: list[Verdict], code: ExitCode) -> None:
    assert exit_code_of([Check("totals", APP_ONLY, verdict, "") for verdict in verdicts]) is code


@pytest.mark.parametrize(
    ("credentials", "working"),
    [
        (Credentials(), []),
        (Credentials(bearer_token=BEARER), PROBES[:1]),
        (Credentials(APP, TOKEN), PROBES[1:]),
        (Credentials(APP, TOKEN, BEARER), PROBES),
    ],
    ids=["nothing", "bearer", "user", "both"],
)
async def test_what_is_configured_is_asked_once_and_the_rest_not_at_all(
    credentials: Credentials, working: list[tuple[EndpointName, Access]]
) -> None:
    script = Script([COUNTED])
    checks = await check_access(credentials, script, BASE, AUTH, TWEET)
    assert [(check.endpoint, check.access) for check in checks] == list(PROBES)
    assert [(c.endpoint, c.access) for c in checks if c.verdict == "works"] == list(working)
    assert {check.verdict for check in checks} <= {"works", "not configured"}
    assert [url for url, _, _ in script.asked] == [
        f"{BASE}/insights/engagement/{endpoint}" for endpoint, _ in working
    ]
    schemes = [headers["Authorization"].split()[0] for _, _, headers in script.asked]
    assert schemes == ["OAuth" if access is USER else "Bearer" for _, access in working]


@pytest.mark.parametrize(
    ("reply", "verdict"), [(Reply(403, {}, errors("no")), "refused"), (Reply(503, {}, b""), "no answer")]
)
async def test_a_bearer_token_that_cannot_be_fetched_is_a_verdict(reply: Reply, verdict: Verdict) -> None:
    first, *others = await check_access(Credentials(APP), Script([reply]), BASE, AUTH, TWEET)
    assert first.verdict == verdict
    assert "no bearer token from https://api.twitter.com/oauth2/token" in first.why
    assert {check.verdict for check in others} == {"not configured"}


async def test_a_bearer_token_that_is_fetched_is_tried() -> None:
    script = Script([Reply(200, {}, b'{"access_token":"fetched"}'), COUNTED])
    checks = await check_access(Credentials(APP), script, BASE, AUTH, TWEET)
    assert checks[0].verdict == "works"
    assert script.asked[1][2] == {"Authorization": "Bearer fetched"}


async def test_a_401_tells_when_the_clocks_differ() -> None:
    reply = Reply(401, {"Date": "Fri, 01 Jan 2100 00:00:00 GMT"}, errors("Timestamp out of bounds"))
    checks = await check_access(Credentials(APP, TOKEN), Script([reply]), BASE, AUTH, TWEET)
    assert all("s behind the service's" in check.why for check in checks[1:])


async def test_a_certificate_that_is_not_trusted_is_a_verdict() -> None:
    class Untrusted:
        async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply | Trouble:
            raise ServiceError("the certificate is not trusted")

    checks = await check_access(Credentials(bearer_token=BEARER), Untrusted(), BASE, AUTH, TWEET)
    assert (checks[0].verdict, checks[0].why) == ("no answer", "the certificate is not trusted")
