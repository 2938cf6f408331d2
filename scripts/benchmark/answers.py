"""Answers of the Engagement API, put together from pieces that were made before: quick, and the same for an ID."""

from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
from measuring import ALL, PUBLIC

N_PIECES = 50_021
"""Prime, so that IDs in a row do not get the same ones."""
N_SERIES = 7


class Answers:
    """What every request of the benchmark is answered. No errors, nothing is checked."""

    def __init__(self) -> None:
        self._pieces: dict[bytes, list[bytes]] = {}
        self._series: dict[tuple[str, str], list[bytes]] = {}
        for metrics in (PUBLIC, ALL):
            self._pieces_for(orjson.dumps(metrics.split(","))[1:-1])

    def totals(self, body: bytes) -> bytes:
        """Counts by tweet and metric, each a string of digits."""
        start = body.index(b"[") + 1
        end = body.index(b"]")
        start_metrics = body.index(b"[", end) + 1
        pieces = self._pieces_for(body[start_metrics : body.index(b"]", start_metrics)])
        ids = body[start:end].split(b",")
        return b'{"harvester":{' + b",".join([i + pieces[int(i[1:-1]) % N_PIECES] for i in ids]) + b"}}"

    def _pieces_for(self, metrics: bytes) -> list[bytes]:
        """Counts for a list of metrics, as they stand in an answer: heavy-tailed, many small ones."""
        if metrics not in self._pieces:
            names = metrics.split(b",")
            form = b":{" + b",".join(name + b':"%d"' for name in names) + b"}"
            counts = 3 * np.random.default_rng(7).pareto(0.7, (N_PIECES, len(names)))
            self._pieces[metrics] = [form % tuple(row) for row in counts.astype(np.int64).tolist()]
        return self._pieces[metrics]

    def series(self, body: bytes) -> bytes:
        """Counts by tweet and metric, and those of each hour of the range; no hour without any."""
        request = orjson.loads(body)
        start, end = request["start"], request["end"]
        hours = self._hours(start, end)
        metrics = [f'"{metric}":'.encode() for metric in request["engagement_types"]]
        rows = [
            f'"{tweet_id}":{{'.encode()
            + b",".join([metric + hours[(int(tweet_id) + m) % N_SERIES] for m, metric in enumerate(metrics)])
            + b"}"
            for tweet_id in request["tweet_ids"]
        ]
        name = next(n for n, grouping in request["groupings"].items() if len(grouping["group_by"]) == 4)
        head = f'{{"start":"{start}","end":"{end}",{self._sums(request)}"{name}":{{'
        return head.encode() + b",".join(rows) + b"}}"

    def _sums(self, request: dict[str, list[str]]) -> str:
        """The grouping without hours, of what `_hours` counts."""
        n_hours = n_hours_between(str(request["start"]), str(request["end"]))
        totals = [n_hours * (shape + 1) for shape in range(N_SERIES)]
        rows = {
            tweet_id: {
                metric: str(totals[(int(tweet_id) + m) % N_SERIES])
                for m, metric in enumerate(request["engagement_types"])
            }
            for tweet_id in request["tweet_ids"]
        }
        return f'"harvester":{orjson.dumps(rows).decode()},'

    def _hours(self, start: str, end: str) -> list[bytes]:
        """`{"2026-11-22":{"17":"1",…}}` for each hour of a range, in a few shapes; shape n counts n + 1."""
        if (start, end) not in self._series:
            days: dict[str, list[str]] = {}
            first = datetime.fromisoformat(start)
            for hour in range(n_hours_between(start, end)):
                moment = first + timedelta(hours=hour)
                days.setdefault(moment.date().isoformat(), []).append(f"{moment.hour:02d}")
            self._series[start, end] = [
                orjson.dumps({day: dict.fromkeys(hours, str(shape + 1)) for day, hours in days.items()})
                for shape in range(N_SERIES)
            ]
        return self._series[start, end]


def n_hours_between(start: str, end: str) -> int:
    """How many whole hours a range has."""
    first, last = (datetime.fromisoformat(text).astimezone(UTC) for text in (start, end))
    return int((last - first).total_seconds()) // 3600
