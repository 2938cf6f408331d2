"""What the environment says of the network: the proxy to a URL, and which authorities are trusted."""

import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from aiohttp import BasicAuth

from harvester.engagement.credentials import Secret
from harvester.errors import UsageError

OPENSSL_VARIABLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""OpenSSL itself heeds these; they take the place of the system's authorities."""
BUNDLE_VARIABLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""A file or a folder; its authorities are trusted as well."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy. address: without its user and password, so that it can be shown; None to go without one."""

    address: str | None = None
    auth: BasicAuth | None = field(default=None, repr=False)


def proxy_for(url: str) -> Proxy:
    """The proxy of a URL by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in either case.

    Asked of the standard library, not of aiohttp, which would take credentials from ~/.netrc besides. Raises
    UsageError for one that is no http proxy.
    """
    parts, proxies = urlsplit(url), getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address or proxy_bypass(parts.netloc):
        return Proxy()
    return _read_proxy(address if "://" in address else f"http://{address}")


def _read_proxy(address: str) -> Proxy:
    parts = _parts(address)
    if parts is None or parts.scheme != "http" or not parts.hostname:
        raise UsageError("the proxy in the environment is no http://HOST:PORT", "Others are not supported.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = f"http://{host}:{parts.port or 80}"
    if parts.username is None:
        return Proxy(shown)
    return Proxy(shown, BasicAuth(unquote(parts.username), unquote(parts.password or ""), "utf-8"))


def _parts(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:  # half an IPv6 address, a port that is no number
        return None
    return parts


def proxy_secrets() -> Iterator[Secret]:
    """What the environment's proxies are given to know us by."""
    for address in getproxies().values():
        parts = _parts(address)
        if parts and parts.password:
            plain = unquote(parts.password)
            basic = BasicAuth(unquote(parts.username or ""), plain, "utf-8").encode()
            yield from map(Secret, (plain, parts.password, basic.removeprefix("Basic ")))


def trust() -> ssl.SSLContext | bool:
    """The authorities to trust: the system's (True), or those that the environment names.

    Raises UsageError where it names a file that is not there or holds no certificate.
    """
    named = [name for name in (*OPENSSL_VARIABLES, *BUNDLE_VARIABLES) if os.environ.get(name)]
    if not named:
        return True
    context = ssl.create_default_context()
    # OpenSSL says nothing of a file that it cannot read. Reading one takes 25 ms, and often all name the same.
    loaded = {os.environ.get("SSL_CERT_FILE")} if context.cert_store_stats()["x509"] else set()
    for name in named:
        if (path := os.environ[name]) in loaded:
            continue
        loaded.add(path)
        try:
            is_folder = Path(path).is_dir()
            context.load_verify_locations(
                capath=path if is_folder else None, cafile=None if is_folder else path
            )
        except (OSError, ssl.SSLError) as exc:
            raise UsageError(f"{name}: {path} holds no certificates: {exc.strerror or exc}") from exc
    return context


def trusted() -> str:
    """The same in words."""
    named = [
        f"{name}={os.environ[name]}"
        for name in (*OPENSSL_VARIABLES, *BUNDLE_VARIABLES)
        if os.environ.get(name)
    ]
    return (
        " and ".join(named) if named else f"the system's ({ssl.get_default_verify_paths().cafile or 'none'})"
    )
