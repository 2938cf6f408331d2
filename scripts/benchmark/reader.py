"""What reading costs, in a process of its own: reader.py FOLDER N_IDS N_TWEETS REPEAT

Reads the files of the folder in turns, in several rounds, and prints one line of JSON: by what was done, the
seconds of each round. `for line in file` is the yardstick of text, `orjson.loads` of each line that of tweets.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from harvester.dedupe import SeenIds
from harvester.sources import Form, Source, read_chunks

FORM = Form(began_ms=int(time.time() * 1000))


def lines_alone(path: Path) -> int:
    """How many lines there are."""
    n = 0
    with path.open("rb") as file:
        for _ in file:
            n += 1
    return n


def parsed_alone(path: Path) -> int:
    """How many lines there are, each parsed."""
    n = 0
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)
            n += 1
    return n


def read(path: Path) -> int:
    """How many IDs there are, each validated."""
    return sum(len(chunk.ids) for chunk in read_chunks((source_of(path),), FORM))


def read_once(path: Path) -> int:
    """How many distinct IDs there are."""
    seen = SeenIds()
    return sum(int(seen.first_seen(chunk.ids).sum()) for chunk in read_chunks((source_of(path),), FORM))


def source_of(path: Path) -> Source:
    """The file as the product has it."""
    return Source(str(path), path.stat().st_size)


def main() -> None:
    """Measure."""
    folder, n_ids, n_tweets, repeat = Path(sys.argv[1]), *(int(argument) for argument in sys.argv[2:])
    tasks: dict[str, tuple[Callable[[Path], int], str, int]] = {
        "lines": (lines_alone, "ids.txt", n_ids),
        "text": (read, "ids.txt", n_ids),
        "distinct": (read_once, "ids.txt", n_ids),
        "gzip": (read, "ids.txt.gz", n_ids),
        "zstd": (read, "ids.txt.zst", n_ids),
        "csv": (read, "ids.csv", n_ids),
        "parquet": (read, "ids.parquet", n_ids),
        "parsed": (parsed_alone, "tweets.ndjson", n_tweets),
        "ndjson": (read, "tweets.ndjson", n_tweets),
        "json": (read, "tweets.json", n_tweets),
    }
    took: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeat):
        for name, (task, file, n) in tasks.items():
            began_s = time.perf_counter()
            found = task(folder / file)
            took[name].append(time.perf_counter() - began_s)
            if found != n:
                raise SystemExit(f"{file} has {n:,} IDs, and {found:,} were found")
    print(json.dumps(took))


if __name__ == "__main__":
    main()
