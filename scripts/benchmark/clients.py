"""Simpler clients, to see what a part costs: clients.py STYLE URL IDS_FILE METRICS CONCURRENCY

read: an aiohttp loop that posts the same bodies and only reads the answers.
parsed: the same, and parses them with orjson.
session: one request at a time with `requests`, as the published sample clients do, without their pauses.
connections: the same, with a new connection for each.
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

HEADERS = {"Content-Type": "application/json"}


def bodies(path: str, metrics: list[str]) -> Iterator[bytes]:
    """The bodies of all requests for a file of IDs."""
    ids = Path(path).read_text().split()
    grouping = {"harvester": {"group_by": ["tweet.id", "engagement.type"]}}
    for start in range(0, len(ids), 250):
        request = {"tweet_ids": ids[start : start + 250], "engagement_types": metrics, "groupings": grouping}
        yield orjson.dumps(request)


async def read(url: str, requests: Iterator[bytes], concurrency: int, *, parse: bool) -> None:
    """Post, read, parse if that is wanted, forget."""
    import aiohttp

    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def work() -> None:
            for body in requests:
                async with session.post(url, data=body) as response:
                    content = await response.read()
                    if parse:
                        orjson.loads(content)

        await asyncio.gather(*(work() for _ in range(concurrency)))


def one_at_a_time(url: str, all_bodies: Iterator[bytes], client: Any) -> None:
    """Post and parse. client: `requests` or a session of it."""
    for body in all_bodies:
        client.post(url, data=body, headers=HEADERS, timeout=60).json()


def main() -> None:
    """Ask for a file of IDs."""
    _, style, base_url, ids_file, metric_list, workers = sys.argv
    endpoint = f"{base_url}/insights/engagement/totals"
    prepared = bodies(ids_file, metric_list.split(","))
    if style in {"read", "parsed"}:
        import uvloop

        uvloop.run(read(endpoint, prepared, int(workers), parse=style == "parsed"))
    else:
        import requests

        with requests.Session() as session:
            one_at_a_time(endpoint, prepared, session if style == "session" else requests)


if __name__ == "__main__":
    main()
