"""`harvester simulate`: the embedded Engagement API, as a server."""

import os
from datetime import UTC, datetime
from itertools import chain, groupby
from pathlib import Path
from typing import Final, get_args

import click
import cloup

from harvester.cli.asking import Decorator
from harvester.cli.declaring import command
from harvester.cli.kinds import Text, named
from harvester.engagement.metrics import CATALOGUE
from harvester.errors import UsageError, did_you_mean
from harvester.simulator.catalogue import FAULTS, KINDS
from harvester.simulator.credentials import (
    Credentials,
    credentials_from,
    generate_credentials,
    read_credentials,
)
from harvester.simulator.fault_rules import parse_outage, parse_rules
from harvester.simulator.options import (
    CountStyle,
    ForbiddenStyle,
    HourStyle,
    LimitBodyStyle,
    LimitedThing,
    LimitHeader,
    Limits,
    Options,
    ProtectedStyle,
    Readings,
    RetryAfterStyle,
    Shares,
    UnsupportedStyle,
    UntouchedStyle,
    WindowStyle,
    ZeroStyle,
)

EXAMPLES: Final = """
Examples:
  harvester simulate --rate-limit 600 --latency 50
  harvester simulate --fault http-503=0.01x8 --fault cut-json=@5 --log requests.ndjson
"""
_WHEN: Final = """
When a fault strikes, by --fault NAME=WHEN:
  http-503=0.01       with that probability
  http-503=0.01x8     with that probability, and then the next 7 to the same endpoint too
  reset=@5            the 5th request to the endpoints, whatever it would get
  reset=@5-9          the 5th to the 9th
  reset=@5x10         10 requests from the 5th on
  all=0.2             one of those marked *, with a probability of 0.2 in all: what a client gets over
                      within seconds, and to the same result
The same seed and the same requests meet the same faults. In the log each request has the name of its fault
(also outage, revoked, expired-bearer), and whether its answer was whole: complete and true, as it is in spite
of the faults marked +."""


def _faults_told() -> str:
    """All faults under their headings, each in a line."""
    lines = ["Faults (* passes, + is harmless):"]
    for group, kinds in groupby(KINDS.items(), key=lambda item: item[1].group):
        lines.append(f"  {group}")
        for name, kind in kinds:
            marks = ("*" if kind.is_passing else " ") + ("+" if kind.is_true else " ")
            lines.append(f"    {name:22} {marks} {kind.told}")
    return "\n".join(lines)


def _choice(flag: str, style: object, default: str, told: str) -> Decorator:
    """An option with the values of a literal type."""
    return cloup.option(flag, type=click.Choice(get_args(style)), default=default, help=told)


def _share(flag: str, default: float, told: str) -> Decorator:
    return cloup.option(flag, type=click.FloatRange(0, 1), default=default, help=told)


def _limit(flag: str, told: str) -> Decorator:
    return cloup.option(flag, type=click.IntRange(min=0), default=0, help=told)


def _amount(flag: str, default: float, told: str) -> Decorator:
    return cloup.option(flag, type=click.FloatRange(min=0), default=default, help=told)


def _check_fault(text: str) -> None:
    try:
        parse_rules(text)
    except ValueError as exc:
        raise UsageError(f"{exc}.", did_you_mean(text.partition("=")[0], FAULTS)) from None


def _check_outage(text: str) -> None:
    try:
        parse_outage(text)
    except ValueError as exc:
        raise UsageError(f"{exc}.") from None


def _parse_pin(_context: click.Context, _parameter: click.Parameter, pin: str | None) -> str | None:
    if pin is not None and not (len(pin) == 7 and pin.isascii() and pin.isdigit()):
        raise click.BadParameter("a PIN has 7 digits.")
    return pin


@command("simulate", epilog=f"{EXAMPLES}\n{_faults_told()}\n\n{_WHEN}")
@cloup.option_group(
    "Server",
    cloup.option("--host", default="127.0.0.1", help="The address to listen on."),
    cloup.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; 0 for any free one."),
    cloup.option(
        "--credentials",
        "credentials_file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="A TOML file of the app and the accounts to accept, instead of the environment's.",
    ),
    cloup.option("--pin", callback=_parse_pin, help="What the PIN flow shows, 7 digits. Random by default."),
    cloup.option(
        "--gzip/--no-gzip", default=True, show_default=True, help="Compress answers for who accepts it."
    ),
    cloup.option(
        "--log",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Append a line of JSON for each request, before it is answered.",
    ),
    cloup.option(
        "--exit-with-parent", is_flag=True, help="Exit when standard input ends, as it does with the parent."
    ),
)
@cloup.option_group(
    "World",
    cloup.option("--seed", default=0, help="Another seed is another world and other chances."),
    cloup.option(
        "--now",
        type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M"]),
        metavar="TIME",
        help="The time (UTC) by which tweets have their age and ranges end. The clock's by default.",
    ),
    _share("--deleted-share", 0.02, "Share of tweets that are gone."),
    _share("--protected-share", 0.0, "Share of protected tweets."),
    _share("--untouched-share", 0.3, "Share of tweets that nobody touched."),
    _share("--owned-share", 1.0, "Share of tweets that one of the accounts owns."),
    _amount("--growth", 1.0, "Multiplies all counts, as if time had passed."),
)
@cloup.option_group(
    "Answers",
    _choice("--counts", CountStyle, "strings", "Counts in JSON."),
    _choice(
        "--untouched",
        UntouchedStyle,
        "zero",
        "Untouched tweets have zeros, or are missing from the groupings; quiet: so are those with only zeros in "
        "what is asked.",
    ),
    _choice(
        "--unsupported", UnsupportedStyle, "absent", "Impressions and engagements on totals beyond 90 days."
    ),
    _choice(
        "--forbidden-text",
        ForbiddenStyle,
        "plain",
        "A 403 names the IDs of others at once, in one string an author, only some of them, or none.",
    ),
    _choice(
        "--protected",
        ProtectedStyle,
        "list",
        "Protected tweets: a 400 that lists the IDs, a 400 that does not, or like deleted ones.",
    ),
    cloup.option(
        "--deny-metric",
        "denied_metrics",
        type=click.Choice(tuple(CATALOGUE)),
        metavar="METRIC",
        multiple=True,
        help="A metric that no token may read: a 403 for the whole request; repeatable.",
    ),
    _choice(
        "--hour-without-day",
        HourStyle,
        "nested",
        "engagement.hour without engagement.day: in days all the same, or each hour of day summed over the range.",
    ),
    _choice("--zeros", ZeroStyle, "yes", "Whether time series hold the leaves that are zero."),
)
@cloup.option_group(
    "Allowance",
    _limit("--rate-limit", "Requests granted a minute; 0 for any number."),
    _limit("--rate-limit-per-second", "The same for a second."),
    _choice("--limit-per", LimitedThing, "endpoint", "An allowance for each endpoint, or one for the app."),
    _choice(
        "--window",
        WindowStyle,
        "fixed",
        "A full allowance at each full minute, or a limit on any 60 seconds.",
    ),
    cloup.option(
        "--limit-headers/--no-limit-headers",
        default=True,
        show_default=True,
        help="Send the x-per-minute-… headers.",
    ),
    cloup.option(
        "--leave-out-header",
        "left_out",
        type=click.Choice(get_args(LimitHeader), case_sensitive=False),
        metavar="NAME",
        multiple=True,
        help="One of those headers not to send, such as x-per-minute-reset; repeatable.",
    ),
    _choice("--retry-after", RetryAfterStyle, "none", "The Retry-After header of a 429."),
    _choice("--limit-body", LimitBodyStyle, "json", "A 429's body."),
)
@cloup.option_group(
    "Trouble",
    cloup.option(
        "--fault",
        "faults",
        type=Text("fault", check=_check_fault, complete=named(*(f"{name}=" for name in ("all", *FAULTS)))),
        metavar="NAME=WHEN",
        multiple=True,
        help="Let something go wrong; repeatable. Names, probabilities and moments are below.",
    ),
    _amount("--latency", 0.0, "Milliseconds before each answer."),
    _amount("--jitter", 0.0, "At most so many milliseconds more."),
    _amount(
        "--tail-latency",
        0.0,
        "And a long tail: half of the answers take up to 0.6 of so many milliseconds more, one in 30 takes 9 "
        "times as many, none more than 50 times.",
    ),
    _amount("--drip-every", 200.0, "Milliseconds between two bytes of a body that drips."),
    _limit("--faults-after", "Answer so many requests before anything goes wrong by chance."),
    cloup.option(
        "--revoke-after",
        type=click.IntRange(min=0),
        metavar="N",
        help="After so many answered requests all credentials give 401.",
    ),
    cloup.option(
        "--expire-bearer-after",
        type=click.IntRange(min=1),
        metavar="N",
        help="After so many answered requests the bearer token gives 401, and /oauth2/token gives out another.",
    ),
    cloup.option(
        "--outage",
        "outages",
        type=Text("outage", check=_check_outage),
        metavar="START+LENGTH[=STYLE]",
        multiple=True,
        help="Be down from START on for LENGTH, in seconds since the first request; repeatable. STYLE: answer "
        "500, 502 (as HTML), 503 (by default), or reset connections, or refuse them.",
    ),
)
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
    faults: tuple[str, ...],
    faults_after: int,
    latency: float,
    jitter: float,
    tail_latency: float,
    drip_every: float,
    revoke_after: int | None,
    expire_bearer_after: int | None,
    outages: tuple[str, ...],
    pin: str | None,
    log: Path | None,
    exit_with_parent: bool,
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
        faults=tuple(chain.from_iterable(map(parse_rules, faults))),
        faults_after=faults_after,
        latency_ms=latency,
        jitter_ms=jitter,
        tail_latency_ms=tail_latency,
        drip_every_ms=drip_every,
        gzip=gzip,
        revoke_after=revoke_after,
        expire_bearer_after=expire_bearer_after,
        outages=tuple(map(parse_outage, outages)),
        pin=pin,
    )
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
