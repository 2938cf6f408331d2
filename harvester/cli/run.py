"""`harvester run`: harvest, or go on with it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Unpack

import click

from harvester.cli.asking import Asked, Seconds, asking_options, read_asked
from harvester.cli.configuration import SETTINGS, config_option, credentials_path
from harvester.cli.last_line import LastLineCommand
from harvester.cli.progress import watch
from harvester.cli.simulated import Simulated, simulator
from harvester.cli.terminal import Terminal
from harvester.config.credentials import load_credentials
from harvester.config.options import Options, parse_concurrency, parse_url
from harvester.engagement.credentials import Credentials
from harvester.engagement.endpoints import DEFAULT_AUTH_URL, DEFAULT_BASE_URL
from harvester.errors import ExitCode, HarvesterError
from harvester.job import Harvest, Outcome
from harvester.ledger import ledger_path

SIGNALS: Final = {
    "SIGINT": ExitCode.INTERRUPTED,
    "SIGTERM": ExitCode.TERMINATED,
    "SIGHUP": ExitCode.TERMINATED,
}

EPILOG: Final = """\b
Examples:
  harvester run ids.txt -o runs/july
  zcat ids-*.gz | harvester run - -o runs/all --rate 600/min
  harvester run input_samples --simulate -o demo-run

Credentials never are flags: HARVESTER_BEARER_TOKEN for public metrics; HARVESTER_CONSUMER_KEY,
_CONSUMER_SECRET, _ACCESS_TOKEN and _ACCESS_TOKEN_SECRET for one's own tweets. Each also with _FILE or
_COMMAND behind it. Every flag is also HARVESTER_<FLAG>, and a key of harvester.toml.
"""


@click.command(
    "run",
    cls=LastLineCommand,
    epilog=EPILOG,
    context_settings=SETTINGS,
)
@asking_options
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="The run directory."
)
@click.option(
    "--top", type=click.IntRange(0), default=10, metavar="N", help="Top tweets per metric, 0 for none."
)
@click.option(
    "--min-impressions",
    type=click.IntRange(1),
    default=100,
    metavar="N",
    help="With fewer, a tweet is not ranked by engagement_rate.",
)
@click.option(
    "--concurrency",
    multiple=True,
    metavar="N",
    help="Requests in flight at once, or ENDPOINT=N.  [default: 8, up to 64 while that is faster]",
)
@click.option(
    "--max-handles", type=click.IntRange(1), metavar="N", help="Use no more accounts than that in a month."
)
@click.option(
    "--grace",
    type=Seconds(0),
    default=5.0,
    metavar="SECONDS",
    help="For requests in flight at SIGINT/SIGTERM.",
)
@click.option(
    "--timeout",
    type=Seconds(1),
    default=60.0,
    metavar="SECONDS",
    help="For one request as a whole; half of it without a byte of the answer.",
)
@click.option(
    "--patience",
    type=Seconds(1),
    default=900.0,
    metavar="SECONDS",
    help="So long without any answer, and the run stops.",
)
@click.option("--base-url", default=DEFAULT_BASE_URL, metavar="URL", help="The API.")
@click.option("--auth-url", default=DEFAULT_AUTH_URL, metavar="URL", help="The token service.")
@click.option(
    "--continue-grown",
    is_flag=True,
    help="Go on with an input that has got longer at its end, or has new files there.",
)
@click.option("--report/--no-report", default=True, help="Make report.html at the end.  [default: report]")
@click.option("--simulate", is_flag=True, help="Harvest from an embedded simulator in a process of its own.")
@config_option(is_shared=False)
@click.option("--progress/--no-progress", default=None, help="A bar, or none.  [default: on a terminal]")
@click.option("-q", "--quiet", is_flag=True, help="Only errors.")
@click.option("-v", "--verbose", count=True, help="More words.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", help="Of lines on standard error."
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
    **asked: Unpack[Asked],
) -> Outcome:
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
    terminal = Terminal(quiet=quiet, wants_bar=progress, as_json=log_format == "json", verbosity=verbose)
    with contextlib.ExitStack() as stack:
        simulated = stack.enter_context(simulator()) if simulate else None
        if simulated:
            credentials = simulated.credentials
            options = replace(options, base_url=simulated.base_url, auth_url=simulated.base_url)
        else:
            credentials = load_credentials(os.environ, credentials_path(os.environ), options.account)
        try:
            outcome = _run_loop(_harvest(options, credentials, terminal, simulated))
        except HarvesterError as error:
            outcome = Outcome(error.exit_code, error=error)
    terminal.show_end(options, outcome)
    return outcome


async def _harvest(
    options: Options, credentials: Credentials, terminal: Terminal, simulated: Simulated | None
) -> Outcome:
    # A simulator's accounts are nobody's, so they are not counted.
    ledger = None if simulated else ledger_path(os.environ)
    harvest = Harvest(options, credentials, ledger=ledger, on_open=terminal.show_start)
    loop = asyncio.get_running_loop()
    for name, code in SIGNALS.items():
        if hasattr(signal, name):
            loop.add_signal_handler(getattr(signal, name), partial(harvest.interrupt, code))
    beside = []
    if terminal.is_watched:
        beside.append(asyncio.ensure_future(watch(harvest, terminal.display())))
    if simulated:
        beside.append(asyncio.ensure_future(_mourn(harvest, simulated)))
    try:
        return await harvest.run()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


async def _mourn(harvest: Harvest, simulated: Simulated) -> None:
    harvest.fail(await simulated.death())


def _run_loop(main: Coroutine[Any, Any, Outcome]) -> Outcome:
    runner: Callable[[Coroutine[Any, Any, Outcome]], Outcome] = asyncio.run
    with contextlib.suppress(ImportError):  # not on Windows
        import uvloop  # noqa: PLC0415

        runner = uvloop.run
    return runner(main)
