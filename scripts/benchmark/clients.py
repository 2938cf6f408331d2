"""What the harvester is measured against: clients.py bare|sample URL IDS_FILE METRICS CONCURRENCY

bare: an aiohttp loop that posts the same bodies and only reads and parses the answers.
sample: one request at a time, as the published sample clients do, without their pauses.
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson


def bodies(path: str, metrics: list[str]) -> Iterator[bytes]:
    """The bodies of all requests for a file of IDs."""
    ids = Path(path).read_text().split()
    grouping = {"harvester": {"group_by": ["tweet.id", "engagement.type"]}}
    for start in range(0, len(ids), 250):
        request = {"tweet_ids": ids[start : start + 250], "engagement_types": metrics, "groupings": grouping}
        yield orjson.dumps(request)


async def bare(url: str, requests: Iterator[bytes], concurrency: int) -> None:
    """Post, read, parse, forget."""
    import aiohttp

    async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as session:

        async def work() -> None:
            for body in requests:
                async with session.post(url, data=body) as response:
                    orjson.loads(await response.read())

        await asyncio.gather(*(work() for _ in range(concurrency)))


def sample(url: str, all_bodies: Iterator[bytes]) -> None:
    """One at a time."""
    import requests

    with requests.Session() as session:
        for body in all_bodies:
            session.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=60).json()


if __name__ == "__main__":
    _, style, base_url, ids_file, metric_list, workers = sys.argv
    endpoint = f"{base_url}/insights/engagement/totals"
    prepared = bodies(ids_file, metric_list.split(","))
    if style == "bare":
        import uvloop

        uvloop.run(bare(endpoint, prepared, int(workers)))
    else:
        sample(endpoint, prepared)
