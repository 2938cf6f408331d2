"""CPU for each request: the harvester against the floor, and what parts of the work cost by themselves.

It is that of the whole process, the difference of a long and a short run, so that starting costs cancel. Runs that
are compared take turns, and each ratio is one of neighbours: a machine that is busy for a while slows both.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from figures import Figure, Goal
from measuring import ALL, BATCH, BEARER, OAUTH, PUBLIC, Bench, Server, Used, serving

GOAL = Goal(1.5, better=1.15)
FLOOR = "the best by hand"
WORKERS = "8"
FLAGS = ("--concurrency", WORKERS)


@dataclass(frozen=True)
class Sizes:
    """IDs of a long and a short run, and how often. A short run of none: starting costs count."""

    long: int
    short: int
    rounds: int


FULL, PARTS_FULL = Sizes(500_000, 100_000, 7), Sizes(250_000, 50_000, 3)
QUICK = Sizes(5_000, 0, 1)
N_COMPARED = 2_500


@dataclass(frozen=True)
class Kind:
    """An authentication, and what it may read. floor: the floor's name for it."""

    name: str
    floor: str
    keys: Mapping[str, str]
    metrics: str


KINDS = (
    Kind("bearer, 5 metrics", "bearer", BEARER, PUBLIC),
    Kind("OAuth 1.0a, 7 metrics", "oauth", OAUTH, ALL),
)
PARTS = {
    "answers read only": "read",
    "answers read, and parsed with orjson": "parsed",
    "by hand, OAuth 1.0a prepared once": "oauth",
    "by hand, OAuth 1.0a by authlib's client": "oauth-authlib",
    "one at a time with `requests`, a session": "session",
    "one at a time with `requests`, new connections": "connections",
}


def figures(bench: Bench) -> Iterator[Figure]:
    """All of them."""
    with serving() as server:
        for kind in KINDS:
            _compare(bench, server, kind)
            yield from _against_floor(bench, server, kind)
        yield from _parts(bench, server)


def _against_floor(bench: Bench, server: Server, kind: Kind) -> Iterator[Figure]:
    def harvest(n: int) -> Used:
        return bench.harvest(server, n, *FLAGS, keys=kind.keys)

    by_hand = partial(_client, bench, server, kind.floor, kind.metrics)
    sizes = QUICK if bench.is_quick else FULL
    rounds = [_per_request(sizes, by_hand, harvest) for _ in range(sizes.rounds)]
    ratios = [ours / floor for floor, ours in rounds]
    yield Figure(f"CPU a request, harvester against {FLOOR}: {kind.name}", ratios, "×", GOAL)
    yield Figure(f"CPU for 1,000 requests, harvester: {kind.name}", [1000 * ours for _, ours in rounds], "s")
    yield Figure(f"CPU for 1,000 requests, {FLOOR}: {kind.name}", [1000 * floor for floor, _ in rounds], "s")


def _parts(bench: Bench, server: Server) -> Iterator[Figure]:
    sizes = QUICK if bench.is_quick else PARTS_FULL
    clients = [partial(_client, bench, server, style, ALL) for style in ("bearer", *PARTS.values())]
    rounds = [_per_request(sizes, *clients) for _ in range(sizes.rounds)]
    for place, name in enumerate(PARTS, start=1):
        ratios = [found[place] / found[0] for found in rounds]
        yield Figure(f"CPU a request against {FLOOR}, bearer, 7 metrics: {name}", ratios, "×")


def _per_request(sizes: Sizes, *runs: Callable[[int], Used]) -> list[float]:
    """Of each run, seconds a request. Runs of the same length are neighbours."""
    long = [run(sizes.long).cpu_s for run in runs]
    short = [run(sizes.short).cpu_s if sizes.short else 0 for run in runs]
    n_requests = (sizes.long - sizes.short) / BATCH
    return [(more - less) / n_requests for more, less in zip(long, short, strict=True)]


def _client(bench: Bench, server: Server, style: str, metrics: str, n: int) -> Used:
    arguments = [style, server.url, str(bench.ids(n)), metrics, WORKERS]
    if style in {"bearer", "oauth", "oauth-authlib"}:
        return bench.python("floor.py", *arguments, str(bench.folder / "floor.ndjson"))
    return bench.python("clients.py", *arguments)


def _compare(bench: Bench, server: Server, kind: Kind) -> None:
    """Demand that floor and harvester write the same records, but for the time and the order of batches."""
    bench.harvest(server, N_COMPARED, *FLAGS, keys=kind.keys)
    _client(bench, server, kind.floor, kind.metrics, N_COMPARED)
    texts = ((bench.run_directory / "totals.ndjson"), (bench.folder / "floor.ndjson"))
    ours, floor = (
        sorted(re.sub(r',"retrieved_at":"[^"]*"', "", path.read_text()).splitlines()) for path in texts
    )
    if ours != floor:
        raise SystemExit("the floor does not write what the harvester writes")
