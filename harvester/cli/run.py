"""`harvester run`: harvest, or go on with it."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack

import click
import cloup

from harvester.cli.asking import Asked, asking_options, read_asked
from harvester.cli.declaring import command
from harvester.cli.kinds import AUTH_URL, BASE_URL, CONCURRENCY, Seconds, complete_folders
from harvester.cli.last_line import LastLineCommand
from harvester.config.options import parse_concurrency, parse_url
from harvester.engagement.endpoints import DEFAULT_AUTH_URL, DEFAULT_BASE_URL

if TYPE_CHECKING:
    from harvester.job import Outcome

EPILOG: Final = """
Examples:
  harvester run ids.txt -o runs/july
  zcat ids-*.gz | harvester run - -o runs/all --rate 600/min
  harvester run exports -e totals -e 28hr --owner-column author -o runs/all
  harvester run input_samples --simulate -o demo-run

Credentials never are flags: HARVESTER_BEARER_TOKEN for public metrics; HARVESTER_CONSUMER_KEY,
_CONSUMER_SECRET, _ACCESS_TOKEN and _ACCESS_TOKEN_SECRET for one's own tweets. Each also with _FILE or
_COMMAND behind it. Every flag is also HARVESTER_<FLAG>, and a key of harvester.toml.

Exit codes:
  0  all accounted for           3  dead letters or unreadable input remain: run again
  2  wrong usage                 5  the service is down: run again later
  4  credentials refused         6  the run directory does not fit
  7  the disk refused a write    130, 143  stopped: run again to go on
"""


@command("run", cls=LastLineCommand, epilog=EPILOG)
@asking_options(
    cloup.option(
        "--concurrency",
        multiple=True,
        type=CONCURRENCY,
        metavar="N",
        help="Requests in flight at once, or ENDPOINT=N.  [default: 8, up to 64 while that is faster]",
    ),
    cloup.option(
        "--max-handles",
        type=click.IntRange(1),
        metavar="N",
        help="Use no more accounts than that in a month.",
    ),
    cloup.option(
        "--grace",
        type=Seconds(0),
        default=5.0,
        metavar="SECONDS",
        help="For requests in flight at SIGINT/SIGTERM.",
    ),
    cloup.option(
        "--timeout",
        type=Seconds(1),
        default=60.0,
        metavar="SECONDS",
        help="For one request as a whole; half of it without a byte of the answer.",
    ),
    cloup.option(
        "--patience",
        type=Seconds(1),
        default=900.0,
        metavar="SECONDS",
        help="So long without any answer, and the run stops.",
    ),
)
@cloup.option_group(
    "Output",
    cloup.option(
        "-o",
        "--out",
        type=click.Path(path_type=Path),
        shell_complete=complete_folders,
        required=True,
        metavar="DIR",
        help="The run directory.",
    ),
    cloup.option(
        "--top", type=click.IntRange(0), default=10, metavar="N", help="Top tweets per metric, 0 for none."
    ),
    cloup.option(
        "--min-impressions",
        type=click.IntRange(1),
        default=100,
        metavar="N",
        help="With fewer, a tweet is not ranked by engagement_rate.",
    ),
    cloup.option(
        "--continue-grown",
        is_flag=True,
        help="Go on with an input that has got longer at its end, or has new files there.",
    ),
    cloup.option("--report/--no-report", default=True, help="Make report.html at the end."),
    cloup.option("--progress/--no-progress", default=None, help="A bar, or none.  [default: on a terminal]"),
    cloup.option("-q", "--quiet", is_flag=True, help="Only errors."),
    cloup.option("-v", "--verbose", count=True, show_default=False, help="More words; -vv: all of them."),
    cloup.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="Of lines on standard error.",
    ),
    cloup.option(
        "--metrics-file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="How the run is, for Prometheus: a text file, replaced every 15 s and at the end.",
    ),
)
@cloup.option_group(
    "Service",
    cloup.option("--base-url", type=BASE_URL, default=DEFAULT_BASE_URL, metavar="URL", help="The API."),
    cloup.option(
        "--auth-url", type=AUTH_URL, default=DEFAULT_AUTH_URL, metavar="URL", help="The token service."
    ),
    cloup.option(
        "--simulate", is_flag=True, help="Harvest from an embedded simulator in a process of its own."
    ),
)
def run(
    *,
    out: Path,
    top: int,
    min_impressions: int,
    concurrency: tuple[str, ...],
    max_handles: int | None,
    grace: float,
    timeout: float,
    patience: float,
    base_url: str,
    auth_url: str,
    continue_grown: bool,
    report: bool,
    simulate: bool,
    progress: bool | None,
    quiet: bool,
    verbose: int,
    log_format: str,
    metrics_file: Path | None,
    **asked: Unpack[Asked],
) -> "Outcome":
    """Harvest the metrics of all tweet IDs in INPUT…, or go on with it.

    INPUT is any number of files, folders, globs and URLs, @list.txt for a list of them, or - for standard input:
    text, CSV, JSON, Parquet, compressed or not. Records go to DIR/ENDPOINT.ndjson, what no record could be had
    for to DIR/ENDPOINT.failed.ndjson, lines that are no tweet ID to DIR/rejected.ndjson. The same command goes on
    where it stopped.
    """
    options = replace(
        read_asked(asked, out),
        top=top,
        min_impressions=min_impressions,
        concurrency=parse_concurrency(concurrency),
        max_handles=max_handles,
        grace_s=grace,
        base_url=parse_url(base_url, "--base-url"),
        auth_url=parse_url(auth_url, "--auth-url"),
        timeout_s=timeout,
        patience_s=patience,
        is_simulated=simulate,
        may_grow=continue_grown,
        has_report=report,
    )
    # The harvest, and all that it needs, is imported when called: help and completion are quick.
    from harvester.cli.harvesting import harvest  # noqa: PLC0415
    from harvester.cli.terminal import Terminal  # noqa: PLC0415

    as_json = log_format == "json"
    terminal = Terminal(quiet=quiet, wants_bar=progress, as_json=as_json, verbosity=verbose)
    return harvest(options, terminal, metrics_file)
