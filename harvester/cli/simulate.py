"""`harvester simulate`: the embedded Engagement API, as a server."""

import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, get_args

import click

from harvester.engagement.metrics import CATALOGUE
from harvester.simulator.credentials import (
    Credentials,
    credentials_from,
    generate_credentials,
    read_credentials,
)
from harvester.simulator.options import (
    CountStyle,
    ForbiddenStyle,
    HourStyle,
    LimitBodyStyle,
    LimitedThing,
    LimitHeader,
    Limits,
    Options,
    Outage,
    ProtectedStyle,
    Readings,
    RetryAfterStyle,
    Shares,
    UnsupportedStyle,
    UntouchedStyle,
    WindowStyle,
    ZeroStyle,
)
from harvester.simulator.reply import FAULTS

EPILOG: Final = """\b
Faults:
  http-500, http-503, http-502   server trouble, the last one as HTML
  rate-limit                     a 429 with an empty body, out of nowhere
  html, empty                    a 200 with a page of HTML, a 200 without a body
  cut-json, cut-gzip, cut-body   an answer cut inside correct framing, or short of its length
  missing-ids, extra-ids         a tenth of the IDs left out, an ID that nobody asked for
  reset, hang                    the connection reset before an answer, or never an answer
"""

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _choice(flag: str, style: object, default: str, told: str) -> Decorator:
    """An option with the values of a literal type."""
    return click.option(
        flag, type=click.Choice(get_args(style)), default=default, show_default=True, help=told
    )


def _share(flag: str, default: float, told: str) -> Decorator:
    return click.option(flag, type=click.FloatRange(0, 1), default=default, show_default=True, help=told)


def _limit(flag: str, told: str) -> Decorator:
    return click.option(flag, type=click.IntRange(min=0), default=0, show_default=True, help=told)


def _amount(flag: str, default: float, told: str) -> Decorator:
    return click.option(flag, type=click.FloatRange(min=0), default=default, show_default=True, help=told)


def _parse_fault(text: str) -> tuple[str, float]:
    name, _, probability = text.partition("=")
    if name not in FAULTS:
        raise click.BadParameter(f"{name[:40]!r} is no fault; there are: {', '.join(FAULTS)}.")
    try:
        value = float(probability)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise click.BadParameter(f"{text[:40]!r} has no probability from 0 to 1, such as {name}=0.05.")
    return name, value


def _parse_outage(text: str) -> Outage:
    start, _, length = text.partition("+")
    try:
        return Outage(float(start), float(length))
    except ValueError as exc:
        raise click.BadParameter(f"{text[:40]!r} is not START+LENGTH in seconds, such as 5+30.") from exc


def _parse_pin(_context: click.Context, _parameter: click.Parameter, pin: str | None) -> str | None:
    if pin is not None and not (len(pin) == 7 and pin.isascii() and pin.isdigit()):
        raise click.BadParameter("a PIN has 7 digits.")
    return pin


@click.command("simulate", epilog=EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="The port; 0 for any free one.",
)
@click.option("--seed", default=0, show_default=True, help="Another seed is another world and other chances.")
@click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]),
    help="The time (UTC) by which tweets have their age and ranges end. The clock's by default.",
)
@click.option(
    "--credentials",
    "credentials_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file of the app and the accounts to accept, instead of the environment's.",
)
@_share("--deleted-share", 0.02, "Share of tweets that are gone.")
@_share("--protected-share", 0.0, "Share of protected tweets.")
@_share("--untouched-share", 0.3, "Share of tweets that nobody touched.")
@_share("--owned-share", 1.0, "Share of tweets that one of the accounts owns.")
@_amount("--growth", 1.0, "Multiplies all counts, as if time had passed.")
@_choice("--counts", CountStyle, "strings", "Counts in JSON.")
@_choice(
    "--untouched",
    UntouchedStyle,
    "zero",
    "Untouched tweets have zeros, or are missing from the groupings; quiet: so are those with only zeros in "
    "what is asked.",
)
@_choice("--unsupported", UnsupportedStyle, "absent", "Impressions and engagements on totals beyond 90 days.")
@_choice(
    "--forbidden-text",
    ForbiddenStyle,
    "plain",
    "A 403 names the IDs of others at once, in one string an author, only some of them, or none.",
)
@_choice(
    "--protected",
    ProtectedStyle,
    "list",
    "Protected tweets: a 400 that lists the IDs, a 400 that does not, or like deleted ones.",
)
@click.option(
    "--deny-metric",
    "denied_metrics",
    type=click.Choice(tuple(CATALOGUE)),
    metavar="METRIC",
    multiple=True,
    help="A metric that no token may read: a 403 for the whole request; repeatable.",
)
@_choice(
    "--hour-without-day",
    HourStyle,
    "nested",
    "engagement.hour without engagement.day: in days all the same, or each hour of day summed over the range.",
)
@_choice("--zeros", ZeroStyle, "yes", "Whether time series hold the leaves that are zero.")
@click.option(
    "--gzip/--no-gzip", default=True, show_default=True, help="Compress answers for who accepts it."
)
@_limit("--rate-limit", "Requests granted a minute; 0 for any number.")
@_limit("--rate-limit-per-second", "The same for a second.")
@_choice("--limit-per", LimitedThing, "endpoint", "An allowance for each endpoint, or one for the app.")
@_choice(
    "--window", WindowStyle, "fixed", "A full allowance at each full minute, or a limit on any 60 seconds."
)
@click.option(
    "--limit-headers/--no-limit-headers",
    default=True,
    show_default=True,
    help="Send the x-per-minute-… headers.",
)
@click.option(
    "--leave-out-header",
    "left_out",
    type=click.Choice(get_args(LimitHeader), case_sensitive=False),
    metavar="NAME",
    multiple=True,
    help="One of those headers not to send, such as x-per-minute-reset; repeatable.",
)
@_choice("--retry-after", RetryAfterStyle, "none", "The Retry-After header of a 429.")
@_choice("--limit-body", LimitBodyStyle, "json", "A 429's body.")
@click.option(
    "--fault",
    "faults",
    type=_parse_fault,
    metavar="NAME=PROBABILITY",
    multiple=True,
    help="Let something go wrong, with a probability from 0 to 1; repeatable. The names are below.",
)
@_amount("--latency", 0.0, "Milliseconds before each answer.")
@_amount("--jitter", 0.0, "At most so many milliseconds more.")
@_limit("--faults-after", "Answer so many requests before anything goes wrong.")
@click.option(
    "--revoke-after",
    type=click.IntRange(min=0),
    help="After so many answered requests all credentials give 401.",
)
@click.option(
    "--outage",
    "outages",
    type=_parse_outage,
    metavar="START+LENGTH",
    multiple=True,
    help="Answer 503 for so long, in seconds since the first request; repeatable.",
)
@click.option("--pin", callback=_parse_pin, help="What the PIN flow shows, 7 digits. Random by default.")
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append a line of JSON for each request, before it is answered.",
)
@click.option(
    "--exit-with-parent", is_flag=True, help="Exit when standard input ends, as it does with the parent."
)
@click.option("-v", "--verbose", is_flag=True, help="Tell of trouble on standard error.")
def simulate(
    *,
    host: str,
    port: int,
    seed: int,
    now: datetime | None,
    credentials_file: Path | None,
    deleted_share: float,
    protected_share: float,
    untouched_share: float,
    owned_share: float,
    growth: float,
    counts: CountStyle,
    untouched: UntouchedStyle,
    unsupported: UnsupportedStyle,
    forbidden_text: ForbiddenStyle,
    protected: ProtectedStyle,
    denied_metrics: tuple[str, ...],
    hour_without_day: HourStyle,
    zeros: ZeroStyle,
    gzip: bool,
    rate_limit: int,
    rate_limit_per_second: int,
    limit_per: LimitedThing,
    window: WindowStyle,
    limit_headers: bool,
    left_out: tuple[LimitHeader, ...],
    retry_after: RetryAfterStyle,
    limit_body: LimitBodyStyle,
    faults: tuple[tuple[str, float], ...],
    faults_after: int,
    latency: float,
    jitter: float,
    revoke_after: int | None,
    outages: tuple[Outage, ...],
    pin: str | None,
    log: Path | None,
    exit_with_parent: bool,
    verbose: bool,
) -> None:
    """Serve a simulated Engagement API: its three endpoints, its token service and its PIN flow.

    Prints one line of JSON with its URLs, and serves until it is interrupted. It accepts the credentials in
    HARVESTER_CONSUMER_KEY, HARVESTER_CONSUMER_SECRET, HARVESTER_ACCESS_TOKEN, HARVESTER_ACCESS_TOKEN_SECRET
    and HARVESTER_BEARER_TOKEN, or in the file of --credentials. Where none is set it makes some up, and
    prints them too.

    Tweets that are owned belong to one of the accounts each, and no other account may read them. The PIN flow
    gives out the access token of the first account; the PIN is on the page /oauth/authorize.
    """
    # Heavy (aiohttp, numpy), and of no use to --help.
    from harvester.simulator.process import Place, run_until_stopped  # noqa: PLC0415

    options = Options(
        seed=seed,
        now_ms=int(now.replace(tzinfo=UTC).timestamp() * 1000) if now else None,
        shares=Shares(deleted_share, protected_share, untouched_share, owned_share, growth),
        readings=Readings(
            counts, untouched, unsupported, forbidden_text, protected, hour_without_day, zeros, denied_metrics
        ),
        limits=Limits(
            rate_limit,
            rate_limit_per_second,
            window,
            limit_headers,
            retry_after,
            limit_body,
            limit_per,
            left_out,
        ),
        faults=faults,
        faults_after=faults_after,
        latency_ms=latency,
        jitter_ms=jitter,
        gzip=gzip,
        revoke_after=revoke_after,
        outages=outages,
        pin=pin,
    )
    if verbose:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    known = _known_credentials(credentials_file)
    place = Place(host, port, log, exit_with_parent)
    try:
        run_until_stopped(options, place, known or generate_credentials(), tells_credentials=known is None)
    except OSError as exc:
        raise click.ClickException(f"cannot listen on {host}:{port} or write {log}: {exc}") from exc


def _known_credentials(path: Path | None) -> Credentials | None:
    if path is None:
        return credentials_from(os.environ)
    try:
        return read_credentials(path)
    except (OSError, ValueError) as exc:
        raise click.BadParameter(f"{exc}.", param_hint="'--credentials'") from exc
