"""The options of a run as one value, and how their texts are read. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from harvester.engagement.allowance import Rate
from harvester.engagement.endpoints import DEFAULT_AUTH_URL, DEFAULT_BASE_URL, ENDPOINTS
from harvester.engagement.groupings import Grouping, Series
from harvester.engagement.metrics import EndpointName
from harvester.errors import UsageError, did_you_mean

FIRST_CONCURRENCY: Final = 8
MOST_CONCURRENCY: Final = 64
"""What it begins with and grows to at most, where the user says nothing."""
APP: Final = "app"
"""What a rate for all endpoints together is named by."""
_WINDOWS_S: Final = {"s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0, "h": 3600.0}
_AGES_MS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


@dataclass(frozen=True, slots=True)
class Options:
    """What to harvest, from where, and how fast.

    metrics: None for all that endpoint and credentials allow. rates: ceilings by endpoint. limit: only the
    first so many IDs. newer_than_ms: only tweets younger than that. patience_s: so long without any answer,
    and the run stops. is_simulated: base_url is an embedded simulator, whose address changes each time.
    start, end: of the historical range, as texts, since "28d" ago counts from the moment the run began.
    app_rate: a ceiling for all endpoints together. min_impressions: a tweet with
    fewer is not ranked by engagement rate. owner_column, owner_from_folder: where the input says whose a tweet
    is. max_handles: so many accounts may be used in a calendar month, None for any number. may_grow: the input may
    have got longer at its end since the run read it. concurrency: how many requests may be in flight, by endpoint;
    where nothing is said, the number is found, up to most_in_flight. include_referenced, accept_rounded: as in
    `Form`. has_report: whether `report.html` is made at the end.
    """

    inputs: tuple[str, ...] = field(repr=False)
    out: Path
    endpoints: tuple[EndpointName, ...] = ("totals",)
    metrics: tuple[str, ...] | None = None
    top: int = 10
    rates: Mapping[EndpointName, Rate] = field(default_factory=dict)
    concurrency: Mapping[EndpointName, int] = field(default_factory=dict)
    most_in_flight: int = MOST_CONCURRENCY
    file_format: str | None = None
    column: str | None = None
    include_referenced: bool = False
    accept_rounded: bool = False
    dedupe: bool = True
    account: str | None = None
    grace_s: float = 5.0
    base_url: str = DEFAULT_BASE_URL
    auth_url: str = DEFAULT_AUTH_URL
    limit: int | None = None
    newer_than_ms: int | None = None
    timeout_s: float = 60.0
    patience_s: float = 900.0
    is_simulated: bool = False
    start: str | None = None
    end: str | None = None
    series: Series | None = None
    groupings: tuple[Grouping, ...] = ()
    app_rate: Rate | None = None
    min_impressions: int = 100
    owner_column: str | None = None
    owner_from_folder: bool = False
    max_handles: int | None = None
    may_grow: bool = False
    has_report: bool = False

    def in_flight(self, endpoint: EndpointName) -> tuple[int, int]:
        """How many requests to an endpoint may be in flight: at the beginning, and at most."""
        if asked := self.concurrency.get(endpoint):
            return asked, asked
        return min(FIRST_CONCURRENCY, self.most_in_flight), self.most_in_flight

    @property
    def has_owners(self) -> bool:
        """Whether the input says whose each tweet is."""
        return self.owner_column is not None or self.owner_from_folder


def parse_endpoints(names: Sequence[str]) -> tuple[EndpointName, ...]:
    """Endpoints by name, each once, in the catalogue's order. Raises UsageError for one that is unknown."""
    for name in names:
        if name not in ENDPOINTS:
            hint = did_you_mean(name, ENDPOINTS) or f"The endpoints are: {', '.join(ENDPOINTS)}."
            raise UsageError(f"unknown endpoint {name[:60]!r}", hint)
    return tuple(endpoint for endpoint in ENDPOINTS if endpoint in names)


def parse_list(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated list, without spaces and empty ones."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parse_rates(texts: Sequence[str]) -> tuple[dict[EndpointName, Rate], Rate | None]:
    """Ceilings by endpoint, and one for the app: `600/min` for every endpoint, `totals=10/s` for one of them,
    `app=900/min` for all together. The later wins. Raises UsageError.
    """
    rates: dict[EndpointName, Rate] = {}
    app_rate: Rate | None = None
    for text in texts:
        name, _, value = text.rpartition("=")
        if name.strip() == APP:
            app_rate = _parse_rate(value.strip())
        else:
            rates.update({endpoint: _parse_rate(value) for endpoint, value in _for_endpoints(text, "--rate")})
    return rates, app_rate


def parse_concurrency(texts: Sequence[str]) -> dict[EndpointName, int]:
    """`16` for every endpoint, `totals=16` for one; the later wins. Raises UsageError."""
    workers: dict[EndpointName, int] = {}
    for text in texts:
        for endpoint, value in _for_endpoints(text, "--concurrency"):
            if not re.fullmatch(r"[0-9]{1,5}", value) or not 1 <= int(value) <= 10_000:
                raise UsageError(f"--concurrency {value[:60]!r} is no number of requests from 1 to 10000")
            workers[endpoint] = int(value)
    return workers


def parse_age_ms(text: str) -> int:
    """`90m`, `6h`, `28d`, `2w` in milliseconds. Raises UsageError."""
    match = re.fullmatch(r"(\d{1,9})([mhdw])", text.strip())
    if not match:
        raise UsageError(f"{text[:60]!r} is no age", "Write for instance 90m, 6h, 28d or 2w.")
    return int(match[1]) * _AGES_MS[match[2]]


def parse_url(text: str, flag: str) -> str:
    """A base URL without the slash at its end. Raises UsageError."""
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, a port that is no number
        raise UsageError(f"{flag} is no http or https URL") from None
    if "@" in text:
        hint = "Secrets go into the environment or a file."
        raise UsageError(f"{flag} holds a user name or password", hint)
    if parts.scheme not in ("http", "https") or not has_host:
        raise UsageError(f"{flag} {text[:120]!r} is no http or https URL")
    return text.rstrip("/")


def _for_endpoints(text: str, flag: str) -> list[tuple[EndpointName, str]]:
    name, has_name, value = text.rpartition("=")
    if not has_name:
        return [(endpoint, value.strip()) for endpoint in ENDPOINTS]
    if name.strip() not in ENDPOINTS:
        hint = did_you_mean(name.strip(), ENDPOINTS) or f"They are: {', '.join(ENDPOINTS)}."
        raise UsageError(f"{flag} {text[:60]!r} names no endpoint", hint)
    return [(endpoint, value.strip()) for endpoint in ENDPOINTS if endpoint == name.strip()]


def _parse_rate(text: str) -> Rate:
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)\s*/\s*([a-z]+)", text.lower())
    window_s = _WINDOWS_S.get(match[2]) if match else None
    if not match or not window_s or float(match[1]) <= 0:
        raise UsageError(f"--rate {text[:60]!r} is no rate", "Write for instance 600/min or 10/s.")
    return Rate(float(match[1]), window_s)
