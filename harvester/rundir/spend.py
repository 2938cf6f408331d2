"""`.pace-ENDPOINT.json`: when the last request went, and what the next process has to know of the allowance.

It is written before each request and not synced: a kill leaves what was written to the kernel, and so do a
crash and an abort. Only a power cut may lose it, after which no request is sent within seconds anyway.
"""

import os
from pathlib import Path
from typing import Final

import orjson

from harvester.engagement.allowance import Rate
from harvester.rundir.files import storage_errors
from harvester.transport.pace import LastSpend

SIZE_BYTES: Final = 256
"""Always so many, within one page: no reader sees one half of it new and the other old."""
JUST_NOW: Final = float("inf")


class SpendFile:
    """What an endpoint spent last, kept over any end of the process. last: what an earlier one left.

    A file that is damaged counts as a request that went just now.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with storage_errors(path):
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            content = os.pread(self._handle, SIZE_BYTES, 0)
        self.last = _read(content) if content else LastSpend()

    def write(self, spend: LastSpend) -> None:
        """Replace what is there. A few microseconds, so it may happen in the loop."""
        limits = [(rate.requests, rate.window_s) for rate in spend.limits]
        document = {"at": spend.at, "held_s": spend.held_s, "limits": limits, "guess": spend.guess}
        with storage_errors(self._path):
            os.pwrite(self._handle, orjson.dumps(document).ljust(SIZE_BYTES), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._handle)


def read_last_spend(path: Path) -> LastSpend | None:
    """What the last process left, read beside a run as well; None where there is nothing."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return _read(content) if content else None


def _read(content: bytes) -> LastSpend:
    try:
        document = orjson.loads(content)
        limits = tuple(Rate(float(requests), float(window_s)) for requests, window_s in document["limits"])
        guess = document.get("guess")
        return LastSpend(
            float(document["at"]), float(document["held_s"]), limits, None if guess is None else float(guess)
        )
    except (ValueError, KeyError, TypeError):
        return LastSpend(JUST_NOW)
