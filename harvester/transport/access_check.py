"""What the configured credentials are good for: one cheap request for each endpoint and kind of access."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, assert_never

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
from harvester.engagement.credentials import Credentials
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.metrics import EndpointName
from harvester.engagement.redaction import Redact, Redactor
from harvester.engagement.request import Access, Credential, Request, encode_request
from harvester.engagement.response import read_answer
from harvester.errors import CredentialsError, ExitCode, ServiceError
from harvester.transport.clock import clock_note
from harvester.transport.oauth import Signer, make_signers
from harvester.transport.session import Session

Verdict = Literal["works", "refused", "no answer", "not configured"]

METRICS: Final = {Access.APP_ONLY: ("favorites",), Access.USER_CONTEXT: ("impressions", "engagements")}
"""What is asked for: what the kind of access is there for."""
PROBES: Final[tuple[tuple[EndpointName, Access], ...]] = (
    ("totals", Access.APP_ONLY),
    ("totals", Access.USER_CONTEXT),
    ("28hr", Access.USER_CONTEXT),
    ("historical", Access.USER_CONTEXT),
)
_MISSING: Final = {
    Access.APP_ONLY: "no bearer token is configured",
    Access.USER_CONTEXT: "no access token is configured",
}


@dataclass(frozen=True, slots=True)
class Check:
    """What came of one probe. why: the API's own words where it gave some."""

    endpoint: EndpointName
    access: Access
    verdict: Verdict
    why: str


def probe_request(endpoint: EndpointName, access: Access, tweet_id: str) -> Request:
    """The request that is sent to see whether an endpoint can be used with a kind of access."""
    metrics = METRICS[access]
    return Request(ENDPOINTS[endpoint], (tweet_id,), metrics, metrics, access)


def judge(answer: Answer, note: str = "") -> tuple[Verdict, str]:
    """What an answer to a probe tells of the credentials, and why.

    That the tweet is unavailable or somebody else's is told only to those whose credentials are accepted.
    note: what to know where they are not.
    """
    match answer:
        case Counted():
            return "works", "200: answered"
        case Gone(message=message) | Unowned(message=message):
            return "works", message
        case Unauthorized(message):
            return "refused", message + note
        case MetricsDenied(message=message) | Refused(message=message):
            return "refused", message
        case RateLimited(message) | WrongUrl(message) | Trouble(message=message):
            return "no answer", message
    assert_never(answer)


def exit_code_of(checks: Sequence[Check]) -> ExitCode:
    """How a check of all ends; what needs a person goes before what passes."""
    verdicts = {check.verdict for check in checks}
    if "refused" in verdicts:
        return ExitCode.CREDENTIALS
    if "no answer" in verdicts:
        return ExitCode.SERVICE
    return ExitCode.OK if "works" in verdicts else ExitCode.USAGE


async def check_access(
    credentials: Credentials, session: Session, base_url: str, auth_url: str, tweet_id: str
) -> list[Check]:
    """Probe what is configured, one request after another; what is not configured is listed as such.

    Nothing is sent twice, so that a limited service answers all probes if it can.
    """
    redact = Redactor(credentials.secrets())
    signers: Mapping[Credential, Signer] = {}
    accounts = {"": credentials.access_token} if credentials.access_token else {}
    unsigned: tuple[Verdict, str] | None = None
    try:
        signers = await make_signers(credentials, accounts, session, auth_url, on_fetch=redact.learn)
    except (CredentialsError, ServiceError) as error:
        # Only an app's key alone has anything fetched.
        verdict: Verdict = "refused" if isinstance(error, CredentialsError) else "no answer"
        unsigned = verdict, error.message
    checks = []
    for endpoint, access in PROBES:
        request = probe_request(endpoint, access, tweet_id)
        if signer := signers.get(request.credential):
            outcome = await _probe(request, signer, session, base_url, redact)
        elif unsigned and access is Access.APP_ONLY:
            outcome = unsigned
        else:
            outcome = "not configured", _MISSING[access]
        checks.append(Check(endpoint, access, *outcome))
    return checks


async def _probe(
    request: Request, signer: Signer, session: Session, base_url: str, redact: Redact
) -> tuple[Verdict, str]:
    url = base_url + request.endpoint.path
    try:
        reply = await session.post(url, encode_request(request), signer(url))
    except ServiceError as error:
        return "no answer", error.message
    if isinstance(reply, Trouble):
        return judge(reply)
    answer = read_answer(request, reply.status, reply.body, redact)
    return judge(answer, clock_note(reply.headers, time.time()))
