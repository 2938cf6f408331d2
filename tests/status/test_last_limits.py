"""The allowance as the API told it last, kept for the next plan."""

from dataclasses import replace
from pathlib import Path

import pytest

from harvester.engagement.allowance import Rate
from harvester.engagement.credentials import AppKey, Credentials, Secret
from harvester.pipeline.endpoint_run import Told
from harvester.status.last_limits import NAME, LastLimits, Seen, fingerprint
from tests.cli.sights import BEGUN

APP = Credentials(AppKey(Secret("key-canary"), Secret("secret-canary")))
BEARER = Credentials(bearer_token=Secret("bearer-canary"))
TOLD = replace(BEGUN, told=Told(600.0, is_shared=False))


@pytest.mark.parametrize("credentials", [APP, BEARER])
def test_what_a_run_was_told_is_known_to_the_next_plan_of_its_app(
    tmp_path: Path, credentials: Credentials
) -> None:
    limits = LastLimits(tmp_path / "state")
    limits.remember(credentials, [TOLD], "https://user:pw-canary@host/api", 1_795_546_351.0)
    other = replace(TOLD, endpoint="28hr", told=Told(60.0, is_shared=True))
    limits.remember(credentials, [other, replace(BEGUN, endpoint="historical")], "https://host", 1.0)
    seen = limits.seen(credentials)
    assert seen == {
        "totals": Seen(600.0, shared=False, at=1_795_546_351.0, url="https://host/api"),
        "28hr": Seen(60.0, shared=True, at=1.0, url="https://host"),
    }
    assert seen["totals"].rate == Rate(600.0, 60.0)
    assert "canary" not in (tmp_path / "state" / NAME).read_text()


def test_another_app_knows_nothing_of_it(tmp_path: Path) -> None:
    LastLimits(tmp_path).remember(APP, [TOLD], "https://host", 1.0)
    assert LastLimits(tmp_path).seen(BEARER) == {}
    assert LastLimits(tmp_path).seen(Credentials()) == {}
    assert fingerprint(Credentials()) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"schema":2,"apps":{}}', b'{"schema":1,"apps":{"app:1":3}}', b"\xff"]
)
def test_a_file_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert LastLimits(tmp_path).seen(APP) == {}
    LastLimits(tmp_path).remember(APP, [TOLD], "https://host", 1.0)
    assert LastLimits(tmp_path).seen(APP)["totals"].per_minute == 600


def test_where_nothing_can_be_written_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    LastLimits(tmp_path / "file").remember(APP, [TOLD], "https://host", 1.0)


def test_a_run_that_was_told_nothing_writes_nothing(tmp_path: Path) -> None:
    LastLimits(tmp_path / "state").remember(APP, [BEGUN], "https://host", 1.0)
    assert not (tmp_path / "state").exists()
