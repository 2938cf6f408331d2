"""What is seen of a harvest while it goes on: it is looked at from outside, and does not know of that."""

import asyncio
import time

from harvester.cli.seen import Display, Follower, Seen
from harvester.job import Harvest


async def watch(harvest: Harvest, display: Display) -> None:
    """Show the harvest until this task is cancelled, and once more then."""
    follower = Follower(time.monotonic())
    try:
        while True:
            await asyncio.sleep(display.every_s)
            if seen := _look(harvest, follower):
                display.show(seen)
    finally:
        display.close(_look(harvest, follower))


def _look(harvest: Harvest, follower: Follower) -> Seen | None:
    snapshots = harvest.snapshots()
    return follower.see(snapshots, time.monotonic(), time.time()) if snapshots else None
