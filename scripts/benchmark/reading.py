"""What it costs to read an input, against the least that reading it can cost."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from figures import Figure, Goal
from measuring import Bench

VALIDATED, DISTINCT, GZIP, TWEETS = Goal(1.5), Goal(4.5), Goal(30), Goal(1.5)


@dataclass(frozen=True)
class Sizes:
    """IDs and whole tweets in the files, and how often each is read."""

    ids: int
    tweets: int
    repeat: int


FULL = Sizes(2_000_000, 20_000, 7)
QUICK = Sizes(20_000, 200, 1)


def figures(bench: Bench) -> Iterator[Figure]:
    """All of them."""
    sizes = QUICK if bench.is_quick else FULL
    folder = bench.folder / "reading"
    bench.python("input_files.py", str(folder), str(bench.ids(sizes.ids)), str(sizes.tweets))
    used = bench.python("reader.py", str(folder), str(sizes.ids), str(sizes.tweets), str(sizes.repeat))
    took: dict[str, list[float]] = json.loads(used.output)

    def ratio(name: str, yardstick: str) -> list[float]:
        return [a / b for a, b in zip(took[name], took[yardstick], strict=True)]

    def each_ns(name: str, n: int) -> list[float]:
        return [seconds * 1e9 / n for seconds in took[name]]

    text = "text, one ID a line, against `for line in file`"
    yield Figure(f"{text}: validated", ratio("text", "lines"), "×", VALIDATED)
    yield Figure(f"{text}: validated, and each once", ratio("distinct", "lines"), "×", DISTINCT)
    more = [a - b for a, b in zip(each_ns("gzip", sizes.ids), each_ns("text", sizes.ids), strict=True)]
    yield Figure("the same in gzip: more for an ID", more, "ns", GZIP)
    tweets = "whole tweets, against `orjson.loads` of each"
    yield Figure(f"{tweets}: one a line", ratio("ndjson", "parsed"), "×", TWEETS)
    yield Figure(f"{tweets}: in one document", ratio("json", "parsed"), "×")
    for name, what in {"text": "text", "zstd": "text in zstd", "csv": "CSV", "parquet": "Parquet"}.items():
        yield Figure(f"an ID from {what}", each_ns(name, sizes.ids), "ns")
    yield Figure(
        "a whole tweet of 4 KB, one a line", [ns / 1000 for ns in each_ns("ndjson", sizes.tweets)], "µs"
    )
