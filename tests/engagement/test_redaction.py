"""Secrets that a service echoes, in every form in which it can."""

import json
from base64 import b64encode
from urllib.parse import quote

import pytest

from harvester.engagement.answer import Counted
from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.redaction import Redactor, redact_forms
from harvester.engagement.request import Access, Request
from harvester.engagement.response import error_message, read_answer

APP = AppKey(Secret("consumer/key+1"), Secret("consumer=canary"))
TOKEN = AccessToken(Secret("17-token"), Secret("token canary"))
OTHER = AccessToken(Secret("18-other"), Secret("other-canary"))
CREDENTIALS = Credentials(APP, TOKEN, Secret("AAAA%2Fbearer/canary"), {"ada": OTHER})
VALUES = [secret.reveal() for secret in CREDENTIALS.secrets()]
PAIR = b64encode(f"{quote('consumer/key+1', safe='')}:{quote('consumer=canary', safe='')}".encode()).decode()
REDACT = Redactor(CREDENTIALS.secrets())
ASKED = Request(ENDPOINTS["totals"], ("20",), ("favorites",), ("favorites",), Access.APP_ONLY)
HEADER = (
    'OAuth oauth_consumer_key="ck", oauth_nonce="n0nce", oauth_signature="c2ln%2Bn%3D", '
    'oauth_token="tok", oauth_version="1.0"'
)


def test_all_secrets_are_known() -> None:
    assert len(VALUES) == 8
    assert PAIR in VALUES


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    "form",
    [
        str,
        lambda value: quote(value, safe=""),
        lambda value: quote(value, safe="").replace("%2F", "%2f"),
        lambda value: quote(quote(value, safe=""), safe=""),
        lambda value: b64encode(value.encode()).decode(),
    ],
    ids=["plain", "quoted", "quoted small", "quoted twice", "base64"],
)
def test_a_secret_that_is_known_is_taken_out_in_each_form(value: str, form: type[str]) -> None:
    shown = REDACT(f"your <{form(value)}> is unknown")
    assert shown.startswith("your <[redacted]")
    assert shown.endswith("> is unknown")


def test_a_secret_that_is_learnt_is_known_from_then_on() -> None:
    redact = Redactor()
    assert redact("fetched is unknown") == "fetched is unknown"
    redact.learn(Secret("fetched"))
    assert redact("fetched is unknown") == "[redacted] is unknown"
    assert "fetched" not in repr(redact)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bearer abcdef1 unknown", "Bearer [redacted] unknown"),
        ("bearer%20abcdef1", "bearer%20[redacted]"),
        ('"Basic eHh4Onl5eQ=="', '"Basic [redacted]"'),
        ("oauth_token=tok&oauth_token_secret=sec", "[redacted]&[redacted]"),
        ('{\\"oauth_signature\\": \\"c2ln\\"}', '{\\"[redacted]\\"}'),
        ("oauth_token%3Dtok", "[redacted]"),
        ("Bearer token not found", "Bearer token not found"),
        ("HTTP Basic is missing", "HTTP Basic is missing"),
        ("Invalid oauth_verifier parameter", "Invalid oauth_verifier parameter"),
        ("oauth_problem=timestamp_refused", "oauth_problem=timestamp_refused"),
        ("Forbidden to access tweets: 1,2", "Forbidden to access tweets: 1,2"),
    ],
)
def test_what_looks_like_a_credential_is_taken_out_and_nothing_else(text: str, shown: str) -> None:
    assert redact_forms(text) == shown


def test_an_authorization_header_leaves_nothing_of_its_values() -> None:
    shown = redact_forms(HEADER)
    for value in ("ck", "n0nce", "c2ln", "tok", "1.0", "oauth_signature"):
        assert value not in shown


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 405, 429, 500])
@pytest.mark.parametrize("value", [*VALUES, HEADER])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda value: json.dumps({"errors": [f"your {value} unknown"]}),
        lambda value: json.dumps({"errors": ["x" * (300 - 5 - len(value) // 2) + " " + value]}),
        lambda value: json.dumps({"message": value}),
        lambda value: f"<html><title>{value}</title>",
        lambda value: "x" * (120 - len(value) // 2) + " " + value,
        lambda value: json.dumps({"harvester": {"20": {"favorites": value}}}),
        lambda value: json.dumps({"harvester": {"20": {"favorites": "x" * 270 + " " + value}}}),
        lambda value: json.dumps({"harvester": {"20": value}}),
    ],
    ids=["error", "cut error", "other", "title", "cut text", "count", "cut count", "row"],
)
def test_no_answer_passes_a_secret_on(status: int, value: str, wrap: type[str]) -> None:
    """Nor the half of one where its words are cut."""
    seen = repr(read_answer(ASKED, status, wrap(value).encode(), REDACT))
    for secret in (value, value[: len(value) // 2 - 1], "ck", "c2ln", "n0nce"):
        assert secret not in seen


def test_times_that_are_none_are_not_passed_on() -> None:
    """They stand in the records of 28hr as they came."""
    asked = Request(ENDPOINTS["28hr"], ("20",), ("favorites",), ("favorites",), Access.USER_CONTEXT)
    body = {"start": "Bearer canary", "end": "2026-11-22T00:00:00Z", "harvester": {"20": {"favorites": "1"}}}
    answer = read_answer(asked, 200, json.dumps(body).encode())
    assert isinstance(answer, Counted)
    detail = answer.details[0]
    assert detail is not None
    assert (detail.start, detail.end) == (None, "2026-11-22T00:00:00Z")


def test_error_message_takes_secrets_out_of_the_token_services_words() -> None:
    assert error_message(401, f"Basic {PAIR} is wrong".encode()) == "401: 'Basic [redacted] is wrong'"
