"""Batches of several windows in the pool: asked side by side, settled together, for as few tweets as possible."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pytest

from harvester.engagement.endpoints import ENDPOINTS
from harvester.engagement.request import Access, Request
from harvester.engagement.tweet_id import first_id_at
from harvester.engagement.windows import HOUR_S, TimeRange, utc_text
from harvester.errors import ExitCode
from harvester.pipeline import commit, waiting
from harvester.planning import Batch
from harvester.transport.session import Reply

Run = Callable[[Coroutine[Any, Any, Any]], Any]
END_HOUR = 498_000
WINDOWS = TimeRange(END_HOUR - 84 * 24, END_HOUR, END_HOUR * HOUR_S).windows()
STARTS = [utc_text(window.start_hour * HOUR_S) for window in WINDOWS]
OLD, NEW = 1_000, first_id_at((END_HOUR - 24) * HOUR_S * 1000)
METRICS = ("favorites",)


def batch(number: int, *ids: int, series: Any = None) -> Batch:
    blank = Request(ENDPOINTS["historical"], (), METRICS, METRICS, Access.USER_CONTEXT, series=series)
    windows = tuple(w for w in WINDOWS if min(ids) < w.first_id_after)
    return Batch(number, np.array(ids, dtype=np.int64), blank, windows, bytes([number]) * 16)


@dataclass
class Service:
    """Counts each tweet 10, 100, 1000 by window; some are gone. asked: (time, window, tweets)."""

    gone: set[int] = field(default_factory=set)
    missing_once: set[tuple[int, int]] = field(default_factory=set)
    latency_s: Callable[[int], float] = lambda _window: 1.0
    asked: list[tuple[float, int, list[int]]] = field(default_factory=list)

    async def post(self, _url: str, body: bytes, _headers: Any) -> Reply:
        request = orjson.loads(body)
        ids, window = [int(i) for i in request["tweet_ids"]], STARTS.index(request["start"])
        self.asked.append((round(asyncio.get_running_loop().time(), 1), window, ids))
        await asyncio.sleep(self.latency_s(window))
        left_out = {i for i in ids if (window, i) in self.missing_once}
        self.missing_once -= {(window, i) for i in left_out}
        gone = self.gone.intersection(ids)
        counts = {str(i): {"favorites": 10 ** (window + 1)} for i in ids if i not in gone | left_out}
        beside = {"unavailable_tweet_ids": list(map(str, gone))} if gone else {}
        return Reply(200, {}, orjson.dumps({"harvester": counts, **beside}))

    @property
    def n_open(self) -> int:
        return 0


def records(harvest: Any) -> dict[int, Any]:
    found = [r for _, records in harvest.directory.steps for r in records]
    return {int(r["tweet_id"]): r.get("metrics", r["status"]) for r in found}


def test_windows_are_summed_and_asked_side_by_side_after_the_first(turned: Run, make: Any) -> None:
    async def main() -> Any:
        harvest = make.harvest(Service(), [batch(0, OLD, NEW)])
        await harvest.run()
        return harvest

    harvest = turned(main())
    assert records(harvest) == {OLD: {"favorites": 1110}, NEW: {"favorites": 1000}}
    assert [(window, ids) for _, window, ids in harvest.service.asked] == [
        (0, [OLD]),
        (1, [OLD]),
        (2, [OLD, NEW]),
    ]
    assert [at for at, _, _ in harvest.service.asked][1:] == [1.0, 1.0]


def test_a_tweet_that_is_gone_is_not_asked_for_in_the_other_windows(turned: Run, make: Any) -> None:
    async def main() -> Any:
        harvest = make.harvest(Service(gone={OLD}), [batch(0, OLD, OLD + 1), batch(1, OLD)])
        await harvest.run()
        return harvest

    harvest = turned(main())
    assert records(harvest) == {OLD: "unavailable", OLD + 1: {"favorites": 1110}}
    asked = [(window, ids) for _, window, ids in harvest.service.asked]
    assert sorted(asked) == [(0, [OLD]), (0, [OLD, OLD + 1]), (1, [OLD + 1]), (2, [OLD + 1])]


def test_a_tweet_that_one_window_leaves_out_is_asked_for_there_once_more(turned: Run, make: Any) -> None:
    async def main() -> Any:
        service = Service(missing_once={(1, OLD), (1, OLD + 30)}, latency_s=lambda _: 0.2)
        ids = [range(OLD, OLD + 25), range(OLD + 25, OLD + 50)]
        harvest = make.harvest(service, [batch(n, *of) for n, of in enumerate(ids)])
        await harvest.run()
        return harvest

    harvest = turned(main())
    assert set(map(str, records(harvest).values())) == {"{'favorites': 1110}"}
    assert [(w, ids) for _, w, ids in harvest.service.asked if len(ids) < 25] == [(1, [OLD, OLD + 30])]
    assert len(harvest.service.asked) == 7


def test_windows_that_are_answered_out_of_order_are_joined_in_order(turned: Run, make: Any) -> None:
    """The last window is answered first; start and end are those of the whole all the same."""

    async def main() -> Any:
        service = Service(latency_s=lambda window: 5.0 - window)
        harvest = make.harvest(service, [batch(0, OLD, series="day")], concurrency=1)
        await harvest.run()
        return harvest

    assert records(turned(main())) == {OLD: {"favorites": 1110}}


def test_a_batch_begun_is_ended_before_the_next_one_begins(turned: Run, make: Any) -> None:
    """So that a year by hour holds few batches in memory."""

    async def main() -> Any:
        harvest = make.harvest(Service(), [batch(n, OLD + n) for n in range(3)], concurrency=1)
        await harvest.run()
        return [ids[0] - OLD for _, _, ids in harvest.service.asked]

    assert turned(main()) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("series", [None, "day"])
def test_windows_that_are_answered_are_not_asked_again_after_a_stop(
    turned: Run, make: Any, series: Any
) -> None:
    """One worker, a second a request: each process ends with the request that is in flight."""

    async def main() -> Any:
        directory = make.directory()
        asked: list[list[int]] = []
        for stops_after_s in (0.5, 0.5, 100.0):
            service = Service()
            one = batch(0, OLD, OLD + 10, series=series)
            harvest = make.harvest(service, [one], directory=directory, concurrency=1)
            stop = harvest.stop.interrupt
            asyncio.get_running_loop().call_later(stops_after_s, stop, ExitCode.TERMINATED)
            await harvest.run()
            asked.append([window for _, window, _ in service.asked])
        return asked, directory

    asked, directory = turned(main())
    assert asked == [[0], [1], [2]]
    found = {
        r["tweet_id"]: (r["metrics"], r.get("series")) for _, records in directory.steps for r in records
    }
    series_of: Any = None if series is None else {"favorites": {}}
    assert found == {str(i): ({"favorites": 1110}, series_of) for i in (OLD, OLD + 10)}


def test_what_waits_to_be_asked_once_more_is_not_asked_again_as_a_whole(turned: Run, make: Any) -> None:
    """A tweet is left out, and the process ends before it is asked for again: the next one asks for it alone."""

    async def main() -> Any:
        directory = make.directory()
        young = make.batch(0, 1, 2, 3)
        first = make.service(lambda ids, _n: (0.1, make.counts([i for i in ids if i != 2])))
        harvest = make.harvest(first, [young], directory=directory)
        asyncio.get_running_loop().call_later(0.3, harvest.stop.interrupt, ExitCode.TERMINATED)
        await harvest.run()
        second = make.service(lambda ids, _n: (0.1, make.counts(ids)))
        await make.harvest(second, [young], directory=directory).run()
        return [ids for _, ids in first.asked], [ids for _, ids in second.asked], directory.records

    first, second, found = turned(main())
    assert (first, second) == ([[1, 2, 3]], [[2]])
    assert found == [(1, "ok"), (2, "ok"), (3, "ok")]


def test_memory_bounds_how_many_batches_are_under_way(
    turned: Run, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight workers, and room for two batches: two are asked for at a time; one that is too large goes alone."""

    async def main(room_bytes: float) -> int:
        monkeypatch.setattr(commit, "WINDOW_BYTES", room_bytes)
        harvest = make.harvest(Service(), [batch(n, OLD + n, series="hour") for n in range(6)], concurrency=8)
        await harvest.run()
        assert harvest.directory.ids == [OLD + n for n in range(6)]
        first = [ids[0] for at, _, ids in harvest.service.asked if at < 2.0]
        return len(set(first))

    size = waiting.outcome_bytes(batch(0, OLD, series="hour"))
    assert turned(main(2.5 * size)) == 2
    assert turned(main(0.1 * size)) == 1


def test_the_bytes_of_a_year_by_hour_are_every_point_of_it() -> None:
    by_hour, by_day, none = (waiting.outcome_bytes(batch(0, OLD, series=s)) for s in ("hour", "day", None))
    assert by_hour == waiting.TWEET_BYTES + waiting.POINT_BYTES * 84 * 24
    assert none < by_day < by_hour / 20
