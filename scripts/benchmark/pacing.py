"""How well the gate paces, against model services on virtual time: what it uses of the allowance, what is refused.

    python scripts/benchmark/pacing.py [--json FILE] [--processes N]

100 % is what the limit grants in that time less what somebody else on the same allowance got of it. That
includes the first minute, when nothing is known yet; the figures from the second minute on are told beside it.
"""

import argparse
import asyncio
import json
import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from harvester.transport.pace import Pace
from tests.conftest import TurnedLoop
from tests.transport.conftest import new_gate
from tests.transport.services import BEGAN, Seen, Service, harvest

MINUTE_S = 60.0
SERVICES: dict[str, dict[str, Any]] = {
    "fixed windows": {"kind": "fixed"},
    "sliding window": {"kind": "sliding"},
    "token bucket": {"kind": "bucket"},
    "small bucket": {"kind": "bucket", "capacity": 0.05},
    "second and minute": {"kind": "fixed", "per_second": 1.5 / 60},
}
"""Numbers that are shares of the limit are multiplied with it."""
TOLD: dict[str, dict[str, Any]] = {
    "all headers": {},
    "limit, remaining": {"tells": ("limit", "remaining")},
    "remaining, reset": {"tells": ("remaining", "reset")},
    "limit": {"tells": ("limit",)},
    "`Retry-After`": {"has_headers": False, "retry_after": True},
    "nothing": {"has_headers": False},
}
FOREIGN: dict[str, dict[str, Any]] = {
    "nobody": {},
    "30 %": {"foreign": 0.3},
    "60 %": {"foreign": 0.6},
    "30 % in bursts": {"foreign": 0.3, "lumps": "bursts"},
    "30 % at once": {"foreign": 0.3, "lumps": "gulps"},
}
"""Who else lives on the allowance: evenly, in 10 s of each 30 s, at one random moment of each minute."""


@dataclass(frozen=True)
class Case:
    """One harvest: from which service, and with what."""

    service: str
    told: str
    foreign: str
    limit: int = 600
    latency_s: float = 0.05
    workers: int = 8
    minutes: int = 10


@dataclass(frozen=True)
class Row:
    """What came of a case. used, refused: shares, in ten minutes. later: from the second minute on.

    fullest: the most requests in any minute, as a share of the limit. foreign_got: of what somebody else wanted.
    """

    case: Case
    used: float
    refused: float
    used_later: float
    refused_later: float
    fullest: float
    foreign_got: float


def matrix(processes: int = 1) -> list[Row]:
    """All that is measured, case by case."""
    cases = list(dict.fromkeys((*_main_cases(), *_speed_cases())))
    if processes == 1:
        return [measure(case) for case in cases]
    with ProcessPoolExecutor(processes) as pool:
        return list(pool.map(measure, cases))


def measure(case: Case) -> Row:
    """Harvest on virtual time."""
    service = _service(case)
    until_s = case.minutes * MINUTE_S

    async def main() -> Seen:
        how: dict[str, Any] = {"latency_s": case.latency_s, "concurrency": case.workers}
        return await harvest(new_gate, service, Pace(), until_s=until_s, **how)

    with asyncio.Runner(loop_factory=TurnedLoop) as runner:
        seen = runner.run(main())
    n_wanted = len(service.foreign_granted) + service.n_foreign_refused
    return Row(
        case,
        _used(service, 0.0, until_s),
        _refused(service, 0.0, until_s),
        _used(service, MINUTE_S, until_s),
        _refused(service, MINUTE_S, until_s),
        seen.fullest / service.limit,
        len(service.foreign_granted) / n_wanted if n_wanted else 1.0,
    )


def table(rows: Sequence[Row]) -> str:
    """The matrix as Markdown."""
    of = {row.case: row for row in rows}
    lines = [
        "Share of what was left to us that was used / share of the requests refused; 600 a minute, 50 ms,",
        "8 workers, ten minutes. In brackets: from the second minute on.",
        "",
        "| service | tells | " + " | ".join(f"else: {name}" for name in FOREIGN) + " |",
        "|---|---|" + "---|" * len(FOREIGN),
    ]
    for service, told in product(SERVICES, TOLD):
        cells = [_cell(of[Case(service, told, foreign)]) for foreign in FOREIGN]
        lines.append(f"| {service} | {told} | {' | '.join(cells)} |")
    speeds = list(dict.fromkeys((c.limit, c.latency_s, c.workers, c.minutes) for c in _speed_cases()))
    lines += [
        "",
        "At other limits, latencies, numbers of workers, and for so long; 30 % to somebody else, evenly.",
        "",
        "| service | tells | "
        + " | ".join(f"{n}/min, {s:g} s, {w}, {m} min" for n, s, w, m in speeds)
        + " |",
        "|---|---|" + "---|" * len(speeds),
    ]
    for service, told in dict.fromkeys((case.service, case.told) for case in _speed_cases()):
        cells = [_cell(of[Case(service, told, "30 %", *speed)]) for speed in speeds]
        lines.append(f"| {service} | {told} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _main_cases() -> Iterator[Case]:
    for service, told, foreign in product(SERVICES, TOLD, FOREIGN):
        yield Case(service, told, foreign)


def _speed_cases() -> Iterator[Case]:
    for service, told in product(("fixed windows", "sliding window"), ("all headers", "nothing")):
        base = Case(service, told, "30 %")
        yield replace(base, limit=60)
        yield replace(base, limit=60, latency_s=0.5, workers=64)
        yield replace(base, workers=64)
        yield replace(base, latency_s=0.5, workers=64)
        yield replace(base, limit=6000, workers=64, minutes=4)


def _service(case: Case) -> Service:
    how = SERVICES[case.service] | TOLD[case.told] | FOREIGN[case.foreign]
    for name in ("capacity", "per_second"):
        if name in how:
            how[name] = max(round(how[name] * case.limit), 2)
    return Service(case.limit, **how)


def _used(service: Service, first_s: float, last_s: float) -> float:
    n_foreign = _n_between(service.foreign_granted, first_s, last_s)
    n_left = service.limit * (last_s - first_s) / MINUTE_S - n_foreign
    return _n_between(service.granted, first_s, last_s) / n_left


def _refused(service: Service, first_s: float, last_s: float) -> float:
    n_asked = _n_between(service.asked, first_s, last_s)
    return 1 - _n_between(service.granted, first_s, last_s) / n_asked if n_asked else 0.0


def _n_between(times: Sequence[float], first_s: float, last_s: float) -> int:
    return bisect_left(times, BEGAN + last_s) - bisect_left(times, BEGAN + first_s)


def _cell(row: Row) -> str:
    return (f"{row.used:.1%} / {row.refused:.2%} ({row.used_later:.1%} / {row.refused_later:.2%})").replace(
        "%", " %"
    )


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="How well the gate paces.")
    parser.add_argument("--json", type=Path, help="where to write all figures to")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    rows = matrix(options.processes)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    print(table(rows))


if __name__ == "__main__":
    main()
