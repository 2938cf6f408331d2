"""TLS is verified and said plainly when it fails; private authorities and proxies come from the environment."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.end_to_end.by_hand import Service, counts, serving
from tests.end_to_end.running import BEARER, Finished, Runner
from tests.end_to_end.secure import DAY, Authority, Proxy, proxying

IDS = "1060976163948904448\n1060976163948904449\n"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    (tmp_path / "ids.txt").write_text(IDS)
    return Authority(tmp_path)


def harvest(run: Runner, service: Service, **environment: str | Path) -> Finished:
    """One run against the service, by https."""
    keys = {**BEARER, **{name: str(value) for name, value in environment.items()}}
    url = service.url.replace("http:", "https:")
    return run("ids.txt", "-m", "favorites", "--base-url", url, "--patience", "3", "-vv", keys=keys)


@pytest.fixture
def secure(authority: Authority) -> Iterator[Service]:
    with serving(lambda asked, _: counts(asked), authority.context_for("127.0.0.1")) as service:
        yield service


def test_unknown_authority_ends_the_run_at_once_and_says_whom_we_trust(run: Runner, secure: Service) -> None:
    finished = harvest(run, secure)
    assert (finished.code, secure.asked) == (5, [])
    assert "the certificate of 127.0.0.1 is not trusted: unable to get local issuer" in finished.err
    assert "Trusted are the authorities of" in finished.err
    assert "SSL_CERT_FILE" in finished.err


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_private_authority_is_trusted_where_the_environment_names_it(
    run: Runner, secure: Service, authority: Authority, variable: str
) -> None:
    finished = harvest(run, secure, **{variable: authority.file})
    assert finished.code == 0, finished.err
    assert len(run.records()) == 2


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_file_of_authorities_that_is_none_is_wrong_usage(
    run: Runner, secure: Service, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "other.pem"
    if content:
        path.write_text(content)
    finished = harvest(run, secure, SSL_CERT_FILE=path)
    assert (finished.code, secure.asked) == (2, [])
    assert f"SSL_CERT_FILE: {path} holds no certificates" in finished.err


@pytest.mark.parametrize(
    ("host", "lasts", "says"),
    [("other.example", DAY, "IP address mismatch"), ("127.0.0.1", -DAY, "certificate has expired")],
)
def test_wrong_certificates_are_told_apart(
    run: Runner, authority: Authority, host: str, lasts: timedelta, says: str
) -> None:
    with serving(lambda asked, _: counts(asked), authority.context_for(host, lasts)) as service:
        finished = harvest(run, service, SSL_CERT_FILE=authority.file)
        assert (finished.code, service.asked) == (5, [])
    assert "the certificate of 127.0.0.1 is not trusted" in finished.err
    assert says in finished.err


def test_plain_server_at_an_https_address_cannot_be_reached(run: Runner, authority: Authority) -> None:
    with serving(lambda asked, _: counts(asked)) as service:
        finished = harvest(run, service, SSL_CERT_FILE=authority.file)
    assert finished.code == 5
    assert "cannot reach https://127.0.0.1" in finished.err


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_proxy_of_the_environment_is_used(
    run: Runner, secure: Service, authority: Authority, name: str
) -> None:
    with proxying(Proxy()) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        finished = harvest(run, secure, SSL_CERT_FILE=authority.file, **{name: address})
    assert finished.code == 0, finished.err
    assert proxy.tunnels == [f"127.0.0.1:{secure.server_port}"]


@pytest.mark.parametrize("no_proxy", ["127.0.0.1", "*", "example.org,127.0.0.1:{port}"])
def test_no_proxy_goes_without_one(run: Runner, secure: Service, authority: Authority, no_proxy: str) -> None:
    around = no_proxy.format(port=secure.server_port)
    finished = harvest(
        run, secure, SSL_CERT_FILE=authority.file, HTTPS_PROXY="http://127.0.0.1:1", NO_PROXY=around
    )
    assert finished.code == 0, finished.err


def test_user_and_password_of_a_proxy_are_sent_and_never_shown(
    run: Runner, secure: Service, authority: Authority
) -> None:
    with proxying(Proxy(password="c4n4ry/+ proxy")) as proxy:
        address = f"http://ada:c4n4ry%2F%2B%20proxy@127.0.0.1:{proxy.port}"
        good = harvest(run, secure, SSL_CERT_FILE=authority.file, HTTPS_PROXY=address)
        run.out = run.folder / "wrong"
        wrong = harvest(
            run, secure, SSL_CERT_FILE=authority.file, HTTPS_PROXY=f"{address}".replace("c4n", "c5n")
        )
    assert (good.code, wrong.code) == (0, 5), good.err
    assert f"the proxy http://127.0.0.1:{proxy.port} refuses: 407 Proxy Authentication Required" in wrong.err
    files = b"".join(path.read_bytes() for path in run.folder.rglob("*") if path.is_file())
    for said in (good.out, good.err, wrong.out, wrong.err, files.decode(errors="replace")):
        assert "n4ry" not in said


@pytest.mark.parametrize(
    ("address", "code", "says"),
    [
        ("http://127.0.0.1:1", 5, "Cannot connect to host 127.0.0.1:1"),
        ("socks5://127.0.0.1:1080", 2, "is no http://HOST:PORT"),
        ("http://[::1", 2, "is no http://HOST:PORT"),
    ],
)
def test_proxy_that_is_not_there_or_of_another_kind(
    run: Runner, secure: Service, authority: Authority, address: str, code: int, says: str
) -> None:
    finished = harvest(run, secure, SSL_CERT_FILE=authority.file, HTTPS_PROXY=address)
    assert (finished.code, secure.asked) == (code, [])
    assert says in finished.err


def test_credentials_of_a_netrc_file_take_the_place_of_nothing(
    run: Runner, secure: Service, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    (tmp_path / ".netrc").chmod(0o600)
    finished = harvest(run, secure, SSL_CERT_FILE=authority.file, HOME=tmp_path, NETRC=tmp_path / ".netrc")
    assert finished.code == 0, finished.err
    assert secure.authorizations == [f"Bearer {BEARER['HARVESTER_BEARER_TOKEN']}"]
