"""What a tortured harvest is made of, drawn from a seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Literal, get_args

from harvester.engagement.tweet_id import DAY_MS, first_id_at
from harvester.simulator.population import make_ids

Kind = Literal["endpoints", "windows", "limit"]


@dataclass(frozen=True)
class Ordeal:
    """What a harvest goes through, drawn from a seed.

    limit: requests a minute that the service grants each endpoint in any 60 s; None where it is far away.
    """

    seed: int
    kind: Kind
    n_ids: int
    workers: dict[str, int]
    latency_ms: int
    fault_share: float
    limit: int | None = None
    asks: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        """Those of `harvester run`, but for input, directory and address."""
        pools = (("-e", name, "--concurrency", f"{name}={n}") for name, n in self.workers.items())
        return [*(flag for pool in pools for flag in pool), *self.asks, "-q"]

    @property
    def trouble(self) -> list[str]:
        """The flags with which the simulator makes trouble."""
        limit = str(self.limit or 600_000)
        # A few answers take a second and more: what is settled meanwhile has to be kept.
        latency = ("--latency", str(self.latency_ms), "--tail-latency", str(3 * self.latency_ms))
        faults = ("--fault", f"all={self.fault_share}", "--faults-after", "1")
        return [*latency, *faults, "--rate-limit", limit, "--window", "sliding"]

    def lines(self, now_s: float) -> Iterator[str]:
        """IDs, some of them twice, and some lines that are none.

        None of an age at which a tweet is asked otherwise some minutes later than now.
        """
        now_ms = int(now_s * 1000)
        oldest, youngest = (first_id_at(now_ms - days * DAY_MS) for days in (91, 89))
        ids = [i for i in make_ids(self.n_ids, self.seed, now_ms).tolist() if not oldest < i < youngest]
        for n, tweet_id in enumerate(ids):
            yield str(tweet_id)
            if n % 1000 == 0:
                yield from (f"no ID {n}", str(ids[n // 2]))


def draw_ordeal(seed: int, now_s: float, *, kind: Kind | None = None, size: float = 1.0) -> Ordeal:
    """Two endpoints at once, a range in several windows, or a limit that is the bottleneck.

    kind: any of them if there is none. size: 1.0 for some 50 thousand IDs.
    """
    random = Random(seed)
    drawn: Kind = random.choice(get_args(Kind))
    latency_ms, faults = random.randint(15, 50), round(random.uniform(0.005, 0.02), 4)
    match kind or drawn:
        case "endpoints":
            workers = {"totals": random.randint(1, 2), "28hr": random.randint(8, 16)}
            return Ordeal(seed, "endpoints", int(50_000 * size), workers, latency_ms, faults)
        case "windows":
            end = datetime.fromtimestamp(now_s - 2 * 24 * 3600, UTC).date()
            start = datetime.fromtimestamp(now_s - 72 * 24 * 3600, UTC).date()
            workers = {"historical": random.randint(8, 16)}
            asks = (
                "--start",
                str(start),
                "--end",
                str(end),
                "-m",
                "impressions,favorites",
                "--series",
                "day",
            )
            return Ordeal(seed, "windows", int(15_000 * size), workers, latency_ms, faults, asks=asks)
        case "limit":
            workers = {"totals": random.randint(4, 16)}
            return Ordeal(seed, "limit", int(30_000 * size), workers, latency_ms, faults, limit=100)
