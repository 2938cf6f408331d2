"""The floor: the quickest harvester that we can write by hand, without a promise. It asks and writes the same.

    floor.py bearer|oauth|oauth-authlib URL IDS_FILE METRICS CONCURRENCY OUT

Nothing is checked, synced, journalled, tried again or removed as a duplicate. What it does in one go: digits to
integers while decoding, sums and maxima by column, all records of an answer in one call and one write.
oauth signs with a prepared header, oauth-authlib by authlib's own client for each request.
"""

import asyncio
import gc
import hmac
import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from heapq import heappush, heapreplace
from itertools import repeat
from pathlib import Path
from random import getrandbits
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import numpy as np
import uvloop
from msgspec.structs import astuple
from yarl import URL

BATCH = 250
BLOCK_BYTES = 2**17
N_TOP = 10
SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
KEY = "bench"
Batch = tuple[bytes, list[str]]
"""The body of a request, and when its tweets were made."""
Sign = Callable[[], dict[str, str]]


def batches(path: str, metrics: list[str]) -> Iterator[Batch]:
    """The requests for a file of young IDs, one a line."""
    grouping = {"harvester": {"group_by": ["tweet.id", "engagement.type"]}}
    rest_of_body = msgspec.json.encode({"engagement_types": metrics, "groupings": grouping})[1:]
    tail = b'"],' + rest_of_body
    ids: list[bytes] = []
    rest = b""
    with Path(path).open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            *lines, rest = (rest + block).split(b"\n")
            ids += lines
            n_whole = len(ids) // BATCH * BATCH
            yield from _bodies(ids[:n_whole], tail)
            ids = ids[n_whole:]
    if ids:
        yield from _bodies(ids, tail)


def _bodies(ids: list[bytes], tail: bytes) -> Iterator[Batch]:
    created_at = created_at_texts(b"\n".join(ids))
    for start in range(0, len(ids), BATCH):
        members = b'","'.join(ids[start : start + BATCH])
        yield b'{"tweet_ids":["' + members + tail, created_at[start : start + BATCH]


def created_at_texts(lines: bytes) -> list[str]:
    """`2018-11-09T19:23:24Z` for each line with a Snowflake, put together from tables."""
    ids = np.fromstring(lines, dtype=np.int64, sep="\n")
    days, seconds = np.divmod(((ids >> 22) + SNOWFLAKE_EPOCH_MS) // 1000, 86_400)
    characters = np.empty((len(ids), 20), np.uint32)
    characters[:, :11] = DATES[days]
    characters[:, 11:] = TIMES[seconds]
    texts: list[str] = characters.view("U20").ravel().tolist()
    return texts


def _table(moments: Any, start: int, end: int, last: str) -> Any:
    texts = np.strings.add(np.datetime_as_string(moments).astype("U19"), last)
    return np.ascontiguousarray(texts.view(np.uint32).reshape(len(texts), -1)[:, start:end])


DATES = _table(np.arange(30_000).astype("datetime64[D]"), 0, 11, "T")
TIMES = _table(np.arange(86_400).astype("datetime64[s]"), 11, 20, "Z")


class Reducer:
    """Sums, top lists and records of answers."""

    def __init__(self, metrics: list[str], out: int) -> None:
        counts = msgspec.defstruct("Counts", [(metric, int) for metric in metrics], gc=False)
        root = msgspec.defstruct("Root", [("harvester", dict[str, counts])], gc=False)  # type: ignore[valid-type]
        texts = [(name, str) for name in ("tweet_id", "status", "created_at")]
        fields = [*texts, ("metrics", counts), ("retrieved_at", str)]
        self._record = msgspec.defstruct("Record", fields, gc=False)
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(root, strict=False).decode
        self._encode = msgspec.json.Encoder().encode_lines
        self._out = out
        self.sums = [0] * len(metrics)
        self.heaps: list[list[tuple[int, int]]] = [[] for _ in metrics]
        self._floors = [1] * len(metrics)

    def add(self, answer: bytes, created_at: list[str]) -> None:
        """Take in an answer that has every tweet of the request, in its order."""
        listed = self._decode(answer).harvester
        rows = listed.values()
        for column, values in enumerate(zip(*map(astuple, rows), strict=False)):
            self.sums[column] += sum(values)
            if max(values) >= self._floors[column]:
                self._rank(column, values, list(listed))
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        records = list(map(self._record, listed, repeat("ok"), created_at, rows, repeat(now)))
        os.write(self._out, self._encode(records))

    def _rank(self, column: int, values: tuple[int, ...], tweet_ids: list[str]) -> None:
        heap, floor = self.heaps[column], self._floors[column]
        for value, tweet_id in zip(values, tweet_ids, strict=True):
            if value < floor:
                continue
            entry = (value, -int(tweet_id))
            if len(heap) < N_TOP:
                heappush(heap, entry)
            elif entry > heap[0]:
                heapreplace(heap, entry)
            if len(heap) == N_TOP:
                floor = heap[0][0]
        self._floors[column] = floor


def bearer() -> Sign:
    """The same header for each request."""
    headers = {"Authorization": f"Bearer {KEY}"}
    return lambda: headers


def prepared(url: str) -> Sign:
    """OAuth 1.0a, with all that is the same for each request put together once."""
    before = f"POST&{quote(url, safe='')}&oauth_consumer_key%3D{KEY}%26oauth_nonce%3D"
    between = "%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D"
    after = f"%26oauth_token%3D{KEY}%26oauth_version%3D1.0"
    shown = (
        f'OAuth oauth_consumer_key="{KEY}",oauth_token="{KEY}",oauth_version="1.0",'
        'oauth_signature_method="HMAC-SHA1",oauth_nonce="'
    )
    secrets = f"{KEY}&{KEY}".encode()

    def sign() -> dict[str, str]:
        nonce, now = f"{getrandbits(128):032x}", int(time.time())
        code = b64encode(
            hmac.digest(secrets, f"{before}{nonce}{between}{now}{after}".encode(), "sha1")
        ).decode()
        signature = code.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
        header = f'{shown}{nonce}",oauth_timestamp="{now}",oauth_signature="{signature}"'
        return {"Authorization": header}

    return sign


def by_authlib(url: str) -> Sign:
    """OAuth 1.0a by authlib's client, from nothing each time."""
    from authlib.oauth1 import ClientAuth

    auth = ClientAuth(KEY, KEY, KEY, KEY)

    def sign() -> dict[str, str]:
        _, headers, _ = auth.prepare("POST", url, {}, "")
        return {"Authorization": headers["Authorization"]}

    return sign


async def harvest(
    url: str, requests: Iterator[Batch], concurrency: int, sign: Sign, reducer: Reducer
) -> None:
    """Ask for all of them."""
    address = URL(url)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=concurrency),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"Content-Type": "application/json"},
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:

        async def work() -> None:
            for body, created_at in requests:
                async with session.post(address, data=body, headers=sign()) as response:
                    reducer.add(await response.read(), created_at)

        await asyncio.gather(*(work() for _ in range(concurrency)))


def main() -> None:
    """Harvest a file of IDs."""
    _, style, url, ids_file, metric_list, workers, out = sys.argv
    metrics = metric_list.split(",")
    endpoint = f"{url}/insights/engagement/totals"
    signs: dict[str, Callable[[], Sign]] = {
        "bearer": bearer,
        "oauth": partial(prepared, endpoint),
        "oauth-authlib": partial(by_authlib, endpoint),
    }
    gc.freeze()
    gc.set_threshold(100_000)
    file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    reducer = Reducer(metrics, file)
    uvloop.run(harvest(endpoint, batches(ids_file, metrics), int(workers), signs[style](), reducer))
    print(
        msgspec.json.encode(
            {"sums": reducer.sums, "tops": [sorted(h, reverse=True) for h in reducer.heaps]}
        ).decode()
    )


if __name__ == "__main__":
    main()
