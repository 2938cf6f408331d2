"""A harvest from the command line: its signals, what shows its progress, and a simulator beside it."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from harvester.cli.progress import watch
from harvester.cli.simulated import Simulated, simulator
from harvester.cli.terminal import Terminal
from harvester.config.credentials import load_credentials
from harvester.config.options import Options
from harvester.config.places import credentials_path
from harvester.engagement.credentials import Credentials
from harvester.errors import ExitCode, HarvesterError
from harvester.job import Harvest, Outcome
from harvester.ledger import ledger_path
from harvester.notices.notices import Notices
from harvester.notices.wanted import notices_of
from harvester.rundir.directory import RunDirectory
from harvester.status.last_limits import LastLimits

SIGNALS: Final = {
    "SIGINT": ExitCode.INTERRUPTED,
    "SIGTERM": ExitCode.TERMINATED,
    "SIGHUP": ExitCode.TERMINATED,
}


def harvest(options: Options, terminal: Terminal, metrics_file: Path | None = None) -> Outcome:
    """Harvest, or go on with it, and say on standard error how that goes and ends.

    metrics_file: where others read how it goes.
    Raises UsageError, and ServiceError for a simulator that does not start: before anything is begun.
    """
    with contextlib.ExitStack() as stack:
        notices = stack.enter_context(notices_of(options.out, metrics_file, os.environ))
        simulated = stack.enter_context(simulator()) if options.is_simulated else None
        if simulated:
            credentials = simulated.credentials
            options = replace(options, base_url=simulated.base_url, auth_url=simulated.base_url)
        else:
            credentials = load_credentials(os.environ, credentials_path(os.environ), options.account)
        try:
            outcome = _run_loop(_harvest(options, credentials, terminal, notices, simulated))
        except HarvesterError as error:
            outcome = Outcome(error.exit_code, error=error)
        notices.end(outcome)
    terminal.show_end(options, outcome)
    if not options.is_simulated:
        folder = ledger_path(os.environ).parent
        LastLimits(folder).remember(credentials, outcome.last, options.base_url, time.time())
    return outcome


async def _harvest(
    options: Options,
    credentials: Credentials,
    terminal: Terminal,
    notices: Notices,
    simulated: Simulated | None,
) -> Outcome:
    # A simulator's accounts are nobody's, so they are not counted.
    ledger = None if simulated else ledger_path(os.environ)

    def begin(directory: RunDirectory) -> None:
        terminal.show_start(directory)
        notices.begin(directory)

    harvest = Harvest(options, credentials, ledger=ledger, on_open=begin)
    loop = asyncio.get_running_loop()
    for name, code in SIGNALS.items():
        if hasattr(signal, name):
            loop.add_signal_handler(getattr(signal, name), partial(harvest.interrupt, code))
    beside = [asyncio.ensure_future(notices.watch(harvest))]
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
