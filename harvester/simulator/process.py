"""The simulator as a process: from the start line to a quiet end."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from aiohttp import web

from harvester.simulator.credentials import Credentials
from harvester.simulator.doors import Doors
from harvester.simulator.options import Options
from harvester.simulator.request_log import RequestLog
from harvester.simulator.server import make_application
from harvester.simulator.service import Service
from harvester.simulator.wire import Manner

_FAREWELL_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen and what to write. has_parent: whether the end of standard input ends the process."""

    host: str = "127.0.0.1"
    port: int = 0
    log: Path | None = None
    has_parent: bool = False


def run_until_stopped(
    options: Options, place: Place, credentials: Credentials, *, tells_credentials: bool
) -> None:
    """Serve until SIGINT, SIGTERM, or the end of standard input where that matters.

    One line of JSON goes to standard output as soon as connections are accepted.
    Raises OSError where the address or the log cannot be used.
    """
    told = credentials.told() if tells_credentials else {}
    # Without a handler, logging would put errors on standard error by itself.
    logging.getLogger("aiohttp").addHandler(logging.NullHandler())
    _runner()(_serve(options, place, credentials, told))


def _runner() -> Callable[[Coroutine[object, object, None]], None]:
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return asyncio.run
    return uvloop.run


async def _serve(
    options: Options, place: Place, credentials: Credentials, told: dict[str, str | None]
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if place.has_parent:
        threading.Thread(target=_await_end_of_input, args=(loop, stop), daemon=True).start()
    with RequestLog(place.log) as log:
        manner = Manner(options.gzip, options.drip_every_ms / 1000)
        begun = asyncio.Event()
        application = make_application(Service(options, credentials), log, manner, begun)
        # Whoever hangs up frees the handler that waits for him; at the end nobody is waited for.
        runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=_FAREWELL_S
        )
        await runner.setup()
        try:
            doors = Doors(runner, place.host, place.port, options.outages)
            site = await doors.open()
            _tell(place.host, doors.port, told)
            async with asyncio.TaskGroup() as group:
                keeping = group.create_task(doors.keep(site, begun))
                await stop.wait()
                keeping.cancel()
        finally:
            await runner.cleanup()


def _tell(host: str, port: int, told: dict[str, str | None]) -> None:
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    line = {"base_url": url, "auth_url": url, **told}
    sys.stdout.write(orjson.dumps(line).decode() + "\n")
    sys.stdout.flush()


def _await_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """The parent holds the other end of our standard input; however it dies, the kernel closes it."""
    # A standard input that was never open is as good as one that has ended.
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    # Where a signal was faster, the loop is closed already.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(stop.set)
