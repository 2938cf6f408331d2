"""The simulator as a process: its start line, its credentials, its end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth1Auth, OAuth1Session
from click.testing import CliRunner

from harvester.cli.simulate import simulate
from harvester.simulator.catalogue import FAULTS

PATH = "/insights/engagement/totals"
COMMAND = "from harvester.cli.simulate import simulate; simulate()"

Ask = Callable[..., dict[str, object]]


@contextmanager
def running(*flags: str, **environment: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """A simulator and its start line; killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if "HARVESTER" not in name} | environment,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Exit code, and what else was said. Fails when it takes more than a few seconds."""
    out, err = process.communicate(timeout=10)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly_also_with_a_request_that_hangs(ask: Ask, number: int) -> None:
    with running("--fault", "hang=1", HARVESTER_BEARER_TOKEN="b") as (process, told):
        with pytest.raises(requests.Timeout):
            requests.post(
                told["base_url"] + PATH,
                data=json.dumps(ask([20])),
                headers={"Authorization": "Bearer b"},
                timeout=0.3,
            )
        process.send_signal(number)
        assert ended(process) == (0, "", "")


def test_the_end_of_standard_input_ends_it_when_it_has_a_parent() -> None:
    with running("--exit-with-parent") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert ended(process) == (0, "", "")


def test_generated_credentials_are_told_and_are_good_for_both_kinds(ask: Ask) -> None:
    with running("--deleted-share", "0") as (_, told):
        assert told["auth_url"] == told["base_url"]
        user = OAuth1Auth(
            told["consumer_key"],
            client_secret=told["consumer_secret"],
            token=told["access_token"],
            token_secret=told["access_token_secret"],
            force_include_body=False,
        )
        url = told["base_url"] + PATH
        by_user = requests.post(url, data=json.dumps(ask([20], ["impressions"])), auth=user, timeout=10)
        by_app = requests.post(
            url,
            data=json.dumps(ask([20])),
            headers={"Authorization": f"Bearer {told['bearer_token']}"},
            timeout=10,
        )
        assert (by_user.status_code, by_app.status_code) == (200, 200)


def test_credentials_of_the_environment_are_not_told() -> None:
    with running(HARVESTER_CONSUMER_KEY="key", HARVESTER_CONSUMER_SECRET="hidden") as (_, told):
        assert told.keys() == {"base_url", "auth_url"}


def test_an_outage_refuses_connections_and_ends_on_the_same_port(ask: Ask) -> None:
    """With a connection each; the first request, which starts the outage, has one already and is reset."""
    with running("--outage", "0+0.5=refuse", HARVESTER_BEARER_TOKEN="b") as (process, told):
        troubles: list[str] = []
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                requests.post(
                    told["base_url"] + PATH,
                    data=json.dumps(ask([20])),
                    headers={"Authorization": "Bearer b"},
                    timeout=5,
                )
            except requests.ConnectionError as exc:
                troubles.append(str(exc))
            else:
                break
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (0, "", "")
    assert "Connection refused" not in troubles[0]
    assert "Connection refused" in troubles[-1]


def test_a_port_in_use_is_told_in_one_line() -> None:
    with running() as (_, told):
        port = told["base_url"].rpartition(":")[2]
        result = CliRunner().invoke(simulate, ["--port", port])
    assert result.exit_code != 0
    assert f"127.0.0.1:{port}" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("fault", ["hang", "nonsense=0.5", "hang=2", "hang=@0"])
def test_a_fault_that_is_none_is_wrong_usage(fault: str) -> None:
    result = CliRunner().invoke(simulate, ["--fault", fault])
    assert result.exit_code == 2
    assert "Invalid value for '--fault'" in result.output


CREDENTIALS = """
[app]
consumer_key = "key"
consumer_secret = "secret"
bearer_token = "b"
[accounts.ann]
access_token = "a"
access_token_secret = "a secret"
"""


def test_a_credentials_file_is_what_is_accepted_and_is_not_told(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "credentials.toml"
    path.write_text(CREDENTIALS)
    with running("--credentials", str(path), "--now", "2026-11-23", HARVESTER_BEARER_TOKEN="other") as (
        _,
        told,
    ):
        assert told.keys() == {"base_url", "auth_url"}
        url = told["base_url"] + "/insights/engagement/28hr"
        user = OAuth1Auth("key", client_secret="secret", token="a", token_secret="a secret")
        body = json.dumps(ask([20], ["app_opens"]))
        by_user = requests.post(url, data=body, auth=user, timeout=10)
        by_other = requests.post(url, data=body, headers={"Authorization": "Bearer other"}, timeout=10)
        assert (by_user.status_code, by_other.status_code) == (200, 401)
        assert by_user.json()["end"] == "2026-11-23T00:00:00Z"


def test_a_user_lets_the_app_in_by_pin() -> None:
    known = {"HARVESTER_CONSUMER_KEY": "key", "HARVESTER_CONSUMER_SECRET": "secret"}
    with running("--pin", "0123456", **known) as (_, told), requests.Session() as session:
        client = OAuth1Session("key", "secret", redirect_uri="oob")
        asked = client.fetch_request_token(told["auth_url"] + "/oauth/request_token")
        page = session.get(client.create_authorization_url(told["auth_url"] + "/oauth/authorize"), timeout=10)
        assert "0123456" in page.text
        client.redirect_uri = None
        client.token = asked
        user = client.fetch_access_token(told["auth_url"] + "/oauth/access_token", verifier="0123456")
        client.close()
        signed = OAuth1Auth("key", "secret", user["oauth_token"], user["oauth_token_secret"])
        assert session.post(told["base_url"] + PATH, data="{}", auth=signed, timeout=10).status_code == 400


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--pin", "123"], "'--pin'"),
        (["--deny-metric", "likes"], "'--deny-metric'"),
        (["--leave-out-header", "x-reset"], "'--leave-out-header'"),
        (["--outage", "5+3=404"], "'--outage'"),
        (["--expire-bearer-after", "0"], "'--expire-bearer-after'"),
        (["--credentials", "nowhere.toml"], "'--credentials'"),
        (["--credentials", __file__], "'--credentials'"),
    ],
)
def test_a_value_that_does_not_fit_is_wrong_usage(flags: list[str], expected: str) -> None:
    result = CliRunner().invoke(simulate, flags)
    assert result.exit_code == 2
    assert f"Invalid value for {expected}" in result.output


def test_help_names_each_fault_and_every_flag_has_words() -> None:
    output = " ".join(CliRunner().invoke(simulate, ["--help"]).output.split())
    assert all(name in output for name in FAULTS)
    assert all(getattr(parameter, "help", None) for parameter in simulate.params)


def test_help_does_not_wait_for_what_only_serving_needs() -> None:
    code = "import sys, harvester.cli.simulate; sys.exit(bool({'aiohttp', 'numpy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
