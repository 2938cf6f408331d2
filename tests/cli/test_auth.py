"""`harvester auth` from the command line: what is printed where, what is stored, and how it ends."""

import io
import json
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import pytest

from harvester.cli import authorizing
from harvester.cli.main import run_cli
from harvester.engagement.answer import Trouble
from harvester.engagement.endpoints import DEFAULT_AUTH_URL as AUTH
from harvester.engagement.endpoints import DEFAULT_BASE_URL as BASE
from harvester.transport.session import Reply

APP = '# ours\n[app]\nconsumer_key = "key-c4n4ry"\nconsumer_secret = "secret-c4n4ry"  # of July\n'
USER = '[accounts.ada]\naccess_token = "1-c4n4ry"\naccess_token_secret = "s-c4n4ry"\n'
BEARER = {"token_type": "bearer", "access_token": "bearer-c4n4ry"}
REQUEST_PAIR = "oauth_token=request&oauth_token_secret=c4n4ry&oauth_callback_confirmed=true"
GRANTED = "oauth_token=7-c4n4ry&oauth_token_secret=s7-c4n4ry&user_id=7&screen_name=ada_l"
TOTALS, HOURS, HISTORICAL = (
    f"{BASE}/insights/engagement/{name}" for name in ("totals", "28hr", "historical")
)
COUNTED: dict[str, object] = {"harvester": {}}
Said = pytest.CaptureFixture[str]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The credentials file, in a home of its own and not yet there; no other credentials are set."""
    for name in os.environ:
        if name.startswith(("HARVESTER_", "TWITTER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config" / "harvester" / "credentials.toml"


@pytest.fixture
def app(stored: Path) -> Path:
    """The credentials file with the app's key."""
    return write(stored, APP)


class Service:
    """Answers each URL with what a test gave for it, one after the other; a session that reaches only it."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes]] = []
        self._replies: dict[str, list[Reply]] = {}

    def answers(self, url: str, body: object, status: int = 200) -> None:
        """body: a text as it is, anything else as JSON."""
        content = body if isinstance(body, str) else json.dumps(body)
        self._replies.setdefault(url, []).append(Reply(status, {}, content.encode()))

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply | Trouble:
        assert headers["Authorization"]
        self.requests.append((url, body))
        return self._replies[url].pop(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """What is reached instead of the network."""
    service = Service()
    monkeypatch.setattr(authorizing, "HttpSession", lambda connections: service)
    return service


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode(errors="surrogateescape"))))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_bearer_prints_the_token_and_nothing_else(app: Path, service: Service, capsys: Said) -> None:
    service.answers(f"{AUTH}/oauth2/token", BEARER)
    assert run_cli(["auth", "bearer"]) == 0
    assert tuple(capsys.readouterr()) == ("bearer-c4n4ry\n", "")
    assert app.read_text() == APP


def test_bearer_is_stored_and_not_shown(app: Path, service: Service, capsys: Said) -> None:
    service.answers(f"{AUTH}/oauth2/token", BEARER)
    assert run_cli(["auth", "bearer", "--save"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert str(app) in said.err
    assert "c4n4ry" not in said.err
    assert app.read_text() == APP + 'bearer_token = "bearer-c4n4ry"\n'
    assert mode_of(app) == 0o600


def test_bearer_asks_the_service_of_the_environment(
    app: Path, service: Service, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("HARVESTER_AUTH_URL", "http://host:8/")
    service.answers("http://host:8/oauth2/token", BEARER)
    assert run_cli(["auth", "bearer"]) == 0


def test_keys_of_run_in_the_shared_file_are_left_to_it(app: Path, service: Service, capsys: Said) -> None:
    Path("harvester.toml").write_text('top = 3\nauth-url = "http://host:8"\n')
    service.answers("http://host:8/oauth2/token", BEARER)
    assert run_cli(["auth", "bearer"]) == 0


def test_bearer_of_a_wrong_key_is_refused_and_nothing_is_lost(
    app: Path, service: Service, capsys: Said
) -> None:
    service.answers(f"{AUTH}/oauth2/token", {"errors": ["Unable to verify"]}, 403)
    assert run_cli(["auth", "bearer", "--save"]) == 4
    said = capsys.readouterr()
    assert "Unable to verify" in said.err
    assert "c4n4ry" not in said.out + said.err
    assert app.read_text() == APP


def test_login_stores_the_users_token(
    app: Path, service: Service, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    service.answers(f"{AUTH}/oauth/request_token", REQUEST_PAIR)
    service.answers(f"{AUTH}/oauth/access_token", GRANTED)
    type_in(monkeypatch, " 0123456 \nmore\n")
    assert run_cli(["auth", "login"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{AUTH}/oauth/authorize?oauth_token=request\n" in said.err
    assert "@ada_l (user 7)" in said.err
    assert "c4n4ry" not in said.err
    assert app.read_text().startswith(APP)
    assert tomllib.loads(app.read_text())["accounts"] == {
        "default": {"access_token": "7-c4n4ry", "access_token_secret": "s7-c4n4ry"}
    }
    assert mode_of(app) == 0o600


def test_login_makes_the_file_when_the_environment_has_the_key(
    stored: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARVESTER_CONSUMER_KEY", "k")
    monkeypatch.setenv("HARVESTER_CONSUMER_SECRET", "s")
    service.answers(f"{AUTH}/oauth/request_token", REQUEST_PAIR)
    service.answers(f"{AUTH}/oauth/access_token", GRANTED)
    type_in(monkeypatch, "0123456")
    assert run_cli(["auth", "login", "--account", "ada"]) == 0
    assert list(tomllib.loads(stored.read_text())["accounts"]) == ["ada"]
    assert (mode_of(stored), mode_of(stored.parent)) == (0o600, 0o700)
    assert {mode_of(path) for path in stored.parent.iterdir()} == {0o600}


def test_login_follows_a_link_to_the_file(
    app: Path, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "dotfiles" / "credentials.toml"
    elsewhere.parent.mkdir()
    app.rename(elsewhere)
    app.symlink_to(elsewhere)
    service.answers(f"{AUTH}/oauth/request_token", REQUEST_PAIR)
    service.answers(f"{AUTH}/oauth/access_token", GRANTED)
    type_in(monkeypatch, "0123456")
    assert run_cli(["auth", "login"]) == 0
    assert app.is_symlink()
    assert "accounts" in tomllib.loads(elsewhere.read_text())


def test_file_is_written_for_its_owner_alone_from_the_first_byte(
    app: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a killed process has left a temporary file that others may read."""
    leftover = write(app.with_name(".credentials.toml.tmp"), "", 0o644)
    modes = []
    fsync = os.fsync

    def see(handle: int) -> None:
        modes.append(stat.S_IMODE(os.fstat(handle).st_mode))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", see)
    service.answers(f"{AUTH}/oauth2/token", BEARER)
    assert run_cli(["auth", "bearer", "--save"]) == 0
    assert modes[0] == 0o600
    assert not leftover.exists()


@pytest.mark.parametrize(("status", "code"), [(401, 4), (403, 4), (503, 5)])
def test_login_without_a_token_for_the_pin_loses_nothing(
    status: int,
    code: int,
    app: Path,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Said,
) -> None:
    service.answers(f"{AUTH}/oauth/request_token", REQUEST_PAIR)
    service.answers(f"{AUTH}/oauth/access_token", "Invalid oauth_verifier", status)
    type_in(monkeypatch, "9999999\n")
    assert run_cli(["auth", "login"]) == code
    complaint = capsys.readouterr().err.splitlines()[2:]
    assert complaint[0].startswith("harvester: no access token for this PIN")
    assert len(complaint) == 2
    assert app.read_text() == APP


@pytest.mark.parametrize("typed", ["", "\n", "  \n", "\udcff\n", "12\x1b3\n"])
def test_login_without_a_pin_is_wrong_usage(
    typed: str, app: Path, service: Service, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    service.answers(f"{AUTH}/oauth/request_token", REQUEST_PAIR)
    type_in(monkeypatch, typed)
    assert run_cli(["auth", "login"]) == 2
    assert "harvester: no PIN was given" in capsys.readouterr().err
    assert app.read_text() == APP


@pytest.mark.parametrize(
    ("text", "mode", "arguments", "says"),
    [
        ("", 0o600, ["bearer"], "no consumer key and secret"),
        ("", 0o600, ["login"], "no consumer key and secret"),
        ("", 0o600, ["check"], "no credentials are configured"),
        (APP, 0o644, ["bearer", "--save"], "can be read by others"),
        (APP, 0o640, ["login"], "can be read by others"),
        (APP, 0o604, ["check"], "can be read by others"),
        (f"{APP}bearer_token = c4n4ry", 0o600, ["login"], "not valid TOML"),
        (f'accounts = "c4n4ry"\n{APP}', 0o600, ["login"], "'accounts' has to be a table"),
        (APP, 0o600, ["login", "--account", " "], "--account needs a name"),
        (APP, 0o600, ["login", "--auth-url", "ftp://host"], "--auth-url"),
        (APP, 0o600, ["check", "--account", "nobody"], "no account 'nobody'"),
        (APP, 0o600, ["check", "--tweet", "1.06E+18"], "--tweet '1.06E+18' is no tweet ID"),
        (f"{APP}[accounts.x]\naccess_token = 'c4n4ry'", 0o600, ["check"], "access token of account 'x'"),
        (APP, 0o600, [], "Usage: harvester auth"),
        (APP, 0o600, ["logout"], "no such command: logout"),
    ],
)
def test_what_cannot_be_used_is_one_clear_line_before_any_request(
    text: str,
    mode: int,
    arguments: list[str],
    says: str,
    stored: Path,
    service: Service,
    capsys: Said,
) -> None:
    write(stored, text, mode)
    assert run_cli(["auth", *arguments]) == 2
    said = capsys.readouterr()
    assert says in said.err.splitlines()[0]
    assert "c4n4ry" not in said.out + said.err
    assert not service.requests
    assert stored.read_text() == text


def test_check_says_what_works(stored: Path, service: Service, capsys: Said) -> None:
    write(stored, f"{APP}bearer_token = 'bearer-c4n4ry'\n{USER}")
    refusal = {"errors": ["Forbidden to access tweets: 1060976163948904448"]}
    service.answers(TOTALS, COUNTED)
    service.answers(TOTALS, refusal, 403)
    service.answers(HOURS, {"errors": ["1 Tweet ID(s) are unavailable"]}, 400)
    service.answers(HISTORICAL, COUNTED)
    assert run_cli(["auth", "check", "--account", "ada"]) == 0
    said = capsys.readouterr()
    assert [line.split(None, 1)[0] for line in said.out.splitlines()] == [
        "endpoint",
        "totals",
        "totals",
        "28hr",
        "historical",
    ]
    assert said.out.count("works") == 4
    assert "403: Forbidden to access tweets" in said.out
    assert "c4n4ry" not in said.out + said.err


def test_check_tells_what_is_refused_as_json(stored: Path, service: Service, capsys: Said) -> None:
    write(stored, APP + USER)
    service.answers(TOTALS, COUNTED)
    service.answers(HOURS, {"errors": ["Forbidden to access metrics: impressions"]}, 403)
    service.answers(HISTORICAL, "", 503)
    assert run_cli(["auth", "check", "--account", "ada", "--tweet", "42", "--json"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["account"], document["exit"]) == (1, "ada", 4)
    assert [(c["endpoint"], c["access"], c["verdict"]) for c in document["checks"]] == [
        ("totals", "app-only", "not configured"),
        ("totals", "user context", "works"),
        ("28hr", "user context", "refused"),
        ("historical", "user context", "no answer"),
    ]
    assert document["checks"][2]["why"] == "403: Forbidden to access metrics: impressions"
    assert [url for url, _ in service.requests] == [TOTALS, HOURS, HISTORICAL]
    assert json.loads(service.requests[0][1])["tweet_ids"] == ["42"]


def test_check_of_a_service_that_is_not_there_says_so(stored: Path, capsys: Said) -> None:
    write(stored, "[app]\nbearer_token = 'bearer-c4n4ry'")
    assert run_cli(["auth", "check", "--base-url", "http://127.0.0.1:1"]) == 5
    assert "no answer" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["bearer"], ["login"], ["check"]])
def test_help_has_an_example(arguments: list[str], capsys: Said) -> None:
    assert run_cli(["auth", *arguments, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"  {' '.join(['harvester', 'auth', *arguments])}" in text
