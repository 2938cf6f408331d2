"""Where connections come in, and when they are refused."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from harvester.simulator.fault_rules import Outage

_CONNECTIONS_WAITING: Final = 1024


class Doors:
    """The listening socket, which is not there during an outage that refuses connections.

    What is connected already stays so: its requests are the service's to refuse.
    """

    def __init__(self, runner: web.AppRunner, host: str, port: int, outages: Sequence[Outage]) -> None:
        self.port = port
        self._runner = runner
        self._host = host
        self._refusals = sorted(
            (outage.start_s, outage.start_s + outage.length_s)
            for outage in outages
            if outage.style == "refuse"
        )

    async def open(self) -> web.TCPSite:
        """Accept connections; on a free port, that one from then on. Raises OSError where it cannot."""
        site = web.TCPSite(
            self._runner, self._host, self.port, backlog=_CONNECTIONS_WAITING, reuse_address=True
        )
        await site.start()
        self.port = self._runner.addresses[0][1]
        return site

    async def keep(self, site: web.TCPSite, begun: asyncio.Event) -> None:
        """Close and open as the outages say, which are counted from when the first request has come."""
        await begun.wait()
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        for closes_at, opens_at in self._refusals:
            await asyncio.sleep(began_at + closes_at - loop.time())
            await site.stop()
            await asyncio.sleep(began_at + opens_at - loop.time())
            site = await self.open()
