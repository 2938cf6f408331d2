"""Secrets never leave: every command, under every fault, at its most talkative, and when it crashes."""

import os
import secrets
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

import harvester
from harvester.cli.main import COMMANDS
from harvester.engagement.credentials import AccessToken, AppKey, Credentials, Secret
from harvester.engagement.redaction import Redactor
from harvester.simulator.catalogue import FAULTS
from harvester.transport.oauth import bearer_signer, user_signer
from tests.end_to_end.by_hand import Asked, Reply, counts, serving
from tests.end_to_end.forked import ForkedProcess, ForkingRunner, shared_server
from tests.end_to_end.running import (
    BEARER,
    DEADLINE_S,
    USER_KEYS,
    Process,
    Runner,
    Simulator,
    clean_environment,
    wait_for,
)

WAITED_OUT = tuple(name for name in FAULTS if name.startswith("rate-limit"))
"""Up to a minute each: a run that meets one is stopped there."""
NAMES = ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET", "BEARER_TOKEN")


@dataclass
class Watched:
    """Runs commands with secrets that nobody else knows, and keeps every byte that they say."""

    folder: Path
    keys: dict[str, str] = field(
        default_factory=lambda: {
            f"HARVESTER_{name}": f"{secrets.token_urlsafe(12)}/+ {secrets.token_hex(4)}" for name in NAMES
        }
    )
    seen: bytes = b""

    def start(self, *arguments: str) -> ForkedProcess:
        runner = ForkingRunner(self.folder, shared_server())
        return runner.begin(*arguments, keys=self.keys, has_pipe=True)

    def start_alone(self, *arguments: str) -> subprocess.Popen[bytes]:
        """In an interpreter of its own, which tells where it was when it crashes."""
        homes = {"XDG_STATE_HOME": str(self.folder / "state"), "XDG_CONFIG_HOME": str(self.folder / "config")}
        process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", "harvester", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env={**clean_environment(), **homes, **self.keys},
        )
        self.seen += Path(f"/proc/{process.pid}/cmdline").read_bytes()
        return process

    def finish(self, process: Process, stdin: bytes = b"") -> int:
        out, err = process.communicate(stdin, timeout=DEADLINE_S)
        self.seen += out + err
        return process.returncode

    def __call__(self, *arguments: str, stdin: bytes = b"") -> int:
        return self.finish(self.start(*arguments), stdin)

    def simulator(self, *flags: str) -> "Simulators":
        return Simulators(self, flags)

    def forms(self) -> Iterator[bytes]:
        """Everything by which a secret could be known, and what is signed with them."""
        key, consumer, _, token, _ = self.keys.values()
        pairs = (
            f"{quote(key, safe='')}:{quote(consumer, safe='')}",
            f"{quote(consumer, safe='')}&{quote(token, safe='')}",
        )
        for value in (*self.keys.values(), *pairs):
            in_base64 = b64encode(value.encode()).decode().rstrip("=")
            for form in (value, quote(value, safe=""), quote(quote(value, safe=""), safe=""), in_base64):
                yield form.encode()
        yield from (b"oauth_signature=", b"POST&http")

    def assert_nothing_is_seen(self) -> None:
        files = [
            path for path in self.folder.rglob("*") if path.is_file() and path.name != "credentials.toml"
        ]
        places = {"what was said": self.seen, **{str(path): path.read_bytes() for path in files}}
        assert files
        found = [
            (place, form) for form in self.forms() for place, content in places.items() if form in content
        ]
        assert not found


@dataclass
class Simulators:
    """A simulator that accepts the secrets of this test, as a context."""

    watched: Watched
    flags: Sequence[str]

    def __enter__(self) -> Simulator:
        folder = self.watched.folder / f"simulator-{secrets.token_hex(4)}"
        folder.mkdir()
        log = folder / "requests.ndjson"
        self.process = self.watched.start(
            "simulate", "-v", "--exit-with-parent", "--log", str(log), *self.flags
        )
        wait_for(lambda: self.process.said().endswith(b"\n"), "the simulator")
        return Simulator(self.process.said().decode().split('"')[3], log)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.watched.finish(self.process)


@pytest.fixture
def watched(tmp_path: Path, ids: list[int]) -> Watched:
    (tmp_path / "ids.txt").write_text("".join(f"{i}\n" for i in ids[:2_000]))
    return Watched(tmp_path)


def at_moments(faults: Sequence[str], first: int, apart: int = 1) -> list[str]:
    """Each of the faults once, at a request of its own."""
    return [part for n, name in enumerate(faults) for part in ("--fault", f"{name}=@{first + apart * n}")]


def test_run_under_every_fault(watched: Watched) -> None:
    passing = [name for name in FAULTS if name not in WAITED_OUT]
    flags = (*at_moments(passing, 3, apart=3), "--drip-every", "10000")
    with watched.simulator(*flags) as simulator:
        arguments = ("run", "ids.txt", "-e", "totals", "-e", "28hr", "--base-url", simulator.url, "-o", "run")
        code = watched(*arguments, "-vv", "--timeout", "1", "--rate", "totals=30/s")
        assert code in (0, 3), watched.seen.decode()
        met = {request["fault"] for name in ("totals", "28hr") for request in simulator.requests(name)}
        assert met >= set(passing)
        assert watched("verify", "run") == 0
        assert watched("status", "run") == watched("status", "run", "--json") == 0
        assert watched("plan", "ids.txt", "-e", "28hr") == 0
        assert watched("inspect", "ids.txt") == 0
        assert watched("report", "run") == 0
        assert watched("export", "run", "--to", "records.csv") == 0
        assert watched("diff", "run", "run", "--html", "growth.html", "--ndjson", "gains.ndjson") in (0, 2)
    watched.assert_nothing_is_seen()


@pytest.mark.parametrize("fault", WAITED_OUT)
def test_run_that_waits_for_the_allowance(watched: Watched, fault: str) -> None:
    with watched.simulator("--fault", f"{fault}=@2") as simulator:
        process = watched.start(
            "run", "ids.txt", "--base-url", simulator.url, "-o", "run", "-vv", "--log-format", "json"
        )
        wait_for(lambda: fault in {request["fault"] for request in simulator.requests()}, fault)
        process.terminate()
        assert watched.finish(process) == 143
    watched.assert_nothing_is_seen()


def test_tokens_that_are_refused_and_expire(watched: Watched) -> None:
    with watched.simulator("--expire-bearer-after", "2") as simulator:
        arguments = ("ids.txt", "--base-url", simulator.url, "--auth-url", simulator.url, "-vv")
        wrong = {name: f"{value} wrong" for name, value in watched.keys.items()}
        own, watched.keys = watched.keys, wrong
        assert watched("run", *arguments, "-o", "wrong") == 4
        watched.assert_nothing_is_seen()
        watched.keys = own
        assert watched("run", *arguments, "-o", "expired", "-m", "favorites") == 4
    watched.assert_nothing_is_seen()


def test_crash_and_kill(watched: Watched) -> None:
    with watched.simulator("--latency", "200") as simulator:
        for n, number in enumerate((signal.SIGABRT, signal.SIGKILL), start=1):
            process = watched.start_alone(
                "run", "ids.txt", "--base-url", simulator.url, "-o", f"run-{n}", "-vv"
            )
            wait_for(lambda n=n: len(simulator.requests()) >= n, "a request")  # type: ignore[misc]
            process.send_signal(number)
            assert watched.finish(process) == -number
    assert b"Fatal Python error: Aborted" in watched.seen
    watched.assert_nothing_is_seen()


def n_asked(simulator: Simulator) -> int:
    return sum(len(simulator.requests(name)) for name in ("totals", "28hr", "historical"))


def test_auth_under_every_fault(watched: Watched) -> None:
    faults = [name for name in FAULTS if name not in ("hang", "drip")]
    with watched.simulator(*at_moments(faults, 1)) as simulator:
        urls = ("--base-url", simulator.url, "--auth-url", simulator.url)
        while n_asked(simulator) < len(faults):
            assert watched("auth", "check", "--json", *urls) in (0, 4, 5)
        assert watched("auth", "bearer", "--save", "--auth-url", simulator.url) == 0
        assert watched("auth", "login", "--auth-url", simulator.url, stdin=b"0000000\n") in (2, 4)
    watched.assert_nothing_is_seen()


def test_config_show_and_completion(watched: Watched) -> None:
    for arguments in (("show",), ("show", "--json"), ("show", "auth", "check", "-vv")):
        assert watched("config", *arguments) == 0
    assert watched("completion", "bash") == 0
    watched.assert_nothing_is_seen()


def test_no_command_is_forgotten() -> None:
    harvested = {"run", "verify", "plan", "inspect", "status", "report", "export", "diff"}
    assert set(COMMANDS) == {*harvested, "auth", "simulate", "config", "completion"}


def test_public_objects_do_not_show_secrets(watched: Watched) -> None:
    key, consumer, token, token_secret, bearer = map(Secret, watched.keys.values())
    app, access = AppKey(key, consumer), AccessToken(token, token_secret)
    credentials = Credentials(app, access, bearer, {"ada": access})
    options = harvester.Options(inputs=("ids.txt",), out=watched.folder)
    objects = (
        *(key, app, app.basic, access, credentials, options),
        *(Redactor(credentials.secrets()), bearer_signer(bearer), user_signer(app, access)),
    )
    watched.seen = "".join(f"{thing!r}{thing!s}" for thing in objects).encode()
    (watched.folder / "cwd").write_text(os.fspath(watched.folder))
    watched.assert_nothing_is_seen()


@pytest.mark.parametrize("keys", [BEARER, USER_KEYS], ids=["bearer", "user"])
@pytest.mark.parametrize(("status", "code"), [(200, 3), (400, 3), (401, 4), (403, 3), (500, 0)], ids=str)
def test_no_secret_that_the_service_echoes_shows_anywhere(
    run: Runner, tmp_path: Path, status: int, code: int, keys: dict[str, str]
) -> None:
    """It quotes the header, once beside a count; the tweet is a dead letter then, and its record is read."""
    (tmp_path / "ids.txt").write_text("".join(f"{2_093_414_906_388_487_168 + n}\n" for n in range(4)))
    bad = "2093414906388487168"

    def answer(asked: Asked, n: int) -> Reply:
        header = service.authorizations[-1]
        if status == 200 and bad in asked["tweet_ids"]:
            reply = counts(asked)
            reply.body["harvester"][bad] = {"favorites": header}
            return reply
        is_bad = bad in asked["tweet_ids"] if status in (400, 403) else n == 1 or status == 401
        return Reply(status, {"errors": [f"{header} is unknown"]}) if is_bad else counts(asked)

    with serving(answer) as service:
        arguments = ("ids.txt", "-m", "favorites", "--base-url", service.url, "--concurrency", "1")
        finished = run(*arguments, "-vv", keys=keys)
    assert finished.code == code, finished.err
    seen = f"{finished.out}{finished.err}".encode()
    seen += b"".join(path.read_bytes() for path in run.out.iterdir())
    for value in (*keys.values(), "oauth_signature"):
        for form in (value, quote(value, safe=""), b64encode(value.encode()).decode().rstrip("=")):
            assert form.encode() not in seen
    assert b"[redacted]" in seen
