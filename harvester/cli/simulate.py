"""`harvester simulate`: the embedded Engagement API, as a server."""

import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, get_args

import click

from harvester.simulator.credentials import credentials_from, generate_credentials
from harvester.simulator.faults import FAULTS
from harvester.simulator.options import (
    CountStyle,
    ForbiddenStyle,
    LimitBodyStyle,
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
)

EPILOG: Final = """\b
Faults:
  http-500, http-503, http-502   server trouble, the last one as HTML
  rate-limit                     a 429 with an empty body, out of nowhere
  html, empty                    a 200 with a page of HTML, a 200 without a body
  cut-json, cut-gzip, cut-body   an answer cut inside correct framing, or short of its length
  missing-ids, extra-ids         a tenth of the IDs left out, an ID that nobody asked for
  reset, hang                    the connection reset before an answer, or never an answer
"""

_SHARE = click.FloatRange(0, 1)
_COUNT = click.IntRange(min=0)


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


@click.command("simulate", epilog=EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="The port; 0 for any that is free.",
)
@click.option("--seed", default=0, show_default=True, help="Another seed is another world and other chances.")
@click.option(
    "--now",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]),
    help="The time (UTC) by which tweets have their age. The clock's by default.",
)
@click.option(
    "--deleted-share", type=_SHARE, default=0.02, show_default=True, help="Share of tweets that are gone."
)
@click.option(
    "--protected-share", type=_SHARE, default=0.0, show_default=True, help="Share of protected tweets."
)
@click.option(
    "--untouched-share",
    type=_SHARE,
    default=0.3,
    show_default=True,
    help="Share of tweets that nobody touched.",
)
@click.option(
    "--owned-share",
    type=_SHARE,
    default=1.0,
    show_default=True,
    help="Share of tweets that the token's user owns.",
)
@click.option(
    "--growth",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Multiplies all counts, as if time had passed.",
)
@click.option(
    "--counts",
    type=click.Choice(get_args(CountStyle)),
    default="strings",
    show_default=True,
    help="Counts in JSON.",
)
@click.option(
    "--untouched",
    type=click.Choice(get_args(UntouchedStyle)),
    default="zero",
    show_default=True,
    help="Whether untouched tweets have zeros or are missing from the groupings.",
)
@click.option(
    "--unsupported",
    type=click.Choice(get_args(UnsupportedStyle)),
    default="absent",
    show_default=True,
    help="Impressions and engagements of tweets older than 90 days.",
)
@click.option(
    "--forbidden-text",
    type=click.Choice(get_args(ForbiddenStyle)),
    default="plain",
    show_default=True,
    help="Whether a 403 names the IDs at once or in one string an author.",
)
@click.option(
    "--protected",
    type=click.Choice(get_args(ProtectedStyle)),
    default="list",
    show_default=True,
    help="Protected tweets: a 400 that lists the IDs, a 400 that does not, or like deleted ones.",
)
@click.option(
    "--gzip/--no-gzip", default=True, show_default=True, help="Compress answers for who accepts it."
)
@click.option(
    "--rate-limit",
    type=_COUNT,
    default=0,
    show_default=True,
    help="Requests granted a minute; 0 for any number.",
)
@click.option(
    "--rate-limit-per-second", type=_COUNT, default=0, show_default=True, help="The same for a second."
)
@click.option(
    "--window",
    type=click.Choice(get_args(WindowStyle)),
    default="fixed",
    show_default=True,
    help="A full allowance at each full minute, or a limit on any 60 seconds.",
)
@click.option(
    "--limit-headers/--no-limit-headers",
    default=True,
    show_default=True,
    help="Send the x-per-minute-… headers.",
)
@click.option(
    "--retry-after",
    type=click.Choice(get_args(RetryAfterStyle)),
    default="none",
    show_default=True,
    help="The Retry-After header of a 429.",
)
@click.option(
    "--limit-body",
    type=click.Choice(get_args(LimitBodyStyle)),
    default="json",
    show_default=True,
    help="A 429's body.",
)
@click.option(
    "--fault",
    "faults",
    type=_parse_fault,
    metavar="NAME=PROBABILITY",
    multiple=True,
    help="Let something go wrong, with a probability from 0 to 1; repeatable. The names are below.",
)
@click.option(
    "--latency",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Milliseconds before each answer.",
)
@click.option(
    "--jitter",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="At most so many milliseconds more.",
)
@click.option("--revoke-after", type=_COUNT, help="After so many answered requests all credentials give 401.")
@click.option(
    "--outage",
    "outages",
    type=_parse_outage,
    metavar="START+LENGTH",
    multiple=True,
    help="Answer 503 for so long, in seconds since the first request; repeatable.",
)
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
    gzip: bool,
    rate_limit: int,
    rate_limit_per_second: int,
    window: WindowStyle,
    limit_headers: bool,
    retry_after: RetryAfterStyle,
    limit_body: LimitBodyStyle,
    faults: tuple[tuple[str, float], ...],
    latency: float,
    jitter: float,
    revoke_after: int | None,
    outages: tuple[Outage, ...],
    log: Path | None,
    exit_with_parent: bool,
    verbose: bool,
) -> None:
    """Serve a simulated Engagement API.

    Prints one line of JSON with its URLs, and serves until it is interrupted. It accepts the credentials in
    HARVESTER_CONSUMER_KEY, HARVESTER_CONSUMER_SECRET, HARVESTER_ACCESS_TOKEN, HARVESTER_ACCESS_TOKEN_SECRET
    and HARVESTER_BEARER_TOKEN. Where none is set it makes some up, and prints them too.
    """
    # Heavy (aiohttp, numpy), and of no use to --help.
    from harvester.simulator.process import Place, run_until_stopped  # noqa: PLC0415

    options = Options(
        seed=seed,
        now_ms=int(now.replace(tzinfo=UTC).timestamp() * 1000) if now else None,
        shares=Shares(deleted_share, protected_share, untouched_share, owned_share, growth),
        readings=Readings(counts, untouched, unsupported, forbidden_text, protected),
        limits=Limits(rate_limit, rate_limit_per_second, window, limit_headers, retry_after, limit_body),
        faults=faults,
        latency_ms=latency,
        jitter_ms=jitter,
        gzip=gzip,
        revoke_after=revoke_after,
        outages=outages,
    )
    if verbose:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    known = credentials_from(os.environ)
    place = Place(host, port, log, exit_with_parent)
    try:
        run_until_stopped(options, place, known or generate_credentials(), tells_credentials=known is None)
    except OSError as exc:
        raise click.ClickException(f"cannot listen on {host}:{port} or write {log}: {exc}") from exc
